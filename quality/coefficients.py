"""Coefficients of agreement: Krippendorff's alpha, Fleiss' and Cohen's kappa, Gwet's AC1. Pure; for jobs and commands only (numpy).

Each comes with an interval by the percentile bootstrap over units (B. Efron, 1979), seeded, and where it is not defined it
says why. Ratings enter as counts (units x values): how often each value was given to each unit. Equal rows are drawn as one
with their frequency, which is the bootstrap over units, so that time and memory go with the different rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from quality.labels import Floats, Labels

Level = Literal["nominal", "ordinal", "interval", "ratio"]
# From how often each row is drawn (samples x rows) to a coefficient for each sample, NaN where it is not defined.
Statistic = Callable[[Floats], Floats]

RESAMPLES = 2000
# A block of samples holds about this many numbers.
BLOCK = 2_000_000
SEED = 20_011
# An interval is told where at least this share of the samples has a value.
DEFINED = 0.95

UNPAIRED = "No unit has two ratings."
CONSTANT = "Only one value was given, so agreement by chance would be just as complete."
UNEVEN = "Fleiss' kappa needs the same number of ratings on every unit; Krippendorff's alpha does not."
ONE_UNIT = "There is no interval: one unit has nothing to be drawn again from."
SPARSE = "There is no interval: drawn again, too often only one value would have been given."


@dataclass(frozen=True, slots=True)
class Coefficient:
    """`value` with its 95 % interval, from `units` units; None where it is not defined, and then `why` is a sentence."""

    value: float | None
    low: float | None
    high: float | None
    units: int
    why: str = ""


def counts_of(labels: Labels) -> Floats:
    """Return the votes as counts (items x values)."""
    size = len(labels.items) * len(labels.values)
    cells = labels.item * len(labels.values) + labels.value
    counts = np.bincount(cells, weights=labels.weight, minlength=size).astype(float)
    return counts.reshape(len(labels.items), len(labels.values))


def krippendorff(
    counts: Floats, *, level: Level = "nominal", values: Sequence[float] | None = None, has_interval: bool = True
) -> Coefficient:
    """Return alpha = 1 - D_observed / D_expected (K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011).

    Units may have any number of ratings; those with one are left out. The columns stand in order for the ordinal level;
    `values` are their numbers, which interval and ratio need. Raises ValueError for a ratio of numbers below zero. Without
    `has_interval` nothing is drawn again, which with many different units takes most of the time.
    """
    paired = counts[counts.sum(axis=1) > 1]
    return _told(
        lambda rows: alphas(rows, level=level, values=values), paired, nothing=UNPAIRED, has_interval=has_interval
    )


def fleiss_kappa(counts: Floats) -> Coefficient:
    """Return kappa of several raters (J. L. Fleiss, "Measuring nominal scale agreement among many raters", 1971, eq. 7)."""
    given = counts.sum(axis=1)
    if len(given) and np.ptp(given) > 0:
        return Coefficient(None, None, None, len(counts), UNEVEN)
    return _told(_fleiss, counts[given > 1], nothing=UNPAIRED)


def gwet_ac1(counts: Floats) -> Coefficient:
    """Return AC1 (K. L. Gwet, "Computing inter-rater reliability ... in the presence of high agreement", 2008, eq. 8).

    With missing ratings as in his Handbook (2014), section 2.4: units with one rating count for how common the values are,
    and not for agreement. Every column is a category, also one that was never given: chance spreads over all.
    """
    rated = counts[counts.sum(axis=1) > 0]
    if not (rated.sum(axis=1) > 1).any():
        return Coefficient(None, None, None, 0, UNPAIRED)
    return _told(_gwet, rated, nothing=UNPAIRED)


def cohen_kappa(table: Floats, *, weights: Literal["linear", "quadratic"] | None = None) -> Coefficient:
    """Return kappa of two raters from their table: row and column are what the first and the second gave, the cell how often.

    J. Cohen, "A coefficient of agreement for nominal scales" (1960), eq. 1; weighted, "Weighted kappa" (1968), eq. 5, where a
    disagreement weighs the distance of the values, or its square. Where numpy may not be, quality.kappa has the plain one.
    """
    size = len(table)
    away = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    cost = {None: (away > 0).astype(float), "linear": away, "quadratic": away**2}[weights]

    def statistic(drawn: Floats) -> Floats:
        tables = drawn.reshape(-1, size, size)
        n = tables.sum(axis=(1, 2))
        expected = tables.sum(axis=2)[:, :, np.newaxis] * tables.sum(axis=1)[:, np.newaxis, :]
        return _one_minus(n * (tables * cost).sum(axis=(1, 2)), (expected * cost).sum(axis=(1, 2)))

    return _of_rows(statistic, table.ravel(), nothing=UNPAIRED)


def _told(
    statistic_of: Callable[[Floats], Statistic], counts: Floats, *, nothing: str, has_interval: bool = True
) -> Coefficient:
    """Return the coefficient over units, of which equal ones are taken together; `nothing` says why without units."""
    rows, times = np.unique(counts, axis=0, return_counts=True)
    return _of_rows(statistic_of(rows), times.astype(float), nothing=nothing, has_interval=has_interval)


def _of_rows(statistic: Statistic, times: Floats, *, nothing: str, has_interval: bool = True) -> Coefficient:
    """Return the statistic of rows that occur so many times."""
    units = int(times.sum())
    if not units:
        return Coefficient(None, None, None, 0, nothing)
    value = float(statistic(times[np.newaxis, :])[0])
    if np.isnan(value):
        return Coefficient(None, None, None, units, CONSTANT)
    if not has_interval:
        return Coefficient(value, None, None, units)
    if units == 1:
        return Coefficient(value, None, None, units, ONE_UNIT)
    ends = interval(statistic, times)
    return Coefficient(value, *ends, units) if ends else Coefficient(value, None, None, units, SPARSE)


def interval(statistic: Statistic, times: Floats) -> tuple[float, float] | None:
    """Return the 2.5 and 97.5 % points over samples of units; None where too few samples have a value. Seeded."""
    random = np.random.default_rng(SEED)
    units, shares = int(times.sum()), times / times.sum()
    block = max(1, min(RESAMPLES, BLOCK // len(times)))
    found = [
        statistic(random.multinomial(units, shares, size=min(block, RESAMPLES - done)).astype(float))
        for done in range(0, RESAMPLES, block)
    ]
    values = np.concatenate(found)
    values = values[~np.isnan(values)]
    if len(values) < DEFINED * RESAMPLES:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def alphas(counts: Floats, *, level: Level, values: Sequence[float] | None = None) -> Statistic:
    """Return Krippendorff's alpha of `counts` (rows x values, each row with two ratings or more) as a statistic."""
    given = counts.sum(axis=1)
    if level == "ordinal":
        return _ordinal_alphas(counts, given)
    distance = _distances(counts.shape[1], level, values)
    within = ((counts @ distance) * counts).sum(axis=1) / (given - 1)

    def statistic(drawn: Floats) -> Floats:
        totals = drawn @ counts
        return _one_minus((totals.sum(axis=1) - 1) * (drawn @ within), ((totals @ distance) * totals).sum(axis=1))

    return statistic


