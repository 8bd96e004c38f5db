"""What gold says about a reviewer's accuracy: a Beta posterior with a uniform prior, its bounds, and what follows.

Pure functions. For whole parameters the Beta distribution function is a binomial tail (NIST DLMF 8.17.5), so nothing
beyond the standard library is needed.
"""

from math import exp, lgamma, log

# Trusted from this lower bound on, until it falls under the second; paused once even the upper bound is below the third.
TRUSTED_FROM = 0.60
TRUSTED_UNTIL = 0.50
PAUSED_BELOW = 0.60
LEAST_EVIDENCE = 4
TAIL = 0.05
PRECISION = 1e-9


def posterior(*, correct: int, wrong: int) -> tuple[float, float]:
    """Return (alpha, beta) of the Beta posterior of the accuracy, after that many right and wrong answers."""
    return 1.0 + correct, 1.0 + wrong


def lower_bound(*, correct: int, wrong: int) -> float:
    """Return the accuracy that the reviewer exceeds with a probability of 95 %."""
    return quantile(TAIL, correct=correct, wrong=wrong)


def upper_bound(*, correct: int, wrong: int) -> float:
    """Return the accuracy that the reviewer stays under with a probability of 95 %."""
    return quantile(1 - TAIL, correct=correct, wrong=wrong)


def quantile(probability: float, *, correct: int, wrong: int) -> float:
    """Return the accuracy x with P(accuracy <= x) = `probability` under the posterior, to within 1e-9."""
    low, high = 0.0, 1.0
    while high - low > PRECISION:
        middle = (low + high) / 2
        if _probability_below(middle, correct, wrong) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _probability_below(x: float, correct: int, wrong: int) -> float:
    """I_x(a, b) with a = correct + 1, b = wrong + 1: the chance of at least a successes in a + b - 1 trials."""
    trials = correct + wrong + 1
    return sum(
        exp(lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1) + k * log(x) + (trials - k) * log(1 - x))
        for k in range(correct + 1, trials + 1)
    )


def standing_state(*, correct: int, wrong: int, current: str) -> tuple[str, str]:
    """Return the state (probation, trusted or paused) that follows, and the sentence that says why.

    Nobody is paused or trusted on fewer than LEAST_EVIDENCE answers. Once trusted, a reviewer stays so until the lower
    bound falls under TRUSTED_UNTIL, so that one miss more or less does not flip them.
    """
    seen = correct + wrong
    low, high = lower_bound(correct=correct, wrong=wrong), upper_bound(correct=correct, wrong=wrong)
    found = f"{correct} of {seen} gold tasks right; accuracy between {low:.0%} and {high:.0%}"
    if seen < LEAST_EVIDENCE:
        return current, f"{found}: too few to say."
    if high < PAUSED_BELOW:
        return "paused", f"{found}: below what the work needs."
    if low >= (TRUSTED_UNTIL if current == "trusted" else TRUSTED_FROM):
        return "trusted", f"{found}."
    return "probation", f"{found}: not yet sure."
