"""A project's clock as its customer sees it: what was promised, what is due and when it will be done, what the work waits
for, and what they were told. The same facts that operators see; never who works on it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from config.kernel.clock import database_now
from labeling.models import Project
from routing.models import ClockStop, Escalation, PoolStat, Promise, ServiceLevel

BATCHES = 50
STOPS = 20
MESSAGES = 20

NO_DUE_TIME, UNKNOWN, IN_TIME, AT_RISK, LATE = "no due time", "not known yet", "in time", "at risk", "late"
OUTLOOKS = (NO_DUE_TIME, UNKNOWN, IN_TIME, AT_RISK, LATE)


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
    outlook: str
    due_at: datetime | None
    forecast_at: datetime | None
    judgments_left: int
    turnaround_hours: float | None = None
    time_zone: str = "UTC"
    hours: list[dict[str, object]] = field(default_factory=list)
    batches: list[Promised] = field(default_factory=list)
    stops: list[Stopped] = field(default_factory=list)
    messages: list[Told] = field(default_factory=list)


def clock_of(project: Project) -> ProjectClock:
    """Return the project's clock, in six statements however much there is of it."""
    level = ServiceLevel.objects.filter(project=project).select_related("calendar").first()
    batches = _batches(project) if level is not None else []
    left, forecast_at = _left(project)
    stops = [
        Stopped(stop.kind, stop.reason, stop.started_at, stop.ended_at)
        for stop in ClockStop.objects.filter(project=project).order_by("-started_at", "-pk")[:STOPS]
    ]
    due_at = min((each.due_at for each in batches if each.due_at), default=None) if level else project.due_at
    return ProjectClock(
        is_stopped=any(stop.ended_at is None for stop in stops),
        outlook=_outlook(due_at, forecast_at, batches, is_done=left == 0, now=database_now()),
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
    due_at: datetime | None, forecast_at: datetime | None, batches: list[Promised], *, is_done: bool, now: datetime
) -> str:
    """Return how it looks, batch by batch where there are promises, over all otherwise."""
    pairs = [(each.due_at, each.forecast_at) for each in batches] or ([] if is_done else [(due_at, forecast_at)])
    dated = [(due, forecast) for due, forecast in pairs if due is not None]
    if not dated:
        return NO_DUE_TIME
    if any(due <= now for due, _ in dated):
        return LATE
    if any(forecast is not None and forecast > due for due, forecast in dated):
        return AT_RISK
    return UNKNOWN if any(forecast is None for _, forecast in dated) else IN_TIME
