"""The watch of each minute: what will be late, is late, or can be done by nobody is escalated before anybody asks.

It reads what the roll-up measured. A pool is at risk once its forecast comes later than the project's margin before the
due time; where there is no forecast yet, once the margin itself has begun. It is well again when there is a little more
room than that, so that a forecast on the edge does not open and close from minute to minute.

Expert work (`is_expert`) is escalated as such: people who label do not make it faster. Today that is what a pool
requires; where tasks of other kinds come to have pools of their own, they are judged by the same requirement.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from config.kernel.locks import ADVISORY_WATCH, session_lock
from labeling.models import Pool, Project
from labeling.types import ProjectState, Work
from routing.calendars import room
from routing.due_times import Clock, due_clocks, is_timed
from routing.models import Escalation, PoolStat
from routing.services.escalations import Cause, climb, close_by_facts, open_escalations, raised_pools, renew_priorities
from routing.types import EscalationKind, EscalationState, EscalationSubject, Severity

# Work that needs so high a level of a skill, or trusted people only, is experts'; so are reviews, adjudication and audits.
EXPERT_LEVEL = 4
OF_EXPERTS = (Work.EXPERT, Work.REVIEW)
# Hours of room beyond the margin at which what was at risk is well again.
CALM_HOURS = 0.5
# What was measured so long ago says nothing of now.
STALE_AFTER = timedelta(minutes=15)

WATCHED = (EscalationKind.AT_RISK, EscalationKind.EXPERTS, EscalationKind.MISSED, EscalationKind.NOBODY)
GONE = {
    EscalationKind.AT_RISK: "the forecast leaves enough time again, or the due time has passed.",
    EscalationKind.EXPERTS: "the forecast leaves enough time again, or the due time has passed.",
    EscalationKind.MISSED: "what was late is done.",
    EscalationKind.NOBODY: "somebody can do it now, or nothing of it is left.",
}


def watch_service_levels() -> int:
    """Open what has a cause, close what has none any more, and let the rest climb; return how many were opened.

    Safe to run twice: while another process watches, nothing is done.
    """
    with session_lock(ADVISORY_WATCH, 0) as is_held:
        if not is_held:
            return 0
        causes, standing = _causes()
        opened = open_escalations(causes)
        _close(standing)
        climb()
        with transaction.atomic():
            renew_priorities(raised_pools())
    return len(opened)


def is_expert(pool: Pool) -> bool:
    """Whether the pool's work is experts': reviews, adjudication and audits, for trusted people only, or a skill at a high
    level."""
    levels = (int(skill.rpartition(":")[2]) for skill in pool.skills)
    return pool.work in OF_EXPERTS or pool.needs_trusted or any(level >= EXPERT_LEVEL for level in levels)


def _causes() -> tuple[list[Cause], set[tuple[str, int]]]:
    """Return what is wrong now, and (kind, pool) of all that is, or is on the edge of it."""
    projects = {project.pk: project for project in Project.objects.filter(is_timed())}
    clocks = due_clocks(projects.values())
    causes: list[Cause] = []
    standing: set[tuple[str, int]] = set()
    for stat in PoolStat.objects.filter(pool__project__in=projects).select_related("pool").order_by("pool"):
        project, clock = projects[stat.pool.project_id], clocks[stat.pool.project_id]
        if clock.now - stat.measured_at > STALE_AFTER:
            standing.update((kind, stat.pk) for kind in WATCHED)
            continue
        for kind, message, is_so in _found(stat, project, clock):
            standing.add((kind, stat.pk))
            if is_so:
                causes.append(_cause(stat.pool, kind, message))
    return causes, standing


def _found(stat: PoolStat, project: Project, clock: Clock) -> Iterator[tuple[str, str, bool]]:
    """Yield kind, message, and whether it is so or only on the edge, of what is wrong with the pool."""
    if stat.open_count and not stat.eligible_count and project.state == ProjectState.OPEN:
        yield (
            EscalationKind.NOBODY,
            f"Nobody may do {stat.open_count} open tasks: {stat.pool}, clearance {stat.pool.clearance}.",
            True,
        )
    parts = [part for part in stat.by_due if part["due_at"]]
    late = [part for part in parts if _moment(part["due_at"]) <= clock.now]
    if late:
        count = sum(part["count"] for part in late)
        yield EscalationKind.MISSED, f"{count} judgments are late: {stat.pool}.", True
    ahead = [(part, _room(part, clock)) for part in parts if part not in late]
    if not ahead:
        return
    part, left = min(ahead, key=lambda each: each[1])
    if left < CALM_HOURS:
        kind = EscalationKind.EXPERTS if is_expert(stat.pool) else EscalationKind.AT_RISK
        yield kind, _risk(part, stat, clock), left < 0


def _room(part: dict[str, Any], clock: Clock) -> float:
    return room(
        clock.calendar,
        due_at=_moment(part["due_at"]),
        finish_at=_moment(part["finish_at"]) if part["finish_at"] else None,
        now=clock.now,
        margin_hours=clock.level.at_risk_hours if clock.level is not None else 0.0,
    )


def _risk(part: dict[str, Any], stat: PoolStat, clock: Clock) -> str:
    margin = f"the margin is {clock.level.at_risk_hours:g} h" if clock.level is not None else "there is no margin"
    done = f"will be done by {_said(part['finish_at'])}" if part["finish_at"] else "have no forecast yet"
    return f"{part['count']} judgments are due {_said(part['due_at'])} and {done}; {margin}: {stat.pool}."


def _close(standing: set[tuple[str, int]]) -> None:
    """Resolve what the watch opened, or would have, and is not so any more."""
    unresolved = Escalation.objects.filter(kind__in=WATCHED).exclude(state=EscalationState.RESOLVED)
    gone: dict[str, list[int]] = {}
    for key, kind, pool_id in unresolved.values_list("pk", "kind", "pool"):
        if (kind, pool_id) not in standing:
            gone.setdefault(kind, []).append(key)
    for kind, keys in gone.items():
        close_by_facts(keys=keys, why=GONE[EscalationKind(kind)])


def _cause(pool: Pool, kind: str, message: str) -> Cause:
    is_urgent = kind in {EscalationKind.MISSED, EscalationKind.NOBODY}
    return Cause(
        project_id=pool.project_id,
        customer_id=pool.customer_id,
        kind=kind,
        severity=Severity.URGENT if is_urgent else Severity.WARNING,
        subject=EscalationSubject.POOL,
        subject_id=pool.pk,
        message=message,
        pool_id=pool.pk,
    )


def _moment(text: str | None) -> datetime:
    assert text is not None, "Only what is due or forecast has a moment."
    return datetime.fromisoformat(text)


def _said(text: str | None) -> str:
    return f"{_moment(text):%d %b %H:%M} UTC"
