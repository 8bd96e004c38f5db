"""What quality rests on cannot be forged or rewritten by raw SQL as the runtime role."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from labeling.models import Project
from quality.models import Feedback, GoldScore, Pause
from quality.services.audits import make_plan, order_draw
from quality.services.feedback import mark_feedback_read
from quality.services.pauses import lift_pause, pause_standing
from tests.auditing import answer, fact, prepare, resolve_facts
from tests.factories import item_row, settle, upload
from tests.standings import standing_of

# An answer that is neither gold's nor an audit's.
PLAIN = (
    "(SELECT a.* FROM labeling_annotation a JOIN labeling_round r ON r.id = a.round_id AND r.reason = 'first' LIMIT 1)"
)

REFUSED = {
    "the expected answer": 'UPDATE quality_golditem SET expected = \'{"fact": "false"}\'',
    "what is also right": 'UPDATE quality_golditem SET tolerance = \'{"fact": ["false"]}\'',
    "where gold is from": "UPDATE quality_golditem SET source = 'expert'",
    "what gold is used for": "UPDATE quality_golditem SET use = 'training'",
    "when feedback is told": "UPDATE quality_feedback SET tell_from = tell_from - interval '30 days'",
    "until when is appealed": "UPDATE quality_feedback SET appeal_until = 'infinity'",
    "that feedback was read": "UPDATE quality_feedback SET read_at = NULL WHERE read_at IS NOT NULL",
    "why a pause was lifted": "UPDATE quality_pause SET decision_reason = 'Forged' WHERE state = 'lifted'",
    "who confirmed a pause": "UPDATE quality_pause SET decided_by_id = NULL WHERE state = 'confirmed'",
    "a score of another's answer": "INSERT INTO quality_goldscore (customer_id, project_id, gold_item_id, annotation_id,"
    " reviewer_id, is_correct, by_question) SELECT a.customer_id, a.project_id, (SELECT id FROM quality_golditem), a.id,"
    f" a.reviewer_id, true, '{{}}' FROM {PLAIN} a",
    "evidence of gold that was none": "INSERT INTO quality_evidence (customer_id, project_id, reviewer_id, skill, source,"
    " annotation_id, agreed, reliability, answers_count, reason) SELECT a.customer_id, a.project_id, a.reviewer_id, '',"
    f" 'gold', a.id, true, 1, 2, '' FROM {PLAIN} a",
    "a verdict by another's answer": "INSERT INTO quality_auditverdict (customer_id, project_id, draw_id, annotation_id,"
    " is_right, by_question) SELECT a.customer_id, a.project_id, (SELECT min(id) FROM quality_auditdraw), a.id, true, '{}'"
    f" FROM {PLAIN} a",
    "a result of nobody's answers": "INSERT INTO quality_resolution (customer_id, project_id, round_id, item_version_id,"
    " outcome, answers, distribution, method, confidence, annotation_ids, supersedes_id) SELECT customer_id, project_id,"
    " round_id, item_version_id, 'agreed', '{}', '{}', 'forged', 1, ARRAY[2000000000], id FROM quality_resolution",
    "a result of another item's answers": "INSERT INTO quality_resolution (customer_id, project_id, round_id,"
    " item_version_id, outcome, answers, distribution, method, confidence, annotation_ids, supersedes_id) SELECT"
    " s.customer_id, s.project_id, s.round_id, s.item_version_id, 'agreed', '{}', '{}', 'forged', 1, other.annotation_ids,"
    " s.id FROM quality_resolution s JOIN quality_resolution other ON other.item_version_id <> s.item_version_id",
}


@pytest.fixture
def told(cast):
    """An audit disagreed, gold was answered, and a pause was lifted before another."""
    resolve_facts(prepare(cast, "cleo"), item_row("one"), item_row("two"))
    plan = make_plan(project=cast.project, name="May", actor=cast.mira, share_twice=Decimal(0))
    order_draw(plan=plan, actor=cast.mira)
    settle()
    answer(cast.cleo, fact("false"))
    settle()
    mark_feedback_read(feedback=Feedback.objects.get(reviewer=cast.anna))
    Project.objects.filter(pk=cast.project.pk).update(gold_share="0.5")
    gold = item_row("known", expected={"answer": {"fact": "true"}})
    upload(cast.project, cast.dana, gold, *[item_row(f"{n}") for n in range(12)], name="more")
    while not GoldScore.objects.filter(reviewer=cast.anna).exists():
        answer(cast.anna, fact("true"))
        settle()
    for _ in range(2):
        pause_standing(standing=standing_of(cast.anna), reason="So", actor=cast.mira)
        if Pause.objects.count() == 1:
            lift_pause(pause=Pause.objects.get(), reason="Back", actor=cast.mira)
    return cast


def tried(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_what_is_known_and_told_is_neither_forged_nor_rewritten(told):
    for statement in REFUSED.values():
        with pytest.raises(DatabaseError, match=r"never|stays|is about|is an answer|rests on"):
            tried(statement)
