"""How much of what was written freely was pasted in, as the desk counts it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0022_escalations_of_quality"),
    ]

    operations = [
        migrations.AddField(
            model_name="lease",
            name="pasted",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="characters pasted into own words"),
        ),
    ]
