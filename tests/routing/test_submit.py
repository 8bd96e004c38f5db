"""The submit: fenced, idempotent, and nothing is lost."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from labeling.forms import InvalidAnswers
from labeling.models import Annotation, Draft, Task, UnplacedAnswer
from labeling.services.forms import publish_form
from labeling.services.people import remove_member
from routing.errors import LeaseOver, NoSuchLease
from routing.models import Lease
from routing.services.claims import next_task
from routing.services.leases import expire_leases, keep_draft, renew_lease, skip_task
from routing.services.submits import submit_task
from routing.types import NothingToDo
from tests.factories import judge, let_leases_age, prefer, take, upload_items


def let_expire(leased):
    Lease.objects.filter(token=leased.token).update(until="2020-01-01T00:00:00Z")
    assert expire_leases() == 1


def test_an_answer_becomes_an_annotation_and_completes_the_task(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    let_leases_age(timedelta(minutes=1))
    done = submit_task(user=cast.anna.user, token=leased.token, answers=prefer("b", rationale=" Dull. "), seconds=12.5)
    annotation = Annotation.objects.get()
    assert (done.is_placed, done.is_repeat, done.annotation_public_id) == (True, False, annotation.public_id)
    assert annotation.answers == {"preference": {"choice": "b"}}
    assert (annotation.rationale, annotation.seconds, annotation.reviewer) == ("Dull.", 12.5, cast.anna)
    assert (annotation.customer_id, annotation.code_version) == (cast.northwind.pk, "tests")
    assert sorted(annotation.presented) == ["a", "b"]
    assert Task.objects.get(pk=annotation.task_id).state == "completed"
    assert Lease.objects.get().state == "submitted"


def test_nobody_has_looked_for_longer_than_since_they_claimed(cast, settings):
    upload_items(cast.project, cast.mira, 4)

    def kept(seconds):
        leased = take(cast.anna)
        let_leases_age(timedelta(seconds=20))
        submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=seconds)
        return Annotation.objects.latest("pk").seconds

    assert 20 <= kept(3000) < 40
    assert kept(12.5) == 12.5
    assert kept(None) is None
    settings.TIMES_AS_TOLD = True
    assert kept(3000) == 3000


def test_the_same_submit_again_is_the_same_annotation(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    first = submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=1)
    again = submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=2)
    assert (again.annotation_public_id, again.is_repeat) == (first.annotation_public_id, True)
    assert Annotation.objects.get().answers == prefer("a")


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({}, "preference"),
        (prefer("c"), "preference"),
        (prefer("a", mood="good"), "mood"),
        ({"preference": "a"}, "preference"),
        (prefer("a", rationale=7), "rationale"),
        ({"preference": {"choice": "a", "strength": "slightly"}}, "preference"),
    ],
)
def test_answers_that_the_form_does_not_take_change_nothing(cast, answers, field):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    with pytest.raises(InvalidAnswers) as refused:
        submit_task(user=cast.anna.user, token=leased.token, answers=answers, seconds=1)
    assert refused.value.field == field
    assert not Annotation.objects.exists()
    assert Lease.objects.get().state == "live"


def test_another_answer_under_a_used_token_is_kept_beside_and_said(cast):
    upload_items(cast.project, cast.mira)
    token = take(cast.anna).token
    submit_task(user=cast.anna.user, token=token, answers=prefer("a"), seconds=1.0)
    for choice, is_repeat in (("b", False), ("b", True), ("tie", False)):
        other = submit_task(user=cast.anna.user, token=token, answers=prefer(choice), seconds=2.0)
        assert (other.is_placed, other.is_repeat) == (False, is_repeat)
        assert other.message.startswith("You had submitted another answer")
    assert [each.answers for each in Annotation.objects.all()] == [prefer("a")]
    assert [each.answers for each in UnplacedAnswer.objects.order_by("id")] == [prefer("b"), prefer("tie")]


def test_nobody_submits_under_a_foreign_token(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    for stranger, token in ((cast.bela, leased.token), (cast.anna, uuid.uuid4())):
        with pytest.raises(NoSuchLease):
            submit_task(user=stranger.user, token=token, answers=prefer("a"), seconds=1)
    assert not Annotation.objects.exists()


def test_a_late_submit_is_taken_while_nobody_has_leased_since(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    let_expire(leased)
    assert submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=1).is_placed
    assert Lease.objects.get().state == "submitted"


def test_a_late_submit_is_kept_when_somebody_has_leased_since_and_its_author_stays_off(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    let_expire(leased)
    taken = [take(reviewer) for reviewer in (cast.bela, cast.cleo, cast.dido)]
    done = submit_task(user=cast.anna.user, token=leased.token, answers=prefer("b", rationale="Mine"), seconds=1)
    assert (done.is_placed, done.annotation_public_id) == (False, None)
    kept = UnplacedAnswer.objects.get()
    assert (kept.reviewer, kept.answers) == (cast.anna, prefer("b", rationale="Mine"))
    again = submit_task(user=cast.anna.user, token=leased.token, answers=prefer("b", rationale="Mine"), seconds=1)
    assert again.is_repeat
    assert UnplacedAnswer.objects.count() == 1
    skip_task(user=cast.bela.user, token=taken[0].token, reason="Not mine")
    assert isinstance(next_task(user=cast.anna.user), NothingToDo)


def test_a_skipped_task_goes_to_somebody_else_and_its_submit_is_kept(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    skip_task(user=cast.anna.user, token=leased.token, reason="I know the author")
    assert Task.objects.filter(state="open").count() == 3
    assert not submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=1).is_placed
    with pytest.raises(LeaseOver):
        skip_task(user=cast.anna.user, token=leased.token, reason="Again")


def test_who_is_taken_off_the_project_meanwhile_has_their_answer_kept(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    remove_member(membership=cast.anna.user.memberships.get(), actor=cast.mira)
    assert not submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=1).is_placed
    assert not Annotation.objects.exists()
    assert UnplacedAnswer.objects.count() == 1


def test_the_heartbeat_keeps_a_live_lease_and_no_other(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    Lease.objects.update(until=Now() + timedelta(seconds=5))
    _, seconds = renew_lease(user=cast.anna.user, token=leased.token)
    assert 899 < seconds <= 900
    with pytest.raises(NoSuchLease):
        renew_lease(user=cast.bela.user, token=leased.token)
    let_expire(leased)
    with pytest.raises(LeaseOver):
        renew_lease(user=cast.anna.user, token=leased.token)


def test_a_draft_comes_back_with_the_task_and_goes_with_the_submit(cast):
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    keep_draft(user=cast.anna.user, token=leased.token, answers=prefer("b"))
    assert take(cast.anna).draft == prefer("b")
    submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=1)
    assert not Draft.objects.exists()


def test_a_submit_takes_three_statements_at_most(cast, django_assert_max_num_queries):
    upload_items(cast.project, cast.mira, 2)
    judge(cast.anna)
    leased = take(cast.anna)
    with django_assert_max_num_queries(10) as seen:
        submit_task(user=cast.anna.user, token=leased.token, answers=prefer("a"), seconds=1)
    assert len([query for query in seen.captured_queries if "SAVEPOINT" not in query["sql"]]) <= 3
    assert connection.in_atomic_block


EDITING = {
    "title": "Edit",
    "questions": [
        {"id": "fix", "type": "edit", "text": "Mend it.", "nature": "preferential"},
        {"id": "notes", "type": "critique", "text": "Why?", "nature": "preferential", "spans": True, "required": False},
        {
            "id": "tags",
            "type": "choices",
            "text": "What?",
            "nature": "objective",
            "options": [{"value": "x", "text": "X"}, {"value": "y", "text": "Y"}],
        },
    ],
}


def test_an_edit_is_kept_as_text_and_difference_and_choices_in_order(cast):
    publish_form(project=cast.project, document=EDITING, actor=cast.mira)
    upload_items(cast.project, cast.mira)
    answers = {"fix": {"response": "b", "text": "Paris, I know."}, "tags": ["y", "x"]}
    submit_task(user=cast.anna.user, token=take(cast.anna).token, answers=answers, seconds=1)
    assert Annotation.objects.get().answers == {
        "fix": {
            "response": "b",
            "text": "Paris, I know.",
            "diff": [["-", "Lyon"], ["+", "Paris"], ["=", ", I "], ["-", "think"], ["+", "know"], ["=", "."]],
        },
        "tags": ["x", "y"],
    }


def test_a_mark_beyond_the_end_of_its_text_changes_nothing(cast):
    publish_form(project=cast.project, document=EDITING, actor=cast.mira)
    upload_items(cast.project, cast.mira)
    leased = take(cast.anna)
    note = {"response": "a", "text": "Short.", "start": 0, "end": 7}
    answers = {"fix": {"response": "b", "text": "Paris."}, "notes": [note], "tags": []}
    with pytest.raises(InvalidAnswers, match="The text has 6 characters") as refused:
        submit_task(user=cast.anna.user, token=leased.token, answers=answers, seconds=1)
    assert refused.value.field == "notes[0].end"
    assert not Annotation.objects.exists()
    assert Lease.objects.get().state == "live"
