"""What is shown of a leased task, as a function: a claim shows what it has leased in the same round trip.

A function of its own sees what the claim before it in the statement has written; a join beside the claim would not.
"""

from django.db import migrations

from config.kernel import guards

SHOWN = """
BEGIN
    RETURN QUERY
    SELECT l.token, l.until, EXTRACT(epoch FROM l.until - statement_timestamp())::float8, l.task_id, r.item_version_id,
           l.project_id, l.customer_id, p.public_id, p.name::text, g.number::bigint, g.clauses, f.document, v.language::text,
           v.payload, d.answers, o.work::text, t.kind::text, t.beside,
           (SELECT s.annotation_id FROM labeling_prelabel s JOIN labeling_annotation said ON said.id = s.annotation_id
            WHERE t.kind IN ('annotate', 'gold') AND t.beside IS NULL AND s.item_version_id = r.item_version_id AND said.form_id = r.form_id
              AND s.shown_from <= l.claimed_at AND (s.shown_until IS NULL OR s.shown_until > l.claimed_at)
            ORDER BY s.id DESC LIMIT 1)
    FROM routing_lease l
    JOIN labeling_task t ON t.id = l.task_id
    JOIN labeling_pool o ON o.id = t.pool_id
    JOIN labeling_round r ON r.id = l.round_id
    JOIN labeling_project p ON p.id = l.project_id
    JOIN labeling_guidelineversion g ON g.id = l.guideline_id
    JOIN labeling_formversion f ON f.id = r.form_id
    JOIN labeling_itemversion v ON v.id = r.item_version_id
    LEFT JOIN labeling_draft d ON d.task_id = l.task_id AND d.reviewer_id = l.reviewer_id
    WHERE l.token = lease AND l.reviewer_id = me;
END
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0019_claim_bounded"), ("labeling", "0037_models_answers")]

    operations = [
        migrations.RunSQL(
            "CREATE FUNCTION routing_shown(lease uuid, me bigint) RETURNS TABLE(token uuid, until timestamptz,"
            " seconds_left float8, task_id bigint, item_version_id bigint, project_id bigint, customer_id bigint,"
            " project_public_id uuid, project_name text, number bigint, clauses jsonb, document jsonb, language text,"
            " payload jsonb, draft jsonb, work text, kind text, beside bigint[], prelabel bigint)"
            f" LANGUAGE plpgsql ROWS 1 {guards.SEARCH_PATH} AS $body${SHOWN}$body$;",
            "DROP FUNCTION routing_shown(uuid, bigint);",
        )
    ]