def _distances(size: int, level: Level, values: Sequence[float] | None) -> Floats:
    """Return the squared differences delta(c, k)^2 of two values (2011, section C)."""
    if level == "nominal":
        return 1.0 - np.eye(size)
    if values is None:
        raise ValueError(f"Alpha at the {level} level needs the numbers that the values stand for.")
    numbers = np.asarray(values, dtype=float)
    apart = np.subtract.outer(numbers, numbers)
    if level == "interval":
        return apart**2
    if (numbers < 0).any():
        raise ValueError("Alpha at the ratio level needs numbers that are not below zero.")
    sums = np.add.outer(numbers, numbers)
    return (apart / np.where(sums > 0, sums, 1.0)) ** 2


def _ordinal_alphas(counts: Floats, given: Floats) -> Statistic:
    """Ordinal alpha: delta(c, k) is the difference of mean ranks, the sum of n_g from c to k less (n_c + n_k) / 2.

    So it is interval alpha of mean ranks, which depend on the sample; sums of squares stand for the pairs of values.
    """

    def statistic(drawn: Floats) -> Floats:
        totals = drawn @ counts
        ranks = np.cumsum(totals, axis=1) - totals / 2
        spread = given * (ranks**2 @ counts.T) - (ranks @ counts.T) ** 2
        n = totals.sum(axis=1)
        expected = n * (totals * ranks**2).sum(axis=1) - (totals * ranks).sum(axis=1) ** 2
        return _one_minus((n - 1) * (drawn * spread / (given - 1)).sum(axis=1), expected)

    return statistic


def _fleiss(counts: Floats) -> Statistic:
    m = counts[0].sum() if len(counts) else 0.0
    agreed = (counts * (counts - 1)).sum(axis=1) / max(m * (m - 1), 1.0)

    def statistic(drawn: Floats) -> Floats:
        n = drawn.sum(axis=1)
        by_chance = (((drawn @ counts) / (n * m)[:, np.newaxis]) ** 2).sum(axis=1)
        return _one_minus(1 - drawn @ agreed / n, 1 - by_chance)

    return statistic


def _gwet(counts: Floats) -> Statistic:
    given = counts.sum(axis=1)
    is_paired = (given > 1).astype(float)
    agreed = (counts * (counts - 1)).sum(axis=1) / np.where(given > 1, given * (given - 1), 1.0) * is_paired
    shares = counts / given[:, np.newaxis]

    def statistic(drawn: Floats) -> Floats:
        common = drawn @ shares / drawn.sum(axis=1)[:, np.newaxis]
        by_chance = (common * (1 - common)).sum(axis=1) / max(counts.shape[1] - 1, 1)
        paired = drawn @ is_paired
        observed = drawn @ agreed / np.where(paired > 0, paired, 1.0)
        several = counts.shape[1] > 1
        return np.where((paired > 0) & several, (observed - by_chance) / (1 - by_chance), np.nan)

    return statistic


def _one_minus(observed: Floats, expected: Floats) -> Floats:
    """Return 1 - observed / expected, NaN where no disagreement was to be expected."""
    return np.where(expected > 0, 1.0 - observed / np.where(expected > 0, expected, 1.0), np.nan)
