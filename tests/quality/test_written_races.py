"""Written work where workers meet or die, or its author is erased meanwhile: real processes, threads and commits."""

import threading

import pytest
from django.db import connections

from config.kernel.models import Event
from labeling.models import Annotation, Item, Round, Task
from labeling.services.erasures import erase_person
from quality.jobs import sweep_written
from quality.models import Evidence, Feedback, Resolution, Review
from quality.services import written as written_work
from routing.models import Lease
from routing.services.claims import next_task
from routing.services.submits import submit_task
from routing.types import LeasedTask, NothingToDo
from tests.cast import gather_cast
from tests.factories import item_row, settle, take, upload
from tests.killing import kill_within
from tests.traces import tables_with
from tests.written import BETTER, TEXT, WHY, attempt, open_written_project, review, written

pytestmark = pytest.mark.django_db(transaction=True)

VERDICTS = {
    "accept": {"review_verdict": "accept"},
    "fix": {"review_verdict": "fix", **written(BETTER)},
    "send_back": {"review_verdict": "send_back", "review_clause": "true", "review_reason": WHY},
    "reject": {"review_verdict": "reject", "review_clause": "true", "review_reason": WHY},
}


@pytest.fixture
def cast(transactional_db):
    cast = gather_cast()
    cast.written = open_written_project(cast)
    upload(cast.written, cast.mira, item_row("one"))
    return cast


def submit(reviewer, answers):
    """Submit without letting anything follow."""
    submit_task(user=reviewer.user, token=take(reviewer).token, answers=answers, seconds=30.0)
    return Round.objects.latest("number").pk


def at_once(*calls):
    """Make the calls in threads that begin together; return what they return, in the order of the calls."""
    start, found = threading.Barrier(len(calls)), {}

    def work(place, call):
        try:
            start.wait()
            found[place] = call()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[place] for place in range(len(calls))]


def test_a_worker_killed_between_an_attempt_and_its_review_leaves_the_review_to_the_next(cast):
    round_id = submit(cast.anna, written())
    kill_within(written_work, "add_tasks", lambda: written_work.go_on(round_ids=[round_id]))
    assert list(Task.objects.values_list("kind", "state")) == [("attempt", "completed")]
    assert sweep_written() == 1
    settle()
    assert list(Task.objects.order_by("slot").values_list("kind", "state")) == [
        ("attempt", "completed"),
        ("review", "open"),
    ]


@pytest.mark.parametrize(
    ("verdict", "within"),
    [
        ("accept", "close_resolved"),
        ("fix", "close_resolved"),
        ("send_back", "open_next_rounds"),
        ("reject", "exclude_from_new"),
    ],
)
def test_a_worker_killed_while_it_acts_on_a_review_leaves_nothing_of_it(cast, verdict, within):
    attempt(cast.anna)
    round_id = submit(cast.bela, VERDICTS[verdict])
    kill_within(written_work, within, lambda: written_work.go_on(round_ids=[round_id]))
    nothing = (Review, Evidence, Feedback, Resolution)
    assert [model.objects.count() for model in nothing] == [0, 0, 0, 0]
    assert list(Round.objects.values_list("number", "state")) == [(1, "open")]
    assert not Event.objects.filter(kind__in=["review.made", "resolution.made", "feedback.given"]).exists()
    settle()
    assert sweep_written() == 0
    assert (Review.objects.count(), Evidence.objects.count()) == (1, 1)
    assert Resolution.objects.count() == (verdict in {"accept", "fix"})
    assert Round.objects.count() == 1 + (verdict in {"send_back", "reject"})


def test_one_review_goes_to_one_of_two_who_ask_at_once(cast):
    attempt(cast.anna)
    found = at_once(lambda: next_task(user=cast.bela.user), lambda: next_task(user=cast.cleo.user))
    assert sorted(isinstance(each, LeasedTask) for each in found) == [False, True]
    assert sum(isinstance(each, NothingToDo) for each in found) == 1
    assert Lease.objects.filter(task__kind="review", state="live").count() == 1


@pytest.mark.parametrize("verdict", VERDICTS)
def test_two_workers_that_meet_over_a_review_act_on_it_once(cast, verdict):
    attempt(cast.anna)
    round_id = submit(cast.bela, VERDICTS[verdict])
    act = lambda: written_work.go_on(round_ids=[round_id])  # noqa: E731
    assert sorted(at_once(act, act)) == [0, 1]
    settle()
    assert (Review.objects.count(), Evidence.objects.count()) == (1, 1)
    assert Feedback.objects.count() == (verdict != "accept")
    assert Event.objects.filter(kind="review.made").count() == 1


@pytest.mark.parametrize("order", ["review first", "at once"])
def test_an_author_who_is_erased_while_under_review_leaves_no_words_and_the_item_is_written_anew(cast, order):
    attempt(cast.anna)
    leased = take(cast.bela)

    def answer():
        return submit_task(user=cast.bela.user, token=leased.token, answers=VERDICTS["accept"], seconds=3.0)

    def erase_and_settle():
        erase()
        settle()

    def erase():
        return erase_person(user=cast.anna.user, reason="They asked for it.", actor=cast.mira)

    if order == "review first":
        assert answer().is_placed
        kill_within(written_work, "add_tasks", erase_and_settle)
    else:
        at_once(answer, erase)
    settle()
    assert tables_with(TEXT) == set()
    if Resolution.objects.exists():  # the review was acted on before the erasure came
        assert Resolution.objects.get().answers == {"confidence": 3}
        return
    assert Item.objects.get().state == "in_progress"
    assert list(Task.objects.filter(state="open").values_list("kind", "beside")) == [("attempt", None)]
    attempt(cast.cleo, BETTER)
    review(cast.dido, "accept")
    assert Resolution.objects.get().answers == written(BETTER)
    assert Annotation.objects.get(reviewer=cast.anna).answers == {"confidence": 3}
