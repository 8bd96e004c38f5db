"""A mean from many judged and few labelled items: its formulas, and how often its interval holds the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.ppi import Labelled, estimate_mean, estimate_stratified

RUNS = 1500


def simulated(chance, *, n, others, share, agreement):
    """Experts say yes to `share`; the judge says the same this often, and otherwise the opposite."""
    experts = chance.random(n + others) < share
    judge = np.where(chance.random(n + others) < agreement, experts, ~experts)
    return Labelled(experts[:n], judge[:n], judge[n:])


def test_the_formulas_by_hand():
    experts, judge = np.array([1, 1, 0, 1, 0, 1, 0, 1.0]), np.array([1, 1, 0, 1, 0, 1, 1, 1.0])
    alone = np.array([1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1.0])
    found = estimate_mean(Labelled(experts, judge, alone))
    tuning = np.cov(experts, judge)[0, 1] / ((1 + 8 / 12) * np.concatenate([judge, alone]).var(ddof=1))
    assert found.tuning[""] == pytest.approx(tuning)
    assert found.value == pytest.approx(experts.mean() + tuning * (alone.mean() - judge.mean()))
    variance = (experts - tuning * judge).var(ddof=1) / 8 + tuning**2 * alone.var(ddof=1) / 12
    assert found.interval.width == pytest.approx(2 * 2.364624 * np.sqrt(variance), rel=1e-5)
    assert found.worth == pytest.approx(8 * experts.var(ddof=1) / 8 / variance)


@pytest.mark.parametrize(("confidence", "n", "others", "agreement", "wide"), [
    (0.95, 100, 2000, 0.95, 0.60),
    (0.95, 100, 2000, 0.80, 0.90),
    (0.95, 100, 2000, 0.50, 1.02),
    (0.95, 60, 300, 0.10, 1.001),
    (0.90, 100, 2000, 0.95, 0.60),
    (0.90, 100, 500, 0.50, 1.02),
])  # fmt: skip
def test_the_interval_holds_the_truth_as_often_as_it_says(confidence, n, others, agreement, wide):
    """`wide` bounds its width against the classic one: much narrower with a good judge, never much wider with a bad one. A
    contrary judge is not used at all, as lambda stays within 0 and 1."""
    chance = np.random.default_rng(2023)
    held, widths, classics = 0, [], []
    for _ in range(RUNS):
        found = estimate_mean(
            simulated(chance, n=n, others=others, share=0.7, agreement=agreement), confidence=confidence
        )
        held += 0.7 in found.interval
        widths.append(found.interval.width)
        classics.append(found.classic.width)
    error = (confidence * (1 - confidence) / RUNS) ** 0.5
    assert held / RUNS == pytest.approx(confidence, abs=4 * error + 0.005)
    assert np.mean(widths) / np.mean(classics) < wide


def test_strata_hold_the_truth_and_are_narrower_where_they_differ():
    chance = np.random.default_rng(1977)
    shares, truths = {"easy": 0.7, "hard": 0.3}, {"easy": 0.95, "hard": 0.4}
    truth = sum(shares[name] * truths[name] for name in shares)
    held, widths, pooled = 0, [], []
    for _ in range(RUNS):
        strata = {
            name: simulated(
                chance, n=int(150 * shares[name]), others=int(2000 * shares[name]), share=truths[name], agreement=0.85
            )
            for name in shares
        }
        found = estimate_stratified(strata, shares)
        held += truth in found.interval
        widths.append(found.interval.width)
        whole = Labelled(
            *(
                np.concatenate([getattr(part, field) for part in strata.values()])
                for field in ("experts", "judge", "judge_alone")
            )
        )
        pooled.append(estimate_mean(whole).interval.width)
    assert held / RUNS == pytest.approx(0.95, abs=0.03)
    assert np.mean(widths) < np.mean(pooled)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=30), st.lists(st.booleans(), max_size=30))
def test_lambda_stays_within_bounds_and_a_silent_judge_changes_nothing(pairs, alone):
    experts, judge = zip(*pairs, strict=True)
    found = estimate_mean(Labelled(experts, judge, alone))
    assert 0 <= found.tuning[""] <= 1
    silent = estimate_mean(Labelled(experts, [True] * len(pairs), alone))
    assert silent.value == pytest.approx(np.mean(experts))
    assert silent.interval == silent.classic


def test_experts_who_all_say_the_same_leave_no_interval():
    found = estimate_mean(Labelled([1] * 20, [1, 0] * 10, [1, 0] * 50))
    assert (found.value, found.interval, found.classic) == (1.0, None, None)


def test_one_label_is_too_few():
    with pytest.raises(ValueError, match="Two items or more"):
        estimate_mean(Labelled([1], [1], [1, 0]))
