"""What several ratings of one thing come to: the weighted median with an interval. Pure; for jobs and commands only (numpy).

The median and not the mean, as the degrees of a scale are in order but not at equal distances. Interval: percentile bootstrap
(B. Efron, 1979) over the ratings, drawn alike and each keeping its weight; seeded.
"""

from dataclasses import dataclass

import numpy as np

from quality.labels import Floats

RESAMPLES = 2000
SEED = 20_011


@dataclass(frozen=True, slots=True)
class Median:
    """The median of `ratings` ratings, with a 95 % interval from three ratings on; None where there is none, and `why`."""

    value: float | None
    low: float | None
    high: float | None
    ratings: int
    why: str = ""


def weighted_median(ratings: Floats, weights: Floats | None = None) -> Median:
    """Return the least rating up to which at least half of the weight lies (of two middles the lower one).

    `weights`, all ones by default, say how much each rater counts; a rating of weight 0 does not count at all. Raises
    ValueError for a weight below zero.
    """
    weights = np.ones(len(ratings)) if weights is None else weights
    if (weights < 0).any():
        raise ValueError("A weight cannot be below zero.")
    counted = weights > 0
    order = np.argsort(ratings[counted], kind="stable")
    values, shares = ratings[counted][order], weights[counted][order]
    n = len(values)
    if not n:
        return Median(None, None, None, 0, "Nobody whose rating counts gave one.")
    value = float(_medians(values, shares[np.newaxis])[0])
    if n < 3:
        return Median(value, None, None, n, "There is no interval: it needs three ratings.")
    times = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    low, high = np.percentile(_medians(values, times * shares), [2.5, 97.5], method="nearest")
    return Median(value, float(low), float(high), n)


def _medians(values: Floats, weights: Floats) -> Floats:
    """Return the lower weighted median of sorted values for each row of weights."""
    upto = np.cumsum(weights, axis=1)
    # What rounding leaves of a sum of weights does not decide between two middles.
    is_reached = upto >= upto[:, -1:] / 2 * (1 - 1e-12)
    medians: Floats = values[is_reached.argmax(axis=1)]
    return medians
