"""Who wrote an item version, out of its metadata: the database keeps it, so that no way in can forget it."""

from django.db import migrations, models

import labeling.models.items
from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("labeling", "0021_planned_guidelines")]

    operations = [
        migrations.AddField(
            model_name="itemversion",
            name="authors",
            field=models.GeneratedField(
                db_persist=True,
                expression=labeling.models.items.Authors(),
                output_field=models.JSONField(verbose_name="authors"),
                verbose_name="authors",
            ),
        ),
        # What is made of an erased column changes with it.
        guards.dropped("immutable", "labeling_itemversion"),
        guards.immutable(
            "labeling_itemversion",
            noun="An item version",
            erasable=("payload", "metadata", "authors", "expected", "digest"),
        ),
    ]
