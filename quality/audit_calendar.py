"""When a recurring audit is due again. Pure functions on plain values."""

from calendar import monthrange
from datetime import datetime, timedelta

WEEK, MONTH = "week", "month"


def next_after(first: datetime, every: str, now: datetime) -> datetime:
    """Return the first time after `now` that is whole weeks or months after `first`.

    A month that has no such day takes its last one, and the next month the day itself again. What was missed meanwhile
    is not made up for: the next time is in the future.
    """
    if first > now:
        return first
    if every == WEEK:
        return first + (((now - first) // timedelta(days=7)) + 1) * timedelta(days=7)
    months = (now.year - first.year) * 12 + now.month - first.month
    found = _months_after(first, months)
    return found if found > now else _months_after(first, months + 1)


def _months_after(first: datetime, months: int) -> datetime:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return first.replace(year=year, month=month + 1, day=min(first.day, monthrange(year, month + 1)[1]))
