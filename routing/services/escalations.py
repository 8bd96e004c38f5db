"""Escalations: opened by a rule, climbing their ladder until somebody answers, closed by a person or by the facts.

What was done is kept as steps, which never change. While one is unresolved its pool's priority is raised; priorities are
always the project's and what stands on top of it, so that resolving puts them back, whatever was changed meanwhile.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import shorten, wrap
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Count
from django.db.models.functions import Now

from config.kernel.clock import database_now
from config.kernel.errors import Conflict
from config.kernel.events import record, record_many
from config.kernel.locks import lock_row, lock_rows
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition, transition_many
from labeling.models import Pool, Project, Round
from labeling.services.rounds import add_slot
from routing.due_times import due_clocks
from routing.ladder import Audience, Rung, message_for, reached
from routing.models import Escalation, EscalationStep, Lease, PoolStat, ProjectRouting
from routing.selectors import ladders_of
from routing.types import (
    ESCALATION_MACHINE,
    EscalationKind,
    EscalationState,
    EscalationSubject,
    LeaseState,
    Severity,
)

LONGEST_STEP = 300
LONGEST_TOLD = 500
RESOLVED = "Resolved: "

# What these are about is not late yet.
AHEAD = (EscalationKind.AT_RISK, EscalationKind.EXPERTS)

# A pool's priority is its project's, and what its unresolved escalations raise it by.
PRIORITISE = """
UPDATE labeling_pool p SET priority = LEAST(j.priority + raised.by, 32767)
FROM labeling_project j, (
    SELECT o.id, COALESCE(sum(e.raised), 0) AS by FROM labeling_pool o
    LEFT JOIN routing_escalation e ON e.pool_id = o.id AND e.state <> 'resolved'
    WHERE o.id = ANY(%s) GROUP BY o.id) raised
