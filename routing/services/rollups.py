"""The roll-up of each minute: what is waiting in each pool, who could do it, how fast, and when it will be done.

Open tasks are counted by a scan of the queues' own partial indexes, once a minute: what it costs grows with what is open
and not with what is done, and no claim or submit keeps a counter that others would wait for. What came back, what is
reserved and what is leased is few, and read row by row.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from config.kernel.locks import ADVISORY_ROLL_UP, lock_rows, session_lock
from labeling.models import Pool, Project
from labeling.services.rounds import POSITION_STEP
from routing.calendars import reach
from routing.due_times import Clock, due_clocks, is_timed
from routing.eligibility import OF_POOL, OF_PROJECT, all_of
from routing.forecast import Work, crews_of, finish_hours
from routing.services.promises import renew_promises
from routing.weights import HOUSE

# The judgments that handling times are measured on: so many of the latest, whoever made them.
RECENT_JUDGMENTS = 20_000
FEWEST_JUDGMENTS = 5

# Somebody is at work who held a task within so many minutes; and regularly, who did within a week.
PRESENT = "30 minutes"
REGULAR = "7 days"

NEVER = datetime.max.replace(tzinfo=UTC)

# Which pools, with the bounds of their project's unfinished batches: a position between an odd bound and the next is of
# the batch there, any other is of work that was asked again.
TIMED = f"""
WITH timed AS MATERIALIZED (
    SELECT p.id AS pool_id, p.customer_id, p.project_id, ARRAY(
        SELECT b FROM routing_promise o CROSS JOIN LATERAL unnest(ARRAY[o.first_item, o.last_item + 1]) AS b
        WHERE o.project_id = p.project_id AND o.finished_at IS NULL AND o.due_at IS NOT NULL ORDER BY b) AS bounds
    FROM labeling_pool p JOIN labeling_project j ON j.id = p.project_id WHERE j.state IN ('open', 'paused')
), place AS (SELECT pool_id, ARRAY(SELECT b * {POSITION_STEP} FROM unnest(bounds) AS b ORDER BY b) AS bounds FROM timed)
"""

COUNTED = (
    TIMED
    + """
, waiting AS (
    SELECT p.pool_id, c.bucket, c.n AS open, 0 AS leased, NULL::timestamptz AS oldest, NULL::timestamptz AS asked
    FROM place p CROSS JOIN LATERAL (
        SELECT width_bucket(t.position, p.bounds) AS bucket, count(*) AS n FROM labeling_task t
        WHERE t.pool_id = p.pool_id AND t.state = 'open' AND t.reserved_for_id IS NULL AND t.returned_xid IS NULL
        GROUP BY 1) c
), front AS (
    SELECT p.pool_id, NULL::int, 0, 0, t.created_at, NULL::timestamptz
    FROM place p CROSS JOIN LATERAL (SELECT created_at FROM labeling_task t
        WHERE t.pool_id = p.pool_id AND t.state = 'open' AND t.reserved_for_id IS NULL AND t.returned_xid IS NULL
        ORDER BY t.position LIMIT 1) t
), few AS (
    SELECT t.pool_id, t.position, t.round_id, t.created_at, 1 AS open, 0 AS leased
    FROM place p JOIN labeling_task t ON t.pool_id = p.pool_id
    WHERE t.state = 'open' AND t.reserved_for_id IS NULL AND t.returned_xid IS NOT NULL
    UNION ALL
    SELECT t.pool_id, t.position, t.round_id, t.created_at, 1, 0 FROM labeling_task t
    WHERE t.state = 'open' AND t.reserved_for_id IS NOT NULL AND t.kind <> 'gold'
      AND t.kind NOT IN ('training', 'qualification')
    UNION ALL
    SELECT t.pool_id, t.position, t.round_id, NULL, 0, 1
    FROM routing_lease l JOIN labeling_task t ON t.id = l.task_id WHERE l.state = 'live' AND t.kind <> 'gold'
      AND t.kind NOT IN ('training', 'qualification')
), beside AS (
    SELECT f.pool_id, CASE WHEN r.reason = 'first' THEN width_bucket(f.position, p.bounds) ELSE 0 END,
           sum(f.open), sum(f.leased), min(f.created_at), min(r.created_at)
    FROM few f JOIN place p ON p.pool_id = f.pool_id JOIN labeling_round r ON r.id = f.round_id GROUP BY 1, 2
), every AS (SELECT * FROM waiting UNION ALL SELECT * FROM front UNION ALL SELECT * FROM beside)
SELECT t.pool_id, t.customer_id, t.project_id, t.bounds, e.bucket, COALESCE(sum(e.open), 0), COALESCE(sum(e.leased), 0),
       min(e.oldest), min(e.asked)
