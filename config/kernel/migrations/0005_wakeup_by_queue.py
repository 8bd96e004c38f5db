"""A drain job serves all subscribers of its queue, so a wake-up is a queue's. Those that wait are found by the sweep."""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("kernel", "0004_erasure")]

    operations = [
        migrations.DeleteModel("WakeUp"),
        migrations.CreateModel(
            "WakeUp",
            [
                ("queue", models.CharField(max_length=20, primary_key=True, serialize=False, verbose_name="queue")),
                (
                    "asked_at",
                    models.DateTimeField(db_default=Now(), verbose_name="asked"),
                ),
            ],
            {"verbose_name": "wake-up"},
        ),
    ]
