"""A key may manage people and keys."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0002_guards"),
    ]

    operations = [
        migrations.AlterField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("desk", "Work at the desk"),
                        ("read", "Read projects, items and releases"),
                        ("upload", "Upload batches"),
                        ("decide", "Request, check and decide on releases"),
                        ("manage", "Manage people and keys"),
                    ],
                    max_length=20,
                ),
                size=None,
                verbose_name="scopes",
            ),
        ),
    ]
