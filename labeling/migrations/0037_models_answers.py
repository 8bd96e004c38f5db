"""What models answer is annotations beside the work; what of it is shown to people before they answer, and who saw it."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0036_rejects_by_sign"),
    ]

    operations = [
        migrations.CreateModel(
            name="Prelabel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "shown_from",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="shown from"
                    ),
                ),
                ("shown_until", models.DateTimeField(blank=True, null=True, verbose_name="until")),
            ],
            options={
                "verbose_name": "pre-label",
            },
        ),
        migrations.AddField(
            model_name="annotation",
            name="prelabel",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="labeling.annotation",
                verbose_name="the model's answer shown before",
            ),
        ),
        migrations.AlterField(
            model_name="round",
            name="reason",
            field=models.CharField(
                choices=[
                    ("first", "First judgment"),
                    ("gold", "Gold"),
                    ("rework", "Rework"),
                    ("revision", "New version of the item"),
                    ("guideline", "Breaking change of the guideline"),
                    ("recheck", "Clarified guideline, checked again"),
                    ("migration", "Answers carried over to a new form or guideline"),
                    ("imported", "Imported history"),
                    ("sent_back", "Sent back to its author"),
                    ("standing", "Its reviewer's standing fell"),
                    ("dispute", "Disputed, for an adjudicator"),
                    ("audit", "Audit"),
                    ("model", "Answers of models"),
                ],
                max_length=10,
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="task",
            name="kind",
            field=models.CharField(
                choices=[
                    ("annotate", "Annotate"),
                    ("attempt", "Attempt"),
                    ("review", "Review of an attempt"),
                    ("adjudicate", "Adjudicate"),
                    ("audit", "Audit"),
                    ("gold", "Gold"),
                    ("training", "Training"),
                    ("qualification", "Qualification test"),
                    ("imported", "Done in an earlier tool"),
                    ("model", "Answered by a model"),
                ],
                max_length=14,
                verbose_name="kind",
            ),
        ),
        migrations.AddIndex(
            model_name="annotation",
            index=models.Index(
                condition=models.Q(("origin", "model")), fields=["item_version"], name="annotation_of_models"
            ),
        ),
        migrations.AddField(
            model_name="prelabel",
            name="annotation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="shown_as", to="labeling.annotation"
            ),
        ),
        migrations.AddField(
            model_name="prelabel",
            name="customer",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.customer"
            ),
        ),
        migrations.AddField(
            model_name="prelabel",
            name="item_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.itemversion"
            ),
        ),
        migrations.AddField(
            model_name="prelabel",
            name="project",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.project"
            ),
        ),
        migrations.AddConstraint(
            model_name="prelabel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("shown_until", None)), fields=("item_version",), name="prelabel_one_a_version"
            ),
        ),
        guards.same_customer(
            "labeling_prelabel",
            parents={
                "project_id": "labeling_project",
                "item_version_id": "labeling_itemversion",
                "annotation_id": "labeling_annotation",
            },
        ),
        guards.refuse(
            "of_a_model",
            "labeling_prelabel",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_annotation a WHERE a.id = NEW.annotation_id"
            " AND a.item_version_id = NEW.item_version_id AND a.origin = 'model')",
            message="A pre-label is what a model answered about the version",
        ),
        guards.immutable_when(
            "labeling_prelabel",
            noun="A pre-label",
            condition="TG_OP = 'DELETE' OR OLD.shown_until IS NOT NULL OR NOT "
            + guards.unchanged_but(("shown_until",)),
        ),
        guards.refuse(
            "own_prelabel",
            "labeling_annotation",
            when="BEFORE INSERT",
            condition="NEW.prelabel_id IS NOT NULL AND NOT EXISTS (SELECT FROM labeling_annotation a"
            " WHERE a.id = NEW.prelabel_id AND a.item_version_id = NEW.item_version_id AND a.origin = 'model')",
            message="What was shown before an annotation is what a model answered about its version",
        ),
        # What is read of a round that resolves never meets what models say.
        guards.refuse(
            "models_beside",
            "labeling_annotation",
            when="BEFORE INSERT",
            condition="(NEW.origin = 'model') <> EXISTS (SELECT FROM labeling_round r WHERE r.id = NEW.round_id"
            " AND r.reason = 'model')",
            message="What models answer is kept beside the work, and nothing else is",
        ),
        guards.in_schema(),
    ]
