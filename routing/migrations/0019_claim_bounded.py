"""A claim looks only so far into the lane of what came back, too, and at one task after the other.

Where the first MOST tasks of a queue or of the lane are none for the reviewer, the claim remembers that, passes the pool by
and says so; the next one goes on behind. Only what it cannot remember it looks through to its end: what came back beside a
transaction that is still under way, which may bring more back before it.

The reasons why a task may not be given are written out here as they stood (`routing.eligibility.OF_TASK`, `IN_HAND`); a
test holds them against each other. Whoever changes them replaces the functions in a new migration.
"""

from django.db import migrations

from config.kernel import guards

# So many tasks of one queue, and of its lane, are looked at by a claim: a tenth of a second.
MOST = 10_000

# OFFSET 0 has the planner look row by row: joined, it would gather all that the reviewer has ever answered before it gave
# out one task.

# For good: judged, skipped, answered too late, excluded, wrote it, judged in another role.
NEVER_MINE = """
NOT EXISTS (SELECT FROM labeling_annotation n WHERE n.round_id = t.round_id AND n.reviewer_id = me AND n.supersedes_id IS NULL OFFSET 0)
AND NOT EXISTS (SELECT FROM routing_lease o WHERE o.round_id = t.round_id AND o.reviewer_id = me AND o.state = 'skipped' OFFSET 0)
AND NOT EXISTS (SELECT FROM labeling_unplacedanswer u WHERE u.round_id = t.round_id AND u.reviewer_id = me OFFSET 0)
AND NOT EXISTS (SELECT FROM routing_exclusion x WHERE x.round_id = t.round_id AND x.reviewer_id = me OFFSET 0)
AND NOT EXISTS (SELECT FROM labeling_round its JOIN labeling_itemversion v ON v.id = its.item_version_id
    JOIN routing_enrolment known ON known.project_id = its.project_id AND known.reviewer_id = me
    WHERE its.id = t.round_id AND jsonb_exists(v.authors, known.pseudonym) OFFSET 0)
AND NOT EXISTS (SELECT FROM labeling_round here JOIN labeling_round there ON there.item_id = here.item_id
    JOIN labeling_annotation n ON n.round_id = there.id AND n.reviewer_id = me AND n.supersedes_id IS NULL
    WHERE here.id = t.round_id AND (SELECT other.kind FROM labeling_task other WHERE other.id = n.task_id) <> t.kind
    OFFSET 0)
"""

# For now: another task of the round is in this reviewer's hand.
NOT_NOW = """
NOT EXISTS (SELECT FROM routing_lease h WHERE h.round_id = t.round_id AND h.reviewer_id = me AND h.state = 'live' OFFSET 0)
"""

RESERVED = "t.reserved_for_id = me AND t.pool_id = place AND t.state = 'open'"
CAME_BACK = """t.pool_id = place AND t.state = 'open' AND t.reserved_for_id IS NULL AND t.returned_xid IS NOT NULL
    AND (t.returned_xid, t.position) > (mark.returned_xid, mark.returned_position)"""
IN_TURN = """t.pool_id = place AND t.state = 'open' AND t.reserved_for_id IS NULL AND t.returned_xid IS NULL
    AND t.position > mark.position"""

# The beginning of what takes its turn, and of what came back. Looked at by cursors: a loop over a query would ask of ten
# tasks at once whether they may be given.
NEXT_IN_TURN = f"""(SELECT t.id, t.position, t.round_id, t.kind FROM labeling_task t WHERE {IN_TURN}
    ORDER BY t.position, t.id LIMIT {MOST})"""
NEXT_THAT_CAME_BACK = f"""(SELECT t.id, t.returned_xid, t.position, t.round_id, t.kind FROM labeling_task t WHERE {CAME_BACK}
    ORDER BY t.returned_xid, t.position, t.id LIMIT %s)"""
# Where the lane goes on behind that beginning.
LANE_BEHIND = f"""SELECT t.returned_xid, t.position INTO behind FROM labeling_task t WHERE {CAME_BACK}
    ORDER BY t.returned_xid, t.position, t.id OFFSET {MOST} LIMIT 1"""

