"""Evidence of gold is about an answer that was scored, or about the one that stands in its place."""

from django.db import migrations

from config.kernel import guards

# An answer that counts again, or was corrected, is another row of the same reviewer in the same round.
SCORED = (
    "EXISTS (SELECT FROM labeling_annotation a JOIN labeling_annotation was ON was.round_id = a.round_id"
    " AND was.reviewer_id = a.reviewer_id JOIN quality_goldscore s ON s.annotation_id = was.id"
    " WHERE a.id = NEW.annotation_id)"
)


class Migration(migrations.Migration):
    dependencies = [("quality", "0035_evidence_said_anew")]

    operations = [
        guards.refuse(
            "of_a_score",
            "quality_evidence",
            when="BEFORE INSERT",
            condition=f"NEW.source = 'gold' AND NOT {SCORED}",
            message="Evidence of gold is about an answer to gold that was scored",
        ),
        guards.in_schema(),
    ]
