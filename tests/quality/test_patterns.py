"""Patterns in what people really submit: each is seen once it is rarer than chance, asks once, moves nobody."""

import pytest

from labeling.models import Annotation
from labeling.presentation import display_order
from labeling.services.rounds import reopen_items
from labeling.types import RoundReason
from quality.models import Check, Doubt, Pause
from quality.services.checks import dismiss_check
from routing.models import Enrolment, Lease
from routing.services.claims import next_task
from routing.services.submits import submit_task
from routing.types import LeasedTask
from tests.answering import add_gold, hire, open_safety
from tests.factories import judge, prefer, settle, take, upload_items

TOPIC = {
    "id": "topic",
    "type": "choice",
    "text": "What is it about?",
    "nature": "objective",
    "required": True,
    "options": [{"value": value, "text": value.upper()} for value in "abcd"],
}


def raised(kind):
    return list(Check.objects.filter(kind=kind).order_by("reviewer").values_list("reviewer__user__name", "sentence"))


def nobody_moved():
    return (
        not Pause.objects.exists()
        and not Doubt.objects.exists()
        and set(Enrolment.objects.values_list("trust", flat=True)) == {"probation"}
    )


def choose_place(reviewer, place):
    """Prefer the response that stands at this place on the reviewer's screen."""
    leased = take(reviewer)
    shown = display_order([each["key"] for each in leased.payload["responses"]], seed=leased.token)
    submit_task(user=reviewer.user, token=leased.token, answers=prefer(shown[place - 1]), seconds=5.0)


def test_whoever_always_chooses_one_place_is_seen_at_the_fifteenth_answer(cast):
    upload_items(cast.project, cast.mira, 26)
    for reviewer in (cast.bela, cast.cleo):
        for number in range(26):
            choose_place(reviewer, number % 2 + 1)
    for _ in range(14):
        choose_place(cast.anna, 1)
    settle()
    assert raised("straight_lining") == []
    choose_place(cast.anna, 1)
    settle()
    choose_place(cast.anna, 1)
    settle()
    assert raised("straight_lining") == [
        (
            "Anna",
            "15 of 15 answers are place 1, which others give to 50% of such items (the answers vary by 0.00 bits).",
        )
    ]
    assert Check.objects.count() == 1
    assert nobody_moved()


def test_two_who_share_their_wrong_answers_are_both_seen_and_those_who_err_apart_are_not(cast):
    """All are right as often; on the items that mislead, two err alike and two each in their own way."""
    project = open_safety(cast, TOPIC)
    hired = hire(project, ["olga", "pavel", "quinn", "rosa"])
    wrong = {"olga": ("b", {0, 3, 6}), "pavel": ("b", {0, 3, 6}), "quinn": ("c", {0, 3, 7}), "rosa": ("d", {0, 3, 8})}
    add_gold(project, cast.mira, list(hired.values()), 50, right={"topic": "a"})
    for _ in range(50):
        for name, reviewer in hired.items():
            answer, missed = wrong[name]
            leased = next_task(user=reviewer.user)
            assert isinstance(leased, LeasedTask)
            number = int(Lease.objects.get(token=leased.token).round.item.external_id.removeprefix("gold-"))
            said = {"topic": answer if number % 10 in missed else "a"}
            submit_task(user=reviewer.user, token=leased.token, answers=said, seconds=5.0)
    settle()
    sentence = (
        "Of 50 items that both answered, 15 have the same wrong answer from both; two who do not know of each other would"
        " share 5.0."
    )
    assert raised("shared_errors") == [("Olga", sentence), ("Pavel", sentence)]
    assert set(Check.objects.values_list("kind", flat=True)) == {"shared_errors"}
    trust = dict(Enrolment.objects.filter(project=project).values_list("reviewer__user__name", "trust"))
    assert len(set(trust.values())) == 1, trust  # by their gold alone, and so alike


def test_whoever_answers_the_same_items_otherwise_is_seen_once_it_is_more_than_a_slip(cast):
    items = upload_items(cast.project, cast.mira, 5)
    for _ in range(5):
        judge(cast.anna, "a")
    settle()
    reopen_items(item_ids=[item.pk for item in items], reason=RoundReason.RECHECK, actor=cast.mira)
    for _ in range(3):
        judge(cast.anna, "b")
    settle()
    assert raised("self_repeat") == []
    for _ in range(2):
        judge(cast.anna, "b")
        settle()
    assert raised("self_repeat") == [
        ("Anna", "5 of 5 items were answered otherwise the second time; others change 15%.")
    ]
    assert nobody_moved()


def test_whoever_answers_the_same_items_alike_is_not_seen(cast):
    items = upload_items(cast.project, cast.mira, 5)
    for _ in range(5):
        judge(cast.anna, "a")
    settle()
    reopen_items(item_ids=[item.pk for item in items], reason=RoundReason.RECHECK, actor=cast.mira)
    for _ in range(5):
        judge(cast.anna, "a")
    settle()
    assert raised("self_repeat") == []


REASONS = (
    "It names the capital of the country that was asked for, in one word, and says nothing besides that is untrue.",
    "Both are polite, yet only this one answers; the other guesses a city that lies four hundred kilometres further south.",
    "Whoever asked wanted a fact. Here is one that an atlas bears out; over there stands a doubtful opinion, hedged twice.",
    "Short, right and to the point, which is all that the guideline wants of an answer to so plain a question as this is.",
    "No style could make up for a wrong place name, and the second response has one where the first has none whatsoever.",
    "I looked it up in two encyclopaedias; each of them agrees with the first response and contradicts the second one.",
)


def answer_with(client, cast, reason, pasted):
    sent = {"value": prefer("a", rationale=reason), "seconds": 5.0, "pasted": pasted}
    url = f"/api/desk/v1/tasks/{take(cast.anna).token}/submit"
    return client.post(url, sent, content_type="application/json", headers=cast.bearer("anna"))


def test_three_texts_that_were_pasted_ask_a_person_once_until_they_have_decided(cast, client):
    upload_items(cast.project, cast.mira, 7)
    assert answer_with(client, cast, REASONS[0], -1).status_code == 400
    for reason in REASONS[:2]:
        assert answer_with(client, cast, reason, len(reason)).status_code == 201
        settle()
    assert answer_with(client, cast, REASONS[2], 20).status_code == 201
    settle()
    assert not Check.objects.exists()
    assert answer_with(client, cast, REASONS[3], 100).status_code == 201
    settle()
    check = Check.objects.get()
    last = Annotation.objects.latest("pk")
    assert (check.kind, check.reviewer, check.annotation) == ("copied", cast.anna, last)
    assert check.sentence == f"{100 / len(REASONS[3]):.0%} of the text was pasted."
    assert list(Lease.objects.order_by("pk").values_list("pasted", flat=True)) == [
        len(REASONS[0]), len(REASONS[1]), 20, 100,
    ]  # fmt: skip
    dismiss_check(check=check, reason="She writes in an editor", actor=cast.mira)
    for reason in REASONS[4:]:
        answer_with(client, cast, reason, len(reason))
        settle()
    assert Check.objects.count() == 1
    assert nobody_moved()


@pytest.mark.parametrize("pasted", [0, 60])
def test_what_was_typed_or_pasted_in_part_asks_nobody(cast, client, pasted):
    upload_items(cast.project, cast.mira, 4)
    for reason in REASONS[:4]:
        answer_with(client, cast, reason, pasted)
    settle()
    assert not Check.objects.exists()
