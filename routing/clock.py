"""A project's clock as its customer sees it: what was promised, what is due and when it will be done, what the work waits
for, and what they were told. The same facts that operators see; never who works on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import F

from config.kernel.clock import database_now
from labeling.models import Project
from routing.calendars import ALL_HOURS, room
from routing.due_times import calendar_of
from routing.models import ClockStop, Escalation, PoolStat, Promise, ServiceLevel
from routing.types import Outlook

BATCHES = 50
STOPS = 20
MESSAGES = 20


@dataclass(frozen=True, slots=True)
class Promised:
    """A batch that is not finished: when it is due, and when it will be done, if that is known yet."""

    batch: UUID
    name: str
    began_at: datetime
    due_at: datetime | None
    forecast_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why the clock stood, or stands (`ended_at` is None)."""

    kind: str
    reason: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class ProjectClock:
    """All of it. `outlook` follows from what is due, forecast and left."""

    is_stopped: bool
    outlook: Outlook
    due_at: datetime | None
    forecast_at: datetime | None
    judgments_left: int
    turnaround_hours: float | None = None
    time_zone: str = "UTC"
    hours: list[dict[str, object]] = field(default_factory=list)
    batches: list[Promised] = field(default_factory=list)
    stops: list[Stopped] = field(default_factory=list)
    messages: list[Told] = field(default_factory=list)


def shown_clock(project: Project) -> ProjectClock:
    """Return the project's clock, in six statements however much there is of it."""
    level = ServiceLevel.objects.filter(project=project).select_related("calendar").first()
    batches = _batches(project) if level is not None else []
    left, forecast_at = _left(project)
    stops = _stops(project)
    due_at = min((each.due_at for each in batches if each.due_at), default=None) if level else project.due_at
    pairs = [(each.due_at, each.forecast_at) for each in batches] or [(due_at, forecast_at)] * (left > 0)
    return ProjectClock(
        is_stopped=any(stop.ended_at is None for stop in stops),
        outlook=_outlook(pairs, level, database_now()),
        due_at=due_at,
        forecast_at=forecast_at,
        judgments_left=left,
        turnaround_hours=level.turnaround_hours if level else None,
        time_zone=level.calendar.time_zone if level else "UTC",
        hours=level.calendar.hours if level else [],
        batches=batches,
        stops=stops,
        messages=_messages(project),
    )


def _batches(project: Project) -> list[Promised]:
    promises = Promise.objects.filter(project=project, finished_at=None).select_related("batch").order_by("first_item")
    return [
        Promised(each.batch.public_id, each.batch.name, each.began_at, each.due_at, each.forecast_at)
        for each in promises[:BATCHES]
    ]


def _stops(project: Project) -> list[Stopped]:
    """Return the stops for which the clock stands, however old they are, and then those that ended last."""
    stops = ClockStop.objects.filter(project=project)
    stops = stops.order_by(F("ended_at").desc(nulls_first=True), "-started_at", "-pk")
    return [Stopped(stop.kind, stop.reason, stop.started_at, stop.ended_at) for stop in stops[:STOPS]]


def _left(project: Project) -> tuple[int, datetime | None]:
    """Return how many judgments are left, and when the last will be done; None where that is not known of all."""
    busy = PoolStat.objects.filter(pool__project=project).exclude(open_count=0, leased_count=0)
    rows = list(busy.values_list("open_count", "leased_count", "finish_at"))
    ends = [finish for _, _, finish in rows]
    left = sum(waiting + leased for waiting, leased, _ in rows)
    return left, None if None in ends else max((end for end in ends if end), default=None)


def _messages(project: Project) -> list[Told]:
    told = Escalation.objects.filter(project=project, customer_told_at__isnull=False).order_by(
        "-customer_told_at", "-pk"
    )
    return [Told(each.customer_told_at, each.customer_message) for each in told[:MESSAGES] if each.customer_told_at]


def _outlook(
    pairs: Sequence[tuple[datetime | None, datetime | None]], level: ServiceLevel | None, now: datetime
) -> Outlook:
    """Return how it looks, from what is due when and will be done when; at risk is what the watch escalates as such."""
    dated = [(due_at, finish_at) for due_at, finish_at in pairs if due_at is not None]
    if not dated:
        return Outlook.NO_DUE_TIME
    if any(due_at <= now for due_at, _ in dated):
        return Outlook.LATE
    calendar, margin_hours = (calendar_of(level.calendar), level.at_risk_hours) if level else (ALL_HOURS, 0.0)
    left = [
        room(calendar, due_at=due_at, finish_at=finish_at, now=now, margin_hours=margin_hours)
        for due_at, finish_at in dated
    ]
    if min(left) < 0:
        return Outlook.AT_RISK
    return Outlook.UNKNOWN if any(finish_at is None for _, finish_at in dated) else Outlook.IN_TIME
