"""Two who stand together against others: found where they copy, silent where they are good, on easy and on hard items alike."""

import random
from math import exp, log

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from scipy.stats import binom

from labeling.models import Annotation
from quality.models import Check
from quality.services.checks import dismiss_check
from quality.services.pairs import found_together
from quality.together import (
    Agreed,
    Pair,
    accuracy_among,
    accuracy_behind,
    chance_of_agreeing,
    chance_of_standing_alone,
    stand_together,
    tally_pair,
)
from routing.models import Enrolment
from routing.services.claims import next_task
from routing.services.submits import submit_task
from routing.types import LeasedTask
from tests.answering import add_items, hire, open_safety
from tests.factories import settle
from tests.quality.test_patterns import TOPIC

WRONG = "bcd"


def test_how_often_two_agree_tells_how_good_they_are():
    assert chance_of_agreeing(0.8, 0.8, answers=4) == pytest.approx(0.64 + 0.04 / 3)
    assert accuracy_among(chance_of_agreeing(0.8, 0.8, answers=4), answers=4) == pytest.approx(0.8)
    assert accuracy_behind(chance_of_agreeing(0.7, 0.95, answers=2), 0.95, answers=2) == pytest.approx(0.7)
    assert accuracy_behind(0.1, 0.95, answers=4) == accuracy_among(0.1, answers=4) == 0.25
    assert accuracy_behind(0.9, 0.25, answers=4) == 1.0


def test_of_three_alike_each_stands_alone_as_often_and_the_weakest_most():
    assert chance_of_standing_alone(0.8, 0.8, 0.8, answers=4) == pytest.approx(1 / 3)
    assert chance_of_standing_alone(0.3, 0.3, 0.3, answers=2) == pytest.approx(1 / 3)
    # Errors 1 in 2 and twice 1 in 10, two answers: .9 .9 .5 + .1 .1 .5 against twice .9 .5 .1 + .1 .5 .9
    assert chance_of_standing_alone(0.5, 0.9, 0.9, answers=2) == pytest.approx(0.41 / (0.41 + 2 * 0.09))


def test_the_chance_is_that_of_a_binomial_tail():
    sure = Pair(shared=60, against=14, apart=2, one=Agreed(100, 75), other=Agreed(100, 75), others=Agreed(200, 180))
    finding = stand_together(sure, answers=4)
    assert finding is not None
    assert finding.chance == pytest.approx(binom.sf(13, 16, 1 / 3), rel=1e-9)
    assert finding.sentence == (
        "On 14 of 16 items that they and a third person answered two to one, they and one other stand together; by their"
        " accuracies it would be about 33%."
    )
    assert stand_together(sure, answers=4, at_least_right=(0.99, 0.99)) is None
    weak = Pair(shared=60, against=14, apart=2, one=Agreed(100, 75), other=Agreed(100, 75), others=Agreed(200, 150))
    third = accuracy_among(weak.others.bounds.low, answers=4)
    best = accuracy_behind(weak.one.bounds.high, third, answers=4)
    alone = chance_of_standing_alone(third, best, best, answers=4)
    assert alone > 1 / 3
    seen = stand_together(weak, answers=4, chance_below=1.0)
    assert seen is not None
    assert seen.chance == pytest.approx(binom.sf(13, 16, alone), rel=1e-9)


def test_few_shared_items_show_nothing():
    few = Pair(shared=19, against=19, one=Agreed(100, 75), other=Agreed(100, 75), others=Agreed(200, 180))
    assert stand_together(few, answers=4) is None
    assert stand_together(Pair(), answers=4) is None


def test_rounds_are_counted_once_each_by_the_first_others():
    rounds = [
        {1: "a", 2: "a", 3: "b", 4: "a"},
        {3: "a", 2: "a", 1: "b"},
        {1: "a", 2: "b", 3: "c"},
        {1: "a", 2: "a"},
        {1: "a", 3: "b", 4: "b"},
        {5: "a", 2: "a", 3: "b"},
        {3: "a", 4: "a", 5: "a"},
    ]
    assert tally_pair(rounds, 1, 2) == Pair(3, 1, 1, Agreed(1, 0), Agreed(1, 1), Agreed(2, 1))


