"""What an erasure empties of refused rows, it finds by an index whatever the item is called, a plain word too."""

from importlib import import_module

from django.db import migrations

before = import_module("labeling.migrations.0015_refused_rows")

# All words of a text, by number, and no customer's like another's. A text that mentions an external id has all of its
# words. An index needs it, so anybody may call it.
WORDS = """
CREATE FUNCTION labeling_words(of_customer bigint, words text) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT COALESCE(array_agg(DISTINCT hashtextextended(word, of_customer)), '{}')
    FROM regexp_split_to_table(words COLLATE "C", '[^[:alnum:]_-]+') AS word WHERE word <> ''
)
"""

INDEX = f"""
CREATE INDEX rejects_by_word ON labeling_rejectedrow USING gin (labeling_words(customer_id, excerpt || ' ' || raw))
WHERE {before.WITH_TEXT};
"""

# As in 0015, but that a plain word is found by the index as well: rows are read that have all words of the external id.
# One that has no word (signs alone) is searched for in every row of the project that still has text.
EMPTY_REJECTS = f"""
DECLARE
    item labeling_item;
    held bigint[];
    words bigint[];
    emptied bigint[];
    n bigint;
BEGIN
    SELECT * INTO STRICT item FROM labeling_item WHERE id = of_item FOR NO KEY UPDATE;
    held := ARRAY(SELECT item.batch_id UNION SELECT v.batch_id FROM labeling_itemversion v
                  WHERE v.item_id = of_item AND v.batch_id IS NOT NULL);
    words := labeling_words(item.customer_id, item.external_id);
    emptied := ARRAY(
        SELECT j.id FROM labeling_rejectedrow j JOIN labeling_batch b ON b.id = j.batch_id
        WHERE j.customer_id = item.customer_id AND j.external_id = item.external_id AND b.project_id = item.project_id
          AND (j.excerpt <> '' OR j.raw <> '' OR j.reason <> 'Erased.')
        UNION
        SELECT id FROM labeling_rejectedrow WHERE batch_id = ANY(held) AND external_id IS NULL AND reason <> 'Erased.'
        UNION
        SELECT j.id FROM labeling_batch b JOIN LATERAL (
            SELECT id FROM labeling_rejectedrow WHERE batch_id = b.id AND {before.HIDING}
        ) j ON true WHERE b.project_id = item.project_id);
    IF words <> '{{}}' THEN
        emptied := emptied || ARRAY(
            SELECT j.id FROM labeling_rejectedrow j JOIN labeling_batch b ON b.id = j.batch_id
            WHERE labeling_words(j.customer_id, j.excerpt || ' ' || j.raw) @> words AND (j.excerpt <> '' OR j.raw <> '')
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
    UPDATE labeling_rejectedrow SET excerpt = '', raw = '' WHERE batch_id = ANY(held) AND {before.WITH_TEXT};
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN cardinality(emptied) + n;
END
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0025_queue_guards")]

    operations = [
        migrations.RunSQL(WORDS, "DROP FUNCTION labeling_words(bigint, text)"),
        migrations.RunSQL(INDEX, "DROP INDEX rejects_by_word"),
        before.replaced("labeling_empty_rejects(of_item bigint)", returns="bigint", body=EMPTY_REJECTS),
        migrations.RunSQL(
            "DROP INDEX rejects_by_mark; DROP FUNCTION labeling_marks(bigint, text)", migrations.RunSQL.noop
        ),
    ]