WHERE p.id = raised.id AND j.id = p.project_id AND p.priority <> LEAST(j.priority + raised.by, 32767)
"""


@dataclass(frozen=True, slots=True)
class Cause:
    """What is wrong: one escalation is open for it at a time. `owner_id` is who is asked before anybody on the ladder,
    and `customer_draft` what the customer would be told, where the cause has its own of these."""

    project_id: int
    customer_id: int
    kind: str
    severity: str
    subject: str
    subject_id: int
    message: str
    pool_id: int | None = None
    owner_id: int | None = None
    customer_draft: str = ""


@transaction.atomic
def open_escalations(causes: Collection[Cause]) -> list[Escalation]:
    """Open an escalation for each cause that has none open; return those that are new. Each is on its first rungs."""
    made = [
        Escalation(
            project_id=cause.project_id, customer_id=cause.customer_id, kind=cause.kind, severity=cause.severity,
            subject=cause.subject, subject_id=cause.subject_id, pool_id=cause.pool_id, message=cause.message[:500],
            owner_id=cause.owner_id, customer_draft=shorten(cause.customer_draft, LONGEST_TOLD, placeholder=" …"),
        )
        for cause in causes
    ]  # fmt: skip
    Escalation.objects.bulk_create(made, ignore_conflicts=True)
    new = list(Escalation.objects.filter(public_id__in=[each.public_id for each in made]).order_by("pk"))
    _add_steps(new, "Opened.", None)
    record_many(
        "escalation.opened",
        subject="routing.escalation",
        rows=[(each.pk, each.customer_id, {"kind": each.kind, "project": each.project_id}) for each in new],
        actor_id=None,
    )
    climb([each.pk for each in new])
    return new


@transaction.atomic
def escalate_skipped(*, round: Round) -> bool:
    """Open an escalation where the round has been skipped by as many people as its project allows; return whether it
    stands. To be called once a skip has been written."""
    own = ProjectRouting.objects.filter(project=round.project_id).values_list("escalate_after_skips", flat=True).first()
    allowed = own or ProjectRouting._meta.get_field("escalate_after_skips").get_default()
    skipped = Lease.objects.filter(round=round, state=LeaseState.SKIPPED).aggregate(n=Count("reviewer", distinct=True))
    if skipped["n"] < allowed:
        return False
    open_escalations([_skipped(round, f"{skipped['n']} people skipped an item's round {round.number}.")])
    return True


@transaction.atomic
def escalate_nobody_left(*, round: Round) -> None:
    """Say that a named reviewer skipped the round, and that nobody else named on its project may judge it."""
    told = (
        f"Whoever was named for an item's round {round.number} skipped it, and nobody else named on the project may judge"
        " it; assign the item to somebody, or resolve this to ask whoever is free."
    )
    open_escalations([_skipped(round, told)])


def _skipped(round: Round, message: str) -> Cause:
    return Cause(
        project_id=round.project_id,
        customer_id=round.customer_id,
        kind=EscalationKind.SKIPPED,
        severity=Severity.WARNING,
        subject=EscalationSubject.ROUND,
        subject_id=round.pk,
        message=message,
    )


@transaction.atomic
def acknowledge_escalation(*, escalation: Escalation, actor: User) -> Escalation:
    """Take it on: from now on it climbs no further, and its owner is known. Raises TransitionRefused a second time."""
    escalation = lock_row(Escalation.objects.filter(pk=escalation.pk).select_related(None))
    transition(
        escalation, EscalationState.ACKNOWLEDGED, machine=ESCALATION_MACHINE, actor_id=actor.pk, owner_id=actor.pk
    )
    _add_steps([escalation], "Acknowledged.", actor)
    return escalation


@transaction.atomic
def act_on_escalation(*, escalation: Escalation, reason: str, actor: User) -> Escalation:
    """Say what was done about it; whoever does so first also takes it on, and more can be said later.

    Raises Invalid without words or with too many, Conflict once it is resolved.
    """
    reason = checked_reason(reason, ask="Say what you did about it.", most=LONGEST_STEP)
    escalation = lock_row(Escalation.objects.filter(pk=escalation.pk).select_related(None))
    if escalation.state == EscalationState.RESOLVED:
        raise Conflict("This escalation is resolved; a new one opens if the cause comes back.")
    if escalation.state == EscalationState.OPEN:
        transition(
            escalation, EscalationState.ACKNOWLEDGED, machine=ESCALATION_MACHINE, actor_id=actor.pk, owner_id=actor.pk
        )
    if escalation.state == EscalationState.ACKNOWLEDGED:
        transition(escalation, EscalationState.ACTED, machine=ESCALATION_MACHINE, actor_id=actor.pk)
    _add_steps([escalation], reason, actor)
    return escalation


def resolve_escalation(*, escalation: Escalation, reason: str, actor: User) -> Escalation:
    """Close it, with a note, and put its pool's priority back; what was skipped too often is asked of others again.

    To be called outside a transaction: a task that is added locks its pool, and escalations are locked before pools. So
    each task is a transaction of its own; what was added stays, and is not added again. Raises Invalid without a note or
    with one that is too long, TransitionRefused again.
    """
    reason = checked_reason(reason, ask="Say how it was resolved.", most=LONGEST_STEP - len(RESOLVED))
    if escalation.kind == EscalationKind.SKIPPED:
        unresolved = Escalation.objects.filter(pk=escalation.pk).exclude(state=EscalationState.RESOLVED)
        if unresolved.exists() and Round.objects.filter(pk=escalation.subject_id).exists():
            _ask_again(escalation.subject_id)
            resolved = _resolve(escalation, reason, actor)
            _ask_again(escalation.subject_id)  # somebody may have skipped before it was resolved
            return resolved
    return _resolve(escalation, reason, actor)


def _ask_again(round_id: int) -> None:
    while add_slot(round_id=round_id):
        pass


@transaction.atomic
def _resolve(escalation: Escalation, reason: str, actor: User) -> Escalation:
    escalation = lock_row(Escalation.objects.filter(pk=escalation.pk).select_related(None))
    transition(escalation, EscalationState.RESOLVED, machine=ESCALATION_MACHINE, actor_id=actor.pk)
    _add_steps([escalation], RESOLVED + reason, actor)
    renew_priorities([escalation.pool_id])
    return escalation


@transaction.atomic
def close_by_facts(*, keys: Collection[int], why: str) -> int:
    """Resolve those of these escalations that are unresolved, because their cause has gone; return how many."""
    found = [
        each for each in lock_rows(Escalation.objects.filter(pk__in=keys)) if each.state != EscalationState.RESOLVED
    ]
    for state in {each.state for each in found}:
        alike = [each for each in found if each.state == state]
        transition_many(alike, EscalationState.RESOLVED, machine=ESCALATION_MACHINE, actor_id=None)
    _add_steps(found, f"Resolved by the facts: {why}", None)
    renew_priorities(each.pool_id for each in found)
    return len(found)


@transaction.atomic
def tell_customer(*, escalation: Escalation, actor: User | None, words: str = "") -> Escalation:
    """Tell the customer: in these words, or else in the ladder's. It stands in their portal and their API from now on.

    Raises Conflict once it is resolved, for what is between reviewers and operators, and where the customer was told
    before in the same words.
    """
    escalation = lock_row(Escalation.objects.filter(pk=escalation.pk).select_related(None))
    if escalation.state == EscalationState.RESOLVED:
        raise Conflict("This escalation is resolved; there is nothing left to tell.")
    if escalation.is_internal:
        raise Conflict("This is between reviewers and operators; customers are not told of it.")
    words = words.strip() or drafted_message(escalation)
    if escalation.customer_message == words:
        raise Conflict("The customer was told just that before.")
    _tell(escalation, words, actor)
    return escalation


def tell_customer_in_own_words(*, escalation: Escalation, reason: str, actor: User) -> Escalation:
    """Tell the customer in the operator's words. Raises Invalid without any or with too many, and as `tell_customer`."""
    words = checked_reason(reason, ask="Say what the customer is told.", most=LONGEST_TOLD)
    return tell_customer(escalation=escalation, words=words, actor=actor)