def judged(accuracies, *, rounds, seed, hard=0.0, together=()):
    """Return rounds of three people each, whose odds of an error rise with each item's hardness; some answer as one."""
    chance = random.Random(seed)
    made = []
    for _ in range(rounds):
        difficulty, said = chance.gauss(0, hard), {}
        for who in chance.sample(range(len(accuracies)), 3):
            odds = log(accuracies[who] / (1 - accuracies[who])) - difficulty
            answer = "a" if chance.random() < 1 / (1 + exp(-odds)) else chance.choice(WRONG)
            said[who] = (
                next((said[other] for other in together if other in said), answer) if who in together else answer
            )
        made.append(said)
    return made


def found(rounds, people, *, chance_below):
    pairs = [(one, other) for one in range(people) for other in range(one)]
    return [
        pair for pair in pairs
        if stand_together(tally_pair(rounds, *pair), answers=4, chance_below=chance_below / len(pairs))
    ]  # fmt: skip


@pytest.mark.parametrize("hard", [0.0, 1.5])
@pytest.mark.parametrize("accuracies", [[0.97] * 8, [0.97, 0.97, 0.97, 0.9, 0.85, 0.8, 0.7, 0.6], [0.97] * 5 + [0.3]])
def test_people_who_do_not_know_of_each_other_are_not_accused_however_hard_the_items_are(accuracies, hard):
    """Even at one in a hundred, 28 pairs at a time: the bounds leave that much room."""
    for seed in range(5):
        rounds = judged(accuracies, rounds=800, seed=f"apart {seed}", hard=hard)
        assert found(rounds, len(accuracies), chance_below=0.01) == []


@pytest.mark.parametrize("hard", [0.0, 1.0])
def test_two_who_copy_are_found_and_only_they(hard):
    rounds = judged([0.95, 0.95, 0.95, 0.95, 0.8, 0.8], rounds=600, seed="copy", hard=hard, together=(4, 5))
    assert found(rounds, 6, chance_below=0.0001) == [(5, 4)]


HONEST = ("quinn", "rosa", "sam", "tess")


def let_judge(hired, first, last):
    """Let three people judge each of these items: every other one both olga and pavel, who copy each other's mistakes."""
    for number in range(first, last):
        a, b, c, d = (HONEST[(number // 4 + place) % 4] for place in range(4))
        judges = (("olga", "pavel", a), ("olga", a, b), ("olga", "pavel", b), ("pavel", c, d))[number % 4]
        for name in judges:
            leased = next_task(user=hired[name].user)
            assert isinstance(leased, LeasedTask)
            is_wrong = name in ("olga", "pavel") and number % 12 < 6
            submit_task(user=hired[name].user, token=leased.token, answers={"topic": "ab"[is_wrong]}, seconds=5.0)
    settle()


def together():
    return list(Check.objects.filter(kind="together").order_by("pk").values_list("reviewer__user__name", flat=True))


def test_two_who_copy_on_plain_items_are_both_asked_about_once_and_nobody_moves(cast):
    project = open_safety(cast, TOPIC)
    hired = hire(project, ["olga", "pavel", *HONEST])
    add_items(project, cast.mira, 44)
    let_judge(hired, 0, 36)
    assert together() == []
    before = set(Enrolment.objects.filter(project=project).values_list("trust", flat=True))
    let_judge(hired, 36, 40)
    assert sorted(together()) == ["Olga", "Pavel"]
    assert set(Enrolment.objects.filter(project=project).values_list("trust", flat=True)) == before
    sentence = Check.objects.filter(kind="together").first().sentence
    assert sentence.startswith("On 11 of 11 items that they and a third person answered two to one, they and one other")

    newest = {each.reviewer_id: each for each in Annotation.objects.select_related("form").order_by("pk")}
    for name, statements in (("olga", 3), ("quinn", 1)):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            finding = found_together(newest[hired[name].pk], after=0, chance_below=0.0001)
        assert (finding is not None, len(asked)) == (name == "olga", statements)
    last = newest[hired["olga"].pk]
    last.form.document["questions"][0]["nature"] = "preferential"
    assert found_together(last, after=0, chance_below=0.0001) is None

    for check in Check.objects.filter(kind="together"):
        dismiss_check(check=check, reason="They sat in one course", actor=cast.mira)
    let_judge(hired, 40, 44)
    assert len(together()) == 2
