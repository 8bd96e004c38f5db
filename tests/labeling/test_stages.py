"""What follows a judgment or stands beside it: its form, its tasks, and who is given them."""

from typing import Any

import pytest
from django.db import transaction

from config.kernel.locks import lock_rows
from labeling.forms import InvalidAnswers, InvalidForm, ItemShape, check_answers, check_form, form_of_stage, own_answers
from labeling.models import Annotation, Item, Pool, Round, Task
from labeling.presentation import names_shown
from labeling.services.people import add_member
from labeling.services.rounds import reopen_items
from labeling.services.stages import add_tasks, close_without_resolution, open_next_rounds
from labeling.types import Role, RoundReason, RoundState, TaskKind, Work
from routing.models import Enrolment
from routing.services.claims import next_task
from routing.services.enrolments import set_trust
from routing.services.submits import submit_task
from routing.types import NothingToDo
from tests.cast import CLAUSES
from tests.factories import judge, resolve_items, settle, take, upload_items

WRITTEN: dict[str, Any] = {
    "title": "Write",
    "questions": [
        {"id": "answer", "type": "writing", "what": "response", "text": "Answer it.", "nature": "objective"},
        {"id": "rationale", "type": "rationale", "text": "Why?", "required": False},
    ],
}
TWO_CLAUSES = [*CLAUSES, {"id": "tone", "title": "Tone", "text": "Stay friendly."}]
SHAPE = ItemShape.of({"messages": [{"role": "user", "content": "?"}], "responses": []})


def why(reviewer):
    nothing = next_task(user=reviewer.user)
    assert isinstance(nothing, NothingToDo), nothing
    return nothing.code


def of_stage(clauses=TWO_CLAUSES):
    return form_of_stage(Work.REVIEW, WRITTEN, clauses)


@pytest.mark.parametrize(
    "answers",
    [
        {"review_verdict": "accept"},
        {"review_verdict": "fix", "answer": "Better."},
        {"review_verdict": "send_back", "review_clause": "tone", "review_reason": "It is unfriendly."},
        {"review_verdict": "reject", "review_clause": "true", "review_reason": "Nothing of it is so."},
    ],
)
def test_a_review_says_its_verdict_and_what_goes_with_that(answers):
    check_answers(of_stage(), SHAPE, answers)


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"review_verdict": "fix"}, "answer"),
        ({"review_verdict": "send_back", "review_clause": "tone"}, "review_reason"),
        ({"review_verdict": "send_back", "review_reason": "It is unfriendly."}, "review_clause"),
        ({"review_verdict": "send_back", "review_clause": "tone", "review_reason": "Bad."}, "review_reason"),
        ({"review_verdict": "maybe"}, "review_verdict"),
    ],
)
def test_a_review_that_lacks_what_goes_with_its_verdict_is_refused(answers, field):
    with pytest.raises(InvalidAnswers) as refused:
        check_answers(of_stage(), SHAPE, answers)
    assert refused.value.field == field


def test_a_guideline_of_one_clause_need_not_be_named():
    questions = [question["id"] for question in of_stage(CLAUSES)["questions"]]
    assert questions == ["review_verdict", "review_reason", "answer", "rationale"]


def test_other_work_asks_the_form_as_it_is():
    assert form_of_stage(Work.JUDGE, WRITTEN, TWO_CLAUSES) == WRITTEN
    assert form_of_stage(Work.EXPERT, WRITTEN, TWO_CLAUSES) == WRITTEN


def test_no_form_asks_what_a_review_asks():
    question = {**WRITTEN["questions"][0], "id": "review_verdict"}
    with pytest.raises(InvalidForm) as refused:
        check_form({"title": "Write", "questions": [question]})
    assert refused.value.field == "questions[0].id"


def test_the_answers_of_a_review_come_apart_again():
    assert own_answers({"review_verdict": "fix", "answer": "Better."}) == {"answer": "Better."}


@pytest.mark.parametrize(
    ("overlap_kind", "kind", "tasks", "needed"), [("reviewed", "attempt", 1, 2), ("adaptive", "annotate", 2, 2)]
)
def test_a_round_begins_as_the_overlap_says(cast, overlap_kind, kind, tasks, needed):
    cast.project.overlap_kind, cast.project.overlap, cast.project.overlap_most = overlap_kind, 4, 2
    cast.project.save()
    upload_items(cast.project, cast.mira)
    assert list(Task.objects.values_list("kind", flat=True)) == [kind] * tasks
    assert Round.objects.get().judgments_needed == needed


def adjudicated(cast):
    """Have Anna judge an item, and ask an expert about it with her answer beside."""
    upload_items(cast.project, cast.mira)
    judge(cast.anna, "a", rationale="It says so.")
    with transaction.atomic():
        opened = lock_rows(Round.objects.all())
        said = Annotation.objects.get()
        [task] = add_tasks(rounds=opened, kind=TaskKind.ADJUDICATE, work=Work.EXPERT, beside={opened[0].pk: [said.pk]})
    Task.objects.filter(kind=TaskKind.ANNOTATE, state="open").update(state="cancelled")
    return task


