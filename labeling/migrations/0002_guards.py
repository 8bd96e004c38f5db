"""What the database itself refuses in the record: change where nothing changes, foreign customers, states off their edges."""

from django.db import migrations

from config.kernel import guards

CUSTOMERS_CHILDREN = {
    "labeling_membership": {"project_id": "labeling_project"},
    "labeling_guidelineversion": {"project_id": "labeling_project"},
    "labeling_formversion": {"project_id": "labeling_project"},
    "labeling_batch": {"project_id": "labeling_project"},
    "labeling_stagedrow": {"batch_id": "labeling_batch"},
    "labeling_rejectedrow": {"batch_id": "labeling_batch"},
    "labeling_item": {"project_id": "labeling_project", "batch_id": "labeling_batch"},
    "labeling_itemversion": {"item_id": "labeling_item"},
    "labeling_round": {
        "project_id": "labeling_project",
        "item_id": "labeling_item",
        "item_version_id": "labeling_itemversion",
        "guideline_id": "labeling_guidelineversion",
        "form_id": "labeling_formversion",
    },
    "labeling_pool": {"project_id": "labeling_project"},
    "labeling_task": {
        "project_id": "labeling_project",
        "round_id": "labeling_round",
        "pool_id": "labeling_pool",
    },
    "labeling_annotation": {
        "project_id": "labeling_project",
        "task_id": "labeling_task",
        "round_id": "labeling_round",
        "item_version_id": "labeling_itemversion",
    },
    "labeling_annotationinvalidation": {"annotation_id": "labeling_annotation"},
    "labeling_draft": {"task_id": "labeling_task"},
    "labeling_unplacedanswer": {"task_id": "labeling_task", "round_id": "labeling_round"},
}

EDGES = {
    "labeling_project": [
        "draft>closed",
        "draft>open",
        "open>closed",
        "open>paused",
        "paused>closed",
        "paused>open",
    ],
    "labeling_guidelineversion": ["draft>published"],
    "labeling_formversion": ["draft>published"],
    "labeling_batch": ["received>accepted", "received>refused"],
    "labeling_item": [
        "accepted>gold",
        "accepted>in_progress",
        "accepted>withdrawn",
        "gold>withdrawn",
        "in_progress>resolved",
        "in_progress>withdrawn",
        "resolved>in_progress",
        "resolved>withdrawn",
    ],
    "labeling_round": ["open>cancelled", "open>resolved"],
    "labeling_task": [
        "leased>cancelled",
        "leased>completed",
        "leased>open",
        "open>cancelled",
        "open>completed",
        "open>leased",
    ],
}

FIXED = {
    "labeling_customer": ("public_id", "pseudonym_key"),
    "labeling_project": ("customer_id", "public_id"),
    "labeling_batch": ("customer_id", "project_id", "public_id", "source_digest", "source_bytes"),
    "labeling_item": ("customer_id", "project_id", "batch_id", "public_id", "external_id"),
    "labeling_round": (
        "customer_id",
        "project_id",
        "item_id",
        "item_version_id",
        "number",
        "guideline_id",
        "form_id",
    ),
    "labeling_pool": ("customer_id", "project_id", "signature", "skills", "language", "clearance"),
    "labeling_task": ("customer_id", "project_id", "round_id", "slot", "kind"),
    "labeling_unplacedanswer": ("customer_id", "task_id", "round_id", "reviewer_id", "answers", "submission"),
}


class Migration(migrations.Migration):
    dependencies = [("labeling", "0001_initial")]

    operations = [
        guards.immutable("labeling_itemversion", noun="An item version"),
        guards.immutable("labeling_annotation", noun="An annotation"),
        guards.immutable("labeling_annotationinvalidation", noun="An invalidation"),
        guards.immutable("labeling_accesslog", noun="The access log"),
        guards.immutable_when(
            "labeling_guidelineversion",
            noun="A published guideline",
            condition="OLD.state = 'published'",
            except_columns=("in_force",),
        ),
        guards.refuse(
            "in_force_begins_once",
            "labeling_guidelineversion",
            when="BEFORE UPDATE OF in_force",
            condition="OLD.state = 'published' AND lower(NEW.in_force) IS DISTINCT FROM lower(OLD.in_force)",
            message="A guideline in force keeps the day it began",
        ),
        guards.immutable_when("labeling_formversion", noun="A published form", condition="OLD.state = 'published'"),
        *[guards.same_customer(table, parents=parents) for table, parents in CUSTOMERS_CHILDREN.items()],
        *[guards.state_edges(table, edges=edges) for table, edges in EDGES.items()],
        *[guards.fixed_columns(table, columns=columns) for table, columns in FIXED.items()],
        guards.refuse(
            "own_version",
            "labeling_item",
            when="BEFORE INSERT OR UPDATE OF current_version_id",
            condition="NEW.current_version_id IS NOT NULL AND NOT EXISTS (SELECT FROM labeling_itemversion v"
            " WHERE v.id = NEW.current_version_id AND v.item_id = NEW.id)",
            message="The current version must be a version of the item",
        ),
        guards.refuse(
            "own_version",
            "labeling_round",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_itemversion v"
            " WHERE v.id = NEW.item_version_id AND v.item_id = NEW.item_id)",
            message="A round judges a version of its own item",
        ),
        guards.refuse(
            "own_round",
            "labeling_annotation",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_task t JOIN labeling_round r ON r.id = t.round_id"
            " WHERE t.id = NEW.task_id AND t.round_id = NEW.round_id AND r.item_version_id = NEW.item_version_id"
            " AND r.form_id = NEW.form_id AND r.guideline_id = NEW.guideline_id)",
            message="An annotation answers the task, version, form and guideline of its round",
        ),
        guards.refuse(
            "own_predecessor",
            "labeling_annotation",
            when="BEFORE INSERT",
            condition="NEW.supersedes_id IS NOT NULL AND NOT EXISTS (SELECT FROM labeling_annotation a"
            " WHERE a.id = NEW.supersedes_id AND a.round_id = NEW.round_id AND a.reviewer_id = NEW.reviewer_id)",
            message="An annotation supersedes one of the same reviewer and round",
        ),
        guards.refuse(
            "never_gone",
            "labeling_item",
            when="BEFORE DELETE",
            condition="true",
            message="An item is withdrawn, not deleted",
        ),
    ]
