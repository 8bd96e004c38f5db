"""Figures for dashboards: how old what waits is, how fast work goes, who is needed and who is there, how leases end.

Each reads a bounded window in a few statements, however much there is. What is counted of the queues is the roll-up's, a
minute old.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, F, Min, Q, Sum

from config.kernel.clock import database_now
from labeling.models import Pool, Project
from routing.calendars import hours_between
from routing.due_times import Clock, due_clocks
from routing.eligibility import OF_POOL, OF_PROJECT, all_of
from routing.models import HandlingTime, PoolStat
from routing.types import LeaseState
from routing.weights import HOUSE

HOURS = 24
DAYS_BACK = 30
DAYS_AHEAD = 7
MOST_POOLS = 100

ENDED = """
SELECT date_trunc('hour', ended_at, 'UTC') AS hour, state, count(*) FROM routing_lease
WHERE project_id = %(project)s AND ended_at >= date_trunc('hour', statement_timestamp(), 'UTC') - make_interval(hours => %(hours)s)
GROUP BY 1, 2 ORDER BY 1
"""

TURNAROUND = """
SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY closed_at - created_at),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY closed_at - created_at)
FROM labeling_round
WHERE project_id = %(project)s AND state = 'resolved' AND closed_at >= statement_timestamp() - make_interval(days => %(days)s)
  AND reason NOT IN ('gold', 'audit')
