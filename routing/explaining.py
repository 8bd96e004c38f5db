"""Why somebody may or may not do a task, reason by reason, for operators: the same SQL that claims join, with the facts.

Never for reviewers: conflicts of interest and customers' blocks are named here.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from labeling.models import Pool, Reviewer, Task
from labeling.types import Work
from routing import eligibility
from routing.availability import WorkFacts, facts_of, may_take_distressing, stop_of
from routing.services.workloads import FACTS
from routing.types import ExclusionReason, Trust

PEOPLE_A_PAGE = 50

OF_PROJECT = {**eligibility.OF_PROJECT, "enrolled": "(e.id IS NOT NULL AND e.ended_at IS NULL)"}
OF_PERSON = {**OF_PROJECT, **eligibility.OF_POOL, "guideline": eligibility.HAS_READ}
OF_TASK = {
    "waiting": "t.state = 'open'",
    "reserved": "(t.reserved_for_id IS NULL OR t.reserved_for_id = r.id)",
    **eligibility.OF_TASK,
    "in_hand": eligibility.IN_HAND,
    "busy": """NOT EXISTS (SELECT FROM routing_lease h WHERE h.reviewer_id = %(reviewer)s AND h.state = 'live'
        AND h.round_id <> t.round_id)""",
}

# The facts that the sentences name, as one column.
NAMED = """jsonb_build_object(
    'project', j.name, 'state', j.state, 'countries', j.countries, 'country', r.country,
    'organisation', o.name,
    'organisations', (SELECT jsonb_agg(w.name ORDER BY w.name) FROM labeling_organisation w
                      WHERE w.id = ANY(j.organisation_ids)),
    'conflicts', (SELECT jsonb_agg(theirs) FROM unnest(c.conflict_tags) AS theirs WHERE lower(theirs) = lower(o.name)
                  OR lower(theirs) IN (SELECT lower(mine) FROM unnest(r.conflict_tags) AS mine)),
    'blocked_by', k.name, 'blocked_at', b.placed_at,
    'ended_at', e.ended_at, 'trust', e.trust, 'trust_reason', e.trust_reason, 'max_difficulty', e.max_difficulty,
    'languages', r.languages, 'clearance', r.clearance, 'language', p.language, 'clearance_needed', p.clearance,
    'difficulty', p.difficulty, 'is_distressing', p.is_distressing, 'work', p.work, 'daily_cap', e.daily_cap,
    'barred_skills', e.barred_skills,
    'skills', p.skills,
    'held', (SELECT jsonb_object_agg(q.skill, jsonb_build_object('level', q.level,
                'is_over', COALESCE(q.expires_at <= statement_timestamp(), false)))
             FROM routing_qualification q WHERE q.reviewer_id = r.id))"""

COLUMNS = f"{', '.join(OF_PERSON.values())}, {NAMED}, {FACTS}, statement_timestamp()"

OF_WHOM = """
JOIN labeling_organisation o ON o.id = r.organisation_id
LEFT JOIN routing_block b ON b.customer_id = c.id AND b.reviewer_id = r.id AND b.lifted_at IS NULL
LEFT JOIN kernel_user k ON k.id = b.placed_by_id
LEFT JOIN routing_availability a ON a.reviewer_id = r.id
LEFT JOIN routing_workload w ON w.reviewer_id = r.id
"""

OF_ONE = f"""
SELECT {COLUMNS}, {", ".join(OF_TASK.values())},
    (SELECT x.reason FROM routing_exclusion x WHERE x.round_id = t.round_id AND x.reviewer_id = r.id)
