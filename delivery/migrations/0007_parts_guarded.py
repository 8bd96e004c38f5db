"""What the database refuses of parts: a frozen release has the parts it was frozen with, and entries come all at once."""

from django.db import migrations

from config.kernel import guards

NOT_BEING_FROZEN = (
    "NOT EXISTS (SELECT FROM delivery_release r WHERE r.id = {row}.release_id AND r.state = 'requested'"
    " AND r.project_id = {row}.project_id)"
)
FROZEN = "EXISTS (SELECT FROM delivery_release r WHERE r.id = OLD.release_id AND r.frozen_at IS NOT NULL)"


class Migration(migrations.Migration):
    dependencies = [("delivery", "0006_earlier_releases")]

    operations = [
        guards.same_customer("delivery_releasepart", parents={"release_id": "delivery_release"}),
        guards.refuse(
            "while_freezing",
            "delivery_releasepart",
            when="BEFORE INSERT",
            condition=NOT_BEING_FROZEN.format(row="NEW"),
            message="Parts are added only while the release is being frozen",
        ),
        # An erasure writes a part's files anew.
        guards.immutable_when(
            "delivery_releasepart",
            noun="A part of a frozen release",
            condition=FROZEN,
            except_columns=("files", "rewritten", "gone", "erased_through"),
        ),
        *guards.same_customer_of_all("delivery_stagedentry", parents={"part_id": "delivery_releasepart"}),
        # Entries are added by the hundred thousand, so they are checked by statement.
        guards.dropped("same_customer", "delivery_releaseentry"),
        *guards.same_customer_of_all(
            "delivery_releaseentry",
            parents={
                "release_id": "delivery_release",
                "resolution_id": "quality_resolution",
                "item_id": "labeling_item",
            },
        ),
        guards.dropped("while_freezing", "delivery_releaseentry"),
        guards.refuse_of_all(
            "while_freezing",
            "delivery_releaseentry",
            condition=NOT_BEING_FROZEN.format(row="n"),
            message="Entries are added only while the release is being frozen",
        ),
    ]
