"""Shares with their intervals, and the tails behind them. Pure functions of the standard library: web workers may import it.

Sources: the incomplete beta function by its continued fraction (NIST DLMF 8.17.22, evaluated by the modified Lentz method
of W. J. Lentz, 1976, and I. J. Thompson and A. R. Barnett, 1986); binomial tails by it (DLMF 8.17.5); the score interval
(E. B. Wilson, "Probable inference", 1927, recommended for small samples by L. D. Brown, T. T. Cai and A. DasGupta,
"Interval estimation for a binomial proportion", 2001); the exact one (C. J. Clopper and E. S. Pearson, 1934).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p, sqrt
from statistics import NormalDist

PRECISION = 1e-9
TINY = 1e-300
MOST_TERMS = 10_000


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:.0%} to {self.high:.0%}"


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with an interval. `value` and `interval` are None of nothing."""

    count: int
    total: int
    interval: Interval | None

    @property
    def value(self) -> float | None:
        return self.count / self.total if self.total else None


def normal_quantile(confidence: float) -> float:
    """Return z such that a standard normal value lies within -z and z with this probability."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def share_of(count: int, total: int, *, confidence: float = 0.95) -> Share:
    """Return the share with Wilson's interval."""
    return Share(count, total, wilson_interval(count, total, confidence=confidence) if total else None)


def wilson_interval(count: float, total: float, *, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval of a share. `total` is above zero, and may be an effective number of observations."""
    z2 = normal_quantile(confidence) ** 2
    share = count / total
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = sqrt(z2 * (share * (1 - share) / total + z2 / (4 * total**2))) / (1 + z2 / total)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def exact_interval(count: int, total: int, *, confidence: float = 0.95) -> Interval:
    """Return the interval of Clopper and Pearson: it holds the true share at least that often, whatever the share is."""
    tail = (1 - confidence) / 2
    low = beta_quantile(tail, count, total - count + 1) if count else 0.0
    high = beta_quantile(1 - tail, count + 1, total - count) if count < total else 1.0
    return Interval(low, high)


def at_least(count: int, trials: int, probability: float) -> float:
    """Return P(X >= count) for X binomial."""
    if count <= 0:
        return 1.0
    if count > trials:
        return 0.0
    return beta_below(probability, count, trials - count + 1)


def at_least_of(count: int, probabilities: Sequence[float]) -> float:
    """Return P(X >= count) where X is how many of independent events happen, each with a probability of its own.

    The distribution of S. D. Poisson (1837), event by event: exact, in time of events times count.
    """
    chances = [1.0] + [0.0] * max(count, 0)
    for probability in probabilities:
        chances[-1] += chances[-2] * probability if len(chances) > 1 else 0.0
        for happened in range(len(chances) - 2, 0, -1):
            chances[happened] += (chances[happened - 1] - chances[happened]) * probability
        if len(chances) > 1:
            chances[0] *= 1 - probability
    return min(1.0, chances[-1])


def beta_below(x: float, alpha: float, beta: float) -> float:
    """Return I_x(alpha, beta): the chance that a value of this Beta distribution is at most x. Both parameters above zero."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (alpha + 1) / (alpha + beta + 2):
        return 1.0 - beta_below(1 - x, beta, alpha)
    front = exp(lgamma(alpha + beta) - lgamma(alpha) - lgamma(beta) + alpha * log(x) + beta * log1p(-x))
    return front * _fraction(x, alpha, beta) / alpha


def beta_quantile(probability: float, alpha: float, beta: float) -> float:
    """Return x with I_x(alpha, beta) = `probability`, to within 1e-9."""
    low, high = 0.0, 1.0
    while high - low > PRECISION:
        middle = (low + high) / 2
        if beta_below(middle, alpha, beta) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _fraction(x: float, alpha: float, beta: float) -> float:
    """The continued fraction, which converges fast for x below (alpha + 1) / (alpha + beta + 2)."""
    value, above, below = 1.0, 1.0, 0.0
    for term in range(1, MOST_TERMS):
        step = _coefficient(term, x, alpha, beta)
        below = 1 / _not_zero(1 + step * below)
        above = _not_zero(1 + step / above)
        value *= above * below
        if abs(above * below - 1) < 1e-15:
            break
    return 1 / value


def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY


def _coefficient(term: int, x: float, alpha: float, beta: float) -> float:
    half = term // 2
    if term % 2:
        return -(alpha + half) * (alpha + beta + half) * x / ((alpha + term - 1) * (alpha + term))
    return half * (beta - half) * x / ((alpha + term - 1) * (alpha + term))