FROM timed t LEFT JOIN every e ON e.pool_id = t.pool_id
GROUP BY t.pool_id, t.customer_id, t.project_id, t.bounds, e.bucket ORDER BY t.pool_id, e.bucket
"""
)

# Work that was asked again and stands in line with the rest (its pool was new): since when, by pool. Rare.
ASKED = (
    TIMED
    + """
SELECT p.pool_id, min(r.created_at) FROM place p JOIN labeling_task t ON t.pool_id = p.pool_id
JOIN labeling_round r ON r.id = t.round_id
WHERE p.pool_id = ANY(%s) AND t.state = 'open' AND t.reserved_for_id IS NULL AND t.returned_xid IS NULL
  AND width_bucket(t.position, p.bounds) %% 2 = 0 GROUP BY 1
"""
)

# Who may serve which pool: all of them, those at work, and those who work regularly. One probe of an index a reviewer
# says when they last held a task.
PEOPLE = f"""
WITH able AS MATERIALIZED (
    SELECT e.id AS enrolment_id, l.last_at >= statement_timestamp() - interval '{PRESENT}' AS is_present,
           l.last_at >= statement_timestamp() - interval '{REGULAR}' AS is_regular
    FROM routing_enrolment e JOIN labeling_reviewer r ON r.id = e.reviewer_id
    JOIN labeling_project j ON j.id = e.project_id JOIN labeling_customer c ON c.id = j.customer_id
    LEFT JOIN LATERAL (SELECT CASE WHEN o.state = 'live' THEN statement_timestamp() ELSE o.ended_at END AS last_at
        FROM routing_lease o WHERE o.reviewer_id = r.id ORDER BY o.id DESC LIMIT 1) l ON true
    WHERE {all_of(OF_PROJECT)}
)
SELECT p.id, array_agg(r.id), array_agg(r.id) FILTER (WHERE able.is_present),
       array_agg(r.id) FILTER (WHERE able.is_regular)
FROM able JOIN routing_enrolment e ON e.id = able.enrolment_id JOIN labeling_reviewer r ON r.id = e.reviewer_id
JOIN labeling_pool p ON p.project_id = e.project_id
WHERE {all_of(OF_POOL)} GROUP BY p.id
"""

# How long one judgment takes, by project: measured on the form in use.
PACE = """
SELECT j.id, h.mean_seconds FROM labeling_project j
CROSS JOIN LATERAL (SELECT id FROM labeling_formversion f WHERE f.project_id = j.id AND f.state = 'published'
    ORDER BY f.number DESC LIMIT 1) f
JOIN routing_handlingtime h ON h.form_id = f.id WHERE j.state IN ('open', 'paused') AND h.mean_seconds > 0
"""

# Each customer's part of what was done in the last hour.
SHARES = """
WITH done AS (
    SELECT j.customer_id, sum(l.n) AS n FROM labeling_project j CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM routing_lease l WHERE l.project_id = j.id
          AND l.ended_at > statement_timestamp() - interval '1 hour' AND l.state = 'submitted') l
    WHERE j.state IN ('open', 'paused') GROUP BY 1)
SELECT customer_id, (n / sum(n) OVER ())::float FROM done WHERE n > 0
"""

KEEP = """
INSERT INTO routing_poolstat (pool_id, customer_id, open_count, leased_count, eligible_count, present_count,
    throughput_per_hour, recent_share, oldest_at, finish_at, by_due, measured_at)
SELECT k.*, statement_timestamp() FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[],
    %s::float[], %s::float[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[]) AS k(pool_id, customer_id, a, b, c, d, e, f,
    g, h, i) ORDER BY pool_id
ON CONFLICT (pool_id) DO UPDATE SET open_count = EXCLUDED.open_count, leased_count = EXCLUDED.leased_count,
    eligible_count = EXCLUDED.eligible_count, present_count = EXCLUDED.present_count,
    throughput_per_hour = EXCLUDED.throughput_per_hour, recent_share = EXCLUDED.recent_share,
    oldest_at = EXCLUDED.oldest_at, finish_at = EXCLUDED.finish_at, by_due = EXCLUDED.by_due,
    measured_at = EXCLUDED.measured_at
