"""What the database itself refuses in the record's newer tables, and what the older rules say now."""

from django.db import migrations

from config.kernel import guards

CUSTOMERS_CHILDREN = {
    "labeling_columnmapping": {"project_id": "labeling_project"},
    "labeling_flag": {
        "project_id": "labeling_project",
        "item_version_id": "labeling_itemversion",
        "annotation_id": "labeling_annotation",
        "other_item_id": "labeling_item",
    },
    "labeling_guidelineacknowledgement": {
        "project_id": "labeling_project",
        "guideline_id": "labeling_guidelineversion",
    },
    "labeling_invitation": {"project_id": "labeling_project"},
    "labeling_itemsketch": {"project_id": "labeling_project", "item_version_id": "labeling_itemversion"},
    "labeling_legalhold": {"project_id": "labeling_project"},
    "labeling_tombstone": {"erasure_id": "labeling_erasure"},
}

# Every item version that there was came with its item's own batch.
FILL_BATCH = """
ALTER TABLE labeling_itemversion DISABLE TRIGGER immutable;
UPDATE labeling_itemversion v SET batch_id = i.batch_id FROM labeling_item i WHERE i.id = v.item_id AND v.batch_id IS NULL;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE labeling_itemversion ENABLE TRIGGER immutable;
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0003_record_in_depth")]

    operations = [
        migrations.RunSQL(FILL_BATCH, migrations.RunSQL.noop),
        guards.immutable("labeling_columnmapping", noun="A column mapping"),
        guards.immutable("labeling_guidelineacknowledgement", noun="An acknowledgement"),
        guards.immutable("labeling_tombstone", noun="A tombstone"),
        *[guards.same_customer(table, parents=parents) for table, parents in CUSTOMERS_CHILDREN.items()],
        guards.dropped("same_customer", "labeling_itemversion"),
        guards.same_customer(
            "labeling_itemversion", parents={"item_id": "labeling_item", "batch_id": "labeling_batch"}
        ),
        guards.dropped("same_customer", "labeling_batch"),
        guards.same_customer(
            "labeling_batch", parents={"project_id": "labeling_project", "mapping_id": "labeling_columnmapping"}
        ),
        guards.state_edges("labeling_flag", edges=["open>confirmed", "open>dismissed"]),
        guards.fixed_columns(
            "labeling_flag",
            columns=("customer_id", "project_id", "item_version_id", "annotation_id", "kind", "field", "detail"),
        ),
        guards.fixed_columns("labeling_erasure", columns=("customer_id", "request", "kind", "subject_id", "reason")),
        guards.refuse(
            "never_gone",
            "labeling_erasure",
            when="BEFORE DELETE",
            condition="true",
            message="An erasure is remembered",
        ),
        guards.dropped("state_edges", "labeling_guidelineversion"),
        guards.state_edges("labeling_guidelineversion", edges=["draft>declined", "draft>published"]),
        guards.dropped("state_edges", "labeling_item"),
        guards.state_edges(
            "labeling_item",
            edges=[
                "accepted>gold",
                "accepted>held",
                "accepted>in_progress",
                "accepted>withdrawn",
                "gold>withdrawn",
                "held>accepted",
                "held>withdrawn",
                "in_progress>resolved",
                "in_progress>withdrawn",
                "resolved>in_progress",
                "resolved>withdrawn",
            ],
        ),
        guards.dropped("own_round", "labeling_annotation"),
        guards.refuse(
            "own_round",
            "labeling_annotation",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_task t JOIN labeling_round r ON r.id = t.round_id"
            " JOIN labeling_guidelineversion g ON g.id = NEW.guideline_id AND g.project_id = r.project_id"
            " AND g.state = 'published'"
            " WHERE t.id = NEW.task_id AND t.round_id = NEW.round_id AND r.item_version_id = NEW.item_version_id"
            " AND r.form_id = NEW.form_id)",
            message="An annotation answers the task, version and form of its round, by a published guideline",
        ),
        guards.refuse(
            "own_source",
            "labeling_annotation",
            when="BEFORE INSERT",
            condition="NEW.migrated_from_id IS NOT NULL AND NOT EXISTS (SELECT FROM labeling_annotation a"
            " JOIN labeling_round was ON was.id = a.round_id JOIN labeling_round becomes ON becomes.id = NEW.round_id"
            " WHERE a.id = NEW.migrated_from_id AND a.reviewer_id = NEW.reviewer_id AND was.item_id = becomes.item_id)",
            message="A migrated annotation carries over one of the same reviewer and item",
        ),
        guards.dropped("immutable_when", "labeling_guidelineversion"),
        guards.immutable_when(
            "labeling_guidelineversion",
            noun="A published or declined guideline",
            condition="OLD.state IN ('published', 'declined')",
            except_columns=("in_force",),
        ),
    ]
