"""The round in which an item is asked as gold may stand beside its other rounds, so that what was resolved can become gold."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0030_work"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="round", name="round_one_open_an_item"),
        migrations.AddConstraint(
            model_name="round",
            constraint=models.UniqueConstraint(
                fields=["item"], condition=Q(state="open") & ~Q(reason="gold"), name="round_one_open_an_item"
            ),
        ),
        migrations.AddConstraint(
            model_name="round",
            constraint=models.UniqueConstraint(
                fields=["item"], condition=Q(state="open", reason="gold"), name="round_one_open_as_gold"
            ),
        ),
    ]
