"""Business time: hours that count, in a time zone, less holidays; what stops the clock is left out. Plain values.

Every moment is exact: local hours are turned into moments day by day, so a night on which the clocks change is as long as
it is. A local time that the change of clocks leaves out stands for the moment of the change; one that comes twice, for
the first time it comes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from config.kernel.errors import Invalid
from routing.weekly_hours import DAY_MINUTES, check_time_zone, minutes_by_day, windows_of

# No promise reaches further: beyond this a calendar has too few hours to keep it.
HORIZON_DAYS = 366 * 20

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Weekly hours as minutes of each local day, Monday first; none at all: every hour counts. Holidays are local days."""

    time_zone: str = "UTC"
    week: tuple[tuple[tuple[int, int], ...], ...] = ()
    holidays: frozenset[date] = field(default_factory=frozenset)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


ALL_HOURS = Calendar()


def calendar_from(*, time_zone: str, hours: Any, holidays: Iterable[date]) -> Calendar:
    """Return the calendar that these settings describe: `hours` is [{"day": 0, "from": "09:00", "to": "17:00"}], Monday 0.

    Raises Invalid, naming the setting, for anything else.
    """
    week = minutes_by_day(windows_of(hours))
    return Calendar(check_time_zone(time_zone), week if hours else (), frozenset(holidays))


def add_hours(calendar: Calendar, start: datetime, hours: float, *, stopped: Sequence[Span] = ()) -> datetime:
    """Return the first moment by which so many business hours have passed since `start`; with none, `start` itself.

    Time within a span of `stopped` does not count. Raises Invalid where the calendar has not so many hours in twenty
    years.
    """
    found = reach(calendar, start, hours, stopped=stopped)
    if found is None:
        raise Invalid("The calendar has too few hours for this; give it more hours or fewer holidays.", field="hours")
    return found


def reach(calendar: Calendar, start: datetime, hours: float, *, stopped: Sequence[Span] = ()) -> datetime | None:
    """Return what add_hours does, but None where the calendar has not so many hours in twenty years."""
    if hours > HORIZON_DAYS * 24:
        return None
    left = timedelta(hours=hours)
    if left <= timedelta(0):
        return start
    for begin, end in _counted(calendar, start, start + timedelta(days=HORIZON_DAYS), stopped):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    return None


def hours_between(calendar: Calendar, start: datetime, end: datetime, *, stopped: Sequence[Span] = ()) -> float:
    """Return the business hours from `start` to `end`; less than nought where `end` is before `start`."""
    if end < start:
        return -hours_between(calendar, end, start, stopped=stopped)
    spans = _counted(calendar, start, end, stopped)
    return sum((until - since for since, until in spans), timedelta(0)) / timedelta(hours=1)


def room(
    calendar: Calendar, *, due_at: datetime, finish_at: datetime | None, now: datetime, margin_hours: float = 0.0
) -> float:
    """Return the business hours between the forecast (or now, without one) and the margin before the due time.

    Less than nought: the due time is at risk.
    """
    return hours_between(calendar, finish_at or now, due_at) - margin_hours


def _counted(calendar: Calendar, start: datetime, end: datetime, stopped: Sequence[Span]) -> Iterator[Span]:
    """Yield what counts from `start` to `end`, in order, in UTC."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    stops = _joined(stopped)
    for since, until in _open_spans(calendar, start, end):
        begin = max(since, start)
        for stop_begin, stop_end in stops:
            if stop_end <= begin:
                continue
            if stop_begin >= until:
                break
            if stop_begin > begin:
                yield begin, stop_begin
            begin = stop_end
        last = min(until, end)
        if begin < last:
            yield begin, last


def _open_spans(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Span]:
    """Yield the calendar's hours that touch `start` to `end`, none overlapping another."""
    if not calendar.week and not calendar.holidays:
        yield start, end
        return
    zone = calendar.zone
    day, last = start.astimezone(zone).date() - timedelta(days=1), end.astimezone(zone).date()
    reached = datetime.min.replace(tzinfo=UTC)
    while day <= last:
        for begin, close in _hours_on(calendar, day):
            since, until = max(_moment(day, begin, zone), reached), min(_moment(day, close, zone), end)
            if since < until:
                reached = until
                if until > start:
                    yield since, until
        day += timedelta(days=1)


def _hours_on(calendar: Calendar, day: date) -> tuple[tuple[int, int], ...]:
    if day in calendar.holidays:
        return ()
    return calendar.week[day.weekday()] if calendar.week else ((0, DAY_MINUTES),)


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    if minute == DAY_MINUTES:
        day, minute = day + timedelta(days=1), 0
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    moment = local.astimezone(UTC)
    # A local time that is left out lies ahead by as much as the clocks jump; it stands for the moment of the jump.
    after, before = local.replace(fold=1).utcoffset(), local.utcoffset()
    if after is not None and before is not None and after > before:
        back = moment.astimezone(zone).replace(tzinfo=None) - local.replace(tzinfo=None)
        if back > timedelta(0):
            return _jump(moment - back, moment, zone)
    return moment


def _jump(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment between these at which the zone's offset changes, to the second."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Return the spans in order, those that touch made one."""
    found: list[Span] = []
    for begin, end in sorted((begin.astimezone(UTC), end.astimezone(UTC)) for begin, end in spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif end > begin:
            found.append((begin, end))
    return found
