"""What rests on a person's words in any round is erased with them: written work comes through several."""

from django.db import migrations

from config.kernel import guards

# As in 0003, by what a resolution rests on.
EMPTY_WORDS = """
DECLARE
    resolved bigint[];
    n bigint;
BEGIN
    resolved := ARRAY(
        SELECT DISTINCT s.id FROM labeling_reviewer v
        JOIN labeling_annotation a ON a.reviewer_id = v.id AND a.customer_id = of_customer
        JOIN quality_resolution s ON s.item_version_id = a.item_version_id
            AND (s.round_id = a.round_id OR a.id = ANY(s.annotation_ids))
        JOIN labeling_round r ON r.id = s.round_id
        JOIN labeling_formversion f ON f.id = r.form_id
        WHERE v.user_id = of_user
          AND (s.answers <> labeling_without_words(f.document, s.answers)
               OR s.distribution <> labeling_without_words(f.document, s.distribution)));
    PERFORM labeling_leave_tombstone(of_erasure, 'quality_resolution', s.id,
        kernel_digest(jsonb_build_object('answers', s.answers, 'distribution', s.distribution)))
    FROM quality_resolution s WHERE s.id = ANY(resolved);
    UPDATE quality_resolution s
    SET answers = labeling_without_words(f.document, s.answers),
        distribution = labeling_without_words(f.document, s.distribution)
    FROM labeling_round r JOIN labeling_formversion f ON f.id = r.form_id
    WHERE r.id = s.round_id AND s.id = ANY(resolved);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN jsonb_build_object('resolutions', n);
END
"""

SIGNATURE = "quality_empty_person(of_erasure bigint, of_user bigint, of_customer bigint)"


class Migration(migrations.Migration):
    dependencies = [("quality", "0019_judged_annotations"), ("labeling", "0040_seeded_copies")]

    operations = [
        migrations.RunSQL(
            f"CREATE OR REPLACE FUNCTION {SIGNATURE} RETURNS jsonb LANGUAGE plpgsql {guards.SEARCH_PATH}"
            f" AS $body$\n{EMPTY_WORDS}\n$body$;",
            migrations.RunSQL.noop,
        )
    ]
