"""A lease names the guideline that was in force when it was claimed; those there are take their round's."""

import django.db.models.deletion
from django.db import migrations, models

FILL = """
UPDATE routing_lease l SET guideline_id = r.guideline_id FROM labeling_round r WHERE r.id = l.round_id AND l.guideline_id IS NULL
"""


def guideline(**more):
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="labeling.guidelineversion",
        **more,
    )


class Migration(migrations.Migration):
    dependencies = [("routing", "0002_guards"), ("labeling", "0003_record_in_depth")]

    operations = [
        migrations.AddField("lease", "guideline", guideline(null=True)),
        migrations.RunSQL([FILL, "SET CONSTRAINTS ALL IMMEDIATE"], migrations.RunSQL.noop),
        migrations.AlterField("lease", "guideline", guideline()),
    ]
