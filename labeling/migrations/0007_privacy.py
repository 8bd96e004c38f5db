"""The record's part of erasure, the columns that its guards let it empty, and what nobody deletes meanwhile.

Nothing outside `assay_erase` calls these functions; the runtime role may not.
"""

from django.db import migrations, models

from config.kernel import guards

# One tombstone: the keyed digest of the content digest that the row had. Returns the keyed digest.
LEAVE_TOMBSTONE = """
DECLARE keyed text;
BEGIN
    SELECT encode(kernel_hmac_sha256(c.pseudonym_key, convert_to(content_digest, 'UTF8')), 'hex') INTO keyed
    FROM labeling_erasure e JOIN labeling_customer c ON c.id = e.customer_id WHERE e.id = of_erasure;
    INSERT INTO labeling_tombstone (customer_id, erasure_id, subject, subject_id, keyed_digest)
    SELECT e.customer_id, e.id, of_table, of_row, keyed FROM labeling_erasure e WHERE e.id = of_erasure;
    RETURN keyed;
END
"""

# Whether a text names an external id as a word of its own.
MENTIONS = """
BEGIN
    RETURN strpos(words COLLATE "C", external_id) > 0
       AND words COLLATE "C" ~ ('(^|[^[:alnum:]_-])' || regexp_replace(external_id COLLATE "C", '([^[:alnum:]_])', '\\\\\\1', 'g')
                    || '($|[^[:alnum:]_-])');
END
"""

# The answers of questions whose answers are closed values: what is free text, or of a type not known here, is gone.
WITHOUT_WORDS = """
BEGIN
    RETURN (
        SELECT COALESCE(jsonb_object_agg(each.key, each.value), '{}')
        FROM jsonb_each(answers) each
        WHERE split_part(each.key, '.', 1) IN (
            SELECT question ->> 'id' FROM jsonb_array_elements(form -> 'questions') question
            WHERE question ->> 'type' IN ('preference', 'ranking', 'choice', 'choices', 'rating', 'checks', 'spans')));
END
"""

ERASE_ITEM = """
DECLARE
    item labeling_item;
    given bigint[];
    held bigint[];
    n bigint;
    counts jsonb := '{}';
BEGIN
    SELECT * INTO STRICT item FROM labeling_item WHERE id = of_item FOR NO KEY UPDATE;

    UPDATE labeling_itemversion v
    SET payload = '{"messages": [], "responses": [], "erased": true}', metadata = '{}', expected = NULL,
        digest = labeling_leave_tombstone(of_erasure, 'labeling_itemversion', v.id, v.digest)
    WHERE v.item_id = of_item;
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('versions', n);

    -- By way of the tasks: that is the index which every annotation is in.
    given := ARRAY(SELECT a.id FROM labeling_round r JOIN labeling_task t ON t.round_id = r.id
                   JOIN labeling_annotation a ON a.task_id = t.id WHERE r.item_id = of_item);
    PERFORM labeling_leave_tombstone(of_erasure, 'labeling_annotation', a.id,
        kernel_digest(jsonb_build_object('answers', a.answers, 'rationale', a.rationale)))
    FROM labeling_annotation a WHERE a.id = ANY(given);
    UPDATE labeling_annotation SET answers = '{}', rationale = '', presented = '[]' WHERE id = ANY(given);
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('annotations', n);
    UPDATE labeling_annotationinvalidation SET reason = '' WHERE annotation_id = ANY(given);

    DELETE FROM labeling_draft d USING labeling_task t, labeling_round r
    WHERE t.id = d.task_id AND r.id = t.round_id AND r.item_id = of_item;
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('drafts', n);

    PERFORM labeling_leave_tombstone(of_erasure, 'labeling_unplacedanswer', u.id, kernel_digest(u.answers))
    FROM labeling_unplacedanswer u JOIN labeling_round r ON r.id = u.round_id WHERE r.item_id = of_item;
    UPDATE labeling_unplacedanswer u SET answers = '{}'
    FROM labeling_round r WHERE r.id = u.round_id AND r.item_id = of_item;
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('unplaced_answers', n);

    DELETE FROM labeling_itemsketch s USING labeling_itemversion v WHERE v.id = s.item_version_id AND v.item_id = of_item;
    UPDATE labeling_flag SET reason = ''
    WHERE item_version_id IN (SELECT id FROM labeling_itemversion WHERE item_id = of_item) OR annotation_id = ANY(given);

    DELETE FROM labeling_stagedrow s USING labeling_batch b
    WHERE b.id = s.batch_id AND b.project_id = item.project_id AND s.external_id = item.external_id;

    -- What a refused row began with goes the way of its file: with the first item of the batch that is erased.
    held := ARRAY(SELECT item.batch_id UNION SELECT v.batch_id FROM labeling_itemversion v
                  WHERE v.item_id = of_item AND v.batch_id IS NOT NULL);
    UPDATE labeling_rejectedrow j
    SET excerpt = '', raw = '',
        reason = CASE WHEN labeling_mentions(concat_ws(' ', j.excerpt, j.raw), item.external_id) THEN 'Erased.' ELSE j.reason END
    FROM labeling_batch b
    WHERE b.id = j.batch_id AND b.project_id = item.project_id AND (j.excerpt <> '' OR j.raw <> '')
      AND (b.id = ANY(held) OR labeling_mentions(concat_ws(' ', j.excerpt, j.raw), item.external_id));
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('rejects', n);
    RETURN counts;
END
"""

# An upload of which no row became an item: what its refused rows began with.
ERASE_BATCH = """
DECLARE n bigint;
BEGIN
    UPDATE labeling_rejectedrow SET excerpt = '', raw = '' WHERE batch_id = of_batch AND (excerpt <> '' OR raw <> '');
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN jsonb_build_object('rejects', n);
END
"""

