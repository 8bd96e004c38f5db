"""How far rankings agree: Kendall's W of several rankings, and tau-b of two. Pure; for jobs and commands only (numpy, scipy).

Both allow ties. The units drawn again for the interval are the things that are ranked (see quality.coefficients).
"""

import numpy as np
from scipy.stats import rankdata

from quality.coefficients import ONE_UNIT, RESAMPLES, SEED, SPARSE, Coefficient, interval
from quality.labels import Floats

ONE_RANKING = "One ranking agrees with nobody: W needs two or more."
ALL_TIED = "A ranking in which everything is tied orders nothing."
# Samples at a time: each is as large as the rankings are.
AT_ONCE = 100


def kendall_w(ranks: Floats) -> Coefficient:
    """Return W of m complete rankings of n things (`ranks`: m x n; any numbers whose order is meant), corrected for ties.

    M. G. Kendall and B. Babington Smith, "The problem of m rankings" (1939); with ties: S. Siegel and N. J. Castellan,
    "Nonparametric statistics" (1988), section 9.2.4: W = (12 sum R_i^2 - 3 m^2 n (n+1)^2) / (m^2 n (n^2-1) - m sum T_j),
    T_j the sum of t^3 - t over the groups of ties of ranking j.
    """
    raters, things = ranks.shape
    if raters < 2:
        return Coefficient(None, None, None, things, ONE_RANKING)
    value = float(_concordance(ranks[np.newaxis])[0]) if things else np.nan
    if np.isnan(value):
        return Coefficient(None, None, None, things, ONE_UNIT if things == 1 else ALL_TIED)
    random = np.random.default_rng(SEED)
    found = []
    for done in range(0, RESAMPLES, AT_ONCE):
        drawn = random.integers(things, size=(min(AT_ONCE, RESAMPLES - done), things))
        found.append(_concordance(np.moveaxis(ranks[:, drawn], 0, 1)))
    values = np.concatenate(found)
    if np.isnan(values).mean() > 0.05:
        return Coefficient(value, None, None, things, SPARSE)
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Coefficient(value, float(low), float(high), things)


def kendall_tau(one: Floats, other: Floats) -> Coefficient:
    """Return tau-b of two rankings of n things (M. G. Kendall, "The treatment of ties in ranking problems", 1945).

    Things with the same two ranks are drawn as one with its frequency; memory goes with the square of the different ones.
    """
    if not len(one):
        return Coefficient(None, None, None, 0, ONE_UNIT)
    pairs, times = np.unique(np.stack([one, other], axis=1), axis=0, return_counts=True)
    first, second = (np.sign(np.subtract.outer(column, column)) for column in pairs.T)
    concordant, untied_first, untied_second = first * second, np.abs(first), np.abs(second)

    def statistic(drawn: Floats) -> Floats:
        def of(matrix: Floats) -> Floats:
            total: Floats = ((drawn @ matrix) * drawn).sum(axis=1)
            return total

        below = np.sqrt(of(untied_first) * of(untied_second))
        return np.where(below > 0, of(concordant) / np.where(below > 0, below, 1.0), np.nan)

    weights = times.astype(float)
    value = float(statistic(weights[np.newaxis])[0])
    if np.isnan(value):
        return Coefficient(None, None, None, len(one), ONE_UNIT if len(one) == 1 else ALL_TIED)
    ends = interval(statistic, weights)
    return Coefficient(value, *ends, len(one)) if ends else Coefficient(value, None, None, len(one), SPARSE)


def _concordance(ranks: Floats) -> Floats:
    """Return W of each sample (samples x m x n); NaN where nothing is ordered."""
    raters, things = ranks.shape[1:]
    places = rankdata(ranks, axis=2)
    # With mean ranks for ties n (n^2 - 1) - T_j = 12 sum (rank - mean)^2, so both sums of the formula are of squares.
    spread = ((places - (things + 1) / 2) ** 2).sum(axis=(1, 2))
    sums = places.sum(axis=1)
    above = ((sums - raters * (things + 1) / 2) ** 2).sum(axis=1)
    below = raters * spread
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)
