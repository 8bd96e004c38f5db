"""A flawed copy of what somebody wrote, and what reviewers made of it, is erased with them."""

from django.db import migrations

from config.kernel import guards

# Made of an accepted attempt: of whom of the item's authors is not kept, so it goes with any of them.
ERASE_COPIES = """
DECLARE
    copies bigint[];
    gone bigint[];
    n bigint;
BEGIN
    copies := ARRAY(
        SELECT DISTINCT c.id FROM labeling_annotation a
        JOIN labeling_task t ON t.id = a.task_id AND t.kind = 'attempt'
        JOIN labeling_round r ON r.id = a.round_id
        JOIN labeling_round g ON g.item_id = r.item_id AND g.reason = 'gold'
        JOIN labeling_task shown ON shown.round_id = g.id AND shown.kind = 'attempt'
        JOIN labeling_annotation c ON c.task_id = shown.id AND c.code_version = 'seeded'
        WHERE a.reviewer_id = of_reviewer AND a.customer_id = of_customer);
    DELETE FROM labeling_draft d USING labeling_task t, labeling_annotation c
    WHERE d.task_id = t.id AND c.id = ANY(copies) AND t.round_id = c.round_id AND t.beside @> ARRAY[c.id];
    gone := ARRAY(
        SELECT a.id FROM labeling_annotation c JOIN labeling_task t ON t.round_id = c.round_id
        JOIN labeling_annotation a ON a.task_id = t.id JOIN labeling_formversion f ON f.id = a.form_id
        WHERE c.id = ANY(copies) AND (a.id = c.id OR t.beside @> ARRAY[c.id])
          AND (a.rationale <> '' OR a.answers <> labeling_without_words(f.document, a.answers)));
    PERFORM labeling_leave_tombstone(of_erasure, 'labeling_annotation', a.id,
        kernel_digest(jsonb_build_object('answers', a.answers, 'rationale', a.rationale)))
    FROM labeling_annotation a WHERE a.id = ANY(gone);
    UPDATE labeling_annotation a SET answers = labeling_without_words(f.document, a.answers), rationale = ''
    FROM labeling_formversion f WHERE f.id = a.form_id AND a.id = ANY(gone);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN jsonb_build_object('seeded_copies', n);
END
"""

# As in 0023, and the copies.
ERASE_PERSON = """
DECLARE
    reviewer bigint := (SELECT id FROM labeling_reviewer WHERE user_id = of_user);
    copies jsonb := labeling_erase_copies(of_erasure, reviewer, of_customer);
BEGIN
    UPDATE labeling_flag SET note = '' WHERE reported_by_id = reviewer AND customer_id = of_customer AND note <> '';
    RETURN labeling_erase_words(of_erasure, reviewer, of_customer) || copies;
END
"""

SIGNATURE = "labeling_erase_person(of_erasure bigint, of_user bigint, of_customer bigint)"


class Migration(migrations.Migration):
    dependencies = [("labeling", "0039_limits")]

    operations = [
        guards.function(
            "labeling_erase_copies(of_erasure bigint, of_reviewer bigint, of_customer bigint)",
            returns="jsonb",
            body=ERASE_COPIES,
        ),
        migrations.RunSQL(f"DROP FUNCTION {SIGNATURE}", migrations.RunSQL.noop),
        guards.function(SIGNATURE, returns="jsonb", body=ERASE_PERSON),
    ]
