"""A person who is erased while something of theirs is on its way leaves none of its words: real threads and commits."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from labeling.models import Annotation, Draft, Membership, Task, UnplacedAnswer
from labeling.services.erasures import customers_of_person, erase_person
from labeling.services.judgments import supersede_annotation
from labeling.services.rounds import reopen_items
from labeling.types import RoundReason
from quality.models import Ruling
from quality.services.rulings import ask_for_ruling
from routing.answers import lease_of
from routing.services.leases import keep_draft, skip_task
from routing.services.reports import flag_task
from routing.services.submits import submit_task
from tests.cast import gather_cast
from tests.erasing import WORD
from tests.factories import item_row, judge, prefer, settle, take, upload
from tests.labeling.test_erasure_races import erased_during, late_answer, while_erased
from tests.traces import empty_files, tables_with


@pytest.fixture
def cast(transactional_db):
    empty_files()
    cast = gather_cast()
    upload(cast.project, cast.dana, item_row("one"))
    return cast


def erasing(cast):
    return lambda: erase_person(user=cast.anna.user, reason="Asked for", actor=cast.mira)


def submit(cast, token):
    submit_task(user=cast.anna.user, token=token, answers=prefer("a", rationale=WORD), seconds=1.0)


def draft(cast, token):
    keep_draft(user=cast.anna.user, token=token, answers={"rationale": WORD})


def report(cast, token):
    flag_task(user=cast.anna.user, token=token, problem="other", note=WORD)


def ask(cast, token):
    lease = lease_of(user=cast.anna.user, token=token)
    ask_for_ruling(lease=lease, clause="true", question=WORD, actor=cast.anna.user)


def skip(cast, token):
    skip_task(user=cast.anna.user, token=token, reason=WORD)


WRITES = {"submit": submit, "draft": draft, "report": report, "question": ask, "skip": skip}


@pytest.mark.parametrize("how", WRITES)
def test_what_waited_for_its_authors_erasure_is_not_kept(cast, how):
    token = take(cast.anna).token

    def write():
        with pytest.raises(IntegrityError, match="was erased"):
            WRITES[how](cast, token)

    while_erased(erasing(cast), write)
    assert tables_with(WORD) == set()


@pytest.mark.parametrize("how", WRITES)
def test_an_erasure_waits_for_what_its_person_is_writing_and_empties_it(cast, how):
    token = take(cast.anna).token
    erased_during(erasing(cast), lambda: WRITES[how](cast, token))
    settle()
    assert tables_with(WORD) == set()


def test_a_late_answer_waits_for_its_authors_erasure_and_is_not_kept(cast):
    answer = late_answer(cast)

    def too_late():
        with pytest.raises(IntegrityError, match="was erased"):
            answer()

    while_erased(erasing(cast), too_late)
    assert not UnplacedAnswer.objects.exists()
    assert tables_with(WORD) == set()


def test_an_erasure_waits_for_a_late_answer_of_its_person_and_empties_it(cast):
    erased_during(erasing(cast), late_answer(cast))
    assert UnplacedAnswer.objects.get().answers.get("rationale", "") == ""
    assert tables_with(WORD) == set()


def test_a_correction_that_waited_for_its_authors_erasure_is_not_kept(cast):
    judge(cast.anna)
    mine = Annotation.objects.get()

    def correct():
        with pytest.raises(IntegrityError, match="was erased"):
            supersede_annotation(annotation=mine, answers=prefer("b", rationale=WORD), actor=cast.anna.user)

    while_erased(erasing(cast), correct)
    assert Annotation.objects.count() == 1
    assert tables_with(WORD) == set()


def test_whoever_asks_on_the_way_is_told_in_a_sentence(cast):
    token, bearer = take(cast.anna).token, cast.bearer("anna")
    client = Client()
    answers = {}

    def send():
        answers["draft"] = client.put(
            f"/api/desk/v1/tasks/{token}/draft", {"value": {"rationale": WORD}}, content_type="application/json",
            headers=bearer,
        )  # fmt: skip

    while_erased(erasing(cast), send)
    assert answers["draft"].status_code == 403
    assert answers["draft"].json()["detail"] == "Your account was erased, so nothing is kept of what you sent."
    assert not Draft.objects.exists()


def test_a_person_goes_where_they_only_asked_for_a_ruling(cast):
    token = take(cast.anna).token
    ask(cast, token)
    Membership.objects.filter(user=cast.anna.user).delete()
    assert customers_of_person(cast.anna.user) == {cast.northwind.pk}
    [erasure] = erase_person(user=cast.anna.user, reason="Asked for", actor=cast.mira)
    assert (erasure.customer, erasure.counts["rulings"]) == (cast.northwind, 1)
    assert Ruling.objects.get().question == ""
    assert tables_with(WORD) == set()


def test_what_is_carried_over_of_an_erased_person_has_their_choices_and_no_words(cast):
    judge(cast.anna, rationale="")
    mine = Annotation.objects.get()
    erase_person(user=cast.anna.user, reason="Asked for", actor=cast.mira)
    reopen_items(item_ids=[mine.round.item_id], reason=RoundReason.RECHECK, actor=cast.mira)
    task = Task.objects.filter(round__number=2).first()
    same = {
        name: getattr(mine, name) for name in ("customer", "project", "item_version", "reviewer", "guideline", "form")
    }
    more = {"code_version": "1", "presented": [], "migrated_from": mine, "answers": mine.answers, "origin": "migrated"}
    made = {**same, **more, "task": task, "round": task.round}
    with pytest.raises(IntegrityError, match="was erased"), transaction.atomic():
        Annotation.objects.create(**made, rationale=WORD)
    assert Annotation.objects.create(**made, rationale="").answers == mine.answers
