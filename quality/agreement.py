"""Inter-annotator agreement: Krippendorff's alpha with a bootstrap interval, and the unanimous share.

Units enter as patterns: how often each combination of votes was seen. There are few different combinations however many
units there are, so memory does not grow with the data.

Source of alpha: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section D for any number of
observers, with missing values; interval: percentile bootstrap over units (B. Efron, 1979).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pattern = tuple[tuple[str, int], ...]

RESAMPLES = 2000
RESAMPLES_AT_ONCE = 200
SEED = 20_011


@dataclass(frozen=True, slots=True)
class Agreement:
    """`units` have two votes or more. `alpha` and its interval are None where they are not defined."""

    units: int
    unanimous_share: float | None
    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None


def agreement(patterns: Mapping[Pattern, int], *, order: Sequence[str] | None = None) -> Agreement:
    """Return agreement over the units: nominal alpha, or ordinal alpha where `order` lists the values from low to high.

    Alpha is not defined without two units, or when only one value was ever given. The bootstrap is seeded: the same
    units give the same interval.
    """
    units = sum(patterns.values())
    if units == 0:
        return Agreement(0, None, None, None, None)
    unanimous = sum(count for pattern, count in patterns.items() if len(pattern) == 1) / units
    alpha = krippendorff_alpha(patterns, order=order)
    if alpha is None:
        return Agreement(units, unanimous, None, None, None)
    low, high = _interval(patterns, order)
    return Agreement(units, unanimous, alpha, low, high)


def krippendorff_alpha(patterns: Mapping[Pattern, int], *, order: Sequence[str] | None = None) -> float | None:
    """Return alpha = 1 - D_observed / D_expected over the units, or None where the expected disagreement is zero."""
    votes, weights = _matrix(patterns, order)
    found = _alphas(_coincidences(votes), weights[np.newaxis, :], is_ordinal=order is not None)[0]
    return None if np.isnan(found) else float(found)


def _matrix(
    patterns: Mapping[Pattern, int], order: Sequence[str] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return votes (patterns x values) and how often each pattern occurs."""
    values = list(order) if order is not None else sorted({value for pattern in patterns for value, _ in pattern})
    place = {value: index for index, value in enumerate(values)}
    votes = np.zeros((len(patterns), len(values)))
    for row, pattern in enumerate(patterns):
        for value, count in pattern:
            votes[row, place[value]] = count
    return votes, np.fromiter(patterns.values(), dtype=np.float64, count=len(patterns))


def _coincidences(votes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each unit's coincidence matrix (patterns x values x values): its pairable values, each weighing 1/(m - 1)."""
    given = votes.sum(axis=1)
    pairs = votes[:, :, np.newaxis] * votes[:, np.newaxis, :]
    diagonal = np.arange(votes.shape[1])
    pairs[:, diagonal, diagonal] -= votes
    return pairs / (given - 1)[:, np.newaxis, np.newaxis]


def _alphas(
    coincidences: NDArray[np.float64], weights: NDArray[np.float64], *, is_ordinal: bool
) -> NDArray[np.float64]:
    """Return one alpha a row of `weights` (samples x patterns); NaN where only one value occurs."""
    size = coincidences.shape[1]
    observed = (weights @ coincidences.reshape(len(coincidences), -1)).reshape(-1, size, size)
    totals = observed.sum(axis=2)
    n = totals.sum(axis=1)
    distance = _ordinal_distances(totals) if is_ordinal else np.broadcast_to(1.0 - np.eye(size), observed.shape)
    expected = totals[:, :, np.newaxis] * totals[:, np.newaxis, :]
    above = (n - 1) * (observed * distance).sum(axis=(1, 2))
    below = (expected * distance).sum(axis=(1, 2))
    return np.where(below > 0, 1.0 - above / np.where(below > 0, below, 1.0), np.nan)


def _ordinal_distances(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """delta(c, k)^2 = (sum of n_g for g from c to k, minus (n_c + n_k) / 2)^2, for each sample."""
    upto = np.cumsum(totals, axis=1)
    between = upto[:, np.newaxis, :] - upto[:, :, np.newaxis]
    mean = between + totals[:, :, np.newaxis] / 2 - totals[:, np.newaxis, :] / 2
    return mean**2


def _interval(patterns: Mapping[Pattern, int], order: Sequence[str] | None) -> tuple[float | None, float | None]:
    votes, counts = _matrix(patterns, order)
    coincidences = _coincidences(votes)
    random = np.random.default_rng(SEED)
    units, shares = int(counts.sum()), counts / counts.sum()
    found = [
        _alphas(
            coincidences,
            random.multinomial(units, shares, size=RESAMPLES_AT_ONCE).astype(np.float64),
            is_ordinal=order is not None,
        )
        for _ in range(RESAMPLES // RESAMPLES_AT_ONCE)
    ]
    alphas = np.concatenate(found)
    alphas = alphas[~np.isnan(alphas)]
    if not len(alphas):
        return None, None
    low, high = np.percentile(alphas, [2.5, 97.5])
    return float(low), float(high)
