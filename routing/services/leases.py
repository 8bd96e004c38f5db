"""How a lease goes on and how it ends other than by a submit: heartbeat, draft, skip, expiry."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from config.kernel.errors import Conflict
from config.kernel.events import RECORD_MOVED, event_parameters, wake_on_commit
from config.kernel.locks import lock_row, lock_rows
from config.kernel.models import User
from config.kernel.prepared import fetch, fetch_one
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition, transition_many
from labeling.forms import check_size
from labeling.models import Round, Task
from labeling.services.judgments import save_draft
from labeling.types import MADE_FOR_ONE, TASK_MACHINE, TaskState
from routing.errors import LeaseOver, NoSuchLease
from routing.models import Lease
from routing.services.escalations import escalate_nobody_left, escalate_skipped
from routing.services.naming import is_named, next_named
from routing.types import LEASE_MACHINE, LeaseState

# Ends up to `most` expired leases, and those of `user`, and opens their tasks again, skipping what others hold; says
# how many tasks. Parameters: most, user (or None), and those of an event "task.open".
RETURN_EXPIRED = f"""
WITH due AS (
    SELECT id FROM routing_lease WHERE state = 'live' AND until < statement_timestamp() AND id IN (
        (SELECT l.id FROM routing_lease l WHERE l.state = 'live' AND l.until < statement_timestamp()
         ORDER BY l.until LIMIT %(most)s::int)
        UNION ALL
        SELECT l.id FROM routing_lease l JOIN labeling_reviewer r ON r.id = l.reviewer_id
        WHERE r.user_id = %(user)s::bigint AND l.state = 'live' AND l.until < statement_timestamp())
    FOR NO KEY UPDATE SKIP LOCKED
), ended AS (
    UPDATE routing_lease l SET state = 'expired', ended_at = statement_timestamp() FROM due WHERE l.id = due.id
    RETURNING l.id, l.task_id
), moved AS (
    UPDATE labeling_task t SET state = 'open' FROM ended WHERE t.id = ended.task_id AND t.state = 'leased'
    RETURNING t.id AS subject_id, t.customer_id,
              jsonb_build_object('from', 'leased', 'how', 'expired', 'lease', ended.id) AS data
){RECORD_MOVED}
SELECT count(*) FROM moved
"""

EXPIRE_SLICE = 500


def expire_leases() -> int:
    """Return every abandoned task to its queue, in slices; return how many. The database's clock decides."""
    returned = 0
    while True:
        taken = return_expired(most=EXPIRE_SLICE, user=None)
        returned += taken
        if taken < EXPIRE_SLICE:
            return returned


def return_expired(*, most: int, user: User | None) -> int:
    """Return so many abandoned tasks to their queues, and all of this person's, in one statement; return how many."""
    [(returned,)] = fetch(
        RETURN_EXPIRED,
        {
            "most": most,
            "user": user.pk if user else None,
            **event_parameters("task.open", subject="labeling.task", actor_id=None),
        },
    )
    if returned:
        wake_on_commit("task.open")
    return int(returned)


@transaction.atomic
def withdraw_leases(*, task_ids: Collection[int]) -> int:
    """End the live leases of cancelled tasks; return how many. Drafts stay, and an answer that still comes is kept."""
    live = Lease.objects.filter(task__in=task_ids, task__state=TaskState.CANCELLED, state=LeaseState.LIVE)
    leases = [lease for lease in lock_rows(live) if lease.state == LeaseState.LIVE]
    transition_many(leases, LeaseState.WITHDRAWN, machine=LEASE_MACHINE, actor_id=None)
    return len(leases)


# Heartbeats renew the task ahead with the one in hand, and neither beyond LENGTHS: whoever leaves a window open, or a
# script, holds a task no longer than that.
RENEW = """
WITH held AS (
    SELECT l.id, l.reviewer_id, l.claimed_at + make_interval(
        secs => l.seconds * %(lengths)s::int * CASE WHEN l.extended_at IS NULL AND %(more)s::int = 0 THEN 1 ELSE 2 END) AS last_at
    FROM routing_lease l JOIN labeling_reviewer r ON r.id = l.reviewer_id
    WHERE l.token = %(token)s::uuid AND l.state = 'live' AND NOT l.is_prefetched AND r.user_id = %(user)s::bigint
), ahead AS (
    UPDATE routing_lease l SET until = statement_timestamp() + make_interval(secs => %(ahead)s::int) FROM held
    WHERE l.reviewer_id = held.reviewer_id AND l.state = 'live' AND l.is_prefetched AND l.id <> held.id
)
UPDATE routing_lease l
SET until = GREATEST(l.until, LEAST(
        statement_timestamp() + make_interval(secs => l.seconds + %(more)s::int),
        GREATEST(held.last_at, CASE WHEN %(more)s::int > 0 THEN l.until + make_interval(secs => %(more)s::int) END))),
    extended_at = CASE WHEN %(more)s::int > 0 THEN statement_timestamp() ELSE l.extended_at END
FROM held WHERE l.id = held.id AND l.state = 'live' AND (%(more)s::int = 0 OR l.extended_at IS NULL)
RETURNING l.until, EXTRACT(epoch FROM l.until - statement_timestamp())::float
"""

