"""What retention and the sweep have left to look at: items that were not erased, and batches that a job looks through.

When an item was erased is written by the sanctioned erasure alone.
"""

from django.db import migrations, models
from django.db.models import Q

from config.kernel import guards

# As in 0023, and the item says when.
ERASE_ITEM = """
BEGIN
    UPDATE labeling_item SET erased_at = statement_timestamp() WHERE id = of_item;
    RETURN labeling_erase_content(of_erasure, of_item);
END
"""

CATCH_UP = """
UPDATE labeling_item i SET erased_at = e.created_at FROM labeling_erasure e
WHERE e.kind = 'item' AND e.subject_id = i.id;
SET CONSTRAINTS ALL IMMEDIATE;
"""

RENAME = "ALTER FUNCTION labeling_erase_item(bigint, bigint) RENAME TO labeling_erase_content"
RENAME_BACK = "ALTER FUNCTION labeling_erase_content(bigint, bigint) RENAME TO labeling_erase_item"


class Migration(migrations.Migration):
    dependencies = [("labeling", "0026_rejects_by_word")]

    operations = [
        migrations.AddField(
            "batch",
            "flagging_since",
            models.DateTimeField(blank=True, null=True, verbose_name="flags being looked for"),
        ),
        migrations.AddIndex(
            "batch", models.Index(fields=["id"], condition=Q(flagging_since__isnull=False), name="batch_flagging")
        ),
        migrations.AddField(
            "item",
            "erased_at",
            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="erased"),
        ),
        migrations.RunSQL(CATCH_UP, migrations.RunSQL.noop),
        migrations.AddIndex(
            "item",
            models.Index(fields=["project", "created_at", "id"], condition=Q(erased_at=None), name="item_kept_by_age"),
        ),
        guards.refuse(
            "erased_by_erasure",
            "labeling_item",
            when="BEFORE UPDATE OF erased_at",
            condition="NEW.erased_at IS DISTINCT FROM OLD.erased_at AND NOT public.kernel_is_erasing(TG_RELID)",
            message="An item is erased by the one function that erases",
        ),
        guards.refuse_of_all(
            "born_whole", "labeling_item", condition="n.erased_at IS NOT NULL", message="No item is born erased"
        ),
        migrations.RunSQL(RENAME, RENAME_BACK),
        guards.function("labeling_erase_item(of_erasure bigint, of_item bigint)", returns="jsonb", body=ERASE_ITEM),
    ]