ERASE_PERSON = """
DECLARE
    reviewer bigint := (SELECT id FROM labeling_reviewer WHERE user_id = of_user);
    written bigint[];
    n bigint;
    counts jsonb := '{}';
BEGIN
    written := ARRAY(
        SELECT a.id FROM labeling_annotation a JOIN labeling_formversion f ON f.id = a.form_id
        WHERE a.reviewer_id = reviewer AND a.customer_id = of_customer
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
    WHERE i.annotation_id = a.id AND a.reviewer_id = reviewer AND a.customer_id = of_customer;

    DELETE FROM labeling_draft WHERE reviewer_id = reviewer AND customer_id = of_customer;
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('drafts', n);

    PERFORM labeling_leave_tombstone(of_erasure, 'labeling_unplacedanswer', u.id, kernel_digest(u.answers))
    FROM labeling_unplacedanswer u WHERE u.reviewer_id = reviewer AND u.customer_id = of_customer;
    UPDATE labeling_unplacedanswer u SET answers = labeling_without_words(f.document, u.answers)
    FROM labeling_round r JOIN labeling_formversion f ON f.id = r.form_id
    WHERE r.id = u.round_id AND u.reviewer_id = reviewer AND u.customer_id = of_customer;
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('unplaced_answers', n);
    RETURN counts;
END
"""

# What is of no single customer: the person's own row as a reviewer, invitations to their address, and what histories
# of people keep of them (a history table that is not there is passed by).
FORGET_PERSON = """
DECLARE
    reviewer bigint := (SELECT id FROM labeling_reviewer WHERE user_id = of_user);
BEGIN
    UPDATE labeling_reviewer SET country = '', languages = '{}', is_active = false WHERE id = reviewer;
    UPDATE labeling_invitation i
    SET email = 'erased-' || i.public_id || '@invalid.example',
        withdrawn_at = CASE WHEN i.accepted_at IS NULL THEN COALESCE(i.withdrawn_at, now()) ELSE i.withdrawn_at END
    FROM kernel_user u WHERE u.id = of_user AND lower(i.email) = u.email;
    UPDATE labeling_reviewerchange SET country = '', languages = '{}' WHERE pgh_obj_id = reviewer;
END
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0006_history"), ("kernel", "0004_erasure")]

    operations = [
        guards.dropped("immutable", "labeling_itemversion"),
        guards.immutable(
            "labeling_itemversion",
            noun="An item version",
            erasable=("payload", "metadata", "expected", "digest"),
        ),
        guards.dropped("immutable", "labeling_annotation"),
        guards.immutable("labeling_annotation", noun="An annotation", erasable=("answers", "rationale", "presented")),
        guards.dropped("immutable", "labeling_annotationinvalidation"),
        guards.immutable("labeling_annotationinvalidation", noun="An invalidation", erasable=("reason",)),
        guards.dropped("immutable", "labeling_reviewerchange"),
        guards.immutable(
            "labeling_reviewerchange", noun="A history of settings", key="pgh_id", erasable=("country", "languages")
        ),
        guards.dropped("fixed_columns", "labeling_unplacedanswer"),
        guards.fixed_columns(
            "labeling_unplacedanswer",
            columns=("customer_id", "task_id", "round_id", "reviewer_id", "answers", "submission"),
            erasable=("answers",),
        ),
        guards.refuse(
            "never_gone",
            "labeling_unplacedanswer",
            when="BEFORE DELETE",
            condition="true",
            message="An unplaced answer is kept",
        ),
        guards.refuse(
            "never_gone", "labeling_batch", when="BEFORE DELETE", condition="true", message="A batch is kept"
        ),
        guards.immutable_when(
            "labeling_rejectedrow",
            noun="A rejected row of a finished batch",
            condition="(SELECT b.state FROM labeling_batch b WHERE b.id = OLD.batch_id) <> 'received'",
            erasable=("excerpt", "raw", "reason"),
        ),
        guards.refuse(
            "never_gone",
            "labeling_legalhold",
            when="BEFORE DELETE",
            condition="true",
            message="A legal hold is lifted, not deleted",
        ),
        guards.immutable_when("labeling_legalhold", noun="A lifted legal hold", condition="OLD.lifted_at IS NOT NULL"),
        guards.fixed_columns(
            "labeling_legalhold", columns=("customer_id", "project_id", "reason", "placed_by_id", "placed_at")
        ),
        guards.function(
            "labeling_leave_tombstone(of_erasure bigint, of_table text, of_row bigint, content_digest text)",
            returns="text",
            body=LEAVE_TOMBSTONE,
        ),
        guards.function("labeling_mentions(words text, external_id text)", returns="boolean", body=MENTIONS),
        guards.function("labeling_without_words(form jsonb, answers jsonb)", returns="jsonb", body=WITHOUT_WORDS),
        migrations.AlterField(
            model_name="erasure",
            name="kind",
            field=models.CharField(
                choices=[
                    ("item", "One item's content"),
                    ("person", "One person's words and name"),
                    ("batch", "An upload that became no item"),
                ],
                max_length=10,
                verbose_name="what",
            ),
        ),
        guards.function("labeling_erase_batch(of_batch bigint)", returns="jsonb", body=ERASE_BATCH),
        guards.function("labeling_erase_item(of_erasure bigint, of_item bigint)", returns="jsonb", body=ERASE_ITEM),
        guards.function(
            "labeling_erase_person(of_erasure bigint, of_user bigint, of_customer bigint)",
            returns="jsonb",
            body=ERASE_PERSON,
        ),
        guards.function("labeling_forget_person(of_user bigint)", returns="void", body=FORGET_PERSON),
    ]