FROM labeling_task t
JOIN labeling_pool p ON p.id = t.pool_id
JOIN labeling_project j ON j.id = t.project_id
JOIN labeling_customer c ON c.id = j.customer_id
JOIN labeling_reviewer r ON r.id = %(reviewer)s
LEFT JOIN routing_enrolment e ON e.project_id = j.id AND e.reviewer_id = r.id
{OF_WHOM}
WHERE t.id = %(task)s
"""

OF_ALL = f"""
SELECT {COLUMNS}, e.id, r.id, u.name
FROM labeling_pool p
JOIN labeling_project j ON j.id = p.project_id
JOIN labeling_customer c ON c.id = j.customer_id
JOIN routing_enrolment e ON e.project_id = j.id AND e.ended_at IS NULL AND e.id > %(after)s
JOIN labeling_reviewer r ON r.id = e.reviewer_id
JOIN kernel_user u ON u.id = r.user_id
{OF_WHOM}
WHERE p.id = %(pool)s
ORDER BY e.id LIMIT %(most)s
"""

# What is said of each reason where it is met, and where it is not. The names are those of `_words`.
SENTENCES = {
    "active": ("They are an active reviewer.", "They are not active as a reviewer."),
    "enrolled": ("They are enrolled on {project}.", "They are not enrolled on {project}{ended}."),
    "open": ("{project} is open.", "{project} is {state}; work is offered once it is open."),
    "paused": ("Their trust there is {trust}.", "Their work there is paused: {trust_reason}."),
    "capped": (
        "They have not done their share of the day there.",
        "They have done the {daily_cap} judgments a day that their standing allows there; more is offered tomorrow (UTC).",
    ),
    "permitted": (
        "Their membership lets them judge there.",
        "They have no membership that lets them judge on {project}; enrol them again.",
    ),
    "country": ("Their country suits ({country}).", "{project} is for people in {countries} only; they are in {country}."),
    "organisation": (
        "Their organisation suits ({organisation}).",
        "{project} is for people of {organisations} only; they work for {organisation}.",
    ),
    "conflict": ("No conflict of interest is known.", "They have a conflict of interest with the customer: {conflicts}."),
    "blocked": ("The customer has not blocked them.", "The customer's block stands, placed by {blocked_by} on {blocked_at}."),
    "held_back": ("The pool is not paused.", "The pool is paused: a promise of quality is not kept there."),
    "trust": ("They are trusted as far as it needs.", "It needs somebody trusted; their trust there is {trust}."),
    "trained": ("They are past training there.", "They are in training there; only training and tests are offered."),
    "work": (
        "The work is theirs to do ({work}).",
        "It is {work}: for experts (auditors of the project), reviews also for who is trusted; their trust there is {trust}.",
    ),
    "barred": (
        "Each of its skills is open to them there.",
        "Their standing closes a skill of it to them there: {barred_skills}.",
    ),
    "language": ("They work in {language}.", "It is in {language}, and they work in {languages}."),
    "skills": ("They have the skills: {skills}.", "They lack a skill: {missing}."),
    "clearance": (
        "Their clearance {clearance} suffices for {clearance_needed}.",
        "It needs clearance {clearance_needed}, and they have {clearance}.",
    ),
    "difficulty": (
        "Its difficulty {difficulty} is theirs to do.",
        "Its difficulty is {difficulty}, and theirs there is at most {max_difficulty}.",
    ),
    "guideline": (
        "They have read the guideline.",
        "They have not read the guideline in its latest version; they are shown it before the next task.",
    ),
    "waiting": ("The task is open.", "The task does not wait for anybody: it is in work or done with."),
    "reserved": ("It is not kept for anybody else.", "It is kept for somebody else."),
    "judged": ("They have not judged it in this round.", "They have judged it in this round."),
    "skipped": ("They have not skipped it.", "They have skipped it in this round."),
    "late": ("No late answer of theirs is kept.", "They answered it too late in this round; the answer is kept unplaced."),
    "excluded": ("They are not excluded from the round.", "They are excluded from the round: {excluded_because}."),
    "author": ("They did not write what is judged.", "The item names them among its authors."),
    "other_role": ("They have not judged the item in another role.", "They have judged the item in another role."),
    "in_hand": ("They hold no task of the round.", "They hold a task of the round at the moment."),
    "busy": ("They have no other task in hand.", "They have another task in hand; the next comes after it."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of eligibility: whether it is met, and a sentence that names the facts."""

    code: str
    is_met: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All reasons, met or not, in the order in which they are asked."""

    reasons: tuple[Reason, ...]

    @property
    def may(self) -> bool:
        return all(reason.is_met for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class PersonTold:
    """Somebody enrolled, and the first reason why they may not serve a pool; None if they may."""

    reviewer_id: int
    name: str
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class PoolPeople:
    """A page of the people of a pool's project; `after` is where the next begins, None behind the last."""

    people: tuple[PersonTold, ...]
    after: int | None


