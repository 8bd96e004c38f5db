"""What was promised: business calendars, service levels, and how a project's work is routed. Set by operators."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row, lock_rows
from config.kernel.models import User
from labeling.models import Customer, Pool, Project
from routing.calendars import add_hours, calendar_from
from routing.due_times import calendar_of
from routing.ladder import ladder_from
from routing.models import BusinessCalendar, ProjectRouting, ServiceLevel
from routing.weekly_hours import check_hours
from routing.weights import weights_from

CALENDAR_SETTINGS = ("name", "time_zone", "hours", "holidays")
LEVEL_SETTINGS = ("calendar", "turnaround_hours", "at_risk_hours", "ladder")
ROUTING_SETTINGS = ("weights", "escalate_after_skips")

# More than a year of working hours is no turnaround, but a slip.
MOST_HOURS = 10_000.0


@transaction.atomic
def create_calendar(
    *, customer: Customer, name: str, time_zone: str, hours: Any, holidays: list[date], actor: User | None
) -> BusinessCalendar:
    """Make a customer's calendar. Raises Invalid for hours or a time zone that are none, Conflict for a name in use."""
    customer = lock_row(Customer.objects.filter(pk=customer.pk))
    check_hours(hours)
    calendar_from(time_zone=time_zone, hours=hours, holidays=holidays)
    _check_name(customer.pk, name)
    made = BusinessCalendar.objects.create(
        customer=customer, name=name.strip(), time_zone=time_zone, hours=hours, holidays=sorted(set(holidays))
    )
    record("calendar.created", subject=made, actor_id=actor.pk if actor else None)
    return made


@transaction.atomic
def change_calendar(*, calendar: BusinessCalendar, changes: Mapping[str, Any], actor: User) -> BusinessCalendar:
    """Change a calendar; what is due by it moves with the next roll-up.

    Raises as create_calendar does, and Invalid where it would have too few hours for what was promised by it.
    """
    lock_row(Customer.objects.filter(pk=calendar.customer_id))
    calendar.refresh_from_db()
    now = {name: getattr(calendar, name) for name in CALENDAR_SETTINGS} | _known(changes, CALENDAR_SETTINGS)
    now |= {"name": now["name"].strip(), "holidays": sorted(set(now["holidays"]))}
    if "hours" in changes:
        check_hours(changes["hours"])
    changed = calendar_from(time_zone=now["time_zone"], hours=now["hours"], holidays=now["holidays"])
    _check_name(calendar.customer_id, now["name"], but=calendar.pk)
    for turnaround_hours in ServiceLevel.objects.filter(calendar=calendar).values_list("turnaround_hours", flat=True):
        add_hours(changed, database_now(), turnaround_hours)
    BusinessCalendar.objects.filter(pk=calendar.pk).update(**now)
    record("calendar.changed", subject=calendar, actor_id=actor.pk, data={"fields": sorted(changes)})
    calendar.refresh_from_db()
    return calendar


@transaction.atomic
def set_service_level(
    *,
    project: Project,
    calendar: BusinessCalendar,
    turnaround_hours: float,
    at_risk_hours: float = 4.0,
    ladder: Any = (),
    actor: User | None,
) -> ServiceLevel:
    """Promise a turnaround for the project's batches: those that are at work already, too.

    Raises Conflict where it has a service level (change that one), Invalid for a calendar of another customer or with too
    few hours, hours that are none and a ladder of another shape.
    """
    project = lock_row(Project.objects.filter(pk=project.pk).select_related(None))
    if ServiceLevel.objects.filter(project=project).exists():
        raise Conflict("The project has a service level; change that one.", field="project")
    ladder = list(ladder)
    _check_level(project, calendar, turnaround_hours, at_risk_hours, ladder)
    level = ServiceLevel.objects.create(
        customer_id=project.customer_id,
        project=project,
        calendar=calendar,
        turnaround_hours=turnaround_hours,
        at_risk_hours=at_risk_hours,
        ladder=ladder,
    )
    record("service_level.set", subject=level, actor_id=actor.pk if actor else None, data={"project": project.pk})
    return level


