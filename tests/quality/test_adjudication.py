"""Disputes: an adjudicator sees the sides without names, and what they say is what the round comes to."""

from decimal import Decimal

import pytest

from config.kernel.errors import Conflict
from labeling.models import Annotation, Item, Round, Task
from labeling.services.judgments import invalidate_annotation
from labeling.services.rounds import reopen_items
from quality.models import Dispute, Evidence, Feedback, Resolution
from quality.services.audits import make_plan, order_draw
from quality.services.disputes import open_dispute
from quality.services.rounds import resolve_due
from routing.services.corrections import correct_answer
from tests.auditing import answer, answer_all, fact, prepare, resolve_facts
from tests.factories import item_row, settle, take, upload

RIGHT = {"review_verdict": "answer", "review_reason": "Lyon is no capital."}


@pytest.fixture
def resolved(cast):
    resolve_facts(prepare(cast, "cleo", "dido"), item_row("item"))
    return cast


def dispute(cast, **more):
    resolution = Resolution.objects.filter(superseded_by=None).latest("pk")
    sides = resolution.annotation_ids
    return open_dispute(
        opened=resolution.round, reason="operator", sides=sides, resolution=resolution, actor_id=cast.mira.pk, **more
    )


def decided(cast, said, by=None):
    answer(by or cast.cleo, said)
    settle()
    return Dispute.objects.latest("pk")


def test_an_adjudicator_sees_the_sides_and_is_asked_whether_one_is_right(resolved):
    dispute(resolved)
    leased = take(resolved.cleo)
    assert [each.title for each in leased.beside] == ["Answer A", "Answer B"]
    assert [question["id"] for question in leased.form["questions"]] == [
        "review_verdict", "review_reason", "fact", "liked",
    ]  # fmt: skip


def test_what_stood_is_upheld_and_whoever_said_so_loses_nothing(resolved):
    dispute(resolved)
    assert Item.objects.get().state == "in_progress"
    found = decided(resolved, {**RIGHT, **fact("true")})
    assert (found.state, found.outcome, found.decided_by) == ("decided", "upheld", resolved.cleo)
    current = Resolution.objects.latest("pk")
    assert (current.round, current.method, current.outcome) == (found.adjudicated_in, "adjudicated", "agreed")
    assert (current.answers, current.confidence) == (fact("true"), 0.95)
    assert current.annotation_ids == sorted([*found.annotations, Annotation.objects.latest("pk").pk])
    assert current.distribution == Resolution.objects.earliest("pk").distribution
    assert (Item.objects.get().state, found.adjudicated_in.state) == ("resolved", "resolved")
    assert not Feedback.objects.exists()
    assert not Evidence.objects.exists()


def test_what_an_adjudicator_decided_is_not_corrected(resolved):
    dispute(resolved)
    decided(resolved, {**RIGHT, **fact("true")})
    said = Annotation.objects.latest("pk")
    for again in (fact("false"), {**RIGHT, **fact("false")}):
        with pytest.raises(Conflict, match="acted on at once"):
            correct_answer(user=resolved.cleo.user, public_id=said.public_id, answers=again)
    assert Resolution.objects.latest("pk").answers == fact("true")


def test_what_was_wrong_is_overturned_told_and_counts(resolved):
    dispute(resolved)
    found = decided(resolved, {**RIGHT, **fact("false")})
    assert found.outcome == "overturned"
    assert Resolution.objects.latest("pk").answers == fact("false")
    told = Feedback.objects.filter(kind="adjudicated")
    assert {each.reviewer_id for each in told} == {resolved.anna.pk, resolved.bela.pk}
    assert told[0].words.splitlines()[0] == "Lyon is no capital."
    assert told[0].clause == "true"
    assert set(Evidence.objects.values_list("source", "agreed")) == {("audit", False)}


def test_another_opinion_on_a_matter_of_taste_is_held_against_nobody(resolved):
    dispute(resolved)
    assert decided(resolved, {**RIGHT, **fact("true", liked="no")}).outcome == "overturned"
    assert Resolution.objects.latest("pk").answers == fact("true", liked="no")
    assert not Feedback.objects.exists()
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("verdict", ["guideline", "no_agreed_answer"])
def test_where_no_answer_is_right_there_is_none_and_nobody_is_marked_down(resolved, verdict):
    dispute(resolved)
    found = decided(resolved, {"review_verdict": verdict, "review_reason": "It does not say what is meant."})
    assert (found.outcome, found.clause) == (verdict, "true" if verdict == "guideline" else "")
    current = Resolution.objects.latest("pk")
    assert (current.outcome, current.answers, current.method) == ("no_agreement", {}, "adjudicated")
    assert not Feedback.objects.exists()
    assert not Evidence.objects.exists()


def test_a_round_in_dispute_is_left_alone_until_an_adjudicator_has_spoken(cast):
    prepare(cast, "cleo")
    upload(cast.project, cast.mira, item_row("item"))
    answer(cast.anna, fact("true"))
    answer(cast.bela, fact("false"))
    opened = Round.objects.get()
    open_dispute(
        opened=opened, reason="unsure", sides=list(Annotation.objects.values_list("pk", flat=True)), actor_id=None
    )
    assert resolve_due() == 0
    settle()
    assert not Resolution.objects.exists()
    found = decided(cast, {**RIGHT, **fact("false")})
    current = Resolution.objects.get()
    assert (found.adjudicated_in, current.round) == (opened, opened)
    assert (current.answers, current.method) == (fact("false"), "adjudicated")
    assert current.distribution["fact"] == {"false": 1, "true": 1}
    assert [each.reviewer for each in Feedback.objects.all()] == [cast.anna]
    assert not Task.objects.filter(state="open").exists()


def test_an_adjudicated_result_stays_when_a_side_is_invalidated(resolved):
    dispute(resolved)
    decided(resolved, {**RIGHT, **fact("false")})
    invalidate_annotation(annotation=Annotation.objects.earliest("pk"), reason="Test", actor=resolved.mira)
    settle()
    latest = Resolution.objects.filter(round__reason="dispute").latest("pk")
    assert (latest.answers, latest.superseded_by if hasattr(latest, "superseded_by") else None) == (fact("false"), None)


def test_a_dispute_is_dropped_when_its_item_is_judged_anew(resolved):
    found = dispute(resolved)
    reopen_items(item_ids=[Item.objects.get().pk], reason="rework", actor=resolved.mira)
    settle()
    found.refresh_from_db()
    assert found.state == "dropped"


def test_what_an_audit_held_against_somebody_counts_no_more_once_an_adjudicator_says_so(resolved):
    plan = make_plan(project=resolved.project, name="May", actor=resolved.mira, share_twice=Decimal(0))
    order_draw(plan=plan, actor=resolved.mira)
    settle()
    answer(resolved.cleo, fact("false"))
    settle()
    assert Evidence.objects.filter(voids=None, agreed=False, voided_by=None).count() == 2
    found = decided(resolved, {**RIGHT, **fact("true")}, by=resolved.dido)
    assert found.outcome == "upheld"
    assert not Evidence.objects.filter(
        voids=None, agreed=False, voided_by=None, reviewer__in=[resolved.anna, resolved.bela]
    ).exists()
    assert Feedback.objects.filter(kind="explained").count() == 2
    assert [each.reviewer for each in Feedback.objects.filter(kind="adjudicated")] == [resolved.cleo]
    assert answer_all(resolved.anna, fact("true")) == 0
