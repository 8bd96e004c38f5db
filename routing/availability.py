"""When somebody works, and how much: why a reviewer gets nothing, and until when. Pure: plain values and a moment in.

A day, a week and the weekly hours are those of the reviewer's own time zone: somebody is at work while the clock on
their wall stands within their hours, also where it is put back and shows an hour twice.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from routing.weekly_hours import DAY_MINUTES, Window, windows_of

# How far ahead the next working time is looked for: hours that a clock change swallows come again a week later.
AHEAD = timedelta(days=16)

# One reason may follow another (the limit of a day, then the night); after so many, no end is promised.
MOST_REASONS = 50


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """What is known of a reviewer's working time and of what they have done. A limit that is not set is None.

    `leaves` are days from the first up to, not with, the second, which may be open. The counts are those of `day` and of
    the week that begins on `week`.
    """

    is_on: bool = True
    time_zone: str = "UTC"
    windows: tuple[Window, ...] = ()
    leaves: tuple[tuple[date, date | None], ...] = ()
    daily_limit: int | None = None
    weekly_limit: int | None = None
    distressing_daily_limit: int | None = None
    break_after_minutes: int | None = None
    break_minutes: int = 10
    day: date | None = None
    day_count: int = 0
    day_distressing_count: int = 0
    week: date | None = None
    week_count: int = 0
    stretch_began_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Why there is no work for them now, as a code and a sentence for the reviewer, and until when (None: unknown)."""

    code: str
    message: str
    until: datetime | None


def stop_of(facts: WorkFacts, now: datetime) -> Stop | None:
    """Return why this reviewer gets no work now, or None. `until` is when nothing stands in the way any more.

    The first reason that holds is told: switched off, leave, the week's limit, the day's, off hours, a break.
    """
    told = _reason(facts, now)
    until = told.until if told is not None else None
    if told is None or until is None:
        return told
    for _ in range(MOST_REASONS):
        following = _reason(facts, until)
        if following is None:
            return replace(told, until=until)
        until = following.until
        if until is None:
            break
    return replace(told, until=None)


def may_take_distressing(facts: WorkFacts, now: datetime) -> bool:
    """Whether distressing work may be offered: their cap of the day is not reached."""
    if facts.distressing_daily_limit is None:
        return True
    return _count(facts.day, facts.day_distressing_count, _local(facts, now).date()) < facts.distressing_daily_limit


def with_one_more(facts: WorkFacts, now: datetime) -> WorkFacts:
    """Return the facts as they will be once the task in hand is done, hard to read or not: it counts as both."""
    today = _local(facts, now).date()
    monday = today - timedelta(days=today.weekday())
    day, week = max(facts.day or today, today), max(facts.week or monday, monday)
    return replace(
        facts,
        day=day,
        day_count=_count(facts.day, facts.day_count, today) + 1,
        day_distressing_count=_count(facts.day, facts.day_distressing_count, today) + 1,
        week=week,
        week_count=_count(facts.week, facts.week_count, monday) + 1,
    )


def facts_of(value: str | dict[str, Any]) -> WorkFacts:
    """Return the facts that the SQL of `routing.services.workloads.FACTS` gave, as the driver hands them over."""
    given = json.loads(value) if isinstance(value, str) else value
    known = {name: found for name, found in given.items() if found is not None}
    hours, leaves = known.pop("hours", []), known.pop("leaves", [])
    for name, read in _READ.items():
        if name in known:
            known[name] = read(known[name])
    return WorkFacts(
        windows=windows_of(hours),
        leaves=tuple((date.fromisoformat(first), after and date.fromisoformat(after)) for first, after in leaves),
        **known,
    )


_READ: dict[str, Callable[[str], Any]] = {
    "day": date.fromisoformat,
    "week": date.fromisoformat,
    "stretch_began_at": datetime.fromisoformat,
    "last_at": datetime.fromisoformat,
}


