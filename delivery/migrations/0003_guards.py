"""What the database itself refuses in delivery's tables: a frozen release takes no more and loses nothing."""

from django.db import migrations

from config.kernel import guards

BEING_FROZEN = (
    "NOT EXISTS (SELECT FROM delivery_release r WHERE r.id = NEW.release_id AND r.state = 'requested'"
    " AND r.project_id = NEW.project_id)"
)


class Migration(migrations.Migration):
    dependencies = [("delivery", "0002_initial"), ("quality", "0002_guards")]

    operations = [
        guards.immutable("delivery_releaseentry", noun="A release entry"),
        guards.immutable("delivery_artifact", noun="An artifact"),
        guards.immutable("delivery_ledgerentry", noun="A ledger entry"),
        guards.immutable("delivery_acceptancesample", noun="An acceptance sample"),
        guards.immutable("delivery_defect", noun="A defect"),
        guards.immutable_when(
            "delivery_release",
            noun="A frozen release",
            condition="OLD.state IN ('frozen', 'accepted', 'rejected')",
            except_columns=("state", "decided_by_id", "decided_at", "decision_reason"),
        ),
        guards.immutable_when("delivery_sampleentry", noun="A verdict that was given", condition="OLD.verdict <> ''"),
        guards.immutable_when("delivery_hold", noun="A lifted hold", condition="OLD.lifted_at IS NOT NULL"),
        guards.same_customer("delivery_release", parents={"project_id": "labeling_project"}),
        guards.same_customer(
            "delivery_releaseentry",
            parents={
                "release_id": "delivery_release",
                "resolution_id": "quality_resolution",
                "item_id": "labeling_item",
            },
        ),
        guards.same_customer("delivery_artifact", parents={"release_id": "delivery_release"}),
        guards.same_customer("delivery_hold", parents={"project_id": "labeling_project"}),
        guards.same_customer("delivery_acceptancesample", parents={"release_id": "delivery_release"}),
        guards.same_customer(
            "delivery_sampleentry",
            parents={"sample_id": "delivery_acceptancesample", "entry_id": "delivery_releaseentry"},
        ),
        guards.same_customer("delivery_defect", parents={"sample_entry_id": "delivery_sampleentry"}),
        guards.same_customer("delivery_ledgerentry", parents={"project_id": "labeling_project"}),
        guards.state_edges(
            "delivery_release",
            edges=[
                "failed>requested",
                "frozen>accepted",
                "frozen>rejected",
                "requested>failed",
                "requested>frozen",
            ],
        ),
        guards.fixed_columns("delivery_release", columns=("customer_id", "project_id", "public_id", "number")),
        guards.fixed_columns(
            "delivery_hold", columns=("customer_id", "project_id", "kind", "placed_by_id", "placed_at")
        ),
        guards.refuse(
            "while_freezing",
            "delivery_releaseentry",
            when="BEFORE INSERT",
            condition=BEING_FROZEN,
            message="Entries are added only while the release is being frozen",
        ),
        guards.refuse(
            "while_freezing",
            "delivery_artifact",
            when="BEFORE INSERT",
            condition=BEING_FROZEN,
            message="Artifacts are added only while the release is being frozen",
        ),
    ]
