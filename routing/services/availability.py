"""When reviewers work and how much: what they offer themselves, what an operator allows, and days of leave."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models.functions import Now

from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from labeling.authority import check_in_charge
from labeling.models import Reviewer
from routing.models import Availability, Leave
from routing.selectors import coming_leaves
from routing.weekly_hours import check_hours, check_time_zone

# A limit and the ceiling above it.
CEILINGS = {
    "daily_limit": "daily_ceiling",
    "weekly_limit": "weekly_ceiling",
    "distressing_daily_limit": "distressing_daily_ceiling",
}
OFFERED = ("is_on", "time_zone", "hours", *CEILINGS)
AVAILABILITY_SETTINGS = (*OFFERED, *CEILINGS.values(), "break_after_minutes", "break_minutes")

MOST_LEAVES = 50
LONGEST_LEAVE_DAYS = 400


@transaction.atomic
def offer_availability(*, reviewer: Reviewer, changes: Mapping[str, Any]) -> Availability:
    """Change what the reviewer offers, as they say themselves: on or off, hours, time zone, and limits of their own.

    Raises Invalid for any other field, for hours or a zone that are none, and for a limit above the operator's ceiling;
    ValidationError for a value of another kind. Then nothing has changed.
    """
    _check_known(changes, OFFERED)
    availability = _locked(reviewer)
    for limit, ceiling in CEILINGS.items():
        most, wanted = getattr(availability, ceiling), changes.get(limit)
        if most is not None and wanted is not None and wanted > most:
            raise Invalid(f"Your operator allows {most} at most; choose {most} or fewer.", field=limit)
    return _change(availability, changes, actor=reviewer.user)


@transaction.atomic
def set_availability(*, reviewer: Reviewer, changes: Mapping[str, Any], actor: User) -> Availability:
    """Change anything of the reviewer's availability, their ceilings and breaks too. Raises as offer_availability does,
    and NotAllowed where the reviewer works for a customer that `actor` does not manage."""
    _check_known(changes, AVAILABILITY_SETTINGS)
    check_in_charge(actor, reviewer.user)
    return _change(_locked(reviewer), changes, actor=actor)


def _check_known(changes: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := sorted(set(changes) - set(known)):
        raise Invalid(f"{unknown[0]} is not yours to set here.", field=unknown[0])


def _locked(reviewer: Reviewer) -> Availability:
    """Return the reviewer's availability, made here if need be; changes of one reviewer wait for each other."""
    lock_row(Reviewer.objects.filter(pk=reviewer.pk).select_related(None))
    return Availability.objects.get_or_create(reviewer=reviewer)[0]


def _change(availability: Availability, changes: Mapping[str, Any], *, actor: User | None) -> Availability:
    if "hours" in changes:
        check_hours(changes["hours"])
    if "time_zone" in changes:
        _check_zone_there(check_time_zone(changes["time_zone"]))
    differing = sorted(name for name, value in changes.items() if getattr(availability, name) != value)
    if not differing:
        return availability
    for name in differing:
        setattr(availability, name, changes[name])
    availability.full_clean(exclude=[field.name for field in availability._meta.fields if field.name not in differing])
    availability.changed_at = Now()
    availability.save(update_fields=[*differing, "changed_at"])
    availability.refresh_from_db()
    record(
        "availability.changed",
        subject=availability,
        actor_id=actor.pk if actor else None,
        data={"fields": differing},
    )
    return availability


def _check_zone_there(name: str) -> None:
    """The database counts days by the zone too, and it may know fewer of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = %s)", [name])
        if not cursor.fetchone()[0]:
            raise Invalid(f"{name!r} is no time zone here; use a larger one nearby.", field="time_zone")


@transaction.atomic
def add_leave(*, reviewer: Reviewer, first: date, last: date, actor: User, reason: str = "") -> Leave:
    """Give the reviewer no work from the first day to the last, both included, by the calendar of their time zone.

    Raises Invalid for days out of order, in the past or without end, Conflict for more leaves than anybody has, and
    NotAllowed where `actor` is neither the reviewer nor in charge of them.
    """
    _check_may(reviewer, actor)
    if last < first:
        raise Invalid("The last day is before the first; swap them.", field="last")
    if last == date.max:
        raise Invalid("The calendar ends there; name an earlier last day.", field="last")
    if (last - first).days >= LONGEST_LEAVE_DAYS:
        raise Invalid(f"A leave is at most {LONGEST_LEAVE_DAYS} days; switch work off instead.", field="last")
    lock_row(Reviewer.objects.filter(pk=reviewer.pk).select_related(None))
    if (last - database_now().date()).days < -1:
        raise Invalid("These days are over.", field="last")
    if coming_leaves(reviewer).count() >= MOST_LEAVES:
        raise Conflict(f"There are {MOST_LEAVES} leaves to come already; remove some first.")
    after = date.fromordinal(last.toordinal() + 1)
    leave = Leave.objects.create(reviewer=reviewer, during=DateRange(first, after), reason=reason.strip()[:200])
    record("leave.added", subject=leave, actor_id=actor.pk, data={"first": str(first), "last": str(last)})
    return leave


@transaction.atomic
def remove_leave(*, leave: Leave, actor: User) -> None:
    """Take a leave back. Raises NotAllowed as add_leave does."""
    _check_may(leave.reviewer, actor)
    record("leave.removed", subject=leave, actor_id=actor.pk, data={"reviewer": leave.reviewer_id})
    leave.delete()


def _check_may(reviewer: Reviewer, actor: User) -> None:
    if actor.pk != reviewer.user_id:
        check_in_charge(actor, reviewer.user)