def _reason(facts: WorkFacts, now: datetime) -> Stop | None:
    """Return the first reason that holds at this moment, and when it alone ends."""
    if not facts.is_on:
        return Stop("off", "You have switched off new work; switch it on when you are ready.", None)
    local = _local(facts, now)
    today, monday = local.date(), local.date() - timedelta(days=local.weekday())
    if any(_is_within(today, leave) for leave in facts.leaves):
        back = _back(facts.leaves, today)
        return Stop(
            "leave", "You are on leave; work goes on when you are back.", _midnight(facts, back) if back else None
        )
    if facts.weekly_limit is not None and _count(facts.week, facts.week_count, monday) >= facts.weekly_limit:
        next_week = max(monday, facts.week or monday) + timedelta(days=7)
        return Stop("weekly_limit", "You have done your limit of this week; thank you.", _midnight(facts, next_week))
    if facts.daily_limit is not None and _count(facts.day, facts.day_count, today) >= facts.daily_limit:
        tomorrow = max(today, facts.day or today) + timedelta(days=1)
        return Stop("daily_limit", "You have done your limit of today; thank you.", _midnight(facts, tomorrow))
    if facts.windows and not _is_open(facts, now):
        return Stop(
            "off_hours", "This is outside your working hours; change them if you want to work now.", _next(facts, now)
        )
    if (until := _break_until(facts)) is not None and now < until:
        return Stop("break", "You have worked for a long while; take a break.", until)
    return None


def _count(counted: date | None, count: int, current: date) -> int:
    """Return the count of the current day or week: a later one, of a zone that was left, still counts."""
    return count if counted is not None and counted >= current else 0


def _break_until(facts: WorkFacts) -> datetime | None:
    if facts.break_after_minutes is None or facts.stretch_began_at is None or facts.last_at is None:
        return None
    if facts.last_at - facts.stretch_began_at < timedelta(minutes=facts.break_after_minutes):
        return None
    return facts.last_at + timedelta(minutes=facts.break_minutes)


def _is_within(day: date, leave: tuple[date, date | None]) -> bool:
    first, after = leave
    return first <= day and (after is None or day < after)


def _back(leaves: Sequence[tuple[date, date | None]], today: date) -> date | None:
    """Return the first day from today on that no leave holds; None where one has no end."""
    day = today
    while (held := next((leave for leave in leaves if _is_within(day, leave)), None)) is not None:
        if held[1] is None:
            return None
        day = held[1]
    return day


def _local(facts: WorkFacts, now: datetime) -> datetime:
    return now.astimezone(ZoneInfo(facts.time_zone))


def _midnight(facts: WorkFacts, day: date) -> datetime:
    """Return when the day begins there: where the clock goes forward at midnight, at the first time that there is."""
    begins = datetime.combine(day, time(), tzinfo=ZoneInfo(facts.time_zone)).astimezone(UTC)
    if _local(facts, begins).date() == day and _local(facts, begins - timedelta(seconds=1)).date() < day:
        return begins
    return next(
        change for change in _clock_changes(facts, begins - timedelta(days=2)) if _local(facts, change).date() >= day
    )


def _is_open(facts: WorkFacts, now: datetime) -> bool:
    local = _local(facts, now)
    minute = local.weekday() * DAY_MINUTES + local.hour * 60 + local.minute
    return any(window.holds(minute) for window in facts.windows)


def _next(facts: WorkFacts, now: datetime) -> datetime | None:
    """Return when the hours begin next: at the start of some, or where a change of the clock leads into them."""
    zone, monday = ZoneInfo(facts.time_zone), _local(facts, now).date()
    monday -= timedelta(days=monday.weekday())
    starts = (
        (datetime.combine(monday, time(), tzinfo=zone) + timedelta(days=7 * week, minutes=window.start)).replace(
            fold=fold
        )
        for week in range(4)
        for window in facts.windows
        for fold in (0, 1)
    )
    moments = sorted({*(start.astimezone(UTC) for start in starts), *_clock_changes(facts, now)})
    return next((moment for moment in moments if moment > now and _is_open(facts, moment)), None)


def _clock_changes(facts: WorkFacts, now: datetime) -> Iterator[datetime]:
    """Yield the moments at which the clock there is put forward or back, in order, to the second."""
    moment, end = now.astimezone(UTC), now.astimezone(UTC) + AHEAD
    while moment < end:
        after = moment + timedelta(hours=1)
        if _local(facts, moment).utcoffset() != _local(facts, after).utcoffset():
            yield _change_between(facts, moment, after)
        moment = after


def _change_between(facts: WorkFacts, before: datetime, after: datetime) -> datetime:
    offset = _local(facts, before).utcoffset()
    first, last = int(before.timestamp()), int(after.timestamp()) + 1
    while last - first > 1:
        middle = (first + last) // 2
        if _local(facts, datetime.fromtimestamp(middle, UTC)).utcoffset() == offset:
            first = middle
        else:
            last = middle
    return datetime.fromtimestamp(last, UTC)
