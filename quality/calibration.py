"""Whether confidences mean what they say: reliability, its errors, the test that adaptive overlap must pass, and mending.

Sources: the reliability diagram (A. H. Murphy and R. L. Winkler, 1977); expected calibration error in bins (M. P. Naeini, G.
F. Cooper and M. Hauskrecht, 2015; C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural
networks", 2017, eq. 3); the Brier score (G. W. Brier, 1950); isotonic regression by pooling adjacent violators (M. Ayer, H.
D. Brunk, G. M. Ewing, W. T. Reid and E. Silverman, 1955; for calibration B. Zadrozny and C. Elkan, 2002).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from quality.proportions import Share, beta_quantile, share_of

BINS = 10
# Adaptive overlap starts once this is shown on gold: see `shown_calibrated`.
GOLD_LEAST = 50
MARGIN = 0.05
ASSURANCE = 0.95


@dataclass(frozen=True, slots=True)
class Bin:
    """Confidences from `low` up to `high`, the last one inclusive: their mean, and how often they were right."""

    low: float
    high: float
    mean_confidence: float
    right: Share


@dataclass(frozen=True, slots=True)
class Reliability:
    """`bins` without the empty ones; `error` is the expected calibration error, `brier` the mean squared one; both are 0
    at best, and None of nothing."""

    bins: list[Bin]
    error: float | None
    brier: float | None


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether confidences of at least `target` may be relied on; `low` is the lower bound of how often they are right."""

    is_shown: bool
    right: int
    total: int
    low: float
    reason: str


def reliability(confidences: Sequence[float], rights: Sequence[bool], *, bins: int = BINS) -> Reliability:
    """Return the reliability curve of confidences (each in [0, 1]) whose answers were right or not, in bins of even width.

    The error is the mean distance between confidence and share right, each bin weighing as many as it holds. It is 0 for a
    single confidence that equals the share right, however useless; hence the Brier score beside it.
    """
    if not confidences:
        return Reliability([], None, None)
    held: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in zip(confidences, rights, strict=True):
        held.setdefault(min(int(confidence * bins), bins - 1), []).append((confidence, right))
    curve = [
        Bin(
            low=place / bins,
            high=(place + 1) / bins,
            mean_confidence=sum(confidence for confidence, _ in pairs) / len(pairs),
            right=share_of(sum(right for _, right in pairs), len(pairs)),
        )
        for place, pairs in sorted(held.items())
    ]
    total = len(confidences)
    error = sum(each.right.total * abs(each.mean_confidence - (each.right.value or 0.0)) for each in curve) / total
    brier = sum((confidence - right) ** 2 for confidence, right in zip(confidences, rights, strict=True)) / total
    return Reliability(curve, error, brier)


def shown_calibrated(
    confidences: Sequence[float],
    rights: Sequence[bool],
    *,
    target: float,
    margin: float = MARGIN,
    least: int = GOLD_LEAST,
    assurance: float = ASSURANCE,
) -> Shown:
    """Return whether gold shows that answers of confidence `target` or more may stand.

    Adaptive overlap relies on one claim: who stops at the target is right that often. So that is what is tested, not the
    whole curve: among at least `least` gold items that reached the target, the lower bound of the share right (Clopper
    and Pearson's, one-sided: who is worse passes at most once in twenty, whatever the number) must be `target` - `margin` or
    more. A confidence that claims too little passes: it costs judgments, not truth. The margin is what one is ready to lose
    unseen; no finite gold shows a margin of 0. At a target of 0.95 and a margin of 0.05, 50 items allow one miss.

    The gold must be resolved by the same rule as the rest, and must not be the gold by which the people were measured.
    """
    reached = [right for confidence, right in zip(confidences, rights, strict=True) if confidence >= target]
    total, right = len(reached), sum(reached)
    low = beta_quantile(1 - assurance, right, total - right + 1) if right else 0.0
    found = f"{right} of {total} gold items that reached {target:.0%} are right, at least {low:.1%} of such"
    if total < least:
        return Shown(False, right, total, low, f"{found}: {least} items are needed.")
    if low < target - margin:
        return Shown(False, right, total, low, f"{found}: below {target - margin:.1%}.")
    return Shown(True, right, total, low, f"{found}: no less than {target - margin:.1%}.")


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A step function that never falls: from each of `starts` on (ascending), the value beside it."""

    starts: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, confidence: float) -> float:
        """Return the share right that such a confidence had; below the first start, the first value."""
        return self.values[max(0, bisect_right(self.starts, confidence) - 1)]


def recalibrate(confidences: Sequence[float], rights: Sequence[bool]) -> Recalibration:
    """Return the isotonic regression of being right on confidence: of all functions that never fall, the one with the least
    squared error. At least one observation. Each step is drawn towards the whole share by one observation of it, so that none
    claims certainty; where a short step would then pass the next, both have the higher value.
    """
    whole = sum(rights) / len(rights)
    blocks: list[tuple[float, float, int]] = []
    by_confidence: dict[float, list[bool]] = {}
    for confidence, right in zip(confidences, rights, strict=True):
        by_confidence.setdefault(confidence, []).append(right)
    for start, found in sorted(by_confidence.items()):
        hits, total = float(sum(found)), len(found)
        while blocks and blocks[-1][1] * total >= hits * blocks[-1][2]:
            start, lower, count = blocks.pop()
            hits, total = hits + lower, total + count
        blocks.append((start, hits, total))
    shrunk = [(start, (hits + whole) / (total + 1)) for start, hits, total in blocks]
    values: list[float] = []
    for _, value in shrunk:
        values.append(max([value, *values[-1:]]))
    return Recalibration(tuple(start for start, _ in shrunk), tuple(values))
