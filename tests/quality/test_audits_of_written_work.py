"""Audits of what was written: experts see the text alone, and say whether it is good enough by the guideline."""

from decimal import Decimal

import pytest

from labeling.forms import InvalidAnswers
from labeling.models import Annotation, Item
from labeling.services.people import add_member
from labeling.types import Role
from quality.audits import audited
from quality.models import AuditDraw, AuditVerdict, Dispute, Evidence, Feedback, Resolution
from quality.services.audits import make_plan, order_draw
from routing.answers import get_answer, shown_answer
from routing.services.claims import next_task
from routing.types import NothingToDo
from tests.factories import item_row, settle, take, upload
from tests.written import BETTER, TEXT, answer, attempt, open_written_project, review, written

LACKING = {"review_verdict": "reject", "review_severity": "major", "review_reason": "It was Lyon for a while."}
GOOD = {"review_verdict": "accept"}


@pytest.fixture
def project(cast):
    project = open_written_project(cast)
    for expert in (cast.cleo, cast.dido):
        add_member(user=expert.user, customer=cast.northwind, project=project, role=Role.AUDITOR, actor=cast.mira)
    upload(project, cast.mira, item_row("one"))
    return project


def drawn(cast, project, share_twice=Decimal(0)):
    plan = make_plan(project=project, name="May", share_twice=share_twice, actor=cast.mira)
    order_draw(plan=plan, actor=cast.mira)
    settle()
    plan.refresh_from_db()
    return plan


def accepted(cast):
    attempt(cast.anna)
    review(cast.bela, "accept")


def audit_evidence():
    found = Evidence.objects.filter(source="audit", skill="", voids=None).order_by("reviewer")
    return list(found.values_list("reviewer", "agreed", "reliability"))


def test_experts_see_the_text_that_was_accepted_and_nothing_of_who_accepted_it_how(cast, project):
    attempt(cast.anna)
    review(cast.bela, "send_back")
    attempt(cast.anna, BETTER)
    review(cast.bela, "fix", response=f"{BETTER} Truly.")
    drawn(cast, project)
    assert isinstance(next_task(user=cast.anna.user), NothingToDo)
    assert isinstance(next_task(user=cast.bela.user), NothingToDo)
    leased = take(cast.cleo)
    [beside] = leased.beside
    assert (beside.title, beside.own, leased.draft) == ("What was accepted", None, None)
    assert beside.said[0][1] == [f"{BETTER} Truly."]
    assert [question["id"] for question in leased.form["questions"]] == [
        "review_verdict", "review_clause", "review_severity", "review_reason",
    ]  # fmt: skip
    said = answer(leased, cast.cleo, GOOD)
    shown = shown_answer(get_answer(user=cast.cleo.user, public_id=said.annotation_public_id))
    assert shown["value"] == GOOD
    assert shown["form"]["questions"][0]["text"] == "Is this work good enough by the guideline?"


def test_a_text_that_is_good_enough_counts_for_its_author_and_for_who_accepted_it(cast, project):
    accepted(cast)
    plan = drawn(cast, project)
    answer(take(cast.cleo), cast.cleo, GOOD)
    verdict = AuditVerdict.objects.get()
    assert (verdict.is_right, verdict.by_question, verdict.clause, verdict.severity) == (True, {}, "", "")
    assert (verdict.draw.state, verdict.draw.round.state) == ("done", "closed")
    assert audit_evidence() == [(cast.anna.pk, True, 0.95), (cast.bela.pk, True, 0.95)]
    found = audited(plan)
    assert (found.called, found.whole.value, found.whole.audited) == ("accuracy", 1.0, 1)
    assert not Dispute.objects.exists()
    assert not Feedback.objects.exists()


def test_a_text_that_is_lacking_is_told_by_clause_and_severity_counts_and_goes_to_repair(cast, project):
    accepted(cast)
    plan = drawn(cast, project)
    answer(take(cast.cleo), cast.cleo, {**LACKING, "review_clause": "true"})
    verdict = AuditVerdict.objects.get()
    assert (verdict.is_right, verdict.clause, verdict.severity) == (False, "true", "major")
    assert audit_evidence() == [(cast.anna.pk, False, 0.95), (cast.bela.pk, False, 0.95)]
    told = list(Feedback.objects.filter(kind="audited").order_by("reviewer"))
    assert [each.reviewer for each in told] == [cast.anna, cast.bela]
    assert (told[0].clause, told[0].evidence.agreed) == ("true", False)
    assert told[0].words == (
        "An expert who read this without knowing who had written or accepted it found it lacking."
        " Major: It was Lyon for a while."
    )
    dispute = Dispute.objects.get()
    assert dispute.reason == "audit"
    assert dispute.annotations == list(Annotation.objects.order_by("id").values_list("id", flat=True))
    assert Item.objects.get().state == "in_progress"
    assert audited(plan).whole.value == 0.0


def test_what_an_expert_held_against_a_text_counts_no_more_once_an_adjudicator_upholds_it(cast, project):
    accepted(cast)
    drawn(cast, project)
    answer(take(cast.cleo), cast.cleo, {**LACKING, "review_clause": "true"})
    shown = take(cast.dido)
    assert [each.title for each in shown.beside] == [
        "What was written",
        "What the reviewer said",
        "What an expert said",
    ]
    assert shown.draft == written(TEXT)
    said = {"review_verdict": "answer", "review_reason": "It never was Lyon.", **written(TEXT)}
    answer(shown, cast.dido, said)
    assert Dispute.objects.get().outcome == "upheld"
    standing = Evidence.objects.filter(source="audit", voids=None, voided_by=None, agreed=False)
    assert not standing.filter(reviewer__in=[cast.anna, cast.bela]).exists()
    assert Feedback.objects.filter(kind="explained").count() == 2
    current = Resolution.objects.get(superseded_by=None, round__reason="dispute")
    assert (current.answers, len(current.annotation_ids)) == (written(TEXT), 4)


def test_what_was_fixed_counts_for_whoever_fixed_it_alone(cast, project):
    attempt(cast.anna)
    review(cast.bela, "fix")
    drawn(cast, project)
    answer(take(cast.cleo), cast.cleo, {**LACKING, "review_clause": "brief"})
    assert audit_evidence() == [(cast.bela.pk, False, 0.95)]
    assert [each.reviewer for each in Feedback.objects.filter(kind="audited")] == [cast.bela]


def test_two_experts_who_differ_count_against_nobody_and_an_adjudicator_decides(cast, project):
    accepted(cast)
    drawn(cast, project, share_twice=Decimal(1))
    answer(take(cast.cleo), cast.cleo, GOOD)
    assert AuditDraw.objects.get().state == "waiting"
    answer(take(cast.dido), cast.dido, {**LACKING, "review_clause": "true"})
    assert AuditDraw.objects.get().state == "done"
    assert (audit_evidence(), Feedback.objects.count(), Dispute.objects.count()) == ([], 0, 1)


def test_a_severity_and_a_clause_are_asked_for_where_it_is_not_good_enough(cast, project):
    accepted(cast)
    drawn(cast, project)
    leased = take(cast.cleo)
    with pytest.raises(InvalidAnswers) as refused:
        answer(
            leased, cast.cleo, {"review_verdict": "reject", "review_clause": "true", "review_reason": "It is wrong."}
        )
    assert refused.value.field == "review_severity"
    assert not AuditVerdict.objects.exists()
