"""What an erasure empties of refused rows, it finds by keys: its cost does not grow with the rows that a project refused.

An imported person's erasure empties the reasons as well: they may quote the row. And an erasure says how far its files
have been searched and rewritten.
"""

from django.db import migrations, models
from django.db.models import Q

from config.kernel import guards

# The words of a text that an external id can be found by: those with a digit, a hyphen or an underscore, by number, and
# no customer's like another's. An id has all of its own in a text that mentions it. An index needs it, so anybody may call it.
MARKS = """
CREATE FUNCTION labeling_marks(of_customer bigint, words text) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT COALESCE(array_agg(DISTINCT hashtextextended(word, of_customer)), '{}')
    FROM regexp_split_to_table(words COLLATE "C", '[^[:alnum:]_-]+') AS word WHERE word ~ '[0-9_-]'
)
"""

# A refused row without an external id may name one that no search of its text finds: it was cut, or something is escaped
# in it (JSON's backslashes, a table's doubled quotation marks).
HIDING = r"""external_id IS NULL AND (raw = '' AND excerpt <> '' OR strpos(raw, '\') > 0 OR strpos(raw, '""') > 0)"""
WITH_TEXT = "(excerpt <> '' OR raw <> '')"

INDEXES = f"""
CREATE INDEX rejects_hiding ON labeling_rejectedrow (batch_id) WHERE {HIDING};
CREATE INDEX rejects_by_mark ON labeling_rejectedrow USING gin (labeling_marks(customer_id, excerpt || ' ' || raw)) WITH (fastupdate = off)
WHERE {WITH_TEXT};
"""

# Refused rows that were about to be the item, or may have been: nothing of their words stays, wherever they were
# quoted. What else the item's uploads refused keeps its reason. Each is found by an index, but for an external id that is
# a plain word: that is searched for in every row of the project that still has text.
EMPTY_REJECTS = f"""
DECLARE
    item labeling_item;
    held bigint[];
    marks bigint[];
    emptied bigint[];
    n bigint;
BEGIN
    SELECT * INTO STRICT item FROM labeling_item WHERE id = of_item FOR NO KEY UPDATE;
    held := ARRAY(SELECT item.batch_id UNION SELECT v.batch_id FROM labeling_itemversion v
                  WHERE v.item_id = of_item AND v.batch_id IS NOT NULL);
    marks := labeling_marks(item.customer_id, item.external_id);
    emptied := ARRAY(
        SELECT j.id FROM labeling_rejectedrow j JOIN labeling_batch b ON b.id = j.batch_id
        WHERE j.customer_id = item.customer_id AND j.external_id = item.external_id AND b.project_id = item.project_id
          AND (j.excerpt <> '' OR j.raw <> '' OR j.reason <> 'Erased.')
        UNION
        SELECT id FROM labeling_rejectedrow WHERE batch_id = ANY(held) AND external_id IS NULL AND reason <> 'Erased.'
        UNION
        SELECT j.id FROM labeling_batch b JOIN LATERAL (
            SELECT id FROM labeling_rejectedrow WHERE batch_id = b.id AND {HIDING}
        ) j ON true WHERE b.project_id = item.project_id);
    IF marks <> '{{}}' THEN
        emptied := emptied || ARRAY(
            SELECT j.id FROM labeling_rejectedrow j JOIN labeling_batch b ON b.id = j.batch_id
            WHERE labeling_marks(j.customer_id, j.excerpt || ' ' || j.raw) @> marks AND (j.excerpt <> '' OR j.raw <> '')
              AND b.project_id = item.project_id AND j.id <> ALL(emptied)
              AND labeling_mentions(concat_ws(' ', j.excerpt, j.raw), item.external_id));
    ELSE
        emptied := emptied || ARRAY(
            SELECT j.id FROM labeling_batch b JOIN labeling_rejectedrow j ON j.batch_id = b.id
            WHERE b.project_id = item.project_id AND (j.excerpt <> '' OR j.raw <> '') AND j.id <> ALL(emptied)
              AND labeling_mentions(concat_ws(' ', j.excerpt, j.raw), item.external_id));
    END IF;
    UPDATE labeling_rejectedrow SET excerpt = '', raw = '', field = '', reason = 'Erased.' WHERE id = ANY(emptied);
    UPDATE labeling_batch SET fault = 'Erased.'
    WHERE fault <> '' AND id IN (SELECT j.batch_id FROM labeling_rejectedrow j WHERE j.id = ANY(emptied));
    -- What a refused row began with goes the way of its file: with the first item of the batch that is erased.
    UPDATE labeling_rejectedrow SET excerpt = '', raw = '' WHERE batch_id = ANY(held) AND {WITH_TEXT};
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN cardinality(emptied) + n;
END
"""

