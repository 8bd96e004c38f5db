"""Bulk loading: rows of items and versions are checked by statement, and staged rows need no log; imports by path."""

from django.db import migrations, models

from config.kernel import guards

OWN_VERSION = (
    "NOT EXISTS (SELECT FROM labeling_itemversion v WHERE v.id = {row}.current_version_id AND v.item_id = {row}.id)"
)


class Migration(migrations.Migration):
    dependencies = [("labeling", "0008_flags")]

    operations = [
        guards.dropped("same_customer", "labeling_item"),
        *guards.same_customer_of_all(
            "labeling_item", parents={"project_id": "labeling_project", "batch_id": "labeling_batch"}
        ),
        guards.dropped("same_customer", "labeling_itemversion"),
        *guards.same_customer_of_all(
            "labeling_itemversion", parents={"item_id": "labeling_item", "batch_id": "labeling_batch"}
        ),
        # An item and its first version come in one statement, so the check of the one waits for the other.
        guards.dropped("own_version", "labeling_item"),
        guards.refuse_of_all(
            "own_version_of_all",
            "labeling_item",
            condition=f"n.current_version_id IS NOT NULL AND {OWN_VERSION.format(row='n')}",
            message="The current version must be a version of the item",
        ),
        guards.refuse(
            "own_version",
            "labeling_item",
            when="BEFORE UPDATE OF current_version_id",
            condition=f"NEW.current_version_id IS NOT NULL AND {OWN_VERSION.format(row='NEW')}",
            message="The current version must be a version of the item",
        ),
        # A file that is still to be fetched has no digest yet; once it has one, that stays.
        guards.dropped("fixed_columns", "labeling_batch"),
        guards.fixed_columns(
            "labeling_batch", columns=("customer_id", "project_id", "public_id", "format", "mapping_id", "on_conflict")
        ),
        guards.refuse(
            "source_known_once",
            "labeling_batch",
            when="BEFORE UPDATE OF source_digest, source_bytes, state",
            condition="OLD.source_digest NOT LIKE 'pending-%'"
            " AND (NEW.source_digest, NEW.source_bytes) IS DISTINCT FROM (OLD.source_digest, OLD.source_bytes)"
            " OR NEW.state = 'accepted' AND NEW.source_digest LIKE 'pending-%'",
            message="The digest of a batch is known before it is accepted, and never changes",
        ),
        # What is staged is read again from its file if it is lost: batches start over when their counts do not add up.
        # Rows are kept in place and unpacked up to a page, since they are moved on at once.
        migrations.RunSQL(
            "ALTER TABLE labeling_stagedrow SET UNLOGGED; ALTER TABLE labeling_stagedrow SET (toast_tuple_target = 8160)",
            "ALTER TABLE labeling_stagedrow SET LOGGED; ALTER TABLE labeling_stagedrow RESET (toast_tuple_target)",
        ),
        # own_version and own_version_of_all say more than the foreign key did, and versions are never deleted.
        migrations.AlterField(
            "item",
            "current_version",
            models.ForeignKey(
                "labeling.itemversion",
                models.PROTECT,
                null=True,
                related_name="+",
                db_index=False,
                db_constraint=False,
            ),
        ),
        migrations.AlterField(
            "stagedrow",
            "customer",
            models.ForeignKey(
                "labeling.customer", models.PROTECT, related_name="+", db_index=False, db_constraint=False
            ),
        ),
        migrations.AlterField(
            "stagedrow",
            "batch",
            models.ForeignKey(
                "labeling.batch", models.CASCADE, related_name="staged", db_index=False, db_constraint=False
            ),
        ),
        migrations.RemoveIndex("stagedrow", "staged_by_external_id"),
        migrations.AddIndex("stagedrow", models.Index(fields=["batch"], name="staged_by_batch")),
        guards.dropped("same_customer", "labeling_stagedrow"),
        *guards.same_customer_of_all("labeling_stagedrow", parents={"batch_id": "labeling_batch"}),
    ]
