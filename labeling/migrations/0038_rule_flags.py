"""Responses that break a rule are flagged, where models judge."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0037_models_answers"),
    ]

    operations = [
        migrations.AlterField(
            model_name="flag",
            name="kind",
            field=models.CharField(
                choices=[
                    ("language", "Language"),
                    ("near_duplicate", "Near-duplicate"),
                    ("personal_data", "Personal data"),
                    ("reported", "Reported by a reviewer"),
                    ("rule", "A response breaks a rule"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="hold_flagged",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("language", "Language"),
                        ("near_duplicate", "Near-duplicate"),
                        ("personal_data", "Personal data"),
                        ("reported", "Reported by a reviewer"),
                        ("rule", "A response breaks a rule"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                help_text="An item with an open flag of these kinds is not worked on until somebody has looked at it.",
                size=None,
                verbose_name="flags that hold an item",
            ),
        ),
        migrations.AlterField(
            model_name="projectchange",
            name="hold_flagged",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("language", "Language"),
                        ("near_duplicate", "Near-duplicate"),
                        ("personal_data", "Personal data"),
                        ("reported", "Reported by a reviewer"),
                        ("rule", "A response breaks a rule"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                help_text="An item with an open flag of these kinds is not worked on until somebody has looked at it.",
                size=None,
                verbose_name="flags that hold an item",
            ),
        ),
    ]
