"""Erasure reaches the people of earlier tools, and what was said about flags on a person's annotations."""

from django.db import migrations, models

from config.kernel import guards

# What 0007's labeling_erase_person did, for any reviewer: one with a login or one of an earlier tool.
ERASE_WORDS = """
DECLARE
    written bigint[];
    n bigint;
    counts jsonb := '{}';
BEGIN
    written := ARRAY(
        SELECT a.id FROM labeling_annotation a JOIN labeling_formversion f ON f.id = a.form_id
        WHERE a.reviewer_id = of_reviewer AND a.customer_id = of_customer
          AND (a.rationale <> '' OR a.answers <> labeling_without_words(f.document, a.answers)));
    PERFORM labeling_leave_tombstone(of_erasure, 'labeling_annotation', a.id,
        kernel_digest(jsonb_build_object('answers', a.answers, 'rationale', a.rationale)))
    FROM labeling_annotation a WHERE a.id = ANY(written);
    UPDATE labeling_annotation a SET answers = labeling_without_words(f.document, a.answers), rationale = ''
    FROM labeling_formversion f WHERE f.id = a.form_id AND a.id = ANY(written);
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('annotations', n);
    UPDATE labeling_annotationinvalidation i SET reason = ''
    FROM labeling_annotation a
    WHERE i.annotation_id = a.id AND a.reviewer_id = of_reviewer AND a.customer_id = of_customer;
    UPDATE labeling_flag f SET reason = ''
    FROM labeling_annotation a
    WHERE f.annotation_id = a.id AND a.reviewer_id = of_reviewer AND a.customer_id = of_customer AND f.reason <> '';

    DELETE FROM labeling_draft WHERE reviewer_id = of_reviewer AND customer_id = of_customer;
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('drafts', n);

    PERFORM labeling_leave_tombstone(of_erasure, 'labeling_unplacedanswer', u.id, kernel_digest(u.answers))
    FROM labeling_unplacedanswer u WHERE u.reviewer_id = of_reviewer AND u.customer_id = of_customer;
    UPDATE labeling_unplacedanswer u SET answers = labeling_without_words(f.document, u.answers)
    FROM labeling_round r JOIN labeling_formversion f ON f.id = r.form_id
    WHERE r.id = u.round_id AND u.reviewer_id = of_reviewer AND u.customer_id = of_customer;
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('unplaced_answers', n);
    RETURN counts;
END
"""

ERASE_PERSON = """
BEGIN
    RETURN labeling_erase_words(of_erasure, (SELECT id FROM labeling_reviewer WHERE user_id = of_user), of_customer);
END
"""

# The name, which may be an address, becomes a tombstone that no two share. Nobody can bring it back, nor does an export
# of the earlier tool which is uploaded again: that makes an identity anew.
FORGET_IDENTITIES = """
BEGIN
    UPDATE labeling_importedidentity i SET name = 'erased-' || r.public_id
    FROM labeling_reviewer r WHERE r.id = i.reviewer_id AND i.id = ANY(of_identities);
END
"""

# An erased annotation says nothing any more. Once this holds for all that somebody of an earlier tool has said here,
# nothing is left for their name to be about.
ERASE_ITEM = """
DECLARE counts jsonb := labeling_empty_item(of_erasure, of_item);
BEGIN
    PERFORM labeling_forget_identities(ARRAY(
        SELECT DISTINCT i.id
        FROM labeling_round r JOIN labeling_task t ON t.round_id = r.id JOIN labeling_annotation a ON a.task_id = t.id
        JOIN labeling_importedidentity i ON i.reviewer_id = a.reviewer_id
        WHERE r.item_id = of_item AND NOT EXISTS (
            SELECT FROM labeling_annotation o
            WHERE o.reviewer_id = i.reviewer_id AND (o.answers <> '{}' OR o.rationale <> ''))));
    RETURN counts;
END
"""

# One person of an earlier tool: their name, their words, and how refused rows of the customer's exports began.
ERASE_IMPORTED = """
DECLARE
    person labeling_importedidentity;
    n bigint;
    counts jsonb;
BEGIN
    SELECT * INTO person FROM labeling_importedidentity WHERE id = of_identity AND customer_id = of_customer FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The customer has no imported person %', of_identity USING ERRCODE = '23514';
    END IF;
    counts := labeling_erase_words(of_erasure, person.reviewer_id, of_customer);
    PERFORM labeling_forget_identities(ARRAY[of_identity]);
    UPDATE labeling_rejectedrow j SET excerpt = '', raw = ''
    FROM labeling_batch b
    WHERE b.id = j.batch_id AND b.customer_id = of_customer AND b.format IN ('label_studio', 'argilla')
      AND (j.excerpt <> '' OR j.raw <> '');
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN counts || jsonb_build_object('rejects', n);
END
"""

# Of what was erased before this was so.
CATCH_UP = """
UPDATE labeling_importedidentity i SET name = 'erased-' || r.public_id
FROM labeling_reviewer r
WHERE r.id = i.reviewer_id AND EXISTS (SELECT FROM labeling_annotation a WHERE a.reviewer_id = r.id)
  AND NOT EXISTS (
    SELECT FROM labeling_annotation a WHERE a.reviewer_id = r.id AND (a.answers <> '{}' OR a.rationale <> ''));
UPDATE labeling_flag f SET reason = ''
FROM labeling_annotation a JOIN labeling_reviewer r ON r.id = a.reviewer_id
JOIN labeling_erasure e ON e.kind = 'person' AND e.subject_id = r.user_id AND e.customer_id = a.customer_id
WHERE f.annotation_id = a.id AND f.reason <> '';
SET CONSTRAINTS ALL IMMEDIATE;
"""

PERSON_SIGNATURE = "labeling_erase_person(of_erasure bigint, of_user bigint, of_customer bigint)"
EMPTY_ITEM = "ALTER FUNCTION labeling_erase_item(bigint, bigint) RENAME TO labeling_empty_item"
EMPTY_ITEM_BACK = "ALTER FUNCTION labeling_empty_item(bigint, bigint) RENAME TO labeling_erase_item"


class Migration(migrations.Migration):
    dependencies = [("labeling", "0010_settings")]

    operations = [
        migrations.RunSQL(CATCH_UP, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="erasure",
            name="kind",
            field=models.CharField(
                choices=[
                    ("item", "One item's content"),
                    ("person", "One person's words and name"),
                    ("batch", "An upload that became no item"),
                    ("imported", "One person of an earlier tool"),
                ],
                max_length=10,
                verbose_name="what",
            ),
        ),
        guards.fixed_columns(
            "labeling_importedidentity", columns=("customer_id", "reviewer_id", "name"), erasable=("name",)
        ),
        guards.function(
            "labeling_erase_words(of_erasure bigint, of_reviewer bigint, of_customer bigint)",
            returns="jsonb",
            body=ERASE_WORDS,
        ),
        migrations.RunSQL(f"DROP FUNCTION {PERSON_SIGNATURE}", migrations.RunSQL.noop),
        guards.function(PERSON_SIGNATURE, returns="jsonb", body=ERASE_PERSON),
        guards.function("labeling_forget_identities(of_identities bigint[])", returns="void", body=FORGET_IDENTITIES),
        migrations.RunSQL(EMPTY_ITEM, EMPTY_ITEM_BACK),
        guards.function("labeling_erase_item(of_erasure bigint, of_item bigint)", returns="jsonb", body=ERASE_ITEM),
        guards.function(
            "labeling_erase_imported(of_erasure bigint, of_identity bigint, of_customer bigint)",
            returns="jsonb",
            body=ERASE_IMPORTED,
        ),
    ]
