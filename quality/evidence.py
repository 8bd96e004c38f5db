"""What all evidence says of a reviewer's accuracy: a Beta posterior from gold, audits and consensus, weighted and ageing.

A reference that is itself right only with probability r tells less than gold does. Of a question with k possible answers
a reviewer of accuracy a agrees with it with probability

    q = a r + (1 - a)(1 - r) / (k - 1)

where mistakes spread evenly. So agreement is a blurred view of accuracy, and two things follow.

- The share of agreements is not the accuracy. With s = r - (1 - r) / (k - 1), the value (agreed - (1 - r) / (k - 1)) / s is:
  its mean is a (W. J. Rogan and B. Gladen, "Estimating prevalence from the results of a screening test", 1978).
- It varies more than a hit on gold does: by q (1 - q) / s^2 instead of a (1 - a). One such piece therefore weighs

    w = s^2 a (1 - a) / (q (1 - q))

  sure answers: the ratio of the two Fisher informations about a. For r = 1 it is 1; for r = 1/k it is 0; at a = 1/2 of two
  answers it is (2r - 1)^2. Weighing by it is weighing by the inverse variance, which is best for unbiased pieces (W. G.
  Cochran, 1937).

A piece also loses half of its weight every `half_life` days: accuracy drifts, and a discounted likelihood follows it (M.
West and J. Harrison, "Bayesian Forecasting and Dynamic Models", 1997). At v pieces a day evidence settles at
v * half_life / ln 2 pieces, so the half-life also bounds how sure one can become.

Of blurred references the lower bound holds as stated; the upper one is passed up to three times as often as 1 in 20 by
somebody near certainty, whom the prior pulls down. That costs caution, as nobody that good is near the bar of a pause.

What this cannot see: references that are wrong where the reviewer is wrong (a shared misconception). Consensus therefore
counts on objective questions only, must leave the reviewer's own vote out of the reference, and together weighs at most
CONSENSUS_AT_MOST sure answers. On a preferential question honest dissent is data, and is no evidence at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from quality.proportions import beta_quantile

SURE = 1.0
PRIOR = 1.0
TAIL = 0.05
HALF_LIFE_DAYS = 60.0
CONSENSUS_AT_MOST = 20.0
# The weight needs an accuracy to be computed at: the estimate itself, never outside these.
LEAST_ASSUMED, MOST_ASSUMED = 0.5, 0.95
PASSES = 3


class Source(StrEnum):
    GOLD = "gold"
    AUDIT = "audit"
    REVIEW = "review"
    CONSENSUS = "consensus"


@dataclass(frozen=True, slots=True)
class Piece:
    """One judgment held against a reference.

    `agreed` is whether it is the reference's answer; `age` is in days; `reliability` is the chance that the reference is
    right: 1 for gold, for an audit or a review the experts' agreement among themselves, for consensus its calibrated confidence
    without this reviewer. `answers` is how many answers the question has.
    """

    source: Source
    agreed: bool
    age: float
    reliability: float = SURE
    answers: int = 2

    @property
    def chance_agreement(self) -> float:
        """How often a wrong answer meets a wrong reference, times how often the reference is wrong."""
        return (1 - self.reliability) / (self.answers - 1)


@dataclass(frozen=True, slots=True)
class Belief:
    """The Beta posterior: `alpha` and `beta`; `low` and `high`, each passed with a probability of 95 %; `weight`, what the
    evidence weighs in sure answers of today; `pieces` by source, unweighted.
    """

    alpha: float
    beta: float
    low: float
    high: float
    weight: float
    pieces: dict[Source, int]

    @property
    def mean(self) -> float:
        return self.alpha / (self.alpha + self.beta)

    @property
    def width(self) -> float:
        return self.high - self.low


def believe(evidence: Sequence[Piece], *, half_life: float = HALF_LIFE_DAYS) -> Belief:
    """Return what the evidence says; of nothing, the uniform prior. Nothing in it depends on the order.

    A reference no better than chance (reliability at most 1/answers) says nothing and is left out of the posterior.
    """
    telling = [piece for piece in evidence if piece.reliability * piece.answers > 1]
    accuracy = LEAST_ASSUMED
    right = total = 0.0
    for _ in range(PASSES):
        right, total = _weighed(telling, min(max(accuracy, LEAST_ASSUMED), MOST_ASSUMED), half_life)
        accuracy = (right + PRIOR) / (total + 2 * PRIOR)
    alpha, beta = PRIOR + right, PRIOR + total - right
    counts = {source: sum(piece.source == source for piece in evidence) for source in Source}
    return Belief(alpha, beta, beta_quantile(TAIL, alpha, beta), beta_quantile(1 - TAIL, alpha, beta), total, counts)


def weight_of(*, reliability: float, answers: int, accuracy: float) -> float:
    """Return how many sure answers one piece weighs against a reference of this reliability, at this accuracy."""
    chance = (1 - reliability) / (answers - 1)
    slope = reliability - chance
    agreeing = accuracy * reliability + (1 - accuracy) * chance
    if slope <= 0:
        return 0.0
    return slope**2 * accuracy * (1 - accuracy) / (agreeing * (1 - agreeing))


def reliability_of_experts(agreed: float, *, answers: int = 2) -> float:
    """Return how often one expert is right where two who work alone agree this often on `answers` possible answers.

    They agree where both are right or both make the same mistake, p = r^2 + (1 - r)^2 / (k - 1); of the two solutions r is
    the one above chance, (1 + sqrt((k - 1)(k p - 1))) / k. Agreement no better than chance is a reliability of 1/k.
    """
    return (1 + sqrt(max(0.0, (answers - 1) * (answers * agreed - 1)))) / answers


def remaining(age: float, *, half_life: float) -> float:
    """Return the share of its weight that a piece of this age still has. A piece from the future is of today."""
    return 0.5 ** (max(age, 0.0) / half_life)


def _weighed(pieces: Sequence[Piece], accuracy: float, half_life: float) -> tuple[float, float]:
    """Return how many sure answers were right, and how many there were. What is right stays between none and all."""
    rights = dict.fromkeys(Source, 0.0)
    totals = dict.fromkeys(Source, 0.0)
    for piece in pieces:
        weight = remaining(piece.age, half_life=half_life) * weight_of(
            reliability=piece.reliability, answers=piece.answers, accuracy=accuracy
        )
        chance = piece.chance_agreement
        rights[piece.source] += weight * (piece.agreed - chance) / (piece.reliability - chance)
        totals[piece.source] += weight
    if totals[Source.CONSENSUS] > CONSENSUS_AT_MOST:
        kept = CONSENSUS_AT_MOST / totals[Source.CONSENSUS]
        rights[Source.CONSENSUS] *= kept
        totals[Source.CONSENSUS] *= kept
    right, total = sum(rights.values()), sum(totals.values())
    return min(max(right, 0.0), total), total