@transaction.atomic
def change_service_level(*, level: ServiceLevel, changes: Mapping[str, Any], actor: User) -> ServiceLevel:
    """Change what was promised, for everything that is not finished. Raises Invalid as set_service_level does."""
    project = lock_row(Project.objects.filter(pk=level.project_id).select_related(None))
    level = ServiceLevel.objects.select_related("calendar").get(pk=level.pk)
    now = {name: getattr(level, name) for name in LEVEL_SETTINGS} | _known(changes, LEVEL_SETTINGS)
    _check_level(project, *(now[name] for name in LEVEL_SETTINGS))
    ServiceLevel.objects.filter(pk=level.pk).update(**now)
    record("service_level.set", subject=level, actor_id=actor.pk, data={"project": project.pk})
    level.refresh_from_db()
    return level


@transaction.atomic
def end_service_level(*, level: ServiceLevel, actor: User) -> None:
    """Promise nothing from now on: the project's pools are due when the project is, by the operator's word, or never."""
    project = lock_row(Project.objects.filter(pk=level.project_id).select_related(None))
    record("service_level.ended", subject=level, actor_id=actor.pk, data={"project": project.pk})
    ServiceLevel.objects.filter(pk=level.pk).delete()
    moved = lock_rows(Pool.objects.filter(project=project).exclude(due_at=project.due_at))
    Pool.objects.filter(pk__in=[pool.pk for pool in moved]).update(due_at=project.due_at)
    project.promises.filter(finished_at=None).exclude(due_at=None).update(due_at=None, forecast_at=None)


@transaction.atomic
def set_routing(*, project: Project, actor: User, **settings: Any) -> ProjectRouting:
    """Say how the project's work is routed where that differs from the house; what is not named stays as it is.

    Raises Invalid for weights that are none, and for fewer skips than one.
    """
    project = lock_row(Project.objects.filter(pk=project.pk).select_related(None))
    kept, _ = ProjectRouting.objects.get_or_create(project=project, defaults={"customer_id": project.customer_id})
    now = {name: getattr(kept, name) for name in ROUTING_SETTINGS} | _known(settings, ROUTING_SETTINGS)
    if not isinstance(now["weights"], dict):
        raise Invalid('The weights are an object: {"scarcity": 2}.', field="weights")
    weights_from(now["weights"])
    if not 1 <= now["escalate_after_skips"] <= 1000:
        raise Invalid("A task is escalated after 1 to 1000 skips.", field="escalate_after_skips")
    ProjectRouting.objects.filter(pk=kept.pk).update(**now)
    record("routing.set", subject=kept, actor_id=actor.pk, data={"project": project.pk, "fields": sorted(settings)})
    kept.refresh_from_db()
    return kept


def _known(changes: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    if unknown := sorted(set(changes) - set(names)):
        raise Invalid(f"{unknown[0]} is not a setting that can be changed.", field=unknown[0])
    return dict(changes)


def _check_name(customer_id: int, name: str, *, but: int = 0) -> None:
    if not name.strip():
        raise Invalid("Give the calendar a name.", field="name")
    if BusinessCalendar.objects.filter(customer=customer_id, name=name.strip()).exclude(pk=but).exists():
        raise Conflict(f"The customer has a calendar called {name.strip()!r}; choose another name.", field="name")


def _check_level(
    project: Project, calendar: BusinessCalendar, turnaround_hours: float, at_risk_hours: float, ladder: Any
) -> None:
    if calendar.customer_id != project.customer_id:
        raise Invalid("The calendar is another customer's; choose one of the project's customer.", field="calendar")
    if not 0 < turnaround_hours <= MOST_HOURS:
        raise Invalid(f"The turnaround is above 0 and at most {MOST_HOURS:g} hours.", field="turnaround_hours")
    if not 0 <= at_risk_hours < turnaround_hours:
        raise Invalid("At risk is from 0 hours before the due time to less than the turnaround.", field="at_risk_hours")
    add_hours(calendar_of(calendar), database_now(), turnaround_hours)
    ladder_from(ladder)
