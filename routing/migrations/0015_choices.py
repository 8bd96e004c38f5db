"""Escalations are about pools and rounds, and none is for information only: these choices were never used."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0014_raw_writes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="escalation",
            name="severity",
            field=models.CharField(
                choices=[("warning", "Warning"), ("urgent", "Urgent")], max_length=10, verbose_name="severity"
            ),
        ),
        migrations.AlterField(
            model_name="escalation",
            name="subject",
            field=models.CharField(choices=[("pool", "Pool"), ("round", "Round")], max_length=10, verbose_name="about"),
        ),
    ]
