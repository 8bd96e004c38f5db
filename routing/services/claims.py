"""The next task: one reviewer, one lease. The database's clock judges everything, and nobody ever waits for a task.

There is no transaction around it: what has run out is returned, if anything has, then the pools are weighed, then one
call of `routing_claim` takes a task and leases it, whole or not at all. Whoever asks twice at once is told apart by the
database: a reviewer has one task in hand, and one ahead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from config.kernel.errors import Conflict
from config.kernel.events import subscribers_of, wake_on_commit
from config.kernel.models import User
from config.kernel.prepared import fetch, fetch_one
from config.kernel.request_ids import request_id
from labeling.services.access import LOG_SHOWN
from routing import policy, selectors
from routing.availability import WorkFacts, facts_of, may_take_distressing, stop_of, with_one_more
from routing.eligibility import ENROLLED, OF_POOL, OF_PROJECT, all_of
from routing.errors import NotAReviewer
from routing.services.leases import AHEAD_SECONDS, return_expired, withdraw_leases
from routing.services.workloads import FACTS
from routing.types import LeasedTask, NothingToDo, Weighed

# Expired leases returned in passing by every claim, so that nobody waits for the scheduler.
RETURNED_IN_PASSING = 20

# The first pools nearly always hold a task; the others, which may be hundreds, are asked only after these.
FIRST = 4

# A claim looks so far into a long queue that holds nothing for the reviewer, and goes on behind; so often in one call.
ONWARD = 5

# How far along the positions of a queue a claim gets before it remembers where it was: 64 items.
STRIDE = 64_000

SITUATION = f"""
SELECT r.id, {FACTS}, statement_timestamp(),
       EXISTS (SELECT FROM routing_lease l WHERE l.state = 'live' AND l.until < statement_timestamp()),
       own.token, own.is_prefetched, own.task_id, own.is_cancelled
FROM labeling_reviewer r
LEFT JOIN routing_availability a ON a.reviewer_id = r.id
LEFT JOIN routing_workload w ON w.reviewer_id = r.id
LEFT JOIN LATERAL (
    SELECT l.token, l.is_prefetched, l.task_id, t.state <> 'leased' AS is_cancelled
    FROM routing_lease l JOIN labeling_task t ON t.id = l.task_id
    WHERE l.reviewer_id = r.id AND l.state = 'live' AND l.until >= statement_timestamp()) own ON true
WHERE r.user_id = %(user)s::bigint AND r.is_active
"""

CLAIM = """
SELECT took.outcome, took.given, shown.*
FROM routing_claim(%(reviewer)s::bigint, %(pools)s::bigint[],
    ARRAY(SELECT * FROM jsonb_array_elements(%(whys)s::jsonb)),
    %(ahead)s::boolean, %(ahead_seconds)s::int, %(stride)s::bigint, %(user)s::bigint, %(request_id)s::text,
    %(subscribers)s::text[]) took
LEFT JOIN LATERAL routing_shown(took.given, %(reviewer)s::bigint) shown ON took.outcome = 'leased'
"""

# The task ahead becomes the one in hand, for its full length, unless it is no longer the reviewer's to work on.
HAND_OVER = f"""
UPDATE routing_lease l SET is_prefetched = false, until = statement_timestamp() + make_interval(secs => l.seconds)
FROM {ENROLLED} JOIN labeling_pool p ON p.project_id = j.id
WHERE l.token = %(token)s::uuid AND l.state = 'live' AND l.is_prefetched
  AND e.project_id = l.project_id AND e.reviewer_id = l.reviewer_id
  AND p.id = (SELECT t.pool_id FROM labeling_task t WHERE t.id = l.task_id)
  AND {all_of(OF_PROJECT, OF_POOL)}
RETURNING l.token
"""

# What is shown again; the claim itself leaves the trace of the first time.
SHOW_AGAIN = f"WITH shown AS ({selectors.LEASED}){LOG_SHOWN}SELECT * FROM shown"


@dataclass(frozen=True, slots=True)
class _Situation:
    """Who asks, what they hold, and their working time at the moment `now` of the database."""

    reviewer_id: int
    in_hand: UUID | None
    ahead: UUID | None
    facts: WorkFacts
    now: datetime


def next_task(*, user: User, project: UUID | None = None) -> LeasedTask | NothingToDo:
    """Lease and return the next task for this person, of one project if they name it.

    Holding a live lease already, they get that task again: a reload, a second tab or a lost answer costs nothing. What was
    taken ahead comes first. Returns NothingToDo with the reason when no task is left for them; with the guideline, where
    only tasks are left of projects whose guideline they have not read. Raises NotAReviewer for anybody else. The read is
    logged.
    """
    situation = _situation(user)
    is_stopped = stop_of(situation.facts, situation.now) is not None
    if held := situation.in_hand or (None if is_stopped else _hand_over(situation.ahead)):
        return _shown_again(user, situation.reviewer_id, held)
    return _claim(user, situation, project, is_ahead=False)


def prefetch_task(*, user: User, project: UUID | None = None) -> LeasedTask | NothingToDo:
    """Lease the task that `next_task` will give after the one in hand, under a short lease of its own, and return it.

    Asked again, it is the same task. Raises as `next_task` does, and Conflict with nothing in hand.
    """
    situation = _situation(user)
    if situation.in_hand is None:
        raise Conflict("There is no task in your hand; ask for the next one instead.")
    if situation.ahead is not None:
        return _shown_again(user, situation.reviewer_id, situation.ahead)
    facts = with_one_more(situation.facts, situation.now)
    return _claim(user, replace(situation, facts=facts), project, is_ahead=True)


def _situation(user: User) -> _Situation:
    """Return the expired leases, this person's among them, and say what they hold."""
    rows = fetch(SITUATION, {"user": user.pk})
    if not rows:
        raise NotAReviewer("You are not set up as a reviewer, or no longer; ask your operator.")
    reviewer_id, facts, now, has_any_expired = rows[0][:4]
    if has_any_expired:
        return_expired(most=RETURNED_IN_PASSING, user=user)
    if cancelled := [task_id for *_, task_id, is_cancelled in rows if is_cancelled]:
        withdraw_leases(task_ids=cancelled)
    held = {is_ahead: token for *_, token, is_ahead, _, is_cancelled in rows if token and not is_cancelled}
    return _Situation(reviewer_id, held.get(False), held.get(True), facts_of(facts), now)


