"""A mean from many judged and few expert-labelled items: PPI++ with power tuning, and its interval.

Source: A. N. Angelopoulos, J. C. Duchi and T. Zrnic, "PPI++: Efficient prediction-powered inference" (2023), for a mean, with
its power tuning and its normal interval. Strata: W. G. Cochran, "Sampling Techniques" (1977), chapter 5, with lambda tuned in
each (A. Fisch et al., "Stratified prediction-powered inference for hybrid language model evaluation", 2024).

    estimate = mean(Y) + lambda (mean(F) - mean(f))
    variance = var(Y - lambda f) / n + lambda^2 var(F) / N
    lambda   = cov(Y, f) / ((1 + n / N) var(f))     which makes the variance least; here held within [0, 1]

Y and f are the experts' and the judge's verdicts on the n items that both saw, F the judge's on the N that it saw alone.
A judge that says nothing about the experts has lambda near 0, which is the classic mean of Y; one that is always right has a
lambda near 1, and the interval of n + N labels. The items that experts saw must be a random sample of those it stands for
(of each stratum, in the stratified form), and the judge's verdicts must not have been tuned on them.

With few labels the tuning itself costs: the judge helps only where its correlation with the experts is above 1 / sqrt(n - 2)
(P. Mani, P. Xu, Z. C. Lipton and M. Oberst, "No free lunch: non-asymptotic analysis of prediction-powered inference", 2025).
Below that, and with four labels or fewer, lambda is 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t

from quality.proportions import Interval

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """`experts` and `judge` on the same items (n, one dimension), and `judge_alone` (N) on others of the same population."""

    experts: ArrayLike
    judge: ArrayLike
    judge_alone: ArrayLike


@dataclass(frozen=True, slots=True)
class Estimated:
    """`tuning` is lambda, by stratum (a single one is named ""). `classic` is the interval that experts alone would give,
    and `worth` how many expert labels would give this one: n times the ratio of the variances. Where all experts' verdicts
    are the same there is no variance to go by, and no interval: `quality.proportions` has those of counts.
    """

    value: float
    interval: Interval | None
    tuning: dict[str, float]
    classic: Interval | None
    worth: float


@dataclass(frozen=True, slots=True)
class _Part:
    value: float
    variance: float
    tuning: float
    plain: float
    plain_variance: float
    n: int


def estimate_mean(labelled: Labelled, *, confidence: float = 0.95) -> Estimated:
    """Return the mean of what experts would say of all items. Two expert labels or more."""
    return estimate_stratified({"": labelled}, {"": 1.0}, confidence=confidence)


def estimate_stratified(
    strata: Mapping[str, Labelled], shares: Mapping[str, float], *, confidence: float = 0.95
) -> Estimated:
    """Return the mean over strata whose `shares` of the population add up to 1, each with two expert labels or more.

    Student's quantile stands in for the normal one of the paper, with n - 1 degrees of freedom (of the smallest stratum:
    safe rather than exact), as experts' labels are few.
    """
    parts = {name: _part(labelled) for name, labelled in sorted(strata.items())}
    quantile = float(t.ppf((1 + confidence) / 2, min(part.n for part in parts.values()) - 1))
    value = sum(shares[name] * part.value for name, part in parts.items())
    variance = sum(shares[name] ** 2 * part.variance for name, part in parts.items())
    plain = sum(shares[name] * part.plain for name, part in parts.items())
    plain_variance = sum(shares[name] ** 2 * part.plain_variance for name, part in parts.items())
    labels = sum(part.n for part in parts.values())
    return Estimated(
        value=value,
        interval=_interval(value, variance, quantile),
        tuning={name: part.tuning for name, part in parts.items()},
        classic=_interval(plain, plain_variance, quantile),
        worth=labels * plain_variance / variance if variance > 0 else float(labels),
    )


def _interval(value: float, variance: float, quantile: float) -> Interval | None:
    if variance == 0:
        return None
    half = quantile * float(np.sqrt(variance))
    return Interval(value - half, value + half)


def _part(labelled: Labelled) -> _Part:
    """One stratum's estimate. Variances divide by one less than the count."""
    experts, judge, alone = (
        np.asarray(values, dtype=np.float64) for values in (labelled.experts, labelled.judge, labelled.judge_alone)
    )
    n, others = len(experts), len(alone)
    if n < 2 or len(judge) != n:
        raise ValueError("Two items or more need a verdict of both the experts and the judge.")
    tuning = _tuning(experts, judge, alone)
    plain_variance = float(experts.var(ddof=1)) / n
    if tuning == 0:
        return _Part(float(experts.mean()), plain_variance, 0.0, float(experts.mean()), plain_variance, n)
    value = float(experts.mean() + tuning * (alone.mean() - judge.mean()))
    variance = float((experts - tuning * judge).var(ddof=1)) / n + tuning**2 * float(alone.var(ddof=1)) / others
    return _Part(value, variance, tuning, float(experts.mean()), plain_variance, n)


def _tuning(experts: Values, judge: Values, alone: Values) -> float:
    """The lambda of least variance, the judge's variance taken over all its verdicts, as in the paper."""
    if len(alone) < 2:
        return 0.0
    spread = float(np.concatenate([judge, alone]).var(ddof=1))
    if spread == 0:
        return 0.0
    n, own_spread, truth_spread = len(experts), float(judge.var(ddof=1)), float(experts.var(ddof=1))
    covariance = float(np.cov(experts, judge, ddof=1)[0, 1])
    if n <= 4 or covariance**2 * (n - 2) <= own_spread * truth_spread:
        return 0.0
    return min(max(covariance / ((1 + n / len(alone)) * spread), 0.0), 1.0)
