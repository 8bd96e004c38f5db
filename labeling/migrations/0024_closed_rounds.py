"""Rounds by when they were resolved, for how long items take."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0023_reports"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="round",
            index=models.Index(
                condition=models.Q(("state", "resolved")), fields=["project", "closed_at"], name="round_by_close"
            ),
        ),
    ]
