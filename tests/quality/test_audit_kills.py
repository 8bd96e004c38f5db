"""Workers that die over audits: what they were at is not half done, and the next does it once."""

from decimal import Decimal

import pytest

from labeling.models import Round, Task
from quality.models import AuditDraw, AuditPlan, AuditVerdict, Dispute, Evidence, Feedback
from quality.services import audit_findings, audits
from quality.services.audits import draw_audits, make_plan, open_audits, order_draw, take_verdicts
from tests.auditing import answer, fact, prepare, resolve_facts
from tests.cast import gather_cast
from tests.factories import item_row, settle
from tests.killing import kill_within

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db):
    cast = prepare(gather_cast(), "cleo", "dido")
    resolve_facts(cast, *[item_row(f"item-{number}") for number in range(3)])
    return cast


def plan_of(cast):
    return make_plan(project=cast.project, name="May", share_twice=Decimal(0), actor=cast.mira)


@pytest.fixture
def waiting(cast):
    order_draw(plan=plan_of(cast), actor=cast.mira)
    settle()
    return cast


def test_a_draw_that_is_killed_has_drawn_nothing(cast):
    plan = plan_of(cast)
    kill_within(audits, "transition", lambda: draw_audits(plan_id=plan.pk))
    assert (AuditPlan.objects.get().state, AuditDraw.objects.count()) == ("draft", 0)
    assert draw_audits(plan_id=plan.pk) == 3
    assert draw_audits(plan_id=plan.pk) == 0


def test_audits_whose_opening_was_killed_are_opened_by_the_next_once(cast):
    plan = plan_of(cast)
    draw_audits(plan_id=plan.pk)
    kill_within(audits, "open_next_rounds", open_audits)
    assert not Round.objects.filter(reason="audit").exists()
    kill_within(audits, "_void", open_audits)
    assert not Round.objects.filter(reason="audit").exists()
    assert (open_audits(), open_audits()) == (3, 0)
    assert Task.objects.filter(kind="audit", state="open").count() == 3


def test_a_verdict_whose_taking_was_killed_is_taken_by_the_next_once(waiting):
    answer(waiting.cleo, fact("false"))
    said = Task.objects.get(kind="audit", state="completed").annotations.get()
    kill_within(audits, "close_without_resolution", lambda: take_verdicts(annotation_ids=[said.pk]))
    assert not AuditVerdict.objects.exists()
    assert set(Round.objects.filter(reason="audit").values_list("state", flat=True)) == {"open"}
    settle()
    assert take_verdicts(annotation_ids=[said.pk]) == 0
    assert AuditVerdict.objects.get().draw.state == "done"


def test_what_follows_a_verdict_is_all_done_or_nothing_of_it(waiting):
    answer(waiting.cleo, fact("false"))
    said = Task.objects.get(kind="audit", state="completed").annotations.get()
    take_verdicts(annotation_ids=[said.pk])
    draw = AuditDraw.objects.get(state="done")
    kill_within(audit_findings, "tell_reviewer", lambda: audit_findings.follow_audits(draw_ids=[draw.pk]))
    assert [model.objects.count() for model in (Dispute, Evidence, Feedback)] == [0, 0, 0]
    settle()
    assert [model.objects.count() for model in (Dispute, Evidence, Feedback)] == [1, 2, 2]
    assert audit_findings.follow_audits(draw_ids=[draw.pk]) == 0
    assert [model.objects.count() for model in (Dispute, Evidence, Feedback)] == [1, 2, 2]
