"""What reviewers have done today and this week, kept by each submit; and what is read of it when they ask for work.

The database counts, by its own clock and the calendar of the reviewer's time zone. Somebody who moves to a zone where it
is still yesterday has not done less: a later day goes on counting.
"""

# Put behind a CTE `moved(subject_id)` that holds the task, if it was completed: counts one judgment of %(reviewer)s.
# A pause longer than the break begins a new stretch. Where the
# reviewer has a daily cap on the project, the judgment counts against that, too.
COUNT_JUDGMENT = """
, counted AS (
    INSERT INTO routing_workload AS w (
        reviewer_id, day, day_count, day_distressing_count, week, week_count, stretch_began_at, last_at)
    SELECT r.id, here.today, 1, p.is_distressing::int, date_trunc('week', here.today)::date, 1,
           statement_timestamp(), statement_timestamp()
    FROM moved
    JOIN labeling_task t ON t.id = moved.subject_id
    JOIN labeling_pool p ON p.id = t.pool_id
    JOIN labeling_reviewer r ON r.id = %(reviewer)s
    LEFT JOIN routing_availability a ON a.reviewer_id = r.id
    CROSS JOIN LATERAL (SELECT (statement_timestamp() AT TIME ZONE COALESCE(a.time_zone, 'UTC'))::date AS today) here
    ON CONFLICT (reviewer_id) DO UPDATE SET
        day = GREATEST(w.day, EXCLUDED.day),
        day_count = 1 + CASE WHEN w.day >= EXCLUDED.day THEN w.day_count ELSE 0 END,
        day_distressing_count = EXCLUDED.day_distressing_count
            + CASE WHEN w.day >= EXCLUDED.day THEN w.day_distressing_count ELSE 0 END,
        week = GREATEST(w.week, EXCLUDED.week),
        week_count = 1 + CASE WHEN w.week >= EXCLUDED.week THEN w.week_count ELSE 0 END,
        stretch_began_at = CASE WHEN w.last_at > EXCLUDED.last_at - make_interval(mins => COALESCE(
                (SELECT b.break_minutes FROM routing_availability b WHERE b.reviewer_id = w.reviewer_id), 10))
            THEN w.stretch_began_at ELSE EXCLUDED.last_at END,
        last_at = EXCLUDED.last_at
), capped AS (
    UPDATE routing_enrolment e SET capped_on = here.today,
        capped_count = 1 + CASE WHEN e.capped_on = here.today THEN e.capped_count ELSE 0 END
    FROM moved JOIN labeling_task t ON t.id = moved.subject_id
    CROSS JOIN LATERAL (SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date AS today) here
    WHERE e.project_id = t.project_id AND e.reviewer_id = %(reviewer)s AND e.daily_cap IS NOT NULL
)
"""

# One column, for aliases r (reviewer), a (availability) and w (workload), where both of these may be missing: what
# `routing.availability.facts_of` makes WorkFacts of. The lower of a limit and its ceiling holds.
FACTS = """jsonb_build_object(
    'is_on', a.is_on, 'time_zone', a.time_zone, 'hours', a.hours,
    'daily_limit', LEAST(a.daily_limit, a.daily_ceiling),
    'weekly_limit', LEAST(a.weekly_limit, a.weekly_ceiling),
    'distressing_daily_limit', LEAST(a.distressing_daily_limit, a.distressing_daily_ceiling),
    'break_after_minutes', a.break_after_minutes, 'break_minutes', a.break_minutes,
    'leaves', (SELECT jsonb_agg(jsonb_build_array(lower(v.during), upper(v.during)) ORDER BY v.during)
               FROM routing_leave v WHERE v.reviewer_id = r.id AND NOT isempty(v.during)
                 AND (upper(v.during) IS NULL OR upper(v.during) >= statement_timestamp()::date - 1)),
    'day', w.day, 'day_count', w.day_count, 'day_distressing_count', w.day_distressing_count,
    'week', w.week, 'week_count', w.week_count,
    'stretch_began_at', w.stretch_began_at, 'last_at', w.last_at)"""