# A task taken ahead is kept for so long; the heartbeats of the one in hand renew it.
AHEAD_SECONDS = 120

# How often a lease's length it lasts at most, since it was claimed, however many heartbeats come: twice as often once it
# was extended.
LENGTHS = 8


def renew_lease(*, user: User, token: UUID) -> tuple[datetime, float]:
    """Push the lease's end out to its full length from now, as far as LENGTHS goes; return the end and the seconds left.

    Raises NoSuchLease for a token that is not this person's, LeaseOver when it has ended.
    """
    row = fetch_one(RENEW, _renewal(user, token, more=0))
    if row is None:
        raise _why_not(user, token)
    return row[0], row[1]


def extend_lease(*, user: User, token: UUID) -> tuple[datetime, float]:
    """Give the reviewer once as much time again, for a task that takes longer; return the end and the seconds left.

    No heartbeat shortens it. Raises as renew_lease does, and Conflict the second time.
    """
    lease = Lease.objects.filter(token=token, reviewer__user=user, state=LeaseState.LIVE).first()
    if lease is None:
        raise _why_not(user, token)
    row = fetch_one(RENEW, _renewal(user, token, more=lease.seconds))
    if row is None:
        raise Conflict("You have extended this task before; submit it, or skip it with a reason.")
    return row[0], row[1]


def _renewal(user: User, token: UUID, *, more: int) -> dict[str, Any]:
    return {"token": token, "user": user.pk, "more": more, "ahead": AHEAD_SECONDS, "lengths": LENGTHS}


def keep_draft(*, user: User, token: UUID, answers: dict[str, Any]) -> datetime:
    """Keep the answers so far for the task under this lease; return when.

    Raises as renew_lease does, and InvalidAnswers for more than an answer may be long.
    """
    check_size(answers)
    live = Lease.objects.filter(token=token, reviewer__user=user, state=LeaseState.LIVE)
    lease = live.exclude(task__state=TaskState.CANCELLED).first()
    if lease is None:
        raise _why_not(user, token)
    saved_at: datetime = save_draft(
        customer_id=lease.customer_id, task_id=lease.task_id, reviewer_id=lease.reviewer_id, answers=answers
    )
    return saved_at


@transaction.atomic
def skip_task(*, user: User, token: UUID, reason: str) -> None:
    """Give the task back with a reason; this reviewer is not offered the round again.

    A task that was reserved for them goes to whoever is free, or, where people are named for items, to another who was
    named on the project and may; where nobody is left it ends, and an escalation says so. A gold task ends. One that as many people skipped as the
    project allows goes to nobody any more: it ends, and an escalation asks an operator, who puts it back by resolving
    that. Raises as renew_lease does, and Invalid without a reason.
    """
    reason = checked_reason(reason, ask="Say in a few words why you skip this task.")
    own = Lease.objects.filter(token=token, reviewer__user=user)
    rounds = lock_rows(Round.objects.filter(pk__in=own.values("round")))  # skips of a round are counted one by one
    if not rounds:
        raise NoSuchLease("There is no such task under your name.")
    lease = lock_row(own)
    if lease.state != LeaseState.LIVE:
        raise _over(lease)
    task = lock_row(Task.objects.filter(pk=lease.task_id))
    if task.state == TaskState.CANCELLED:
        raise LeaseOver("This task was withdrawn.", state=LeaseState.WITHDRAWN)
    transition(
        lease,
        LeaseState.SKIPPED,
        machine=LEASE_MACHINE,
        actor_id=user.pk,
        data={"task": task.pk},
        skip_reason=reason,
    )
    how, heir = "skipped", None
    if task.kind not in MADE_FOR_ONE and escalate_skipped(round=task.round):
        how = "skipped too often"
    elif task.kind not in MADE_FOR_ONE and is_named(task):
        heir = next_named(task)
        if heir is None:
            escalate_nobody_left(round=task.round)
            how = "nobody named is left"
    if task.kind in MADE_FOR_ONE or how != "skipped":
        transition(task, TaskState.CANCELLED, machine=TASK_MACHINE, actor_id=user.pk, data={"how": how})
    else:
        transition(
            task, TaskState.OPEN, machine=TASK_MACHINE, actor_id=user.pk, data={"how": how}, reserved_for_id=heir
        )


def _why_not(user: User, token: UUID) -> NoSuchLease | LeaseOver:
    lease = Lease.objects.filter(token=token, reviewer__user=user).first()
    return _over(lease) if lease else NoSuchLease("There is no such task under your name.")


def _over(lease: Lease) -> LeaseOver:
    if lease.state == LeaseState.LIVE and lease.task.state == TaskState.CANCELLED:
        return LeaseOver("This task was withdrawn.", state=LeaseState.WITHDRAWN)
    sentences = {
        LeaseState.SUBMITTED: "This task was submitted already.",
        LeaseState.EXPIRED: "Your time for this task ran out; what you typed is kept, and submitting may still work.",
        LeaseState.SKIPPED: "You skipped this task.",
        LeaseState.WITHDRAWN: "This task was withdrawn; your answers so far are kept.",
        LeaseState.LIVE: "This task is still yours; try again.",
    }
    return LeaseOver(sentences[LeaseState(lease.state)], state=lease.state)
