"""What others agreed on may be said again by a later resolution, where an earlier one of its round had been voided."""

import django.db.models.deletion
from django.db import migrations, models

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("quality", "0033_known_and_told"), ("labeling", "0040_seeded_copies")]

    operations = [
        migrations.RemoveConstraint(model_name="evidence", name="evidence_once_a_source"),
        migrations.AddField(
            model_name="evidence",
            name="resolution",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="quality.resolution",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.UniqueConstraint(
                condition=models.Q(("voids", None)),
                fields=("annotation", "source", "skill", "resolution"),
                name="evidence_once_a_source",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=models.Q(("resolution", None), ("source", "consensus"), _connector="OR"),
                name="evidence_of_a_resolution",
            ),
        ),
        guards.dropped("same_customer", "quality_evidence"),
        guards.same_customer(
            "quality_evidence",
            parents={
                "project_id": "labeling_project",
                "annotation_id": "labeling_annotation",
                "voids_id": "quality_evidence",
                "resolution_id": "quality_resolution",
            },
        ),
        guards.dropped("of_one_annotation", "quality_evidence"),
        guards.refuse(
            "of_one_annotation",
            "quality_evidence",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_annotation a WHERE a.id = NEW.annotation_id"
            " AND a.reviewer_id = NEW.reviewer_id AND a.project_id = NEW.project_id)"
            " OR (NEW.voids_id IS NOT NULL AND NOT EXISTS (SELECT FROM quality_evidence v WHERE v.id = NEW.voids_id"
            " AND v.annotation_id = NEW.annotation_id AND v.source = NEW.source AND v.skill = NEW.skill"
            " AND v.resolution_id IS NOT DISTINCT FROM NEW.resolution_id))"
            " OR (NEW.resolution_id IS NOT NULL AND NOT EXISTS (SELECT FROM quality_resolution r"
            " WHERE r.id = NEW.resolution_id AND NEW.annotation_id = ANY (r.annotation_ids)))",
            message="Evidence is about an answer of its reviewer, and voids what was said of the same answer",
        ),
        guards.in_schema(),
    ]