"""

# Urgency moves pools, and never rewrites tasks.
MOVE_POOLS = """
UPDATE labeling_pool p SET due_at = due.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS due(pool_id, at)
WHERE p.id = due.pool_id AND p.due_at IS DISTINCT FROM due.at
"""

# A batch without open work has no forecast: what is left of it waits for something else than people.
FORECAST = """
UPDATE routing_promise p SET forecast_at = done.at
FROM routing_promise o LEFT JOIN unnest(%s::bigint[], %s::timestamptz[]) AS done(batch_id, at) ON done.batch_id = o.batch_id
WHERE p.batch_id = o.batch_id AND o.finished_at IS NULL AND p.forecast_at IS DISTINCT FROM done.at
"""

HANDLING = """
WITH recent AS MATERIALIZED (
    SELECT form_id, customer_id, seconds FROM labeling_annotation
    WHERE id > (SELECT max(id) FROM labeling_annotation) - %(most)s AND origin = 'human' AND seconds IS NOT NULL
), spread AS (
    SELECT form_id, customer_id, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95
    FROM recent GROUP BY form_id, customer_id HAVING count(*) >= %(fewest)s
)
INSERT INTO routing_handlingtime (form_id, customer_id, count, median_seconds, p95_seconds, mean_seconds, measured_at)
SELECT s.form_id, s.customer_id, s.n, s.median, s.p95, avg(LEAST(r.seconds, s.p95)), statement_timestamp()
FROM spread s JOIN recent r ON r.form_id = s.form_id GROUP BY 1, 2, 3, 4, 5 ORDER BY s.form_id
ON CONFLICT (form_id) DO UPDATE SET count = EXCLUDED.count, median_seconds = EXCLUDED.median_seconds,
    p95_seconds = EXCLUDED.p95_seconds, mean_seconds = EXCLUDED.mean_seconds, measured_at = EXCLUDED.measured_at
