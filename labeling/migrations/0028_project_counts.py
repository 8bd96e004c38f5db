"""What large projects are counted to, so that nobody who asks for progress waits for it."""

import django.db.models.deletion
from django.db import migrations, models

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("labeling", "0027_what_is_left")]

    operations = [
        migrations.CreateModel(
            name="ProjectCount",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="kept_count",
                        serialize=False,
                        to="labeling.project",
                    ),
                ),
                ("states", models.JSONField(default=dict, verbose_name="items by state")),
                ("judgments", models.BigIntegerField(verbose_name="judgments")),
                ("judgments_needed", models.BigIntegerField(verbose_name="judgments needed")),
                ("seconds", models.FloatField(verbose_name="seconds it took")),
                ("counted_at", models.DateTimeField(verbose_name="counted")),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="labeling.customer",
                    ),
                ),
            ],
            options={"verbose_name": "count of a project", "verbose_name_plural": "counts of projects"},
        ),
        guards.same_customer("labeling_projectcount", parents={"project_id": "labeling_project"}),
    ]
