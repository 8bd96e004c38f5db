"""The next task: the right one, for one person, once."""

import threading
from collections import Counter

import pytest
from django.db import connections

from labeling.models import AccessLog, Annotation, Pool, Task
from labeling.services.projects import pause_project
from routing.errors import NotAReviewer
from routing.models import Lease
from routing.services.claims import next_task
from routing.services.enrolments import end_enrolment, enrol_reviewer, grant_qualification, set_trust
from routing.services.leases import expire_leases, skip_task
from routing.services.submits import submit_task
from routing.types import LeasedTask, NothingToDo
from tests.cast import gather_cast, open_new_project
from tests.factories import item_row, judge, prefer, take, upload, upload_items


def why(reviewer):
    nothing = next_task(user=reviewer.user)
    assert isinstance(nothing, NothingToDo)
    return nothing.code


def test_a_claim_leases_the_oldest_item_and_logs_the_read(cast):
    items = upload_items(cast.project, cast.mira, 3)
    leased = take(cast.anna)
    lease = Lease.objects.get()
    assert lease.round.item == items[0]
    assert (lease.token, lease.state, lease.reviewer) == (leased.token, "live", cast.anna)
    assert Task.objects.get(pk=lease.task_id).state == "leased"
    assert 890 < leased.seconds_left <= 900
    read = AccessLog.objects.get(door="desk")
    assert (read.user_id, read.object_ids) == (cast.anna.user_id, [items[0].current_version_id])


def test_asking_again_gives_the_same_task(cast):
    upload_items(cast.project, cast.mira, 2)
    assert take(cast.anna).token == take(cast.anna).token
    assert Lease.objects.count() == 1


def test_nobody_judges_an_item_twice(cast):
    upload_items(cast.project, cast.mira, 2)
    judge(cast.anna)
    judge(cast.anna)
    assert why(cast.anna) == "nothing_left"
    assert Counter(Annotation.objects.values_list("round__item__external_id", flat=True)) == {
        "item-000": 1,
        "item-001": 1,
    }


def test_every_slot_of_an_item_goes_to_somebody_else(cast):
    upload_items(cast.project, cast.mira)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        take(reviewer)
    assert why(cast.dido) == "nothing_left"
    assert set(Lease.objects.values_list("reviewer", flat=True)) == {cast.anna.pk, cast.bela.pk, cast.cleo.pk}


def test_a_language_that_the_reviewer_does_not_read_is_not_offered(cast):
    upload(cast.project, cast.mira, item_row("eins", language="de-AT"))
    assert why(cast.anna) == "nothing_left"
    cast.anna.languages = ["de"]
    cast.anna.save()
    assert take(cast.anna).language == "de-AT"


def test_a_skill_is_needed_at_its_level_and_while_it_lasts(cast):
    project = open_new_project(cast.northwind, "clinic", cast.mira, skills_by_domain={"medical": {"medical": 2}})
    enrol_reviewer(project=project, reviewer=cast.anna, actor=cast.mira)
    upload(project, cast.mira, item_row("one", domain="medical"))
    assert why(cast.anna) == "nothing_left"
    grant_qualification(reviewer=cast.anna, skill="medical", level=1, reason="Test", actor=cast.mira)
    assert why(cast.anna) == "nothing_left"
    grant_qualification(reviewer=cast.anna, skill="medical", level=2, reason="Test", actor=cast.mira)
    qualification = cast.anna.qualifications.get()
    qualification.expires_at = "2020-01-01T00:00:00Z"
    qualification.save()
    assert why(cast.anna) == "nothing_left"
    grant_qualification(reviewer=cast.anna, skill="medical", level=2, reason="Renewed", actor=cast.mira)
    assert take(cast.anna).project_id == project.pk


def test_the_reasons_why_there_is_nothing(cast):
    assert why(cast.anna) == "nothing_left"
    set_trust(project_id=cast.project.pk, reviewer_id=cast.anna.pk, trust="paused", reason="Gold")
    assert why(cast.anna) == "paused"
    pause_project(project=cast.project, actor=cast.mira)
    assert why(cast.bela) == "closed"
    end_enrolment(enrolment=cast.cleo.enrolments.get(), actor=cast.mira)
    assert why(cast.cleo) == "not_enrolled"


def test_only_reviewers_are_given_tasks(cast):
    with pytest.raises(NotAReviewer):
        next_task(user=cast.dana)


def test_the_pool_that_is_due_first_is_served_first(cast):
    upload(cast.project, cast.mira, item_row("easy", difficulty=1), item_row("hard", difficulty=5))
    Pool.objects.filter(difficulty=5).update(due_at="2020-01-01T00:00:00Z")
    take(cast.anna)
    assert Lease.objects.get().round.item.external_id == "hard"
    assert Lease.objects.get().why["rank"] == 1


def test_an_abandoned_task_is_back_without_the_scheduler(cast):
    upload_items(cast.project, cast.mira)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        take(reviewer)
    Lease.objects.filter(reviewer=cast.anna).update(until="2020-01-01T00:00:00Z")
    assert isinstance(next_task(user=cast.dido.user), LeasedTask)
    assert Lease.objects.get(reviewer=cast.anna).state == "expired"


def test_expired_leases_return_their_tasks_once(cast):
    upload_items(cast.project, cast.mira, 2)
    take(cast.anna)
    take(cast.bela)
    Lease.objects.update(until="2020-01-01T00:00:00Z")
    assert (expire_leases(), expire_leases()) == (2, 0)
    assert set(Task.objects.values_list("state", flat=True)) == {"open"}


def test_who_skipped_a_round_is_not_offered_it_again(cast):
    upload_items(cast.project, cast.mira, 2)
    skip_task(user=cast.anna.user, token=take(cast.anna).token, reason="Unclear")
    judge(cast.anna)
    assert why(cast.anna) == "nothing_left"


def test_a_next_takes_three_statements_at_most(cast, django_assert_max_num_queries):
    upload_items(cast.project, cast.mira, 3)
    judge(cast.bela)
    with django_assert_max_num_queries(10) as seen:
        take(cast.anna)
    assert len([query for query in seen.captured_queries if "SAVEPOINT" not in query["sql"]]) <= 3


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_never_share_a_task_and_judge_every_slot_once():
    """Real threads, real commits: 8 reviewers pull and submit until nothing is left of 30 items with 3 slots each."""
    cast = gather_cast()
    reviewers = [cast.anna, cast.bela, cast.cleo, cast.dido]
    upload_items(cast.project, cast.mira, 30)
    failures: list[BaseException] = []
    barrier = threading.Barrier(8)

    def pull(reviewer):
        try:
            barrier.wait()
            while isinstance(leased := next_task(user=reviewer.user), LeasedTask):
                submit_task(user=reviewer.user, token=leased.token, answers=prefer("a"), seconds=1)
        except BaseException as failure:  # noqa: BLE001 - told to the main thread, which fails on it
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=pull, args=[reviewer]) for reviewer in reviewers * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Annotation.objects.count() == 90
    assert set(Counter(Annotation.objects.values_list("round", flat=True)).values()) == {3}
    assert set(Task.objects.values_list("state", flat=True)) == {"completed"}