def test_expert_work_is_given_to_experts_alone_and_never_to_who_judged_the_item(cast):
    task = adjudicated(cast)
    assert task.pool.work == Work.EXPERT
    for reviewer in (cast.anna, cast.bela):
        assert why(reviewer) == "nothing_left"
    for reviewer in (cast.anna, cast.bela):
        add_member(user=reviewer.user, customer=cast.northwind, project=cast.project, role=Role.AUDITOR, actor=None)
    assert why(cast.anna) == "nothing_left"
    leased = take(cast.bela)
    [beside] = leased.beside
    names = names_shown(leased.payload, seed=leased.token)
    assert beside.title == "Answer A"
    assert beside.said == [("Which response is better?", [names["a"]]), ("Why", ["It says so."])]
    assert [question["id"] for question in leased.form["questions"]] == [
        "review_verdict",
        "review_reason",
        "preference",
        "rationale",
    ]
    assert leased.draft is None


def test_reviews_are_given_to_who_is_trusted(cast):
    upload_items(cast.project, cast.mira)
    Task.objects.update(state="cancelled")
    with transaction.atomic():
        add_tasks(rounds=lock_rows(Round.objects.all()), kind=TaskKind.REVIEW, work=Work.REVIEW)
    assert why(cast.anna) == "nothing_left"
    set_trust(project_id=cast.project.pk, reviewer_id=cast.anna.pk, trust="trusted", reason="Test")
    leased = take(cast.anna)
    assert leased.form["questions"][0]["id"] == "review_verdict"
    done = submit_task(user=cast.anna.user, token=leased.token, answers={"review_verdict": "accept"}, seconds=3.0)
    assert done.is_placed
    assert Annotation.objects.get().answers == {"review_verdict": "accept"}


def test_who_is_in_training_or_retired_is_given_no_work(cast):
    upload_items(cast.project, cast.mira)
    for trust, code in (("training", "training"), ("retired", "paused"), ("paused", "paused")):
        set_trust(project_id=cast.project.pk, reviewer_id=cast.anna.pk, trust=trust, reason="Test")
        assert why(cast.anna) == code
    set_trust(project_id=cast.project.pk, reviewer_id=cast.anna.pk, trust="consensus_only", reason="Test")
    take(cast.anna)


def test_a_daily_cap_ends_the_day_on_that_project(cast):
    upload_items(cast.project, cast.mira, 3)
    set_trust(project_id=cast.project.pk, reviewer_id=cast.anna.pk, trust="probation", reason="Test", daily_cap=2)
    judge(cast.anna)
    judge(cast.anna)
    assert why(cast.anna) == "capped"
    assert Enrolment.objects.get(reviewer=cast.anna).capped_count == 2
    Enrolment.objects.update(capped_on="2020-01-01")
    judge(cast.anna)
    assert Enrolment.objects.get(reviewer=cast.anna).capped_count == 1


def test_a_paused_pool_hands_out_nothing(cast):
    upload_items(cast.project, cast.mira)
    Pool.objects.update(is_paused=True)
    assert why(cast.anna) == "nothing_left"


def test_an_audit_stands_aside_and_a_dispute_goes_on(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    resolved = Round.objects.get()
    about = {"kind": TaskKind.AUDIT, "work": Work.EXPERT, "needed": 1}
    with transaction.atomic():
        lock_rows(Item.objects.all())
        [audit] = open_next_rounds(after=[resolved], reason=RoundReason.AUDIT, **about, tasks_each=2)
        assert open_next_rounds(after=[resolved], reason=RoundReason.DISPUTE, **about) == []
    assert Item.objects.get().state == "resolved"
    assert Task.objects.filter(round=audit).count() == 2
    settle()
    with transaction.atomic():
        lock_rows(Item.objects.all())
        close_without_resolution(rounds=lock_rows(Round.objects.filter(pk=audit.pk)), why="done")
        [dispute] = open_next_rounds(after=[resolved], reason=RoundReason.DISPUTE, **about)
    assert Item.objects.get().state == "in_progress"
    assert (dispute.number, dispute.state) == (3, RoundState.OPEN)


def test_an_open_audit_ends_when_its_item_is_judged_anew(cast):
    [item] = resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    with transaction.atomic():
        lock_rows(Item.objects.all())
        [audit] = open_next_rounds(
            after=list(Round.objects.all()), reason=RoundReason.AUDIT, kind=TaskKind.AUDIT, work=Work.EXPERT, needed=1
        )
    reopen_items(item_ids=[item.pk], reason=RoundReason.REWORK, actor=cast.mira)
    audit.refresh_from_db()
    assert audit.state == RoundState.CANCELLED
    assert Round.objects.get(state="open").stage == audit.stage