"""

# Who could work on which pool on which day: eligible, taking work, within their weekly hours (those that go on past midnight
# are of the next day too), and not on leave.
AVAILABLE = f"""
WITH able AS MATERIALIZED (
    SELECT e.id AS enrolment_id FROM routing_enrolment e JOIN labeling_reviewer r ON r.id = e.reviewer_id
    JOIN labeling_project j ON j.id = e.project_id JOIN labeling_customer c ON c.id = j.customer_id
    WHERE e.project_id = %(project)s AND {all_of(OF_PROJECT)}
), day AS (SELECT d::date AS day FROM generate_series(%(first)s::date, %(first)s::date + %(days)s - 1, interval '1 day') AS d)
SELECT p.id, day.day, count(*)
FROM able JOIN routing_enrolment e ON e.id = able.enrolment_id JOIN labeling_reviewer r ON r.id = e.reviewer_id
JOIN labeling_pool p ON p.project_id = e.project_id CROSS JOIN day
LEFT JOIN routing_availability a ON a.reviewer_id = r.id
WHERE p.id = ANY(%(pools)s) AND {all_of(OF_POOL)}
  AND (a.reviewer_id IS NULL OR a.is_on AND (jsonb_array_length(a.hours) = 0 OR EXISTS (
        SELECT FROM jsonb_array_elements(a.hours) AS h
        WHERE (h ->> 'day')::int = EXTRACT(isodow FROM day.day)::int - 1
          OR h ->> 'to' < h ->> 'from' AND h ->> 'to' <> '00:00'
             AND (h ->> 'day')::int = EXTRACT(isodow FROM day.day - 1)::int - 1)))
  AND NOT EXISTS (SELECT FROM routing_leave v WHERE v.reviewer_id = r.id AND v.during @> day.day)
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits at one priority."""

    priority: int
    pools: int
    open: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hour:
    """How the leases of one hour ended."""

    at: datetime
    submitted: int = 0
    expired: int = 0
    skipped: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class Turnaround:
    """How long items took from the opening of their round to its resolution."""

    count: int
    median: timedelta | None
    p95: timedelta | None

    @property
    def median_in_words(self) -> str:
        return _span(self.median)

    @property
    def p95_in_words(self) -> str:
        return _span(self.p95)


@dataclass(frozen=True, slots=True)
class Day:
    """How many people a pool needs on a day for what is due on it, and how many could work on it then."""

    day: date
    needed: float
    available: int

    @property
    def is_short(self) -> bool:
        return self.needed > self.available

    @property
    def needed_in_words(self) -> str:
        """Infinitely many stands where the day has no business hours left for what is due."""
        return "∞" if math.isinf(self.needed) else f"{self.needed:g}"


@dataclass(frozen=True, slots=True)
class Staffing:
    pool: Pool
    days: list[Day] = field(default_factory=list)


def queue_ages(project: Project) -> list[Waiting]:
    """Return what waits by priority, the highest first: pools with open work, open tasks, and since when the oldest does."""
    busy = PoolStat.objects.filter(pool__project=project, open_count__gt=0)
    found = busy.values(priority=F("pool__priority")).annotate(
        pools=Count("pk"), open=Sum("open_count"), oldest_at=Min("oldest_at")
    )
    return [Waiting(**row) for row in found.order_by("-priority")]


def lease_outcomes(project: Project, *, hours: int = HOURS) -> list[Hour]:
    """Return how leases ended in each of the last hours (UTC), the oldest first; what was submitted is the throughput."""
    with connection.cursor() as cursor:
        cursor.execute(ENDED, {"project": project.pk, "hours": hours - 1})
        rows = cursor.fetchall()
    counts: dict[datetime, dict[str, int]] = defaultdict(dict)
    for at, state, count in rows:
        counts[at][state] = count
    last = database_now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    ended = [state.value for state in LeaseState if state != LeaseState.LIVE]
    return [
        Hour(at, **{state: counts[at].get(state, 0) for state in ended})
        for at in (last - timedelta(hours=back) for back in range(hours - 1, -1, -1))
    ]


def turnaround(project: Project, *, days: int = DAYS_BACK) -> Turnaround:
    """Return the median and the 95th percentile of what was resolved in the last days, without gold."""
    with connection.cursor() as cursor:
        cursor.execute(TURNAROUND, {"project": project.pk, "days": days})
        return Turnaround(*cursor.fetchone())


def staffing(project: Project, *, days: int = DAYS_AHEAD) -> list[Staffing]:
    """Return, for each pool with work, people needed against people available on each of the next days.

    Needed on a day are those who do, in the day's business hours, what is due on it; what is late is due today. Work
    without a due time needs nobody on a certain day. Days are the calendar's. At most MOST_POOLS pools, the earliest
    due first.
    """
    clock = due_clocks([project])[project.pk]
    zone = clock.calendar.zone
    first = clock.now.astimezone(zone).date()
    stats, hours = pools_measured(project), judgment_hours(project)
    with connection.cursor() as cursor:
        cursor.execute(
            AVAILABLE,
            {"project": project.pk, "first": first, "days": days, "pools": [stat.pool_id for stat in stats]},
        )
        there = {(pool, day): count for pool, day, count in cursor.fetchall()}
    ahead = [first + timedelta(days=offset) for offset in range(days)]
    length = {day: _business_hours(clock, day, zone) for day in ahead}
    return [
        Staffing(
            stat.pool,
            [
                Day(day, _needed(stat.by_due, day, first, zone, hours, length[day]), there.get((stat.pool_id, day), 0))
                for day in ahead
            ],
        )
        for stat in stats
    ]


def judgment_hours(project: Project) -> float:
    """Return how long one judgment by the form in use takes, measured; else the house's guess."""
    form = project.forms.filter(state="published").order_by("-number").values("pk")[:1]
    seconds = (
        HandlingTime.objects.filter(form__in=form, mean_seconds__gt=0).values_list("mean_seconds", flat=True).first()
    )
    return (seconds or HOUSE.unknown_seconds) / 3600.0


def pools_measured(project: Project) -> list[PoolStat]:
    """Return the figures of the project's pools that have work, the earliest due first; at most MOST_POOLS."""
    busy = PoolStat.objects.filter(pool__project=project).exclude(Q(open_count=0) & Q(leased_count=0))
    return list(busy.select_related("pool").order_by(F("pool__due_at").asc(nulls_last=True), "pool")[:MOST_POOLS])


def _needed(
    parts: Sequence[dict[str, Any]], day: date, first: date, zone: ZoneInfo, hours: float, length: float
) -> float:
    """Return the people for what is due that day; infinitely many where the day has no business hours left."""
    work = 0.0
    for part in parts:
        if part["due_at"] is not None:
            due = datetime.fromisoformat(part["due_at"]).astimezone(zone).date()
            work += part["count"] * hours if max(due, first) == day else 0.0
    if work and length <= 0:
        return math.inf
    return round(work / length, 1) if work else 0.0


def _span(span: timedelta | None) -> str:
    if span is None:
        return "–"
    minutes = span / timedelta(minutes=1)
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{span.days} d"


def _business_hours(clock: Clock, day: date, zone: ZoneInfo) -> float:
    """Return the business hours that the day has, or has left if it is today."""
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    return hours_between(clock.calendar, max(begin, clock.now), begin + timedelta(days=1))
