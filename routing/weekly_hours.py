"""Weekly hours, as reviewers and business calendars have them: [{"day": 0, "from": "09:00", "to": "17:00"}], Monday is 0.

Pure. Hours may be out of order and overlap; those that end at or before they begin go on past midnight, and "24:00" ends a
day. What is kept is read as it is; what is set is checked.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from config.kernel.errors import Invalid

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
MOST_HOURS = 50

HELP = 'The hours are a list of {"day": 0 to 6 (Monday is 0), "from": "09:00", "to": "17:00"}.'


@dataclass(frozen=True, slots=True)
class Window:
    """Some hours of each week, in minutes from Monday, 00:00: from `start` on, before `end`, which may be next week's."""

    start: int
    end: int

    def holds(self, minute: int) -> bool:
        return self.start <= minute < self.end or self.start <= minute + WEEK_MINUTES < self.end


def windows_of(hours: Any) -> tuple[Window, ...]:
    """Return the weekly windows in order; raises Invalid, with the place, for anything that is no list of hours."""
    if not isinstance(hours, list):
        raise Invalid(HELP, field="hours")
    return tuple(sorted((_window(number, each) for number, each in enumerate(hours)), key=lambda each: each.start))


def check_hours(hours: Any) -> tuple[Window, ...]:
    """Do what `windows_of` does for hours that are set now: these begin within their day, end another time, and are not
    more than MOST_HOURS."""
    windows = windows_of(hours)
    if len(windows) > MOST_HOURS:
        raise Invalid(f"These are more than {MOST_HOURS} times a week; join some.", field="hours")
    for number, each in enumerate(hours):
        if each["from"] == "24:00":
            raise Invalid(f"hours[{number}]: a day begins at 00:00; 24:00 only ends one.", field="hours")
        if each["from"] == each["to"]:
            raise Invalid(f"hours[{number}]: it ends when it begins; a whole day is 00:00 to 24:00.", field="hours")
    return windows


def minutes_by_day(windows: tuple[Window, ...]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Return the windows as minutes of each day, Monday first, in order, those that touch made one."""
    week: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for window in windows:
        begin = window.start
        while begin < window.end:
            midnight = (begin // DAY_MINUTES + 1) * DAY_MINUTES
            end = min(window.end, midnight)
            day = begin // DAY_MINUTES
            week[day % 7].append((begin - day * DAY_MINUTES, end - day * DAY_MINUTES))
            begin = end
    return tuple(_merged(spans) for spans in week)


@cache
def known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_time_zone(name: str) -> str:
    """Return the name of a time zone; raises Invalid for one that is not in the IANA database."""
    if name not in known_zones():
        raise Invalid(f"{name!r} is not a time zone; use an IANA name such as Europe/Berlin.", field="time_zone")
    return name


def _window(number: int, given: Any) -> Window:
    if not isinstance(given, dict) or given.keys() != {"day", "from", "to"}:
        raise Invalid(f"hours[{number}]: {HELP}", field="hours")
    day = given["day"]
    if isinstance(day, bool) or not isinstance(day, int) or not 0 <= day <= 6:
        raise Invalid(f"hours[{number}]: the day is a number from 0 (Monday) to 6 (Sunday).", field="hours")
    start, end = _minute(number, given["from"]), _minute(number, given["to"])
    first = day * DAY_MINUTES
    return Window(first + start, first + end + (DAY_MINUTES if end <= start else 0))


def _minute(number: int, text: Any) -> int:
    """Return the minute of the day."""
    is_time = isinstance(text, str) and len(text) == 5 and text[2] == ":" and text.isascii()
    if is_time and (text[:2] + text[3:]).isdigit():
        hour, minute = int(text[:2]), int(text[3:])
        if hour * 60 + minute <= DAY_MINUTES and minute < 60:
            return hour * 60 + minute
    raise Invalid(f"hours[{number}]: {str(text)[:20]!r} is not a time; write it as 09:00 or 17:30.", field="hours")


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return tuple(found)
