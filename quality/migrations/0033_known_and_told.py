"""What was known of gold and told of answers stands; whoever decided on a pause stays named; scores, verdicts and results rest
on answers to what they are about."""

from django.db import migrations

from config.kernel import guards

ASKED = (
    "NEW.use IS DISTINCT FROM OLD.use AND EXISTS (SELECT FROM labeling_itemversion v"
    " JOIN labeling_round r ON r.item_id = v.item_id AND r.reason = 'gold' JOIN labeling_task t ON t.round_id = r.id"
    " WHERE v.id = NEW.item_version_id)"
)


class Migration(migrations.Migration):
    dependencies = [("quality", "0027_exam_versions"), ("labeling", "0035_gold_beside")]

    operations = [
        guards.dropped("fixed_columns", "quality_golditem"),
        guards.fixed_columns(
            "quality_golditem",
            columns=(
                "customer_id",
                "project_id",
                "item_version_id",
                "expected",
                "tolerance",
                "source",
                "work",
                "shown_id",
                "made_by_id",
                "created_at",
            ),
            erasable=("expected", "tolerance", "explanation", "concept"),
        ),
        guards.refuse(
            "use_of_what_was_asked",
            "quality_golditem",
            when="BEFORE UPDATE OF use",
            condition=ASKED,
            message="What gold is used for stays once somebody was asked it",
        ),
        guards.dropped("fixed_columns", "quality_feedback"),
        guards.fixed_columns(
            "quality_feedback",
            columns=(
                "customer_id",
                "project_id",
                "public_id",
                "reviewer_id",
                "annotation_id",
                "kind",
                "clause",
                "words",
                "evidence_id",
                "tell_from",
                "appeal_until",
                "created_at",
            ),
            erasable=("words",),
        ),
        guards.refuse(
            "read_once",
            "quality_feedback",
            when="BEFORE UPDATE OF read_at",
            condition="OLD.read_at IS NOT NULL AND NEW.read_at IS DISTINCT FROM OLD.read_at",
            message="When feedback was read stays",
        ),
        guards.immutable_when(
            "quality_pause",
            noun="A pause that was decided on",
            condition="(OLD.state = 'lifted' OR (OLD.state = 'confirmed' AND NEW.state = 'confirmed'))",
        ),
        guards.refuse(
            "of_its_gold",
            "quality_goldscore",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_annotation a JOIN quality_golditem g ON g.id = NEW.gold_item_id"
            " WHERE a.id = NEW.annotation_id AND a.reviewer_id = NEW.reviewer_id AND a.item_version_id = g.item_version_id)",
            message="A gold score is about its reviewer’s answer to that gold item",
        ),
        guards.refuse(
            "of_its_draw",
            "quality_auditverdict",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM quality_auditdraw d JOIN labeling_annotation a ON a.round_id = d.round_id"
            " WHERE d.id = NEW.draw_id AND a.id = NEW.annotation_id)",
            message="The verdict of an audit is an answer in its round",
        ),
        guards.refuse_of_all(
            "rests_on_its_item",
            "quality_resolution",
            condition="EXISTS (SELECT FROM unnest(n.annotation_ids) AS resting(id) WHERE NOT EXISTS ("
            "SELECT FROM labeling_annotation a JOIN labeling_round said ON said.id = a.round_id"
            " JOIN labeling_round here ON here.id = n.round_id WHERE a.id = resting.id AND said.item_id = here.item_id))",
            message="A resolution rests on answers to its own item",
        ),
    ]
