"""When batches are due: promises, made as batches are accepted and kept in step with calendars, hours and stops.

A project's clock stands while a stop of it does: an open stop counts up to now, so what is due moves on with time.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import Q

from config.kernel.clock import database_now
from labeling.models import Project
from labeling.types import ProjectState
from routing.calendars import ALL_HOURS, Calendar, Span, calendar_from, reach
from routing.models import BusinessCalendar, ClockStop, Promise, ServiceLevel

# Batches without a promise that a roll-up makes one for at most; the rest follows with the next.
MOST_NEW = 500

# The keys of a batch's items are asked for once: acceptance gives them in order, under the project's lock.
PROMISE = """
INSERT INTO routing_promise (customer_id, project_id, batch_id, began_at, first_item, last_item)
SELECT b.customer_id, b.project_id, b.id, b.finished_at, i.first_item, i.last_item
FROM (SELECT b.* FROM labeling_batch b JOIN routing_servicelevel s ON s.project_id = b.project_id
      WHERE b.state = 'accepted' AND b.items_created > 0
        AND NOT EXISTS (SELECT FROM routing_promise p WHERE p.batch_id = b.id)
      ORDER BY b.id LIMIT %s) b
CROSS JOIN LATERAL (SELECT min(id) AS first_item, max(id) AS last_item FROM labeling_item WHERE batch_id = b.id) i
ON CONFLICT DO NOTHING
"""

# A batch is finished, for good, once no item of it waits or is worked on: three probes of an index a batch.
FINISH = """
UPDATE routing_promise p SET finished_at = statement_timestamp(), forecast_at = NULL
WHERE p.finished_at IS NULL AND NOT EXISTS (
    SELECT FROM unnest(ARRAY['accepted', 'held', 'in_progress']) AS waiting(state)
    CROSS JOIN LATERAL (SELECT 1 FROM labeling_item i WHERE i.project_id = p.project_id AND i.state = waiting.state
        AND i.id BETWEEN p.first_item AND p.last_item LIMIT 1) found)
"""

MOVE = """
UPDATE routing_promise p SET due_at = due.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS due(batch_id, at)
WHERE p.batch_id = due.batch_id AND p.finished_at IS NULL AND p.due_at IS DISTINCT FROM due.at
"""


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


def clocks_of(projects: Iterable[Project]) -> dict[int, Clock]:
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


def renew_promises() -> int:
    """Promise what was accepted, finish what is done, and move what is due otherwise by now; return how many moved."""
    with connection.cursor() as cursor:
        cursor.execute(PROMISE, [MOST_NEW])
        cursor.execute(FINISH)
    waiting = list(Promise.objects.filter(finished_at=None, project__service_level__isnull=False).order_by("batch"))
    clocks = clocks_of(Project.objects.filter(pk__in={promise.project_id for promise in waiting}))
    moved = {
        promise.pk: due
        for promise in waiting
        if (due := clocks[promise.project_id].due(promise.began_at)) != promise.due_at
    }
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(MOVE, [list(moved), list(moved.values())])
    return len(moved)


def at_work() -> Q:
    """Which projects are timed: those that are open or paused."""
    return Q(state__in=[ProjectState.OPEN, ProjectState.PAUSED])
