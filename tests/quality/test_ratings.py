"""The weighted median of ratings, with its interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from quality.ratings import weighted_median

ratings = st.lists(st.integers(1, 5), min_size=1, max_size=15)


def test_medians_by_hand():
    assert weighted_median(np.array([5.0, 1.0, 3.0])).value == 3.0
    assert weighted_median(np.array([1.0, 2.0, 4.0, 5.0])).value == 2.0
    assert weighted_median(np.array([1.0, 5.0]), np.array([1.0, 1.5])).value == 5.0
    assert weighted_median(np.array([1.0, 3.0, 5.0]), np.array([3.0, 1.0, 1.0])).value == 1.0
    assert weighted_median(np.array([1.0, 5.0]), np.array([0.0, 0.1])).ratings == 1


@how(max_examples=50, deadline=None)
@given(given=ratings, data=st.data())
def test_a_whole_weight_is_so_many_ratings(given, data):
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(given), max_size=len(given)))
    found = weighted_median(np.array(given, dtype=float), np.array(weights, dtype=float))
    repeated = sorted(np.repeat(given, weights).tolist())
    assert found.value == (repeated[(len(repeated) - 1) // 2] if repeated else None)


@how(max_examples=25, deadline=None)
@given(given=ratings, data=st.data())
def test_the_order_of_ratings_does_not_matter_and_the_interval_holds_the_median(given, data):
    found = weighted_median(np.array(given, dtype=float))
    other = weighted_median(np.array(data.draw(st.permutations(given)), dtype=float))
    assert found == other
    if len(given) > 2:
        assert found.low <= found.value <= found.high


def test_what_is_not_there_says_why():
    assert weighted_median(np.zeros(0)).why == "Nobody whose rating counts gave one."
    assert weighted_median(np.array([1.0, 2.0])).why == "There is no interval: it needs three ratings."
    with pytest.raises(ValueError, match="below zero"):
        weighted_median(np.array([1.0]), np.array([-1.0]))
