"""Signs of low effort: found where they are, silent where they are not."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.effort import (
    BothAnswered,
    Sign,
    copied,
    entropy,
    fast_bound,
    long_run,
    pasted,
    repeated_text,
    same_answers,
    shared_wrong,
    too_fast,
    unsteady,
)
from quality.proportions import at_least

EVEN = {"1": 0.5, "2": 0.5}
PROSE = (
    "The second answer names the right year, but it never says how the treaty came about, and so a reader who wants to "
    "understand the reasons is left with a date and nothing else."
)


def test_the_bound_is_a_quantile_of_enough_times():
    assert fast_bound([float(n) for n in range(1, 101)]) == 5
    assert fast_bound([1.0] * 49) is None


def test_one_fast_judgment_says_nothing_and_many_do():
    assert too_fast([(1, 5)] + [(9, 5)] * 19) is None
    found = too_fast([(1, 5)] * 6 + [(9, 5)] * 14)
    assert found.sign == Sign.TOO_FAST
    assert found.chance == pytest.approx(at_least(6, 20, 0.05))
    assert found.sentence == "6 of 20 judgments took less time than 95% of others need for such items."
    assert too_fast([]) is None


def test_always_the_same_place_is_found():
    found = same_answers(["1"] * 19 + ["2"], EVEN)
    assert found.sentence.startswith("19 of 20 answers are 1, which others give to 50% of such items")
    assert same_answers(["1"] * 13 + ["2"] * 7, EVEN) is None
    assert same_answers(["yes"] * 40, {"yes": 0.97, "no": 0.03}) is None
    assert same_answers([], EVEN) is None


def test_a_long_run_is_found():
    found = long_run(["2", "1"] + ["2"] * 15, EVEN)
    assert (found.sign, found.chance) == (Sign.LONG_RUN, 17 / 2**15)
    assert long_run(["1", "2"] * 200, EVEN) is None
    assert long_run([], EVEN) is None


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60))
def test_entropy_is_between_none_and_that_of_even_answers(answers):
    assert -1e-12 <= entropy(answers) <= 1.584963
    assert entropy(["a"] * 9) == 0
    assert entropy(["a", "b"]) == 1


def test_unsteady_is_measured_against_others():
    assert unsteady([("a", "b")] * 6 + [("a", "a")] * 4, usual_change=0.1).sign == Sign.UNSTEADY
    assert unsteady([("a", "b")] * 2 + [("a", "a")] * 8, usual_change=0.1) is None
    assert unsteady([], usual_change=0.1) is None


def test_text_from_a_response_is_found_and_a_quotation_is_not():
    response = PROSE + " It would help to mention the war that came before."
    found = copied(PROSE, {"a": "Something else entirely.", "b": response})
    assert found.sentence == "100% of the text stands word for word in response b."
    own = 'I would send it back: "names the right year, but it never says" is fair, yet there is much more that is missing here.'
    assert copied(own, {"b": response}) is None
    assert copied("too short", {"b": "too short"}) is None
    assert copied(PROSE, {}) is None


def test_text_that_was_written_before_is_found():
    found = repeated_text(PROSE.replace("second", "first"), ["Nothing alike.", PROSE])
    assert found.sign == Sign.REPEATED_TEXT
    assert (
        repeated_text(PROSE, ["A wholly different remark about another matter, as long as one would write it here."])
        is None
    )
    assert repeated_text(PROSE, []) is None


def test_pasting_only_asks():
    assert pasted(200, 180).sentence == "90% of the text was pasted."
    assert pasted(200, 100) is None
    assert pasted(20, 20) is None


# --- two people -------------------------------------------------------------------------------------------------------


def answers_of_two(chance, *, copying, error=0.2, items=80, hard=0.0):
    """Two people with 4 answers; the second copies this share of the first's. `hard` items mislead most of everybody."""
    found = []
    for _ in range(items):
        is_hard = chance.random() < hard

        def answer(is_hard=is_hard):
            if is_hard and chance.random() < 0.7:
                return "b"
            return "a" if chance.random() > error else chance.choice("bcd")

        one = answer()
        other = one if chance.random() < copying else answer()
        found.append(BothAnswered(one, other, "a", Counter(answer() for _ in range(6)), 4))
    return found


def test_two_who_share_their_mistakes_are_found():
    chance = random.Random(2000)
    found = [shared_wrong(answers_of_two(chance, copying=0.9)) for _ in range(40)]
    assert sum(each is not None for each in found) >= 36
    assert "have the same wrong answer from both" in next(each for each in found if each).sentence


def test_two_who_do_not_are_not_even_where_items_mislead():
    chance = random.Random(2001)
    alarms = sum(
        shared_wrong(answers_of_two(chance, copying=0, hard=hard)) is not None
        for hard in (0.0, 0.3)
        for _ in range(300)
    )
    assert alarms <= 3


def test_the_same_right_answers_show_nothing():
    assert shared_wrong([BothAnswered("a", "a", "a", {"a": 5}, 4)] * 200) is None
    assert shared_wrong([]) is None