# As 0007 had it, but for the refused rows.
EMPTY_CONTENT = """
DECLARE
    item labeling_item;
    given bigint[];
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
    RETURN counts;
END
"""

EMPTY_ITEM = """
BEGIN
    RETURN labeling_empty_content(of_erasure, of_item) || jsonb_build_object('rejects', labeling_empty_rejects(of_item));
END
"""

# One person of an earlier tool: their name, their words, and what was refused of the customer's exports, which may name
# them wherever it was quoted.
ERASE_IMPORTED = """
DECLARE
    person labeling_importedidentity;
    exports bigint[];
    n bigint;
    counts jsonb;
BEGIN
    SELECT * INTO person FROM labeling_importedidentity WHERE id = of_identity AND customer_id = of_customer FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The customer has no imported person %', of_identity USING ERRCODE = '23514';
    END IF;
    counts := labeling_erase_words(of_erasure, person.reviewer_id, of_customer);
    PERFORM labeling_forget_identities(ARRAY[of_identity]);
    exports := ARRAY(SELECT id FROM labeling_batch WHERE customer_id = of_customer AND format IN ('label_studio', 'argilla'));
    UPDATE labeling_rejectedrow SET excerpt = '', raw = '', field = '', reason = 'Erased.'
    WHERE batch_id = ANY(exports) AND (excerpt <> '' OR raw <> '' OR reason <> 'Erased.');
    GET DIAGNOSTICS n = ROW_COUNT;
    UPDATE labeling_batch SET fault = 'Erased.' WHERE id = ANY(exports) AND fault <> '';
    RETURN counts || jsonb_build_object('rejects', n);
END
"""


def replaced(signature: str, *, returns: str, body: str) -> migrations.RunSQL:
    """The function with another body; who may call it stays. What it was before is in the migrations before."""
    return migrations.RunSQL(
        f"CREATE OR REPLACE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql {guards.SEARCH_PATH}"
        f" AS $body$\n{body}\n$body$;",
        migrations.RunSQL.noop,
    )


class Migration(migrations.Migration):
    dependencies = [("labeling", "0014_turns")]

    operations = [
        migrations.AddIndex(
            "rejectedrow",
            models.Index(
                fields=["customer", "external_id"],
                condition=Q(external_id__isnull=False),
                name="rejects_by_external_id",
            ),
        ),
        migrations.AddIndex(
            "rejectedrow",
            models.Index(fields=["batch"], condition=~Q(excerpt="") | ~Q(raw=""), name="rejects_with_text"),
        ),
        migrations.AddIndex(
            "rejectedrow",
            models.Index(
                fields=["batch"], condition=Q(external_id__isnull=True) & ~Q(reason="Erased."), name="rejects_unnamed"
            ),
        ),
        migrations.RunSQL(MARKS, "DROP FUNCTION labeling_marks(bigint, text)"),
        migrations.RunSQL(INDEXES, "DROP INDEX rejects_hiding; DROP INDEX rejects_by_mark"),
        replaced("labeling_empty_rejects(of_item bigint)", returns="bigint", body=EMPTY_REJECTS),
        replaced("labeling_empty_content(of_erasure bigint, of_item bigint)", returns="jsonb", body=EMPTY_CONTENT),
        replaced("labeling_empty_item(of_erasure bigint, of_item bigint)", returns="jsonb", body=EMPTY_ITEM),
        replaced(
            "labeling_erase_imported(of_erasure bigint, of_identity bigint, of_customer bigint)",
            returns="jsonb",
            body=ERASE_IMPORTED,
        ),
        *[
            migrations.AddField("erasure", name, models.BigIntegerField(verbose_name, default=0, db_default=0))
            for name, verbose_name in (
                ("searched_through", "files searched up to upload"),
                ("searched_bytes", "bytes searched of it"),
                ("rewritten_through", "files rewritten up to release"),
            )
        ],
        migrations.RunSQL("DROP FUNCTION labeling_hides(text, text)", migrations.RunSQL.noop),
    ]
