"""By what a project's time is counted: its calendar, the hours promised, and what stopped its clock.

A project's clock stands while a stop of it does: an open stop counts up to now, so what is due moves on with time.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from config.kernel.clock import database_now
from labeling.models import Project
from labeling.types import ProjectState
from routing.calendars import ALL_HOURS, Calendar, Span, calendar_from, reach
from routing.models import BusinessCalendar, ClockStop, ServiceLevel


class Clock:
    """By what a project's time is counted: its calendar, the hours it has, and what stopped it. `now` ends open stops."""

    def __init__(self, level: ServiceLevel | None, stops: Iterable[ClockStop], now: datetime) -> None:
        self.level = level
        self.now = now
        self.calendar = ALL_HOURS if level is None else calendar_of(level.calendar)
        self.stopped: list[Span] = [(stop.started_at, max(stop.ended_at or now, stop.started_at)) for stop in stops]

    def due(self, began_at: datetime) -> datetime | None:
        """Return when what began then is due; None where nothing was promised, or the calendar has too few hours left."""
        if self.level is None:
            return None
        return reach(self.calendar, began_at, self.level.turnaround_hours, stopped=self.stopped)


def calendar_of(kept: BusinessCalendar) -> Calendar:
    return calendar_from(time_zone=kept.time_zone, hours=kept.hours, holidays=kept.holidays)


def due_clocks(projects: Iterable[Project]) -> dict[int, Clock]:
    """Return each project's clock, in two statements for all of them. The database's clock says what is now."""
    keys = [project.pk for project in projects]
    now = database_now()
    levels = {
        level.project_id: level for level in ServiceLevel.objects.filter(project__in=keys).select_related("calendar")
    }
    stops: dict[int, list[ClockStop]] = defaultdict(list)
    for stop in ClockStop.objects.filter(project__in=levels):
        stops[stop.project_id].append(stop)
    return {key: Clock(levels.get(key), stops[key], now) for key in keys}


def is_timed() -> Q:
    """Which projects are timed: those that are open or paused."""
    return Q(state__in=[ProjectState.OPEN, ProjectState.PAUSED])
