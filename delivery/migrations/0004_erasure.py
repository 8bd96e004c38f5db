"""Delivery's part of erasure: redacted artifacts beside the frozen ones, and the notes of defects."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from config.kernel import guards

ERASE_ITEM = """
DECLARE n bigint;
BEGIN
    UPDATE delivery_defect d SET note = ''
    FROM delivery_sampleentry s JOIN delivery_releaseentry e ON e.id = s.entry_id
    WHERE s.id = d.sample_entry_id AND e.item_id = of_item AND d.note <> '';
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN jsonb_build_object('defect_notes', n);
END
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0003_guards"), ("labeling", "0007_privacy")]

    operations = [
        migrations.CreateModel(
            name="ArtifactRedaction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stored_as", models.CharField(max_length=300, verbose_name="stored as")),
                ("bytes", models.BigIntegerField(verbose_name="bytes")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="made"),
                ),
                (
                    "artifact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="redactions", to="delivery.artifact"
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="labeling.customer",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="labeling.project",
                    ),
                ),
            ],
            options={"verbose_name": "redacted artifact"},
        ),
        guards.immutable("delivery_artifactredaction", noun="A redacted artifact"),
        guards.same_customer(
            "delivery_artifactredaction", parents={"project_id": "labeling_project", "artifact_id": "delivery_artifact"}
        ),
        guards.dropped("immutable", "delivery_defect"),
        guards.immutable("delivery_defect", noun="A defect", erasable=("note",)),
        guards.dropped("while_freezing", "delivery_artifact"),
        guards.refuse(
            "while_freezing",
            "delivery_artifact",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM delivery_release r WHERE r.id = NEW.release_id"
            " AND r.project_id = NEW.project_id AND (r.state = 'requested'"
            " OR NEW.name IN ('erasures.json', 'erasures.json.sig')))",
            message="Artifacts are added only while the release is being frozen",
        ),
        guards.function("delivery_erase_item(of_item bigint)", returns="jsonb", body=ERASE_ITEM),
    ]