# Remembers how far into a pool nothing is left for this reviewer. What others have locked just now, or what is only kept
# from them for now, is not passed: it may still become theirs. Nor is anything that came back in a transaction that ran
# beside one still under way, which may bring back more before it.
SETTLE = f"""
DECLARE
    first record;
    behind record;
    last bigint;
    reach bigint;
    horizon bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    settled routing_cursor := mark;
BEGIN
    -- The end is read before what stands before it: what is put there meanwhile is behind the end, and not passed unseen.
    SELECT t.position INTO last FROM labeling_task t WHERE {IN_TURN} ORDER BY t.position DESC LIMIT 1;
    SELECT t.position INTO first FROM {NEXT_IN_TURN} t WHERE {NEVER_MINE} ORDER BY t.position LIMIT 1;
    IF FOUND THEN
        settled.position := first.position - 1;
    ELSE
        -- Where that was only the beginning, its end is read first as well: nothing is put before it any more.
        reach := (SELECT t.position FROM labeling_task t WHERE {IN_TURN} ORDER BY t.position OFFSET {MOST} LIMIT 1);
        SELECT t.position INTO first FROM labeling_task t
        WHERE {IN_TURN} AND (reach IS NULL OR t.position < reach) AND {NEVER_MINE} ORDER BY t.position LIMIT 1;
        settled.position := COALESCE(first.position - 1, reach - 1, last, mark.position);
    END IF;
    SELECT t.returned_xid, t.position INTO first FROM {NEXT_THAT_CAME_BACK % MOST} t
    WHERE {NEVER_MINE} ORDER BY t.returned_xid, t.position LIMIT 1;
    IF NOT FOUND THEN
        {LANE_BEHIND};
        SELECT t.returned_xid, t.position INTO first FROM labeling_task t
        WHERE {CAME_BACK} AND (behind.returned_xid IS NULL OR (t.returned_xid, t.position) < (behind.returned_xid, behind.position))
          AND {NEVER_MINE} ORDER BY t.returned_xid, t.position LIMIT 1;
        IF NOT FOUND THEN
            first := behind;
        END IF;
    END IF;
    IF first.returned_xid IS NOT NULL THEN
        settled.returned_xid := first.returned_xid;
        settled.returned_position := first.position - 1;
    ELSE
        SELECT t.returned_xid, t.position INTO first FROM labeling_task t
        WHERE {CAME_BACK} ORDER BY t.returned_xid DESC, t.position DESC LIMIT 1;
        settled.returned_xid := COALESCE(first.returned_xid, mark.returned_xid);
        settled.returned_position := COALESCE(first.position, mark.returned_position);
    END IF;
    IF settled.returned_xid >= horizon THEN
        settled.returned_xid := GREATEST(horizon - 1, mark.returned_xid);
        settled.returned_position := CASE WHEN settled.returned_xid = mark.returned_xid THEN mark.returned_position
                                          ELSE 9223372036854775807 END;
    END IF;
    IF (settled.position, settled.returned_xid, settled.returned_position)
       <> (mark.position, mark.returned_xid, mark.returned_position) THEN
        INSERT INTO routing_cursor (reviewer_id, pool_id, position, returned_xid, returned_position)
        VALUES (me, place, settled.position, settled.returned_xid, settled.returned_position)
        ON CONFLICT (reviewer_id, pool_id) DO UPDATE SET position = EXCLUDED.position,
            returned_xid = EXCLUDED.returned_xid, returned_position = EXCLUDED.returned_position;
    END IF;
END
"""

