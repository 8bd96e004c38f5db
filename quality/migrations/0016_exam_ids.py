"""Exams are named at the desk, so they have an id that tells nothing. There is none yet."""

from django.db import migrations

import config.kernel.public_ids


class Migration(migrations.Migration):
    dependencies = [
        ("quality", "0014_evidence_of_gold"),
        ("labeling", "0035_gold_beside"),
    ]

    operations = [
        migrations.AddField(
            model_name="exam",
            name="public_id",
            field=config.kernel.public_ids.PublicIdField(),
        ),
    ]
