"""Whether confidences mean what they say."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.calibration import recalibrate, reliability, shown_calibrated
from quality.proportions import at_least

observations = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def test_the_curve_by_hand():
    found = reliability([0.62, 0.68, 0.95, 0.95, 1.0], [True, False, True, True, False])
    assert [(b.low, b.high, b.right.count, b.right.total) for b in found.bins] == [(0.6, 0.7, 1, 2), (0.9, 1.0, 2, 3)]
    assert found.bins[0].mean_confidence == pytest.approx(0.65)
    assert found.error == pytest.approx((2 * 0.15 + 3 * abs(2.9 / 3 - 2 / 3)) / 5)
    assert found.brier == pytest.approx((0.38**2 + 0.68**2 + 2 * 0.05**2 + 1) / 5)


def test_nothing_has_no_error():
    assert (reliability([], []).error, reliability([], []).brier) == (None, None)


@given(observations)
def test_errors_are_shares_and_nothing_is_lost(pairs):
    confidences, rights = zip(*pairs, strict=True)
    found = reliability(confidences, rights)
    assert 0 <= found.error <= 1
    assert 0 <= found.brier <= 1
    assert sum(each.right.total for each in found.bins) == len(pairs)
    assert all(each.low - 1e-9 <= each.mean_confidence <= each.high + 1e-9 for each in found.bins)


@pytest.mark.parametrize(
    ("right", "total", "is_shown", "why"),
    [
        (49, 49, False, "50 items are needed"),
        (49, 50, True, "no less than 90.0%"),
        (48, 50, False, "below 90.0%"),
        (190, 200, True, "at least 91.7% of such: no less"),
        (0, 60, False, "at least 0.0%"),
    ],
)
def test_adaptive_overlap_may_start(right, total, is_shown, why):
    confidences = [0.96] * total + [0.8] * 500
    rights = [place < right for place in range(total)] + [False] * 500
    found = shown_calibrated(confidences, rights, target=0.95)
    assert (found.is_shown, found.right, found.total) == (is_shown, right, total)
    assert why in found.reason


@pytest.mark.parametrize("total", [50, 83, 200])
def test_who_is_worse_than_target_less_margin_passes_at_most_once_in_twenty(total):
    """Right 90 % of the time at a target of 95 % less 5 points: how likely the smallest number that passes is."""
    passing = next(
        right
        for right in range(total + 1)
        if shown_calibrated([0.95] * total, [place < right for place in range(total)], target=0.95).is_shown
    )
    assert 0 < at_least(passing, total, 0.9) <= 0.05


@given(observations)
def test_mended_confidences_keep_their_order(pairs):
    confidences, rights = zip(*pairs, strict=True)
    mended = recalibrate(confidences, rights)
    assert list(mended.starts) == sorted(mended.starts)
    assert list(mended.values) == sorted(mended.values)
    assert all(0 <= mended(confidence) <= 1 for confidence in confidences)


def test_isotonic_regression_by_hand():
    """Means 1/1, 0/1 violate the order and are pooled to 1/2; each step is drawn to 3/5 by one observation."""
    mended = recalibrate([0.1, 0.5, 0.6, 0.9, 0.9], [False, True, False, True, True])
    assert mended.starts == (0.1, 0.5, 0.9)
    assert mended.values == pytest.approx(((0 + 0.6) / 2, (1 + 0.6) / 3, (2 + 0.6) / 3))
    assert [mended(c) for c in (0.0, 0.55, 1.0)] == pytest.approx([0.3, 1.6 / 3, 2.6 / 3])


def test_mending_brings_too_sure_confidences_down():
    chance = random.Random(5)
    truths = [chance.uniform(0.5, 0.95) for _ in range(4000)]
    confidences = [1 - (1 - truth) ** 2 for truth in truths]
    rights = [chance.random() < truth for truth in truths]
    mended = recalibrate(confidences[:2000], rights[:2000])
    before = reliability(confidences[2000:], rights[2000:])
    after = reliability([mended(confidence) for confidence in confidences[2000:]], rights[2000:])
    assert before.error > 0.1
    assert after.error < 0.04
    assert after.brier < before.brier