# Takes the first task that any of the pools, in this order, holds for the reviewer, and leases it to them, with its event and
# the trace that its content was read: reserved tasks and open ones by their places, what came back before the rest. Rows
# that others hold are passed by; nobody waits.
# Returns *leased* with the token, *held* with the one they have already (another of their windows was faster), *nothing*, or
# *onward* where nothing was found as far as it looked, and there is more behind.
# One claim of a reviewer at a time: between looking and leasing, another window could claim and answer a task of the round.
# The lock is `ADVISORY_REVIEWER`'s.
CLAIM = f"""
DECLARE
    place bigint;
    mark routing_cursor;
    kept bigint;
    kept_at bigint;
    free bigint;
    free_at bigint;
    chosen bigint;
    made record;
    event bigint;
    is_behind boolean;
    was routing_cursor;
    many bigint;
    behind record;
    is_cut boolean;
    is_onward boolean := false;
    back CURSOR (many bigint) FOR SELECT t.id FROM {NEXT_THAT_CAME_BACK % "many"} t WHERE {NEVER_MINE} AND {NOT_NOW}
        ORDER BY t.returned_xid, t.position, t.id;
    in_turn CURSOR FOR SELECT t.id FROM {NEXT_IN_TURN} t WHERE {NEVER_MINE} AND {NOT_NOW} ORDER BY t.position, t.id;
BEGIN
    PERFORM pg_advisory_xact_lock(1, (actor % 2147483648)::int);
    SELECT h.token INTO made FROM routing_lease h
    WHERE h.reviewer_id = me AND h.state = 'live' AND h.is_prefetched = ahead;
    IF FOUND THEN
        RETURN QUERY SELECT 'held'::text, made.token;
        RETURN;
    END IF;
    FOR turn IN 1 .. COALESCE(array_length(pools, 1), 0) LOOP
        place := pools[turn];
        SELECT * INTO mark FROM routing_cursor k WHERE k.reviewer_id = me AND k.pool_id = place;
        IF NOT FOUND THEN
            mark.position := -1;
        END IF;
        IF mark.returned_xid IS NULL OR mark.returned_xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN
            mark.returned_xid := 0;
            mark.returned_position := -1;
        END IF;
        kept := NULL;
        kept_at := NULL;
        free := NULL;
        free_at := NULL;
        is_behind := false;
        is_cut := false;
        IF (SELECT t.id FROM labeling_task t WHERE {RESERVED} ORDER BY t.position LIMIT 1) IS NOT NULL THEN
            SELECT t.id, t.position INTO kept, kept_at FROM labeling_task t WHERE {RESERVED} AND {NEVER_MINE} AND {NOT_NOW}
            ORDER BY t.position, t.id LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED;
        END IF;
        IF (SELECT t.id FROM labeling_task t WHERE {CAME_BACK} ORDER BY t.returned_xid, t.position LIMIT 1) IS NOT NULL THEN
            is_behind := true;
            FOREACH many IN ARRAY ARRAY[{MOST}, NULL] LOOP
                FOR made IN back(many) LOOP
                    SELECT t.id, t.position INTO free, free_at FROM labeling_task t
                    WHERE t.id = made.id AND {CAME_BACK} FOR NO KEY UPDATE OF t SKIP LOCKED;
                    EXIT WHEN free IS NOT NULL;
                END LOOP;
                EXIT WHEN free IS NOT NULL OR many IS NULL;
                {LANE_BEHIND};
                is_cut := behind.returned_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
                EXIT WHEN is_cut OR behind.returned_xid IS NULL;
            END LOOP;
        END IF;
        IF free IS NULL AND (SELECT t.id FROM labeling_task t WHERE {IN_TURN} ORDER BY t.position LIMIT 1) IS NOT NULL THEN
            FOR made IN in_turn LOOP
                SELECT t.id, t.position INTO free, free_at FROM labeling_task t
                WHERE t.id = made.id AND {IN_TURN} FOR NO KEY UPDATE OF t SKIP LOCKED;
                EXIT WHEN free IS NOT NULL;
            END LOOP;
            is_behind := is_behind OR free IS NULL OR free_at - mark.position > stride;
        END IF;
        IF is_behind THEN
            PERFORM routing_settle(me, place, mark);
        END IF;
        IF free IS NULL AND kept IS NULL THEN
            was := mark;
            SELECT * INTO mark FROM routing_cursor k WHERE k.reviewer_id = me AND k.pool_id = place;
            is_onward := is_onward OR mark.position > was.position
                AND (SELECT t.id FROM labeling_task t WHERE {IN_TURN} ORDER BY t.position LIMIT 1) IS NOT NULL
                OR is_cut AND (mark.returned_xid, mark.returned_position) > (was.returned_xid, was.returned_position);
            CONTINUE;
        END IF;
        chosen := CASE WHEN kept IS NULL OR free_at < kept_at THEN free ELSE kept END;
        INSERT INTO routing_lease (customer_id, project_id, task_id, round_id, reviewer_id, guideline_id, token, state,
                                   seconds, until, is_prefetched, why)
        SELECT t.customer_id, t.project_id, t.id, t.round_id, me, g.id, gen_random_uuid(), 'live', held.seconds,
               statement_timestamp() + make_interval(secs => CASE WHEN ahead THEN ahead_seconds ELSE held.seconds END),
               ahead, whys[turn]
        FROM labeling_task t JOIN labeling_round r ON r.id = t.round_id JOIN labeling_project p ON p.id = t.project_id
        JOIN labeling_guidelineversion g ON g.project_id = p.id AND g.state = 'published'
         AND g.in_force @> statement_timestamp()
        JOIN routing_enrolment e ON e.project_id = p.id AND e.reviewer_id = me
         AND e.ended_at IS NULL AND e.trust NOT IN ('paused', 'retired')
        LEFT JOIN routing_handlingtime h ON h.form_id = r.form_id AND h.count >= 30
        CROSS JOIN LATERAL (
            SELECT CASE WHEN h.form_id IS NULL THEN p.lease_seconds
                        ELSE LEAST(GREATEST(ceil(2 * h.p95_seconds)::int, 60), 2 * p.lease_seconds) END AS seconds) held
        WHERE t.id = chosen AND p.state = 'open' AND NOT EXISTS (
            SELECT FROM routing_block b WHERE b.customer_id = p.customer_id AND b.reviewer_id = me AND b.lifted_at IS NULL)
        RETURNING id, customer_id, round_id, token INTO made;
        IF made.id IS NULL THEN  -- the pools were chosen a moment ago: a block, a pause, an end has come between
            CONTINUE;
        END IF;
        UPDATE labeling_task t SET state = 'leased' WHERE t.id = chosen;
        INSERT INTO kernel_event (kind, customer_id, subject, subject_id, actor_id, data, request_id)
        VALUES ('task.leased', made.customer_id, 'labeling.task', chosen, actor,
                jsonb_build_object('from', 'open', 'lease', made.id, 'reviewer', me), request)
        RETURNING id INTO event;
        INSERT INTO kernel_handoff (event_id, subscriber) SELECT event, heard FROM unnest(subscribers) AS heard;
        INSERT INTO labeling_accesslog (customer_id, project_id, user_id, door, object_type, object_ids, request_id)
        SELECT r.customer_id, r.project_id, actor, 'desk', 'labeling.itemversion', ARRAY[r.item_version_id], request
        FROM labeling_round r WHERE r.id = made.round_id;
        RETURN QUERY SELECT 'leased'::text, made.token;
        RETURN;
    END LOOP;
    RETURN QUERY SELECT CASE WHEN is_onward THEN 'onward' ELSE 'nothing' END, NULL::uuid;
END
"""

# Places differ from call to call; the plans need not, and planning would take longer than looking. Each look is at the
# beginning of an index: a plan that hopes to meet a row soon in the table itself reads all of it where there is none.
PLANS_KEPT = "SET plan_cache_mode = force_generic_plan SET enable_seqscan = off"


SIGNATURES = {
    "routing_settle(me bigint, place bigint, mark routing_cursor)": ("void", SETTLE),
    "routing_claim(me bigint, pools bigint[], whys jsonb[], ahead boolean, ahead_seconds int, stride bigint,"
    " actor bigint, request text, subscribers text[])": ("TABLE(outcome text, given uuid)", CLAIM),
}


class Migration(migrations.Migration):
    dependencies = [("routing", "0018_work")]

    # Replaced, not dropped: who may call them stays.
    operations = [
        migrations.RunSQL(
            f"CREATE OR REPLACE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql {PLANS_KEPT} {guards.SEARCH_PATH}"
            f" AS $body$\n{body}\n$body$;",
            migrations.RunSQL.noop,
        )
        for signature, (returns, body) in SIGNATURES.items()
    ]
