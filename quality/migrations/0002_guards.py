"""What the database itself refuses in quality's tables."""

from django.db import migrations

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("quality", "0001_initial"), ("labeling", "0002_guards")]

    operations = [
        guards.immutable("quality_goldscore", noun="A gold score"),
        guards.immutable("quality_resolution", noun="A resolution"),
        guards.same_customer(
            "quality_golditem",
            parents={
                "project_id": "labeling_project",
                "item_version_id": "labeling_itemversion",
                "round_id": "labeling_round",
            },
        ),
        guards.same_customer(
            "quality_goldscore",
            parents={
                "project_id": "labeling_project",
                "gold_item_id": "quality_golditem",
                "annotation_id": "labeling_annotation",
            },
        ),
        guards.same_customer("quality_standing", parents={"project_id": "labeling_project"}),
        guards.same_customer(
            "quality_resolution",
            parents={
                "project_id": "labeling_project",
                "round_id": "labeling_round",
                "item_version_id": "labeling_itemversion",
            },
        ),
        guards.state_edges("quality_golditem", edges=["active>retired"]),
        guards.state_edges(
            "quality_standing",
            edges=[
                "paused>probation",
                "paused>trusted",
                "probation>paused",
                "probation>trusted",
                "trusted>paused",
                "trusted>probation",
            ],
        ),
        guards.fixed_columns("quality_golditem", columns=("customer_id", "project_id", "item_version_id", "round_id")),
        guards.fixed_columns("quality_standing", columns=("customer_id", "project_id", "reviewer_id", "skill")),
        guards.refuse(
            "own_predecessor",
            "quality_resolution",
            when="BEFORE INSERT",
            condition="NEW.supersedes_id IS NOT NULL AND NOT EXISTS (SELECT FROM quality_resolution r"
            " WHERE r.id = NEW.supersedes_id AND r.round_id = NEW.round_id)",
            message="A resolution supersedes one of the same round",
        ),
        guards.refuse(
            "own_version",
            "quality_resolution",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_round r"
            " WHERE r.id = NEW.round_id AND r.item_version_id = NEW.item_version_id)",
            message="A resolution is about the version that its round judged",
        ),
    ]
