"""The audit's sampling plan and its estimate: stratified, random at its core, every item with a known chance of being drawn.

Sources: sample sizes, finite populations and strata, W. G. Cochran, "Sampling Techniques" (3rd ed., 1977), sections 4.4,
5.3 and 5.5; weighting by the inverse of the chance, D. G. Horvitz and D. J. Thompson (1952), with J. Hájek's ratio (1971)
where drawn items were not all audited. Within a stratum the draw is simple random sampling without replacement.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil, sqrt

from quality.kappa import Kappa, cohen_kappa
from quality.proportions import Interval, Share, exact_interval, normal_quantile, share_of, wilson_interval

DOUBLE_SHARE = 0.1
# With fewer right, or fewer wrong, the normal interval of a share is not to be trusted; the one of counts is used instead.
FEW = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How many to draw from each stratum, and the half-width of the 95 % interval that this promises."""

    sizes: dict[str, int]
    populations: dict[str, int]
    half_width: float

    def chance(self, stratum: str) -> float:
        """The chance that an item of this stratum is drawn."""
        return self.sizes[stratum] / self.populations[stratum]


@dataclass(frozen=True, slots=True)
class Drawn:
    """`chance` is that of being drawn; `is_double` items are audited by two experts, neither knowing of the other."""

    key: str
    stratum: str
    chance: float
    is_double: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """An expert's verdict on a drawn item, before any repair."""

    stratum: str
    chance: float
    is_right: bool


