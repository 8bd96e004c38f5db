"""Quality's part of erasure: what rounds came to, and what gold was expected to be answered."""

from django.db import migrations

from config.kernel import guards

ERASE_ITEM = """
DECLARE
    n bigint;
    counts jsonb := '{}';
BEGIN
    PERFORM labeling_leave_tombstone(of_erasure, 'quality_resolution', s.id,
        kernel_digest(jsonb_build_object('answers', s.answers, 'distribution', s.distribution)))
    FROM quality_resolution s JOIN labeling_itemversion v ON v.id = s.item_version_id WHERE v.item_id = of_item;
    UPDATE quality_resolution s SET answers = '{}', distribution = '{}'
    FROM labeling_itemversion v WHERE v.id = s.item_version_id AND v.item_id = of_item;
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('resolutions', n);

    PERFORM labeling_leave_tombstone(of_erasure, 'quality_golditem', g.id, kernel_digest(g.expected))
    FROM quality_golditem g JOIN labeling_round r ON r.id = g.round_id WHERE r.item_id = of_item;
    UPDATE quality_golditem g SET expected = '{}', tolerance = '{}', explanation = '', concept = ''
    FROM labeling_round r WHERE r.id = g.round_id AND r.item_id = of_item;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN counts || jsonb_build_object('gold_items', n);
END
"""

# Resolutions that rest on this person's written answers may repeat them.
ERASE_PERSON = """
DECLARE
    resolved bigint[];
    n bigint;
BEGIN
    resolved := ARRAY(
        SELECT s.id FROM quality_resolution s
        JOIN labeling_round r ON r.id = s.round_id
        JOIN labeling_formversion f ON f.id = r.form_id
        WHERE s.item_version_id IN (
                SELECT a.item_version_id FROM labeling_annotation a JOIN labeling_reviewer v ON v.id = a.reviewer_id
                WHERE v.user_id = of_user AND a.customer_id = of_customer)
          AND s.round_id IN (
                SELECT a.round_id FROM labeling_annotation a JOIN labeling_reviewer v ON v.id = a.reviewer_id
                WHERE v.user_id = of_user AND a.customer_id = of_customer)
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


class Migration(migrations.Migration):
    dependencies = [("quality", "0002_guards"), ("labeling", "0007_privacy")]

    operations = [
        guards.dropped("immutable", "quality_resolution"),
        guards.immutable("quality_resolution", noun="A resolution", erasable=("answers", "distribution")),
        guards.refuse(
            "never_gone",
            "quality_golditem",
            when="BEFORE DELETE",
            condition="true",
            message="A gold item is retired, not deleted",
        ),
        guards.function("quality_erase_item(of_erasure bigint, of_item bigint)", returns="jsonb", body=ERASE_ITEM),
        guards.function(
            "quality_erase_person(of_erasure bigint, of_user bigint, of_customer bigint)",
            returns="jsonb",
            body=ERASE_PERSON,
        ),
    ]
