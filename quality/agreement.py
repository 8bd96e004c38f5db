"""Inter-annotator agreement: Krippendorff's alpha with a bootstrap interval, and the unanimous share.

Units enter as patterns: how often each combination of votes was seen. There are few different combinations however many
units there are, so memory does not grow with the data.

Source of alpha: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section D for any number of
observers, with missing values; interval: percentile bootstrap over units (B. Efron, 1979).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from quality.coefficients import alphas, interval
from quality.labels import Floats

Pattern = tuple[tuple[str, int], ...]


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
    votes, counts = _matrix(patterns, order)
    low, high = interval(alphas(votes, level=_level(order)), counts) or (None, None)
    return Agreement(units, unanimous, alpha, low, high)


def krippendorff_alpha(patterns: Mapping[Pattern, int], *, order: Sequence[str] | None = None) -> float | None:
    """Return alpha = 1 - D_observed / D_expected over the units, or None where the expected disagreement is zero."""
    votes, counts = _matrix(patterns, order)
    found = alphas(votes, level=_level(order))(counts[np.newaxis, :])[0]
    return None if np.isnan(found) else float(found)


def _level(order: Sequence[str] | None) -> Literal["nominal", "ordinal"]:
    return "nominal" if order is None else "ordinal"


def _matrix(patterns: Mapping[Pattern, int], order: Sequence[str] | None) -> tuple[Floats, Floats]:
    """Return votes (patterns x values) and how often each pattern occurs."""
    values = list(order) if order is not None else sorted({value for pattern in patterns for value, _ in pattern})
    place = {value: index for index, value in enumerate(values)}
    votes = np.zeros((len(patterns), len(values)))
    for row, pattern in enumerate(patterns):
        for value, count in pattern:
            votes[row, place[value]] = count
    return votes, np.fromiter(patterns.values(), dtype=np.float64, count=len(patterns))