@dataclass(frozen=True, slots=True)
class ExpertAgreement:
    """How often two experts came to the same verdict, and beyond chance. It stands beside every estimate: what experts do
    not agree on among themselves, no estimate of theirs is better than."""

    agreed: Share
    kappa: Kappa


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share of right items among all. `method` says how the interval was made: weighted, wilson or exact."""

    value: float
    interval: Interval
    audited: int
    method: str


def sample_size(population: int, *, half_width: float, expected: float = 0.5, confidence: float = 0.95) -> int:
    """Return how many of a finite population tell a share to within `half_width` (Cochran 1977, eqs. 4.1 and 4.2).

    n0 = z^2 p (1 - p) / d^2, and n = n0 / (1 + (n0 - 1) / N). `expected` is the share one expects; 0.5 asks the most.
    """
    if population <= 0:
        return 0
    unlimited = normal_quantile(confidence) ** 2 * expected * (1 - expected) / half_width**2
    return min(population, ceil(unlimited / (1 + (unlimited - 1) / population) - 1e-9))


def plan_audit(
    populations: Mapping[str, int],
    *,
    half_width: float,
    least: int = 5,
    expected: float = 0.5,
    risks: Mapping[str, float] | None = None,
) -> Plan:
    """Return a plan whose sizes tell the whole share to within `half_width`, with at least `least` of each stratum.

    Sizes are in proportion to how many items a stratum has times its `risks` (1 where not said): more is drawn where more
    is feared, and the weights take that back. Strata smaller than `least` are audited whole; empty ones are left out.
    Uneven risks and minima change the variance: `half_width` of the plan is the one it comes to, never wider than wanted.
    """
    filled = {stratum: count for stratum, count in sorted(populations.items()) if count > 0}
    needed = sample_size(sum(filled.values()), half_width=half_width, expected=expected)
    while True:
        sizes = _allocated(filled, needed, least, risks or {})
        reached = _half_width(filled, sizes, expected)
        if reached <= half_width + 1e-9 or sizes == filled:
            return Plan(sizes, filled, reached)
        needed = max(needed + 1, ceil(needed * 1.05))


def _allocated(populations: Mapping[str, int], needed: int, least: int, risks: Mapping[str, float]) -> dict[str, int]:
    measures = {stratum: count * risks.get(stratum, 1.0) for stratum, count in populations.items()}
    whole = sum(measures.values())
    return {
        stratum: min(count, max(least, ceil(needed * measures[stratum] / whole - 1e-9)))
        for stratum, count in populations.items()
    }


def _half_width(populations: Mapping[str, int], sizes: Mapping[str, int], expected: float) -> float:
    """Cochran 1977, eq. 5.53 (shares): the variance is the sum of W^2 (1 - f) p (1 - p) / (n - 1)."""
    total = sum(populations.values())
    variance = sum(
        (count / total) ** 2 * (1 - sizes[stratum] / count) * expected * (1 - expected) / max(1, sizes[stratum] - 1)
        for stratum, count in populations.items()
    )
    return normal_quantile(0.95) * sqrt(variance)


def draw(plan: Plan, strata: Mapping[str, str], *, seed: str, double_share: float = DOUBLE_SHARE) -> list[Drawn]:
    """Return which items are audited, in the order of their keys; `strata` says the stratum of every item by its key.

    Each stratum's items are put in the order of SHA-256 of seed and key, and the first ones are drawn: anybody who knows
    the seed and the keys can draw again and find the same, in any language and on any machine; whoever does not know the
    seed cannot tell who will be drawn. The first `double_share` of each stratum's drawn items, at least one of the whole,
    is audited twice.
    """
    return draw_streamed(plan, strata.items(), seed=seed, double_share=double_share)


def draw_streamed(
    plan: Plan, members: Iterable[tuple[str, str]], *, seed: str, double_share: float = DOUBLE_SHARE
) -> list[Drawn]:
    """Do what `draw` does for (key, stratum) pairs that come one by one; it keeps in memory what it draws, and no more."""
    first: dict[str, list[tuple[int, str]]] = {stratum: [] for stratum in plan.sizes}
    seen: Counter[str] = Counter()
    for key, stratum in members:
        seen[stratum] += 1
        if stratum not in first:
            continue
        entry = (-int.from_bytes(_place(seed, key)), key)
        if len(first[stratum]) < plan.sizes[stratum]:
            heapq.heappush(first[stratum], entry)
        else:
            heapq.heappushpop(first[stratum], entry)
    for stratum, population in plan.populations.items():
        if seen[stratum] != population:
            raise ValueError(f"Stratum {stratum} has {seen[stratum]} items; the plan was made for {population}.")
    drawn = [(-place, key, stratum) for stratum, entries in first.items() for place, key in entries]
    twice = {key for _, key, _ in sorted(drawn)[: ceil(double_share * len(drawn) - 1e-9)]}
    return [
        Drawn(key, stratum, plan.chance(stratum), key in twice) for _, key, stratum in sorted(drawn, key=lambda d: d[1])
    ]


def _place(seed: str, key: str) -> bytes:
    return sha256(f"{seed}\0{key}".encode()).digest()


def estimate(
    verdicts: Sequence[Verdict], populations: Mapping[str, int], *, confidence: float = 0.95
) -> Estimate | None:
    """Return the share of right items in all strata together, or None where nothing was audited.

    Each verdict weighs 1 / chance (Horvitz-Thompson), and a stratum's weights are scaled to its population (Hájek, stratum
    by stratum), so that drawn items that were not audited cost width and no bias, if within a stratum what kept them out has
    nothing to do with being right. A stratum without a verdict is outside of the estimate. The variance is the stratified one, with the correction for a finite population (Cochran 1977, eq. 5.53). With fewer
    than FEW right or wrong verdicts its normal interval is too short, in the extreme of no width at all; then it is
    Wilson's for as many verdicts as have the same variance, n / design effect (L. Kish, 1965), and where all are alike the
    exact one for these.
    """
    if not verdicts:
        return None
    weights = _weights(verdicts, populations)
    value = sum(w for w, verdict in zip(weights, verdicts, strict=True) if verdict.is_right) / sum(weights)
    right = sum(verdict.is_right for verdict in verdicts)
    audited = len(verdicts)
    fewest = min(right, audited - right)
    effective = sum(weights) ** 2 / sum(weight**2 for weight in weights)
    if fewest == 0:
        counted = max(1, int(effective))
        return Estimate(
            value, exact_interval(counted if right else 0, counted, confidence=confidence), audited, "exact"
        )
    if fewest < FEW:
        wide = wilson_interval(value * effective, effective, confidence=confidence)
        return Estimate(value, wide, audited, "wilson")
    half = normal_quantile(confidence) * sqrt(_variance(verdicts, populations))
    return Estimate(value, Interval(max(0.0, value - half), min(1.0, value + half)), audited, "weighted")


def estimate_by_stratum(
    verdicts: Sequence[Verdict], populations: Mapping[str, int], *, confidence: float = 0.95
) -> dict[str, Estimate]:
    """Return the estimate of each stratum that has a verdict. Several intervals: each holds by itself, not all at once."""
    found = {}
    for stratum in sorted({verdict.stratum for verdict in verdicts}):
        own = [verdict for verdict in verdicts if verdict.stratum == stratum]
        each = estimate(own, {stratum: populations[stratum]}, confidence=confidence)
        assert each is not None, "A stratum that is listed has a verdict."
        found[stratum] = each
    return found


def expert_agreement(doubles: Sequence[tuple[str, str]]) -> ExpertAgreement:
    """Compare the two verdicts of each item that was audited twice. These are a random part of the drawn ones, unweighted:
    strata of which more was drawn speak louder. An audit's `reliability` as evidence follows from `agreed`: see
    `quality.evidence.reliability_of_experts`."""
    return ExpertAgreement(
        agreed=share_of(sum(one == other for one, other in doubles), len(doubles)),
        kappa=cohen_kappa([one for one, _ in doubles], [other for _, other in doubles]),
    )


def _weights(verdicts: Sequence[Verdict], populations: Mapping[str, int]) -> list[float]:
    sums: dict[str, float] = {}
    for verdict in verdicts:
        sums[verdict.stratum] = sums.get(verdict.stratum, 0.0) + 1 / verdict.chance
    return [populations[verdict.stratum] / verdict.chance / sums[verdict.stratum] for verdict in verdicts]


def _variance(verdicts: Sequence[Verdict], populations: Mapping[str, int]) -> float:
    """The stratified variance of a share; of a stratum with one verdict, that verdict's p is taken as the pooled one."""
    pooled = sum(verdict.is_right for verdict in verdicts) / len(verdicts)
    seen = {stratum: [v.is_right for v in verdicts if v.stratum == stratum] for stratum in populations}
    total = sum(count for stratum, count in populations.items() if seen[stratum])
    variance = 0.0
    for stratum, rights in seen.items():
        if not rights:
            continue
        share = sum(rights) / len(rights) if len(rights) > 1 else pooled
        kept = 1 - len(rights) / populations[stratum]
        variance += (populations[stratum] / total) ** 2 * kept * share * (1 - share) / max(1, len(rights) - 1)
    return variance
