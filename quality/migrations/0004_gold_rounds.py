"""Gold moves on to a round under a new form: one of its own version, and of gold."""

from django.db import migrations

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("quality", "0003_erasure")]

    operations = [
        guards.dropped("fixed_columns", "quality_golditem"),
        guards.fixed_columns("quality_golditem", columns=("customer_id", "project_id", "item_version_id")),
        guards.refuse(
            "own_round",
            "quality_golditem",
            when="BEFORE UPDATE OF round_id",
            condition="NOT EXISTS (SELECT FROM labeling_round r WHERE r.id = NEW.round_id"
            " AND r.item_version_id = NEW.item_version_id AND r.reason = 'gold')",
            message="A gold item is answered in a gold round of its own version",
        ),
    ]
