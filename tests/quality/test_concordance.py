"""Kendall's W and tau-b: figures by hand, scipy's tau-b, and slow definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from scipy.stats import kendalltau

from quality.concordance import kendall_tau, kendall_w

rankings = st.integers(2, 8).flatmap(
    lambda things: st.lists(st.lists(st.integers(1, 4), min_size=things, max_size=things), min_size=2, max_size=5).map(
        lambda rows: np.array(rows, dtype=float)
    )
)


def slow_w(ranks):
    """Siegel and Castellan (1988), section 9.2.4, with loops."""
    m, n = ranks.shape
    places = [[np.mean([p for p, v in enumerate(sorted(row), 1) if v == each]) for each in row] for row in ranks]
    ties = sum(sum(t**3 - t for t in np.unique(row, return_counts=True)[1]) for row in ranks)
    sums = np.sum(places, axis=0)
    below = m**2 * n * (n**2 - 1) - m * ties
    return (12 * (sums**2).sum() - 3 * m**2 * n * (n + 1) ** 2) / below if below else None


def test_w_by_hand():
    """Three rankings of four; sums of ranks 4, 6, 9, 11: W = 12 (16 + 36 + 81 + 121 - 225) / (9 x 60) = 0.6444."""
    ranks = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0], [2.0, 1.0, 4.0, 3.0]])
    found = kendall_w(ranks)
    assert found.value == pytest.approx(12 * (16 + 36 + 81 + 121 - 225) / (9 * 60))
    assert found.units == 4


@how(max_examples=40, deadline=None)
@given(ranks=rankings)
def test_w_is_its_definition_with_ties(ranks):
    found, expected = kendall_w(ranks), slow_w(ranks)
    if expected is None:
        assert (found.value, found.why[:9]) == (None, "A ranking")
    else:
        assert found.value == pytest.approx(expected)


@how(max_examples=40, deadline=None)
@given(ranks=rankings)
def test_tau_is_scipys(ranks):
    found = kendall_tau(ranks[0], ranks[1])
    expected = kendalltau(ranks[0], ranks[1]).statistic
    if np.isnan(expected):
        assert found.value is None
        assert found.why
    else:
        assert found.value == pytest.approx(expected)


def test_the_same_ranking_agrees_wholly_and_the_reverse_not_at_all():
    ranks = np.arange(12.0)
    assert kendall_w(np.stack([ranks, ranks, ranks])).value == pytest.approx(1.0)
    assert kendall_w(np.stack([ranks, -ranks])).value == pytest.approx(0.0)
    assert kendall_tau(ranks, ranks).value == pytest.approx(1.0)
    assert kendall_tau(ranks, -ranks).value == pytest.approx(-1.0)


def test_intervals_hold_the_value():
    chance = np.random.default_rng(3)
    truth = np.arange(30.0)
    ranks = np.stack([truth + chance.normal(0, 8, size=30) for _ in range(4)])
    for found in (kendall_w(ranks), kendall_tau(ranks[0], ranks[1])):
        assert found.low < found.value < found.high
    assert kendall_w(ranks) == kendall_w(ranks)


def test_what_is_not_defined_says_why():
    assert kendall_w(np.ones((1, 4))).why.startswith("One ranking agrees with nobody")
    assert kendall_w(np.ones((3, 4))).why.startswith("A ranking in which everything is tied")
    assert kendall_tau(np.ones(4), np.arange(4.0)).why.startswith("A ranking in which everything is tied")
    assert kendall_tau(np.ones(0), np.ones(0)).value is None
    assert kendall_w(np.ones((3, 1))).value is None