def explain_eligibility(*, reviewer: Reviewer, task: Task) -> Explanation:
    """Return every reason why this reviewer may or may not do this task now: of the project, the pool, the task and time.

    What asks of an enrolment is left out where there is none. For operators of the task's project, and never reviewers.
    """
    with connection.cursor() as cursor:
        cursor.execute(OF_ONE, {"reviewer": reviewer.pk, "task": task.pk})
        row = cursor.fetchone()
    width = len(OF_PERSON) + 3
    *met, excluded = row[width:]
    why = {"excluded_because": ExclusionReason(excluded).label.lower()} if excluded else {}
    about_task = _reasons(OF_TASK, met, why)
    return Explanation((*_about_person(row[:width]), *about_task))


def people_of_pool(*, pool: Pool, after: int = 0) -> PoolPeople:
    """Return the people enrolled on the pool's project, a page of them, with the first reason why each may not serve it."""
    with connection.cursor() as cursor:
        cursor.execute(OF_ALL, {"pool": pool.pk, "after": after, "most": PEOPLE_A_PAGE + 1})
        rows = cursor.fetchall()
    width = len(OF_PERSON) + 3
    people = tuple(
        PersonTold(
            reviewer_id=row[width + 1],
            name=row[width + 2],
            reason=next((reason for reason in _about_person(row[:width]) if not reason.is_met), None),
        )
        for row in rows[:PEOPLE_A_PAGE]
    )
    return PoolPeople(people, after=rows[PEOPLE_A_PAGE - 1][width] if len(rows) > PEOPLE_A_PAGE else None)


def _about_person(row: Sequence[Any]) -> Iterator[Reason]:
    *met, named, facts, now = row
    known = json.loads(named)
    yield from _reasons(OF_PERSON, met, _words(known))
    yield from _about_time(facts_of(facts), now, is_distressing=known["is_distressing"])


def _reasons(asked: dict[str, str], met: Sequence[bool | None], words: dict[str, str]) -> Iterator[Reason]:
    for code, is_met in zip(asked, met, strict=True):
        if is_met is not None:
            yield Reason(code, is_met, SENTENCES[code][0 if is_met else 1].format(**words))


def _about_time(facts: WorkFacts, now: datetime, *, is_distressing: bool) -> Iterator[Reason]:
    stop = stop_of(facts, now)
    if stop is None:
        yield Reason("available", True, "They are at work, within their limits.")
    else:
        until = f" It ends on {_moment(stop.until.isoformat())}." if stop.until else ""
        yield Reason(stop.code, False, f"They are told: {stop.message}{until}")
    if is_distressing:
        may = may_take_distressing(facts, now)
        sentence = (
            "Their cap on distressing work is not reached." if may else "Their cap on distressing work is reached."
        )
        yield Reason("distressing", may, sentence)


def _words(known: dict[str, Any]) -> dict[str, str]:
    """Return the facts as words, for SENTENCES to name."""
    listed = ("countries", "organisations", "conflicts", "languages", "skills", "barred_skills")
    words = {name: str(value) if value not in (None, "") else "–" for name, value in known.items()}
    words |= {name: ", ".join(known[name] or []) or "none" for name in listed}
    words["trust"] = Trust(known["trust"]).label.lower() if known["trust"] else "–"
    words["work"] = Work(known["work"]).label.lower()
    words["ended"] = f" since {_moment(known['ended_at'])}" if known["ended_at"] else ""
    words["blocked_at"] = _moment(known["blocked_at"]) if known["blocked_at"] else "–"
    words["missing"] = ", ".join(_missing(known["skills"], known["held"] or {}))
    return words


def _missing(skills: Sequence[str], held: dict[str, Any]) -> Iterator[str]:
    for needed in skills:
        skill, level = needed.split(":")
        has = held.get(skill)
        if has is None:
            yield f"{skill} at level {level} (they have none)"
        elif has["is_over"]:
            yield f"{skill} at level {level} (theirs has expired)"
        elif has["level"] < int(level):
            yield f"{skill} at level {level} (they have {has['level']})"


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
