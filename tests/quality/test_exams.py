"""Training and tests: who may sit them when, what they ask, what passing grants."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connections, transaction
from django.test import Client
from django.utils import timezone

from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid
from config.kernel.models import User
from labeling.models import Annotation, Reviewer, Task
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.judgments import supersede_annotation
from labeling.services.people import create_reviewer
from labeling.services.settings import change_project
from quality.exams import explanation_of_answer, may_begin, shown_exams, standing_at
from quality.models import Exam, GoldItem, GoldScore, Sitting, SittingTask, Standing
from quality.services.exams import begin_sitting, close_exam, open_exam
from quality.services.gold import retire_because, seed_gold
from quality.services.gold_making import describe_gold
from routing.models import Enrolment, Qualification
from routing.services.enrolments import enrol_reviewer, grant_qualification
from routing.services.leases import skip_task
from routing.services.reports import flag_task
from routing.services.submits import submit_task
from tests.cast import gather_cast
from tests.factories import item_row, judge, prefer, settle, take, upload

WHY = "The capital of France is Paris."


def stock(cast, use, count=6):
    """Gold for exams: the right answer is always "a"."""
    expected = {"answer": {"preference": {"choice": "a"}}, "explanation": WHY, "concept": "facts"}
    upload(cast.project, cast.mira, *[item_row(f"{use}-{n}", expected=expected) for n in range(count)])
    for gold in GoldItem.objects.filter(item_version__item__external_id__startswith=use):
        describe_gold(
            gold_item=gold, concept="facts", explanation=WHY, exposures_most=None, use=use, expected_hit_rate=None,
            actor=cast.mira,
        )  # fmt: skip


def exam_of(cast, kind="qualification", **more):
    settings = {"size": 3, "pass_share": "0.660", "skill": "facts" if kind == "qualification" else ""}
    return open_exam(project=cast.project, kind=kind, name=kind, actor=cast.mira, **{**settings, **more})


def begin(exam, reviewer):
    return begin_sitting(exam=exam, reviewer=reviewer, actor=reviewer.user)[0]


def sit(exam, reviewer, *choices):
    """Begin and answer; return the sitting as it ended."""
    sitting = begin(exam, reviewer)
    for choice in choices:
        judge(reviewer, choice)
    settle()
    sitting.refresh_from_db()
    return sitting


def test_passing_a_test_grants_its_skill_for_a_time(cast):
    stock(cast, "qualification")
    exam = exam_of(cast, level=2, valid_days=90)
    sitting = sit(exam, cast.anna, "a", "b", "a")
    assert (sitting.state, sitting.right, sitting.asked) == ("passed", 2, 3)
    held = Qualification.objects.get(reviewer=cast.anna)
    assert (held.skill, held.level, held.granted_by) == ("facts", 2, None)
    assert held.reason == "Passed qualification, sitting 1."
    assert held.expires_at - database_now() == pytest.approx(timedelta(days=90), abs=timedelta(minutes=2))
    assert not GoldScore.objects.exists()  # a test says nothing of work in progress
    assert set(Task.objects.filter(kind="qualification").values_list("pool__work", flat=True)) == {"exam"}


def test_reporting_an_item_of_a_test_takes_it_from_nobody(cast):
    change_project(project=cast.project, changes={"hold_flagged": ["reported"]}, actor=cast.mira)
    stock(cast, "qualification")
    sitting = begin(exam_of(cast, pass_share="1"), cast.anna)
    judge(cast.anna, "a")
    for _ in range(2):
        token = take(cast.anna).token
        assert not flag_task(user=cast.anna.user, token=token, problem="unclear", note="?").is_held
        submit_task(user=cast.anna.user, token=token, answers=prefer("b"), seconds=5.0)
    settle()
    sitting.refresh_from_db()
    assert (sitting.state, sitting.right) == ("failed", 1)


def test_passing_takes_no_higher_level_away(cast):
    stock(cast, "qualification")
    grant_qualification(reviewer=cast.anna, skill="facts", level=3, reason="A degree", actor=cast.mira)
    sit(exam_of(cast, level=2, valid_days=90), cast.anna, "a", "a", "a")
    held = Qualification.objects.get(reviewer=cast.anna)
    assert (held.level, held.expires_at, held.reason) == (3, None, "A degree")


def test_failing_grants_nothing_and_the_next_attempt_waits(cast):
    stock(cast, "qualification")
    exam = exam_of(cast, wait_days=2)
    assert sit(exam, cast.anna, "b", "b", "a").state == "failed"
    assert not Qualification.objects.exists()
    with pytest.raises(Conflict, match="The next attempt is open from"):
        begin(exam, cast.anna)
    assert Sitting.objects.count() == 1


def test_after_the_last_attempt_the_operator_decides(cast):
    stock(cast, "qualification")
    exam = exam_of(cast, wait_days=0, attempts_most=2, size=2, pass_share="1")
    assert [sit(exam, cast.anna, "b", "a").number for _ in range(2)] == [1, 2]
    with pytest.raises(Conflict, match="used all your attempts"):
        begin(exam, cast.anna)
    met = SittingTask.objects.values_list("gold_item", flat=True)
    assert len(met) == len(set(met)) == 4  # never the same twice


def test_a_sitting_needs_items_that_its_reviewer_has_not_seen(cast):
    stock(cast, "qualification", 4)
    exam = exam_of(cast, wait_days=0)
    sit(exam, cast.anna, "b", "b", "b")
    with pytest.raises(Conflict, match="not enough items left"):
        begin(exam, cast.anna)
    assert Task.objects.filter(kind="qualification").count() == 3


def test_the_sitting_that_is_open_is_the_one(cast):
    stock(cast, "qualification")
    exam = exam_of(cast)
    first, is_new = begin_sitting(exam=exam, reviewer=cast.anna, actor=cast.anna.user)
    again, is_other = begin_sitting(exam=exam, reviewer=cast.anna, actor=cast.anna.user)
    assert (first.pk, is_new, is_other) == (again.pk, True, False)
    assert Task.objects.filter(kind="qualification").count() == 3


def test_what_is_skipped_counts_as_wrong_and_what_is_withdrawn_neither_way(cast):
    stock(cast, "qualification")
    exam = exam_of(cast)
    sitting = begin(exam, cast.anna)
    withdrawn = sitting.tasks.order_by("pk").last()
    retire_because(gold_item=withdrawn.gold_item, because="leaked", reason="It is in a forum.")
    judge(cast.anna, "a")
    skip_task(user=cast.anna.user, token=take(cast.anna).token, reason="Unclear")
    settle()
    sitting.refresh_from_db()
    assert (sitting.state, sitting.right) == ("failed", 1)  # one of the two that count


def test_a_correction_does_not_count(cast):
    stock(cast, "training")
    exam = exam_of(cast, "training", size=1, pass_share="1")
    begin(exam, cast.anna)
    judge(cast.anna, "b")
    answer = Annotation.objects.get()
    told = explanation_of_answer(user=cast.anna.user, public_id=answer.public_id)
    supersede_annotation(annotation=answer, answers={"preference": {"choice": "a"}}, actor=cast.anna.user)
    settle()
    assert Sitting.objects.get().state == "failed"
    assert told["is_right"] is False


def test_training_explains_at_once_and_a_test_never(cast):
    stock(cast, "training")
    stock(cast, "qualification")
    begin(exam_of(cast, "training"), cast.anna)
    begin(exam_of(cast), cast.bela)
    client = Client()
    done = judge(cast.anna, "b")
    path = f"/api/desk/v1/answers/{done.annotation_public_id}/explanation"
    told = client.get(path, headers=cast.bearer("anna"))
    assert told.status_code == 200
    assert told.json() == {
        "is_right": False,
        "questions": {"preference": False},
        "expected": [{"question": "Which response is better?", "lines": ["a"]}],
        "explanation": WHY,
    }
    assert client.get(path, headers=cast.bearer("bela")).status_code == 404
    tested = judge(cast.bela, "b")
    path = f"/api/desk/v1/answers/{tested.annotation_public_id}/explanation"
    assert client.get(path, headers=cast.bearer("bela")).status_code == 404


def test_a_pass_that_runs_out_can_be_renewed_near_its_end(cast):
    stock(cast, "qualification")
    exam = exam_of(cast, valid_days=90)
    sit(exam, cast.anna, "a", "a", "a")
    with pytest.raises(Conflict, match="can be renewed from"):
        begin(exam, cast.anna)
    standing = standing_at(exam, list(Sitting.objects.all()))
    assert may_begin(standing, now=timezone.now() + timedelta(days=59)) != ""
    assert may_begin(standing, now=timezone.now() + timedelta(days=61)) == ""
    assert may_begin(standing, now=timezone.now() + timedelta(days=120)) == ""


def test_a_pass_that_holds_for_good_leaves_nothing_to_sit(cast):
    stock(cast, "qualification")
    exam = exam_of(cast)
    sit(exam, cast.anna, "a", "a", "a")
    with pytest.raises(Conflict, match="nothing left to sit"):
        begin(exam, cast.anna)


def test_a_closed_exam_is_begun_by_nobody_and_its_open_sittings_go_on(cast):
    stock(cast, "qualification")
    exam = exam_of(cast)
    begin(exam, cast.anna)
    close_exam(exam=exam, actor=cast.mira)
    exam.refresh_from_db()
    with pytest.raises(Conflict, match="closed"):
        begin(exam, cast.bela)
    assert sit(exam, cast.anna, "a", "a", "a").state == "passed"


def test_whoever_is_new_trains_first_where_that_is_needed(cast):
    stock(cast, "training")
    upload(cast.project, cast.mira, *[item_row(f"plain-{n}") for n in range(3)])
    exam = exam_of(cast, "training", is_needed=True)
    eve = cast_another(cast, "eve")
    settle()
    assert (trust_of(eve), trust_of(cast.anna)) == ("training", "probation")  # who was there goes on
    assert sit(exam, eve, "a", "a", "b").state == "passed"
    assert trust_of(eve) == "probation"
    assert Standing.objects.get(reviewer=eve).state == "probation"
    assert judge(eve).is_placed


def cast_another(cast, name) -> Reviewer:
    user = User.objects.create_user(f"{name}@example.org", "a-password", name=name, surface="desk")
    reviewer = create_reviewer(user=user, languages=["en"], actor=None)
    enrol_reviewer(project=cast.project, reviewer=reviewer, actor=None)
    acknowledge_guideline(reviewer=reviewer, project=cast.project, number=1)
    return reviewer


def trust_of(reviewer):
    return Enrolment.objects.get(reviewer=reviewer).trust


def test_what_was_sat_is_no_work_that_gold_is_a_share_of(cast):
    stock(cast, "qualification", 12)
    sit(exam_of(cast, size=12), cast.anna, *"aaaaaaaaaaaa")
    expected = {"answer": {"preference": {"choice": "a"}}}
    upload(cast.project, cast.mira, *[item_row(f"gold-{n}", expected=expected) for n in range(10)])
    upload(cast.project, cast.mira, *[item_row(f"plain-{n}") for n in range(3)])
    seed_gold()
    assert Task.objects.filter(kind="gold", reserved_for=cast.anna).count() == 3  # 0.3 of the next ten


def test_the_desk_lists_what_is_open_and_how_it_went(cast):
    stock(cast, "qualification")
    exam = exam_of(cast, valid_days=30)
    client, bearer = Client(), cast.bearer("anna")
    [shown] = client.get("/api/desk/v1/exams", headers=bearer).json()
    assert (shown["name"], shown["attempts_left"], shown["refusal"], shown["sitting"]) == ("qualification", 3, "", None)
    assert shown["note"] == "An item that you skip counts as wrong."
    began = client.post(f"/api/desk/v1/exams/{exam.public_id}/sittings", headers=bearer)
    assert (began.status_code, began.json()["left"], began.json()["right"]) == (201, 3, None)
    assert client.post(f"/api/desk/v1/exams/{exam.public_id}/sittings", headers=bearer).status_code == 200
    for choice in ("a", "a", "b"):
        judge(cast.anna, choice)
    settle()
    [shown] = shown_exams(cast.anna.user)
    assert (shown["sitting"]["state"], shown["sitting"]["right"]) == ("passed", 2)
    assert shown["refusal"].startswith("You have passed this; it can be renewed")
    assert shown["expires_at"] == Qualification.objects.get().expires_at
    assert client.post(f"/api/desk/v1/exams/{exam.public_id}/sittings", headers=cast.bearer("remo")).status_code == 404


def test_a_test_without_a_skill_and_a_taken_name_are_refused(cast):
    with pytest.raises(Invalid, match="which skill"):
        exam_of(cast, skill="")
    exam_of(cast)
    with pytest.raises(Conflict, match="choose another name"):
        exam_of(cast)
    assert Exam.objects.count() == 1


def test_nobody_changes_what_a_sitting_asks(cast):
    stock(cast, "qualification")
    begin(exam_of(cast), cast.anna)
    asked = SittingTask.objects.first()
    with pytest.raises(DatabaseError), transaction.atomic():
        SittingTask.objects.filter(pk=asked.pk).update(gold_item=asked.gold_item)
    with pytest.raises(DatabaseError), transaction.atomic():
        SittingTask.objects.filter(pk=asked.pk).delete()


@pytest.mark.django_db(transaction=True)
def test_two_windows_begin_one_sitting():
    cast = gather_cast()
    stock(cast, "qualification")
    exam = exam_of(cast)
    gate, begun = threading.Barrier(2), []

    def work():
        try:
            gate.wait()
            begun.append(begin(exam, cast.anna).pk)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(begun) == 2
    assert len(set(begun)) == 1
    assert Task.objects.filter(kind="qualification").count() == 3
