"""What an erasure empties of refused rows, it finds by an index when the item's name has no word of plain letters, too."""

from importlib import import_module

from django.db import migrations

earlier = import_module("labeling.migrations.0015_refused_rows")
before = import_module("labeling.migrations.0026_rejects_by_word")

# All characters of a text that are in none of its words (signs, and letters beyond a to z), by number, and no customer's like
# another's. A text that mentions an external id has all of its characters.
SIGNS = """
CREATE FUNCTION labeling_signs(of_customer bigint, words text) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT COALESCE(array_agg(DISTINCT hashtextextended(sign, of_customer)), '{}')
    FROM string_to_table(regexp_replace(words COLLATE "C", '[[:alnum:]_[:space:]-]+', '', 'g'), NULL) AS sign
)
"""

WORDS_AND_SIGNS = (
    "(labeling_words({row}customer_id, {row}excerpt || ' ' || {row}raw)"
    " || labeling_signs({row}customer_id, {row}excerpt || ' ' || {row}raw))"
)

INDEX = f"""
CREATE INDEX rejects_by_sign ON labeling_rejectedrow USING gin ({WORDS_AND_SIGNS.format(row="")})
WHERE {earlier.WITH_TEXT};
DROP INDEX rejects_by_word;
"""

# As in 0026, but that rows are found by the signs of an external id that has no word.
FOUND_BY_SCANNING = before.EMPTY_REJECTS[
    before.EMPTY_REJECTS.index("    IF words <>") : before.EMPTY_REJECTS.index("    UPDATE labeling_rejectedrow")
]
FOUND_BY_INDEX = f"""
    IF words = '{{}}' THEN
        words := labeling_signs(item.customer_id, item.external_id);
    END IF;
    emptied := emptied || ARRAY(
        SELECT j.id FROM labeling_rejectedrow j JOIN labeling_batch b ON b.id = j.batch_id
        WHERE {WORDS_AND_SIGNS.format(row="j.")} @> words AND (j.excerpt <> '' OR j.raw <> '')
          AND b.project_id = item.project_id AND j.id <> ALL(emptied)
          AND labeling_mentions(concat_ws(' ', j.excerpt, j.raw), item.external_id));
"""
EMPTY_REJECTS = before.EMPTY_REJECTS.replace(FOUND_BY_SCANNING, FOUND_BY_INDEX)


class Migration(migrations.Migration):
    dependencies = [("labeling", "0035_gold_beside")]

    operations = [
        migrations.RunSQL(SIGNS, "DROP FUNCTION labeling_signs(bigint, text)"),
        migrations.RunSQL(INDEX, f"{before.INDEX.strip()} DROP INDEX rejects_by_sign;"),
        earlier.replaced("labeling_empty_rejects(of_item bigint)", returns="bigint", body=EMPTY_REJECTS),
    ]
