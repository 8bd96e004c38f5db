"""When a reviewer's errors rose, and when a gold item leaked or is wrong. Pure functions of the standard library.

Sources: the Bernoulli CUSUM (M. R. Reynolds Jr. and Z. G. Stoumbos, "A CUSUM chart for monitoring a proportion when
inspecting continuously", 1999); its run length by a Markov chain (D. Brook and D. A. Evans, 1972);
the risk-adjusted CUSUM, whose expected rate differs from one observation to the next (S. H. Steiner, R. J. Cook, V. T.
Farewell and T. Treasure, "Monitoring surgical performance using risk-adjusted cumulative sum charts", 2000);
the bound on its false alarms (G. Lorden, "Procedures for reacting to a change in distribution", 1971).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, log1p

from quality.proportions import at_least_of

# One CUSUM is not designed past so many steps of its lattice.
HIGHEST = 20_000


@dataclass(frozen=True, slots=True)
class ErrorChart:
    """A Bernoulli CUSUM that counts in whole steps: an error adds `steps` - 1, a right answer takes 1, never below 0.

    An alarm is raised at `threshold`. `run_length` is the mean number of judgments until a false one, at the in-control
    rate; `delay` that until a true one, at the out-of-control rate, where the sum was at 0 when the rate changed.
    """

    good_rate: float
    bad_rate: float
    steps: int
    threshold: int
    run_length: float
    delay: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """Indices into the observations: `raised_at` raised the alarm, `good_until` is the last one known good.

    `good_until` is where the sum was last 0, the usual estimate of the change (E. S. Page, 1954); -1 where it never was.
    """

    raised_at: int
    good_until: int


@lru_cache(maxsize=256)
def error_chart(*, good_rate: float, bad_rate: float, run_length: float) -> ErrorChart:
    """Return the chart that tells `bad_rate` from `good_rate` with a mean of at least `run_length` between false alarms.

    0 < good_rate < bad_rate < 1. The best reference value between the rates is r1 / r2, with r1 = -ln((1 - bad) / (1 - good))
    and r2 = ln(bad (1 - good) / (good (1 - bad))); it is rounded to 1 / `steps`, so that the sum lives on a lattice and
    its run length is exact.
    """
    r1 = log((1 - good_rate) / (1 - bad_rate))
    r2 = log(bad_rate * (1 - good_rate) / (good_rate * (1 - bad_rate)))
    steps = max(2, round(r2 / r1))
    threshold = _first_long_enough(good_rate, steps, run_length)
    return ErrorChart(
        good_rate=good_rate,
        bad_rate=bad_rate,
        steps=steps,
        threshold=threshold,
        run_length=mean_run_length(good_rate, steps=steps, threshold=threshold),
        delay=mean_run_length(bad_rate, steps=steps, threshold=threshold),
    )


# What most people are held against: a drift from the rate of errors that standings tolerate.
COMMON = (0.20, 0.45, 400.0)
# What those are held against who began well, with at most so many errors in their first answers: 95 % right would else have
# to become 60 % before anybody is told soon. Of people of 85 % right, one in seven begins so by luck.
FINE = (0.10, 0.30, 1000.0)
FIRST, FIRST_ERRORS_MOST = 30, 2


def chart_for(errors: Sequence[bool]) -> ErrorChart:
    """Return the chart that suits somebody with these judgments, oldest first (True is an error).

    Its in-control rate is told by their own first answers (D. M. Hawkins, "Self-starting CUSUM charts for location and
    scale", 1987), in two grades: an exact run length needs a fixed chart. Who begins well enough for the fine one has no
    alarm on the common one by then, so that the change takes none away.
    """
    begins_well = len(errors) >= FIRST and sum(errors[:FIRST]) <= FIRST_ERRORS_MOST
    good, bad, run_length = FINE if begins_well else COMMON
    return error_chart(good_rate=good, bad_rate=bad, run_length=run_length)


def mean_run_length(error_rate: float, *, steps: int, threshold: int) -> float:
    """Return the mean number of judgments until the alarm, from a sum of 0, at this error rate. Exact.

    The sum is a Markov chain on 0 ... threshold - 1: E(i) = 1 + (1 - p) E(max(i - 1, 0)) + p E(i + steps - 1), E being 0
    from the threshold on. Solved by elimination downwards: E(i - 1) never reaches below its neighbour, so each row leaves
    E(i) = free + a band of at most `steps` - 1 values above it, which add up to 1; so the diagonal can be summed up from
    positive parts, and long runs lose no digits (W. K. Grassmann, M. I. Taksar and D. P. Heyman, 1985).
    """
    free: list[float] = []
    bands: list[list[float]] = []
    for i in range(threshold):
        band = [0.0] * steps
        band[-1] = error_rate
        constant, diagonal = 1.0, error_rate if i == 0 else 1.0
        if i:
            before = bands[-1]
            constant += (1 - error_rate) * free[-1]
            diagonal = error_rate + (1 - error_rate) * sum(before[2:])
            for place in range(2, steps):
                band[place - 1] += (1 - error_rate) * before[place]
        free.append(constant / diagonal)
        bands.append([value / diagonal for value in band])
    lengths = [0.0] * (threshold + steps)
    for i in range(threshold - 1, -1, -1):
        lengths[i] = free[i] + sum(bands[i][place] * lengths[i + place] for place in range(1, steps))
    return lengths[0]


def _first_long_enough(rate: float, steps: int, run_length: float) -> int:
    low, high = 0, steps
    while mean_run_length(rate, steps=steps, threshold=high) < run_length and high < HIGHEST:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if mean_run_length(rate, steps=steps, threshold=middle) < run_length:
            low = middle
        else:
            high = middle
    return high


def sums(errors: Iterable[bool], chart: ErrorChart) -> list[int]:
    """Return the sum after each judgment, in time's order; it goes on after an alarm."""
    path, value = [], 0
    for error in errors:
        value = max(0, value + (chart.steps - 1 if error else -1))
        path.append(value)
    return path


def error_alarm(errors: Sequence[bool], chart: ErrorChart) -> Alarm | None:
    """Return the first alarm in these judgments (True is an error), or None.

    The sum begins at 0. After an alarm was dealt with, begin anew with the judgments that follow.
    """
    return _first_alarm(sums(errors, chart), chart.threshold)


def standing_alarm(errors: Sequence[bool], chart: ErrorChart) -> Alarm | None:
    """Return the alarm that stands after these judgments, or None: raised as `error_alarm` does, over once the sum is at 0.

    While it stands the sum is held at the threshold at most, so that its end takes as many right answers in a row, however
    long the bad spell was.
    """
    value, alarm, good_until = 0, None, -1
    for place, error in enumerate(errors):
        value = min(max(0, value + (chart.steps - 1 if error else -1)), chart.threshold)
        if value == 0:
            alarm, good_until = None, place
        elif value == chart.threshold and alarm is None:
            alarm = Alarm(place, good_until)
    return alarm


def last_good(errors: Sequence[bool], chart: ErrorChart) -> tuple[int, int]:
    """Return the sum after these judgments, and the index of the last at which it was 0; -1 where it never was."""
    path = sums(errors, chart)
    at_nothing = [place for place, value in enumerate(path) if value == 0]
    return (path[-1] if path else 0), (at_nothing[-1] if at_nothing else -1)


def odds_alarm(
    hits: Sequence[bool], expected: Sequence[float], *, odds_ratio: float, run_length: float
) -> Alarm | None:
    """Return the first alarm that the odds of a hit have become `odds_ratio` times those `expected` (each in (0, 1)).

    An observation adds ln of its likelihood ratio: ln R - ln(1 - p + R p) for a hit, -ln(1 - p + R p) for a miss. Crossing
    ln(run_length) happens falsely once in at least `run_length` observations on average, whatever the p: Lorden's bound,
    which asks only that each ratio has mean 1. It is a bound: the true mean is several times as long.
    """
    value, path = 0.0, []
    for hit, chance in zip(hits, expected, strict=True):
        ratio = log(odds_ratio) * hit - log1p(chance * (odds_ratio - 1))
        value = max(0.0, value + ratio)
        path.append(value)
    return _first_alarm(path, log(run_length))


def _first_alarm(path: Sequence[float], threshold: float) -> Alarm | None:
    good_until = -1
    for place, value in enumerate(path):
        if value <= 0:
            good_until = place
        if value >= threshold:
            return Alarm(place, good_until)
    return None


# --- gold items -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Disputed:
    """`misses` among `answers` of trusted reviewers, where `predicted` were to be expected; `chance` is how likely so many
    or more are if the expected answer is right."""

    answers: int
    misses: int
    predicted: float
    chance: float
    is_disputed: bool


def expected_hit(accuracy: float, *, ease: float) -> float:
    """Return the chance that somebody of this accuracy hits an item: their log odds plus the item's `ease` (G. Rasch, 1960).

    Of an item of mean difficulty `ease` is 0; estimate it by `ease_of` from the item's first answers. Both in (0, 1).
    """
    return 1 / (1 + exp(-(log(accuracy / (1 - accuracy)) + ease)))


def ease_of(hits: Sequence[bool], accuracies: Sequence[float]) -> float:
    """Return the ease at which as many hits as these are expected of these people, drawn towards 0 by a normal prior.

    The mode of a Rasch model with known abilities and ease ~ N(0, 1): few answers say little. By Newton's method.
    """
    ease = 0.0
    for _ in range(50):
        chances = [expected_hit(accuracy, ease=ease) for accuracy in accuracies]
        slope = sum(hits) - sum(chances) - ease
        step = slope / (1 + sum(chance * (1 - chance) for chance in chances))
        ease += step
        if abs(step) < 1e-10:
            break
    return ease


def leak_alarm(
    hits: Sequence[bool],
    accuracies: Sequence[float],
    *,
    ease: float,
    odds_ratio: float = 6.0,
    run_length: float = 500.0,
) -> Alarm | None:
    """Return when a gold item began to be hit far more often than its ease and its reviewers' accuracies predict.

    An item that nearly everybody hits anyway cannot be seen to leak: nothing in its answers would change.
    """
    expected = [expected_hit(accuracy, ease=ease) for accuracy in accuracies]
    return odds_alarm(hits, expected, odds_ratio=odds_ratio, run_length=run_length)


def disputed(hits: Sequence[bool], accuracies: Sequence[float], *, chance_below: float = 0.001) -> Disputed:
    """Return whether trusted reviewers miss a gold item far more often than their standing predicts.

    `accuracies` are their lower bounds, so that doubt about them does not blame the item. The number of misses is compared
    with its exact distribution (independent, each with its own probability: Poisson's binomial). With m gold items looked
    at, m * `chance_below` are named falsely; and hard items are named rightly only if a person then reads them.
    """
    misses = [1 - accuracy for accuracy in accuracies]
    seen = sum(not hit for hit in hits)
    chance = at_least_of(seen, misses)
    return Disputed(len(hits), seen, sum(misses), chance, chance < chance_below)