@transaction.atomic
def climb(keys: Collection[int] | None = None) -> int:
    """Take every escalation that nobody has acknowledged as far up its ladder as its age says; return how many rose."""
    waiting = Escalation.objects.filter(state=EscalationState.OPEN)
    found = lock_rows(waiting if keys is None else waiting.filter(pk__in=keys))
    if not found:
        return 0
    now, ladders, rose = database_now(), ladders_of({each.project_id for each in found}), []
    for escalation in found:
        ladder = ladders[escalation.project_id]
        height = reached(ladder, (now - escalation.opened_at) / timedelta(minutes=1))
        if escalation.state == EscalationState.OPEN and height > escalation.rung:
            _rise(escalation, ladder[escalation.rung : height], height)
            rose.append(escalation)
    renew_priorities(each.pool_id for each in rose)
    return len(rose)


def _rise(escalation: Escalation, rungs: Sequence[Rung], height: int) -> None:
    """Climb these rungs; only where it is about a pool is anything raised."""
    raised = sum(rung.raise_priority for rung in rungs) if escalation.pool_id is not None else 0
    Escalation.objects.filter(pk=escalation.pk).update(rung=height, raised=escalation.raised + raised)
    escalation.rung, escalation.raised = height, escalation.raised + raised
    for rung in rungs:
        more = f" Its pool's priority is raised by {rung.raise_priority}." if raised and rung.raise_priority else ""
        _add_steps([escalation], f"{Audience(rung.see).label.capitalize()} are asked.{more}", None)
    record("escalation.climbed", subject=escalation, actor_id=None, data={"rung": height, "raised": raised})
    telling = [rung for rung in rungs if rung.tell_customer]
    if telling and escalation.customer_told_at is None and not escalation.is_internal:
        _tell(escalation, drafted_message(escalation, telling[-1]), None)


def _tell(escalation: Escalation, words: str, actor: User | None) -> None:
    Escalation.objects.filter(pk=escalation.pk).update(customer_told_at=Now(), customer_message=words)
    escalation.refresh_from_db(fields=["customer_told_at", "customer_message"])
    for part in wrap(f"The customer was told: {words}", LONGEST_STEP):
        _add_steps([escalation], part, actor)
    record("escalation.customer_told", subject=escalation, actor_id=actor.pk if actor else None)


def drafted_message(escalation: Escalation, rung: Rung | None = None) -> str:
    """Return what the customer would be told now: in the words of its own rule, or of that rung, or of the next one
    that tells them; the customer is told of it at all (`is_internal`).

    Due time and forecast are of the same part of the work: the oldest that is due, or where the due time is at risk, the
    next that is; without a due time, of all of it.
    """
    if escalation.customer_draft:
        return escalation.customer_draft
    project = Project.objects.get(pk=escalation.project_id)
    if rung is None:
        ladder = ladders_of([project.pk])[project.pk]
        rung = next((each for each in ladder[escalation.rung :] if each.tell_customer), None)
    stat = PoolStat.objects.filter(pool=escalation.pool_id).select_related("pool").first()
    clock = due_clocks([project])[project.pk]
    due_at, forecast_at = _times(stat, since=clock.now if escalation.kind in AHEAD else None)
    facts = {
        "project": project.name,
        "due": in_words(due_at, clock.calendar.time_zone),
        "forecast": in_words(forecast_at, clock.calendar.time_zone),
        "open": str(stat.open_count + stat.leased_count if stat else 0),
    }
    return shorten(message_for(escalation.kind, rung, facts), LONGEST_TOLD, placeholder=" …")


def _times(stat: PoolStat | None, *, since: datetime | None) -> tuple[datetime | None, datetime | None]:
    """Return due time and forecast of the first part that is due (after `since`); without one, no due time, and of all."""
    for part in stat.by_due if stat else []:
        due_at = part["due_at"] and datetime.fromisoformat(part["due_at"])
        if due_at and (since is None or due_at > since):
            return due_at, part["finish_at"] and datetime.fromisoformat(part["finish_at"])
    return None, stat.finish_at if stat else None


def in_words(at: datetime | None, time_zone: str) -> str:
    """Return a moment as customers read it, in the calendar's time zone."""
    if at is None:
        return "at a time that is not known yet"
    local = at.astimezone(ZoneInfo(time_zone))
    return f"on {local.day} {local:%B %Y at %H:%M} ({time_zone})"


def renew_priorities(pool_ids: Iterable[int | None]) -> None:
    """Set these pools' priorities to their project's and what their unresolved escalations raise it by."""
    keys = sorted({key for key in pool_ids if key is not None})
    if not keys:
        return
    lock_rows(Pool.objects.filter(pk__in=keys))
    with connection.cursor() as cursor:
        cursor.execute(PRIORITISE, [keys])


def raised_pools() -> list[int]:
    """Return the pools whose priority is raised: a change of the project's urgency may have lost it."""
    raised = Escalation.objects.filter(raised__gt=0, pool__isnull=False).exclude(state=EscalationState.RESOLVED)
    return list(raised.values_list("pool", flat=True).distinct())


def _add_steps(escalations: Iterable[Escalation], what: str, by: User | None) -> None:
    EscalationStep.objects.bulk_create(
        EscalationStep(customer_id=each.customer_id, escalation=each, what=what, by=by) for each in escalations
    )
