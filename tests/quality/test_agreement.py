"""Agreement, against the reference package and against figures worked out by hand."""

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quality.agreement import agreement, krippendorff_alpha
from tests.votes import patterns_of

VALUES = ["0", "1", "2", "3"]

units = st.lists(
    st.lists(st.sampled_from(VALUES), min_size=0, max_size=5).map(
        lambda votes: {value: votes.count(value) for value in VALUES}
    ),
    min_size=2,
    max_size=30,
)


def reference(votes, level):
    counts = np.array([[unit[value] for value in VALUES] for unit in votes if sum(unit.values()) > 1])
    used = counts[:, counts.sum(axis=0) > 0] if level == "nominal" else counts
    return krippendorff.alpha(value_counts=used, level_of_measurement=level)


@pytest.mark.parametrize(("level", "order"), [("nominal", None), ("ordinal", VALUES)])
@given(votes=units)
def test_alpha_is_the_reference_packages(level, order, votes):
    patterns = patterns_of(votes)
    alpha = krippendorff_alpha(patterns, order=order) if patterns else None
    assume(alpha is not None)
    assert alpha == pytest.approx(reference(votes, level), abs=1e-9)


def test_alpha_of_krippendorffs_own_example():
    """The nominal data of "Computing Krippendorff's Alpha-Reliability", section C: alpha is 0.691 to three places."""
    observers = ["aabbddcccedda", "babbbddcccedd"]
    assert len(observers[0]) == len(observers[1])
    first = ["a", "a", "b", "b", "d", "c", "c", "c", "e", "d", "d", "a"]
    second = ["b", "a", "b", "b", "b", "c", "c", "c", "e", "d", "d", "d"]
    votes = [{value: (a, b).count(value) for value in {a, b}} for a, b in zip(first, second, strict=True)]
    assert krippendorff_alpha(patterns_of(votes)) == pytest.approx(0.691666, abs=1e-3)


def test_where_only_one_value_was_given_alpha_is_not_defined():
    found = agreement(patterns_of([{"a": 3}] * 5))
    assert (found.units, found.unanimous_share, found.alpha, found.alpha_low) == (5, 1.0, None, None)


def test_nothing_was_judged_twice():
    assert agreement({}).units == 0


def test_the_interval_holds_alpha_and_narrows_with_more_units():
    few = agreement(patterns_of([{"a": 3}, {"b": 3}, {"a": 2, "b": 1}, {"a": 1, "b": 2}] * 5))
    many = agreement(patterns_of([{"a": 3}, {"b": 3}, {"a": 2, "b": 1}, {"a": 1, "b": 2}] * 500))
    assert few.alpha_low < few.alpha < few.alpha_high
    assert many.alpha_high - many.alpha_low < (few.alpha_high - few.alpha_low) / 5
    assert few.unanimous_share == 0.5


def test_the_same_units_give_the_same_interval():
    votes = [{"a": 3}, {"b": 2, "a": 1}, {"c": 3}] * 7
    assert agreement(patterns_of(votes)) == agreement(patterns_of(votes))