"""


@dataclass(slots=True)
class Part:
    """What of a pool is due at one time: how many judgments, of which batch (None: asked again, or not promised)."""

    count: int
    due_at: datetime | None
    batch_id: int | None = None
    finish_at: datetime | None = None


@dataclass(slots=True)
class Measured:
    """A pool as it was found."""

    pool_id: int
    customer_id: int
    project_id: int
    open_count: int = 0
    leased_count: int = 0
    oldest_at: datetime | None = None
    parts: list[Part] = field(default_factory=list)
    eligible: list[int] = field(default_factory=list)
    present: list[int] = field(default_factory=list)
    regular: list[int] = field(default_factory=list)
    seconds: float | None = None
    priority: int = 0
    due_at: datetime | None = None


def roll_up() -> int:
    """Renew promises, handling times and the figures of every pool at work; return how many pools.

    Safe to run twice: while another process rolls up, nothing is done. Its figures are of one moment.
    """
    with session_lock(ADVISORY_ROLL_UP, 0) as is_held:
        if not is_held:
            return 0
        with transaction.atomic():
            renew_promises()
            measure_handling_times()
            return measure_pools()


def measure_handling_times() -> None:
    """Measure how long judgments take, by form, on the latest ones; a form with few of them keeps what was measured."""
    with connection.cursor() as cursor:
        cursor.execute(HANDLING, {"most": RECENT_JUDGMENTS, "fewest": FEWEST_JUDGMENTS})


def measure_pools() -> int:
    """Count, forecast and keep the figures of every pool of an open or paused project; return how many pools."""
    projects = {project.pk: project for project in Project.objects.filter(is_timed()).only("id", "due_at", "priority")}
    clocks = due_clocks(projects.values())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        pools = _count(cursor, projects, clocks)
        cursor.execute("SET LOCAL enable_seqscan = DEFAULT")
        _find_people(cursor, pools)
        shares = dict(_rows(cursor, SHARES))
        _forecast(pools, clocks)
        _keep(cursor, pools, shares, clocks)
    return len(pools)


def _rows(cursor: Any, statement: str, parameters: Any = None) -> list[Any]:
    cursor.execute(statement, parameters)
    found: list[Any] = cursor.fetchall()
    return found


def _count(cursor: Any, projects: Mapping[int, Project], clocks: Mapping[int, Clock]) -> dict[int, Measured]:
    pools: dict[int, Measured] = {}
    batches = _batches(cursor)
    rows = _rows(cursor, COUNTED)
    promised = {key for key, clock in clocks.items() if clock.level is not None}
    unclear = {
        row[0]
        for row in rows
        if row[2] in promised and row[4] is not None and row[4] % 2 == 0 and row[5] and not row[8]
    }
    asked_at = dict(_rows(cursor, ASKED, [list(unclear)])) if unclear else {}
    for pool_id, customer_id, project_id, bounds, bucket, waiting, leased, oldest, asked in rows:
        if project_id not in projects:
            continue
        pool = pools.setdefault(pool_id, Measured(pool_id, customer_id, project_id))
        pool.open_count += int(waiting)
        pool.leased_count += int(leased)
        if oldest is not None:
            pool.oldest_at = min(pool.oldest_at or oldest, oldest)
        if not waiting + leased:
            continue
        part = Part(int(waiting + leased), projects[project_id].due_at)
        if project_id in promised:
            if bucket % 2:
                part.batch_id, part.due_at = batches[project_id, bounds[bucket - 1]]
            else:
                began = asked or asked_at.get(pool_id)
                part.due_at = clocks[project_id].due(began) if began else None
        pool.parts.append(part)
    for pool in pools.values():
        pool.parts.sort(key=lambda part: (part.due_at is None, part.due_at or NEVER))
    urgency = "SELECT id, priority, due_at FROM labeling_pool WHERE id = ANY(%s)"
    for pool_id, priority, due_at in _rows(cursor, urgency, [list(pools)]):
        pools[pool_id].priority, pools[pool_id].due_at = priority, due_at
    return pools


def _batches(cursor: Any) -> dict[tuple[int, int], tuple[int, datetime]]:
    rows = _rows(
        cursor,
        "SELECT project_id, first_item, batch_id, due_at FROM routing_promise"
        " WHERE finished_at IS NULL AND due_at IS NOT NULL",
    )
    return {(project_id, first): (batch_id, due_at) for project_id, first, batch_id, due_at in rows}


def _find_people(cursor: Any, pools: Mapping[int, Measured]) -> None:
    for pool_id, eligible, present, regular in _rows(cursor, PEOPLE):
        if (pool := pools.get(pool_id)) is not None:
            pool.eligible, pool.present, pool.regular = eligible, present or [], regular or []
    paces = dict(_rows(cursor, PACE))
    for pool in pools.values():
        pool.seconds = paces.get(pool.project_id)


def _forecast(pools: Mapping[int, Measured], clocks: Mapping[int, Clock]) -> None:
    """Say when each part will be done: by those at work, or where nobody is, by those who work there regularly.

    What is due first is so by the hours of the day, for calendars differ; when it is done is counted by the project's
    own calendar, from now, and not known where that has too few hours. A project that nobody has measured yet takes
    people's time by the house's guess, and gets no forecast of its own.
    """
    works: list[Work] = []
    places: list[tuple[Measured, Part]] = []
    for pool in pools.values():
        clock = clocks[pool.project_id]
        hours = (pool.seconds or HOUSE.unknown_seconds) / 3600.0
        for part in pool.parts:
            left = (part.due_at - clock.now).total_seconds() / 3600.0 if part.due_at else math.inf
            works.append(Work(pool.pool_id, left, part.count * hours, pool.priority))
            places.append((pool, part))
    serving = {pool.pool_id: pool.present or pool.regular for pool in pools.values()}
    done = finish_hours(works, crews_of(serving))
    for (pool, part), hours_left in zip(places, done, strict=True):
        if hours_left is not None and pool.seconds is not None:
            clock = clocks[pool.project_id]
            part.finish_at = reach(clock.calendar, clock.now, hours_left)


def _keep(cursor: Any, pools: Mapping[int, Measured], shares: Mapping[int, float], clocks: Mapping[int, Clock]) -> None:
    kept = [_columns(pool, shares) for _, pool in sorted(pools.items())]
    if kept:
        cursor.execute(KEEP, [list(column) for column in zip(*kept, strict=True)])
    promised = [pool for pool in pools.values() if clocks[pool.project_id].level is not None]
    due = {pool.pool_id: pool.parts[0].due_at if pool.parts else None for pool in promised}
    due = {pool_id: at for pool_id, at in due.items() if at != pools[pool_id].due_at}
    if due:
        lock_rows(Pool.objects.filter(pk__in=due))
        cursor.execute(MOVE_POOLS, [list(due), list(due.values())])
    by_batch: dict[int, list[datetime | None]] = defaultdict(list)
    for pool in promised:
        for part in pool.parts:
            if part.batch_id is not None:
                by_batch[part.batch_id].append(part.finish_at)
    last = {batch: None if None in ends else max(end for end in ends if end) for batch, ends in by_batch.items()}
    cursor.execute(FORECAST, [list(last), list(last.values())])


def _columns(pool: Measured, shares: Mapping[int, float]) -> tuple[Any, ...]:
    ends = [part.finish_at for part in pool.parts]
    finish = max((end for end in ends if end is not None), default=None) if None not in ends else None
    # Where nobody is at work, the pace of one: whoever asks could do it.
    throughput = max(len(pool.present), 1) * 3600.0 / pool.seconds if pool.seconds else None
    return (
        pool.pool_id, pool.customer_id, pool.open_count, pool.leased_count, len(pool.eligible), len(pool.present),
        throughput, shares.get(pool.customer_id, 0.0), pool.oldest_at, finish, Jsonb(_shown(pool.parts)),
    )  # fmt: skip


def _shown(parts: list[Part]) -> list[dict[str, Any]]:
    def written(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return [
        {
            "batch": part.batch_id,
            "due_at": written(part.due_at),
            "count": part.count,
            "finish_at": written(part.finish_at),
        }
        for part in parts
    ]
