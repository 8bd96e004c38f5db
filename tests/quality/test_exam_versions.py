"""Exams are changed as new versions, and whoever is new begins in training from the first moment."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.kernel.errors import Conflict
from config.kernel.history import history_of
from config.kernel.models import Event
from quality.exams import may_begin, shown_exams, standing_at
from quality.models import Exam, ExamChange, Sitting, Standing
from quality.services.exams import change_exam, close_exam
from routing.models import Enrolment, Lease, Qualification
from routing.services.claims import next_task
from routing.services.enrolments import end_enrolment, enrol_reviewer, trust_fully
from tests.factories import item_row, judge, settle, take, upload
from tests.quality.test_exams import begin, cast_another, exam_of, sit, stock, trust_of


def finish(sitting, reviewer, *choices):
    for choice in choices:
        judge(reviewer, choice)
    settle()
    sitting.refresh_from_db()
    return sitting


def test_a_sitting_under_way_keeps_what_it_was_begun_with(cast):
    stock(cast, "qualification", 8)
    exam = exam_of(cast, valid_days=90)
    under_way = begin(exam, cast.anna)
    changed = change_exam(exam=exam, actor=cast.mira, pass_share=1, valid_days=30, size=2)
    assert (changed.version, changed.size) == (2, 2)
    [shown] = shown_exams(cast.anna.user)
    assert (shown["size"], shown["pass_share"], shown["sitting"]["asked"]) == (3, 0.66, 3)
    assert finish(under_way, cast.anna, "a", "b", "a").state == "passed"
    held = Qualification.objects.get(reviewer=cast.anna)
    assert held.expires_at - timezone.now() == pytest.approx(timedelta(days=90), abs=timedelta(minutes=2))
    later = begin(exam, cast.bela)
    assert (later.version, later.asked, later.valid_days) == (2, 2, 30)
    assert finish(later, cast.bela, "a", "b").state == "failed"


def test_what_was_passed_holds_as_long_as_it_did(cast):
    stock(cast, "qualification")
    exam = exam_of(cast, valid_days=90)
    passed = sit(exam, cast.anna, "a", "a", "a")
    exam = change_exam(exam=exam, actor=cast.mira, valid_days=10, attempts_most=1)
    standing = standing_at(exam, [passed])
    assert standing.expires_at == passed.finished_at + timedelta(days=90)
    assert may_begin(standing, now=timezone.now() + timedelta(days=59)) != ""
    assert may_begin(standing, now=timezone.now() + timedelta(days=61)) == ""


def test_a_version_with_more_attempts_lets_those_go_on_who_had_none_left(cast):
    stock(cast, "qualification")
    exam = exam_of(cast, attempts_most=1, wait_days=0)
    sit(exam, cast.anna, "b", "b", "b")
    with pytest.raises(Conflict, match="used all your attempts"):
        begin(exam, cast.anna)
    change_exam(exam=exam, actor=cast.mira, attempts_most=2)
    assert begin(exam, cast.anna).number == 2


def test_an_exam_is_changed_in_the_console_and_keeps_its_history(cast):
    exam = exam_of(cast)
    client = Client()
    client.force_login(cast.mira)
    page = reverse("admin:quality_exam_change", args=[exam.pk])
    shown = client.get(page).context["adminform"].form.initial
    fields = ("concept", "size", "pass_share", "attempts_most", "wait_days", "valid_days")
    form = {name: "" if shown[name] is None else shown[name] for name in fields}
    refused = client.post(page, {**form, "pass_share": "1.2"})
    assert "less than or equal to 1" in refused.content.decode()
    assert Exam.objects.get().version == 1
    assert client.post(page, {**form, "size": "5", "valid_days": "60", "is_needed": "on"}).status_code == 302
    exam.refresh_from_db()
    assert (exam.version, exam.size, exam.valid_days, exam.is_needed) == (2, 5, 60, True)
    assert client.post(page, {**form, "size": "5", "valid_days": "60", "is_needed": "on"}).status_code == 302
    assert Exam.objects.get().version == 2  # the same again changes nothing
    told = history_of(exam)
    assert {change.what for change in told} == {"made", "changed", "exam.opened", "exam.changed"}
    [change] = [change for change in told if change.what == "changed"]
    assert change.who == str(cast.mira)
    assert ("items a sitting", "3", "5") in change.fields
    assert "items a sitting" in client.get(reverse("admin:quality_exam_history", args=[exam.pk])).content.decode()
    listed = client.get(reverse("admin:quality_examchange_changelist"))
    assert [row.version for row in listed.context["cl"].result_list] == [2, 1]
    client.force_login(cast.otto)
    assert client.get(page).status_code == 302  # another tenant's
    assert list(client.get(reverse("admin:quality_examchange_changelist")).context["cl"].result_list) == []


def test_what_it_grants_and_a_closed_exam_never_change(cast):
    exam = exam_of(cast)
    with pytest.raises(ValidationError):
        change_exam(exam=exam, actor=cast.mira, size=0)
    for column, value in (("skill", "law"), ("level", 5), ("kind", "training")):
        with pytest.raises(DatabaseError), transaction.atomic():
            Exam.objects.filter(pk=exam.pk).update(**{column: value})
    close_exam(exam=exam, actor=cast.mira)
    with pytest.raises(Conflict, match="open another one instead"):
        change_exam(exam=exam, actor=cast.mira, size=5)
    assert (Exam.objects.get().version, Exam.objects.get().size) == (1, 3)
    assert not Event.objects.filter(kind="exam.changed").exists()


def test_nobody_changes_the_history_of_an_exam_or_what_a_sitting_was_begun_with(cast):
    stock(cast, "qualification")
    sitting = begin(exam_of(cast), cast.anna)
    for change in ({"pass_share": "0.1"}, {"valid_days": 1}, {"version": 7}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Sitting.objects.filter(pk=sitting.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        ExamChange.objects.update(size=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        ExamChange.objects.all().delete()


@pytest.fixture
def training(cast):
    """Training that is needed, and plain work beside it."""
    stock(cast, "training")
    upload(cast.project, cast.mira, *[item_row(f"plain-{n}") for n in range(3)])
    settle()
    return exam_of(cast, "training", is_needed=True)


def test_whoever_is_enrolled_is_in_training_before_any_job_has_run(cast, training):
    eve = cast_another(cast, "eve")
    enrolment = Enrolment.objects.get(reviewer=eve)
    assert (enrolment.trust, enrolment.trust_reason) == ("training", "New here: the training comes first.")
    nothing = next_task(user=eve.user)
    assert (nothing.code, nothing.message) == (
        "training",
        "Your training comes first; begin it under “Training and tests”.",
    )
    assert not Lease.objects.filter(reviewer=eve).exists()
    begin(training, eve)
    assert take(eve).kind == "training"  # and the way into it is open at once
    settle()
    assert Standing.objects.get(reviewer=eve).state == "training"


def test_trust_that_an_operator_gives_at_once_is_not_taken_by_the_job(cast, training):
    eve = cast_another(cast, "eve")
    trust_fully(enrolment=Enrolment.objects.get(reviewer=eve), reason="Known from elsewhere", actor=cast.mira)
    settle()
    assert trust_of(eve) == "trusted"
    assert not Standing.objects.filter(reviewer=eve).exists()


def test_who_comes_back_untrained_trains_and_who_has_passed_does_not(cast, training):
    eve, ida = cast_another(cast, "eve"), cast_another(cast, "ida")
    settle()
    sit(training, ida, "a", "a", "a")
    for reviewer in (eve, ida):
        end_enrolment(enrolment=Enrolment.objects.get(reviewer=reviewer), actor=cast.mira)
        enrol_reviewer(project=cast.project, reviewer=reviewer, actor=cast.mira)
    assert (trust_of(eve), trust_of(ida)) == ("training", "probation")


def test_a_pass_that_is_heard_of_before_the_enrolment_ends_training_all_the_same(cast, training):
    eve = cast_another(cast, "eve")
    sit(training, eve, "a", "a", "a")  # all facts are heard in one go
    assert (trust_of(eve), Standing.objects.get(reviewer=eve).state) == ("probation", "probation")


@pytest.mark.parametrize("way_out", ["closed", "no longer needed"])
def test_nobody_stays_in_training_that_is_not_needed_any_more(cast, training, way_out):
    eve = cast_another(cast, "eve")
    settle()
    assert trust_of(eve) == "training"
    if way_out == "closed":
        close_exam(exam=training, actor=cast.mira)
    else:
        change_exam(exam=training, actor=cast.mira, is_needed=False)
    settle()
    assert trust_of(eve) == "probation"
    assert judge(eve).is_placed


def test_all_the_training_that_is_needed_has_to_be_passed(cast):
    stock(cast, "training")
    stock(cast, "qualification")
    training, test = exam_of(cast, "training", is_needed=True), exam_of(cast, is_needed=True)
    eve = cast_another(cast, "eve")
    sit(training, eve, "a", "a", "a")
    assert trust_of(eve) == "training"
    sit(test, eve, "a", "a", "a")
    assert trust_of(eve) == "probation"
