"""Shares and their intervals, against scipy, published values and plain counting."""

from itertools import product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from quality.proportions import (
    at_least,
    at_least_of,
    beta_below,
    beta_quantile,
    exact_interval,
    share_of,
    wilson_interval,
)

parameters = st.floats(0.05, 2000)


@given(st.floats(0, 1), parameters, parameters)
def test_the_incomplete_beta_function_is_scipys(x, alpha, beta):
    assert beta_below(x, alpha, beta) == pytest.approx(special.betainc(alpha, beta, x), abs=1e-9)


@given(st.floats(0.001, 0.999), st.floats(0.5, 500), st.floats(0.5, 500))
def test_the_quantile_is_where_the_distribution_function_says(probability, alpha, beta):
    assert beta_quantile(probability, alpha, beta) == pytest.approx(stats.beta.ppf(probability, alpha, beta), abs=1e-7)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_intervals_are_scipys(counts):
    count, total = counts
    test = stats.binomtest(count, total)
    for interval, method in ((wilson_interval(count, total), "wilson"), (exact_interval(count, total), "exact")):
        reference = test.proportion_ci(method=method)
        assert (interval.low, interval.high) == pytest.approx((reference.low, reference.high), abs=1e-7)


def test_a_published_wilson_interval():
    """R. G. Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I: 81 of 263 and 0 of 20."""
    found = wilson_interval(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    found = wilson_interval(0, 20)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0, 0.1611)
    found = exact_interval(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2527, 0.3676)


@given(st.lists(st.floats(0, 1), max_size=7), st.integers(0, 8))
def test_the_sum_of_unequal_events_is_counted_out(probabilities, count):
    slow = sum(
        prod(p if happens else 1 - p for p, happens in zip(probabilities, outcome, strict=True))
        for outcome in product([False, True], repeat=len(probabilities))
        if sum(outcome) >= count
    )
    assert at_least_of(count, probabilities) == pytest.approx(slow, abs=1e-12)


@given(st.integers(0, 12), st.integers(0, 12), st.floats(0, 1))
def test_equal_events_are_binomial(count, trials, probability):
    assert at_least(count, trials, probability) == pytest.approx(at_least_of(count, [probability] * trials), abs=1e-9)


def test_a_share_of_nothing_has_no_value():
    assert (share_of(0, 0).value, share_of(0, 0).interval) == (None, None)
    assert share_of(3, 4).value == 0.75
