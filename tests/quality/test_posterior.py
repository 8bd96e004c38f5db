"""What gold says about a reviewer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.posterior import lower_bound, posterior, quantile, standing_state, upper_bound
from quality.scoring import score_gold

FORM = {
    "title": "t",
    "questions": [
        {
            "id": "preference",
            "type": "preference",
            "text": "?",
            "nature": "preferential",
            "strength": ["weak", "strong"],
        },
        {"id": "safe", "type": "choice", "text": "?", "nature": "objective", "options": []},
    ],
}


@pytest.mark.parametrize("n", [0, 1, 5, 40])
def test_the_bounds_of_a_flawless_record_have_a_closed_form(n):
    """Beta(n + 1, 1) has the distribution function x^(n + 1)."""
    assert lower_bound(correct=n, wrong=0) == pytest.approx(0.05 ** (1 / (n + 1)), abs=1e-7)
    assert upper_bound(correct=0, wrong=n) == pytest.approx(1 - 0.05 ** (1 / (n + 1)), abs=1e-7)


def test_the_posterior_begins_uniform():
    assert posterior(correct=0, wrong=0) == (1.0, 1.0)
    assert quantile(0.5, correct=0, wrong=0) == pytest.approx(0.5, abs=1e-7)


def test_a_known_quantile():
    """Beta(9, 3): the 5 % quantile is 0.5299 (tables of the incomplete beta function)."""
    assert lower_bound(correct=8, wrong=2) == pytest.approx(0.5299, abs=1e-4)


@given(st.integers(0, 60), st.integers(0, 60))
def test_another_right_answer_never_lowers_the_bound(correct, wrong):
    assert lower_bound(correct=correct + 1, wrong=wrong) > lower_bound(correct=correct, wrong=wrong)
    assert 0 < lower_bound(correct=correct, wrong=wrong) < upper_bound(correct=correct, wrong=wrong) < 1


def test_nobody_is_judged_on_three_answers():
    assert standing_state(correct=0, wrong=3, current="probation")[0] == "probation"
    assert standing_state(correct=3, wrong=0, current="probation")[0] == "probation"


def test_four_misses_pause():
    state, reason = standing_state(correct=0, wrong=4, current="probation")
    assert state == "paused"
    assert reason.startswith("0 of 4 gold tasks right")


def test_five_hits_are_trust_and_one_miss_does_not_take_it_back():
    assert standing_state(correct=5, wrong=0, current="probation")[0] == "trusted"
    assert standing_state(correct=6, wrong=1, current="trusted")[0] == "trusted"
    assert standing_state(correct=6, wrong=3, current="trusted")[0] == "probation"


def test_only_what_is_expected_is_scored():
    scored = score_gold(
        FORM,
        {"preference": {"choice": "a"}},
        {"preference": {"choice": "a", "strength": "weak"}, "safe": "no"},
    )
    assert (scored.is_correct, scored.questions) == (True, {"preference": True})


def test_a_stated_strength_counts_and_a_missing_answer_is_wrong():
    expected = {"preference": {"choice": "a", "strength": "strong"}, "safe": "yes"}
    scored = score_gold(FORM, expected, {"preference": {"choice": "a", "strength": "weak"}})
    assert (scored.is_correct, scored.questions) == (False, {"preference": False, "safe": False})


def test_what_is_tolerated_is_right_too():
    given = {"preference": {"choice": "tie"}}
    assert score_gold(FORM, {"preference": {"choice": "a"}}, given, tolerance={"preference": ["tie"]}).is_correct
    assert not score_gold(FORM, {"preference": {"choice": "a"}}, given).is_correct
