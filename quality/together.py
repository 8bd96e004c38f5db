"""Whether two people stand together against others more often than their accuracies allow: a sign for a person, never proof.

The model has one accuracy a person, errors that are even over the k - 1 wrong answers, and answers that are independent given the
truth (A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates", 1979, with one parameter a person).
Two people of accuracies a and b then agree with probability a b + (1 - a)(1 - b) / (k - 1); less what chance makes, that is a
product of their skills, so that three people's agreements tell each one's accuracy (T. Bonald and R. Combes, "A minimax optimal
algorithm for crowdsourcing", 2017).

Real items make honest people dependent: all are right on easy ones, and err alike on those that mislead. So only items are
counted on which the two and a third part two to one, and what is asked is who stands alone. What raises everybody's odds of an
error alike leaves that nearly as it is (G. Rasch, "Probabilistic models for some intelligence and attainment tests", 1960).

The limits: one of the two has to err before anything can be seen; two who alone know better than all the others, or were
taught the same mistake, look like two who talk; and among four people, two who copy make the honest two look so. Pure functions on plain values, for objective questions only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt

from quality.effort import CHANCE_BELOW, Finding, Sign
from quality.proportions import Interval, at_least, wilson_interval

# Fewer rounds that two people share say nothing, however they part.
SHARED_LEAST = 20
# How sure the bounds on accuracies are, on either side: always those that speak for the two.
SURE = 0.8
# A third who is as good as the two stands alone once in three times, however hard the items are: no less is ever expected.
ALONE_LEAST = 1 / 3


def chance_of_agreeing(one: float, other: float, *, answers: int) -> float:
    """Return how likely two people of these accuracies give the same of so many answers."""
    return one * other + (1 - one) * (1 - other) / (answers - 1)


def chance_of_standing_alone(third: float, one: float, other: float, *, answers: int) -> float:
    """Return how likely it is the third who stands alone, given that one of the three does; by their accuracies."""
    alone = [
        _same_but_not(one, other, third, answers),
        _same_but_not(one, third, other, answers),
        _same_but_not(other, third, one, answers),
    ]
    return alone[0] / sum(alone)


def _same_but_not(one: float, other: float, third: float, answers: int) -> float:
    """How likely two agree and the third does not: on the right answer, or on a wrong one that the third does not give."""
    both_wrong = (1 - one) * (1 - other) / (answers - 1)
    return one * other * (1 - third) + both_wrong * (third + (1 - third) * (answers - 2) / (answers - 1))


def accuracy_behind(agreeing: float, accuracy: float, *, answers: int) -> float:
    """Return the accuracy at which somebody agrees this often with people of the `accuracy`, between guessing and 1.

    Above guessing, skill (a - 1/k) / (1 - 1/k) of two people multiplies to that of their agreement.
    """
    other = _skill(accuracy, answers)
    return _from_skill(_skill(agreeing, answers) / other if other > 0 else 1.0, answers)


def accuracy_among(agreeing: float, *, answers: int) -> float:
    """Return the accuracy at which people who are alike agree this often with each other."""
    return _from_skill(sqrt(max(0.0, _skill(agreeing, answers))), answers)


def _skill(share: float, answers: int) -> float:
    return (share - 1 / answers) / (1 - 1 / answers)


def _from_skill(skill: float, answers: int) -> float:
    return 1 / answers + (1 - 1 / answers) * min(1.0, max(0.0, skill))


@dataclass(slots=True)
class Agreed:
    """How often two answers to the same item were the same."""

    times: int = 0
    same: int = 0

    def count(self, one: str, other: str) -> None:
        self.times += 1
        self.same += one == other

    @property
    def bounds(self) -> Interval:
        return wilson_interval(self.same, self.times, confidence=SURE) if self.times else Interval(0.0, 1.0)


@dataclass(slots=True)
class Pair:
    """What rounds tell of two people: `shared` rounds with a third beside them, `against` of which the third stands alone, and
    `apart` of which one of the two does; and how each of them, and others, agree with others where only one of them is."""

    shared: int = 0
    against: int = 0
    apart: int = 0
    one: Agreed = field(default_factory=Agreed)
    other: Agreed = field(default_factory=Agreed)
    others: Agreed = field(default_factory=Agreed)

    def chance(self, alone: float) -> float:
        """Return how likely the third stands alone so often, where each time is `alone` likely."""
        return at_least(self.against, self.against + self.apart, alone)


def tally_pair(rounds: Iterable[Mapping[int, str]], one: int, other: int) -> Pair:
    """Count rounds of independent answers by their people. Of several others the first ones count: a round is one trial."""
    pair = Pair()
    for said in rounds:
        others = [answer for who, answer in said.items() if who not in (one, other)]
        if one in said and other in said and others:
            pair.shared += 1
            if said[one] == said[other]:
                pair.against += others[0] != said[one]
            else:
                pair.apart += others[0] in (said[one], said[other])
        elif (one in said or other in said) and len(others) > 1:
            (pair.one if one in said else pair.other).count(said[one if one in said else other], others[0])
            pair.others.count(others[0], others[1])
    return pair


def stand_together(
    pair: Pair, *, answers: int, at_least_right: tuple[float, float] = (0.0, 0.0), chance_below: float = CHANCE_BELOW
) -> Finding | None:
    """Whether two people stand together against thirds more often than two who do not know of each other.

    Accuracies are told by agreement where only one of the two judged, each at the bound that speaks for them, and are never
    below what else is known of the two (`at_least_right`, such as from gold): the better they are and the worse the others,
    the more often a third stands alone. How often they do is then at most binomial.
    """
    if pair.shared < SHARED_LEAST:
        return None
    third = accuracy_among(pair.others.bounds.low, answers=answers)
    one, other = (
        max(known, accuracy_behind(agreed.bounds.high, third, answers=answers))
        for agreed, known in zip((pair.one, pair.other), at_least_right, strict=True)
    )
    alone = max(ALONE_LEAST, chance_of_standing_alone(third, one, other, answers=answers))
    chance = pair.chance(alone)
    if chance >= chance_below:
        return None
    sentence = (
        f"On {pair.against} of {pair.against + pair.apart} items that they and a third person answered two to one, they and"
        f" one other stand together; by their accuracies it would be about {alone:.0%}."
    )
    return Finding(Sign.TOGETHER, sentence, chance)
