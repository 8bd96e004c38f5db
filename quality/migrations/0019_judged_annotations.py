"""What a judge answers, when plainly asked, is an annotation beside its call."""

import django.db.models.deletion
from django.db import migrations, models

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0038_rule_flags"),
        ("quality", "0016_exam_ids"),
    ]

    operations = [
        migrations.AddField(
            model_name="judgecall",
            name="annotation",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="judge_call",
                to="labeling.annotation",
                verbose_name="annotation",
            ),
        ),
        guards.dropped("same_customer", "quality_judgecall"),
        guards.same_customer(
            "quality_judgecall",
            parents={
                "project_id": "labeling_project",
                "judge_id": "quality_judge",
                "item_version_id": "labeling_itemversion",
                "annotation_id": "labeling_annotation",
            },
        ),
        # The answer of a call is its own: the same judge's, about the same version.
        guards.refuse(
            "own_annotation",
            "quality_judgecall",
            when="BEFORE INSERT",
            condition="NEW.annotation_id IS NOT NULL AND NOT EXISTS (SELECT FROM labeling_annotation a"
            " JOIN quality_judge j ON j.reviewer_id = a.reviewer_id WHERE a.id = NEW.annotation_id AND j.id = NEW.judge_id"
            " AND a.item_version_id = NEW.item_version_id AND a.origin = 'model')",
            message="The annotation of a call is what its judge answered about the version",
        ),
        guards.in_schema(),
    ]
