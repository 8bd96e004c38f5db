"""What publishing brings about for items that are being audited, and for what was written."""

from decimal import Decimal

import pytest

from labeling.forms.templates import TEMPLATES
from labeling.models import Item, Round, Task
from labeling.services.forms import publish_form
from labeling.services.guidelines import propose_guideline, publish_draft
from quality.models import AuditDraw, Resolution
from quality.services.audits import draw_audits, make_plan, open_audits, order_draw
from tests.auditing import fact, prepare, resolve_facts
from tests.cast import CLAUSES
from tests.factories import item_row, settle, take, upload
from tests.written import BETTER, answer, attempt, open_written_project, review, written

STRICTER = [{**CLAUSES[0], "text": "A wrong fact always loses."}]


def stricter(cast):
    draft = propose_guideline(project=cast.project, clauses=STRICTER, change_kind="breaking", actor=cast.mira)
    publish_draft(guideline=draft, actor=cast.mira)
    return draft


def rounds():
    return list(Round.objects.order_by("number").values_list("reason", "state", "guideline__number"))


@pytest.fixture
def resolved(cast):
    resolve_facts(prepare(cast, "cleo"), item_row("one"))
    return cast


def plan_of(cast):
    return make_plan(project=cast.project, name="May", share_twice=Decimal(0), actor=cast.mira)


def test_an_item_is_judged_anew_though_its_audit_waits_and_the_audit_is_void(resolved):
    order_draw(plan=plan_of(resolved), actor=resolved.mira)
    settle()
    stricter(resolved)
    settle()
    assert rounds() == [("first", "resolved", 1), ("audit", "cancelled", 1), ("guideline", "open", 2)]
    assert AuditDraw.objects.get().state == "void"
    assert Item.objects.get().state == "in_progress"


def test_an_audit_that_was_opened_under_the_new_guideline_hides_no_item_from_it(resolved):
    plan = plan_of(resolved)
    draw_audits(plan_id=plan.pk)
    draft = stricter(resolved)
    assert open_audits() == 1
    assert rounds() == [("first", "resolved", 1), ("audit", "open", 2)]
    settle()
    draft.refresh_from_db()
    assert draft.reopened_count == 1
    assert rounds()[1:] == [("audit", "cancelled", 2), ("guideline", "open", 2)]


def test_a_form_reaches_an_item_whose_audit_asks_it_already(resolved):
    document = {**resolved.project.forms.latest("number").document, "title": "Other"}
    mapping = {"questions": {"fact": {}, "liked": {}}, "tests": [{"from": fact("true"), "to": fact("true")}]}
    plan = plan_of(resolved)
    draw_audits(plan_id=plan.pk)
    form = publish_form(project=resolved.project, document=document, answer_mapping=mapping, actor=resolved.mira)
    assert open_audits() == 1
    settle()
    form.refresh_from_db()
    assert form.mapped_count + form.requeued_count == 2


def test_what_was_written_is_not_carried_over_but_written_anew(cast):
    project = open_written_project(cast)
    upload(project, cast.mira, item_row("one"))
    attempt(cast.anna)
    review(cast.bela, "accept")
    form = TEMPLATES["demonstration"].form
    mapping = {
        "questions": {question["id"]: {} for question in form["questions"]},
        "tests": [{"from": written(), "to": written()}],
    }
    published = publish_form(
        project=project, document={**form, "title": "Other"}, answer_mapping=mapping, actor=cast.mira
    )
    settle()
    published.refresh_from_db()
    assert (published.reopened_count, published.mapped_count) == (1, 0)
    assert [(reason, state) for reason, state, _ in rounds()] == [("first", "resolved"), ("migration", "open")]
    assert list(Task.objects.filter(state="open").values_list("kind", "pool__work")) == [("attempt", "judge")]
    answer(take(cast.cleo), cast.cleo, written(BETTER))
    review(cast.dido, "accept")
    assert Resolution.objects.get(round__number=2).answers == written(BETTER)