def _hand_over(token: UUID | None) -> UUID | None:
    if token is None:
        return None
    row = fetch_one(HAND_OVER, {"token": token})
    return row[0] if row else None


def _claim(user: User, situation: _Situation, project: UUID | None, *, is_ahead: bool) -> LeasedTask | NothingToDo:
    """Try the pools in the policy's order until one yields a task; those with an unread guideline yield none."""
    reviewer_id, now = situation.reviewer_id, situation.now
    if stop := stop_of(situation.facts, now):
        return NothingToDo(stop.code, stop.message, until=stop.until)
    may_distress = may_take_distressing(situation.facts, now)
    choices, weights = selectors.servable_pools(reviewer_id=reviewer_id, project=project, may_distress=may_distress)
    ranked = policy.weighed(choices, now=now, by_project=weights)
    read = [(rank, each) for rank, each in enumerate(ranked, start=1) if each.choice.is_read]
    outcome, token, *shown = _taken(user, reviewer_id, read, of=len(ranked), is_ahead=is_ahead)
    if outcome == "leased":
        wake_on_commit("task.leased")
        return selectors.as_leased(tuple(shown))
    if outcome == "held":
        return _shown_again(user, reviewer_id, token)
    if outcome == "onward":
        said = "You have answered much of what waits; your place in it is being looked up."
        return NothingToDo("looking", said, until=now + timedelta(seconds=1))
    unread = next((each.choice for each in ranked if not each.choice.is_read), None)
    if unread is not None:
        return selectors.guideline_first(project_id=unread.project_id, reviewer_id=reviewer_id)
    if not may_distress and selectors.servable_pools(reviewer_id=reviewer_id, project=project, may_distress=True)[0]:
        return NothingToDo(
            "distressing_limit", "What is left for today is hard to read, and you have read your share of it."
        )
    return selectors.why_nothing(reviewer_id=reviewer_id)


def _taken(
    user: User, reviewer_id: int, choices: Sequence[tuple[int, Weighed]], *, of: int, is_ahead: bool
) -> tuple[Any, ...]:
    """Take a task of the first of these pools that holds one: of the first few, then of the rest, then of what lies behind
    what was looked at. Return how it went, the token and what is shown of the task."""
    parts = [part for part in (choices[:FIRST], choices[FIRST:]) if part] or [choices]
    for _ in range(ONWARD):
        outcomes = set()
        for part in parts:
            taken = _leased(user, reviewer_id, part, of=of, is_ahead=is_ahead)
            if taken[0] in {"leased", "held"}:
                return taken
            outcomes.add(taken[0])
        if "onward" not in outcomes:
            return ("nothing", None)
    return ("onward", None)


def _leased(
    user: User, reviewer_id: int, choices: Sequence[tuple[int, Weighed]], *, of: int, is_ahead: bool
) -> tuple[Any, ...]:
    """Have the database lease a task of the first of these pools that holds one; return a row of CLAIM."""
    [taken] = fetch(
        CLAIM,
        {
            "reviewer": reviewer_id,
            "pools": [each.choice.pool_id for _, each in choices],
            "whys": Jsonb([policy.reason(each, rank=rank, of=of) for rank, each in choices]),
            "ahead": is_ahead,
            "ahead_seconds": AHEAD_SECONDS,
            "stride": STRIDE,
            "user": user.pk,
            "request_id": request_id.get(),
            "subscribers": subscribers_of("task.leased"),
        },
    )
    return taken


def _shown_again(user: User, reviewer_id: int, token: UUID) -> LeasedTask:
    parameters = {"token": token, "reviewer": reviewer_id, "user": user.pk, "request_id": request_id.get()}
    row = fetch_one(SHOW_AGAIN, parameters)
    assert row is not None, "The lease is there: it was seen a moment ago, and leases stay."
    return selectors.as_leased(row)
