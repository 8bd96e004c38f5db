"""A refused row goes with the item it was about to be, by the external id that was read from it, however it was spelled."""

from django.db import migrations, models

from config.kernel import guards

# Whether a refused row may name an external id that no search of its text finds: it was cut, or something is escaped
# in it (JSON's backslashes, a table's doubled quotation marks).
HIDES = """
BEGIN
    RETURN raw = '' AND excerpt <> '' OR strpos(raw, '\\') > 0 OR strpos(raw, '""') > 0;
END
"""

# Refused rows that were about to be the item, or may have been: nothing of their words stays, wherever they were
# quoted. What else the item's uploads refused goes as before, by labeling_empty_content.
EMPTY_REJECTS = """
DECLARE
    item labeling_item;
    held bigint[];
    emptied bigint[];
BEGIN
    SELECT * INTO STRICT item FROM labeling_item WHERE id = of_item FOR NO KEY UPDATE;
    held := ARRAY(SELECT item.batch_id UNION SELECT v.batch_id FROM labeling_itemversion v
                  WHERE v.item_id = of_item AND v.batch_id IS NOT NULL);
    emptied := ARRAY(
        SELECT j.id FROM labeling_batch b JOIN labeling_rejectedrow j ON j.batch_id = b.id
        WHERE b.project_id = item.project_id AND (j.excerpt <> '' OR j.raw <> '' OR j.reason <> 'Erased.') AND (
            j.external_id = item.external_id
            OR j.external_id IS NULL AND (b.id = ANY(held) OR labeling_hides(j.raw, j.excerpt))
            OR labeling_mentions(concat_ws(' ', j.excerpt, j.raw), item.external_id)));
    UPDATE labeling_rejectedrow SET excerpt = '', raw = '', field = '', reason = 'Erased.' WHERE id = ANY(emptied);
    UPDATE labeling_batch SET fault = 'Erased.'
    WHERE fault <> '' AND id IN (SELECT j.batch_id FROM labeling_rejectedrow j WHERE j.id = ANY(emptied));
    RETURN cardinality(emptied);
END
"""

EMPTY_ITEM = """
DECLARE
    emptied bigint := labeling_empty_rejects(of_item);
    counts jsonb := labeling_empty_content(of_erasure, of_item);
BEGIN
    RETURN counts || jsonb_build_object('rejects', emptied + (counts ->> 'rejects')::bigint);
END
"""

# Of an upload that became no item, neither why its rows were refused nor why it was says anything any more.
ERASE_BATCH = """
DECLARE counts jsonb := labeling_empty_batch(of_batch);
BEGIN
    UPDATE labeling_rejectedrow SET field = '', reason = 'Erased.' WHERE batch_id = of_batch AND reason <> 'Erased.';
    UPDATE labeling_batch SET fault = 'Erased.' WHERE id = of_batch AND fault <> '';
    RETURN counts;
END
"""


def renamed(arguments: str, old: str, new: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER FUNCTION {old}({arguments}) RENAME TO {new}", f"ALTER FUNCTION {new}({arguments}) RENAME TO {old}"
    )


class Migration(migrations.Migration):
    dependencies = [("labeling", "0011_erasures_reach")]

    operations = [
        migrations.AddField(
            "rejectedrow",
            "external_id",
            models.CharField("external id", max_length=200, null=True, blank=True, db_collation="C"),
        ),
        guards.dropped("immutable_when", "labeling_rejectedrow"),
        guards.immutable_when(
            "labeling_rejectedrow",
            noun="A rejected row of a finished batch",
            condition="(SELECT b.state FROM labeling_batch b WHERE b.id = OLD.batch_id) <> 'received'",
            erasable=("excerpt", "raw", "reason", "field"),
        ),
        guards.function("labeling_hides(raw text, excerpt text)", returns="boolean", body=HIDES),
        guards.function("labeling_empty_rejects(of_item bigint)", returns="bigint", body=EMPTY_REJECTS),
        renamed("bigint, bigint", "labeling_empty_item", "labeling_empty_content"),
        guards.function("labeling_empty_item(of_erasure bigint, of_item bigint)", returns="jsonb", body=EMPTY_ITEM),
        renamed("bigint", "labeling_erase_batch", "labeling_empty_batch"),
        guards.function("labeling_erase_batch(of_batch bigint)", returns="jsonb", body=ERASE_BATCH),
    ]
