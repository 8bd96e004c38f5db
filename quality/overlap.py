"""Whether an item needs one more judgment: its posterior over the answers, and the cheapest way to enough confidence.

Pure functions of the standard library, for one item at a time and online: they take what is known of the people now.

The posterior is Bayes' rule with conditionally independent judgments (A. P. Dawid and A. M. Skene, "Maximum likelihood
estimation of observer error-rates", 1979); of somebody of whom only an accuracy is known mistakes spread evenly over the other
answers (the one-coin model). The decision is optimal stopping by backward induction (M. H. DeGroot, "Optimal Statistical
Decisions", 1970, chapter 12), as P. Dai, C. H. Lin, Mausam and D. S. Weld buy labels ("POMDP-based control of workflows for
crowdsourcing", 2013).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import comb, exp, log

# Confusion[truth][answer] is the chance of the answer where that is the truth: rows add up to 1.
Confusion = Mapping[str, Mapping[str, float]]

# Nobody is taken to be surer than this, nor an answer less likely: one judgment never settles anything by itself.
MOST_ACCURATE = 0.99
LEAST_LIKELY = 1e-4
# Looking further ahead is cut so that no more states than this are weighed.
MOST_STATES = 3000


class Action(StrEnum):
    RESOLVE = "resolve"
    ONE_MORE = "one_more"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the project wants and what things cost, in any one unit.

    `target` is the confidence from which an answer stands; `judgment_cost` the price of one more judgment, `expert_cost`
    that of an expert's at the present queue (None where there is no expert); `least` and `most` judgments an item gets;
    `next_accuracy` is that of whoever would judge next.
    """

    target: float
    judgment_cost: float
    expert_cost: float | None
    least: int = 1
    most: int = 5
    next_accuracy: float = 0.75


@dataclass(frozen=True, slots=True)
class Choice:
    """`answer` is the likeliest, `confidence` its probability. `expected_cost` is what the way on is expected to cost."""

    action: Action
    answer: str
    confidence: float
    expected_cost: float
    reason: str


def one_coin(accuracy: float, answers: Sequence[str]) -> Confusion:
    """Return the confusion of somebody who is right this often, and wrong evenly."""
    right = min(max(accuracy, LEAST_LIKELY), MOST_ACCURATE)
    wrong = (1 - right) / (len(answers) - 1)
    return {truth: {answer: right if answer == truth else wrong for answer in answers} for truth in answers}


def item_posterior(labels: Sequence[tuple[str, Confusion]], prior: Mapping[str, float]) -> dict[str, float]:
    """Return the probability of each answer, given the labels (answer, the confusion of who gave it) and the prior.

    `prior` names every answer. The labels' order does not matter, and they must be independent given the truth: each
    person once.
    """
    scores = {
        truth: log(max(chance, LEAST_LIKELY))
        + sum(log(max(confusion[truth][answer], LEAST_LIKELY)) for answer, confusion in labels)
        for truth, chance in prior.items()
    }
    highest = max(scores.values())
    shares = {truth: exp(score - highest) for truth, score in scores.items()}
    whole = sum(shares.values())
    return {truth: share / whole for truth, share in shares.items()}


def decide(posterior: Mapping[str, float], *, given: int, terms: Terms) -> Choice:
    """Return what to do with an item that has `given` judgments and this posterior. `posterior` should be calibrated: see
    `quality.calibration`, which says from when adaptive overlap may be switched on.

    Once there are `least` judgments and the likeliest answer reaches `target`, it stands. Otherwise the cheaper way to an
    answer that stands is taken: an expert now, or judgments one by one until `target`, with an expert if they fail,

        V(p, n) = 0 where max p >= target;  expert where n = most;  else min(expert, judgment + E[V(p', n + 1)])

    the mean being over the next answer, by somebody of `next_accuracy`. One step alone would not do: from an even prior no
    single judgment reaches a target, so that a rule that looks one judgment ahead would always call the expert. It looks
    as far as `most`, or as many states allow. Without an expert judgments go on up to `most`, and then the likeliest answer
    is what there is, its confidence below the target: the project says whether that is delivered or *no agreed answer*.
    """
    answer, confidence = max(sorted(posterior.items()), key=lambda pair: pair[1])
    known = f"{answer} with {confidence:.1%} after {given} judgment{'s' if given != 1 else ''}"
    if given >= terms.least and confidence >= terms.target:
        return Choice(Action.RESOLVE, answer, confidence, 0.0, f"{known}: the target of {terms.target:.1%} is reached.")
    if given >= terms.most:
        if terms.expert_cost is None:
            return Choice(
                Action.RESOLVE, answer, confidence, 0.0, f"{known}: no more are bought and there is no expert."
            )
        sentence = f"{known}: below the target of {terms.target:.1%}, and no more are bought."
        return Choice(Action.ESCALATE, answer, confidence, terms.expert_cost, sentence)
    if terms.expert_cost is None:
        cost = terms.judgment_cost
        return Choice(Action.ONE_MORE, answer, confidence, cost, f"{known}: below the target, and there is no expert.")
    if given < terms.least:
        sentence = f"{known}: at least {terms.least} are wanted."
        return Choice(Action.ONE_MORE, answer, confidence, terms.judgment_cost, sentence)
    way = cost_of_more(posterior, given=given, terms=terms)
    if way < terms.expert_cost:
        sentence = f"{known}: judging on should cost {way:.2f}, an expert {terms.expert_cost:.2f}."
        return Choice(Action.ONE_MORE, answer, confidence, way, sentence)
    sentence = f"{known}: an expert costs {terms.expert_cost:.2f}, judging on {way:.2f}."
    return Choice(Action.ESCALATE, answer, confidence, terms.expert_cost, sentence)


def cost_of_more(posterior: Mapping[str, float], *, given: int, terms: Terms) -> float:
    """Return what it is expected to cost to reach an answer by one more judgment and the best way on from there."""
    assert terms.expert_cost is not None, "Without an expert there is nothing to compare with."
    chances = tuple(posterior.values())
    ahead = _lookahead(len(chances), terms.most - given)
    right = min(max(terms.next_accuracy, LEAST_LIKELY), MOST_ACCURATE)
    wrong = (1 - right) / max(1, len(chances) - 1)
    expert = terms.expert_cost

    @cache
    def way_on(counts: tuple[int, ...]) -> float:
        """The cost from here on, after so many further votes for each answer: their order does not matter."""
        scores = [chance * (right / wrong) ** count for chance, count in zip(chances, counts, strict=True)]
        whole = sum(scores)
        here = [score / whole for score in scores]
        if max(here) >= terms.target and given + sum(counts) >= terms.least:
            return 0.0
        return expert if sum(counts) >= ahead else min(expert, one_more(here, counts))

    def one_more(here: Sequence[float], counts: tuple[int, ...]) -> float:
        cost = terms.judgment_cost
        for place, chance in enumerate(here):
            voted = chance * right + (1 - chance) * wrong
            cost += voted * way_on((*counts[:place], counts[place] + 1, *counts[place + 1 :]))
        return cost

    return one_more(chances, (0,) * len(chances))


def _lookahead(answers: int, left: int) -> int:
    """How many judgments ahead are weighed: all that are left, or fewer where answers are many. Comb counts the states."""
    ahead = max(1, left)
    while ahead > 1 and comb(ahead + answers, answers) > MOST_STATES:
        ahead -= 1
    return ahead


def within_budget(choices: Mapping[str, Choice], room: int) -> list[str]:
    """Return the items (keys of `choices`) that get one more judgment, the least confident first, where only `room` more
    can be paid for. Asking in that order, a few at a time, spends a budget as one target for all items would.
    """
    wanting = [key for key, choice in choices.items() if choice.action == Action.ONE_MORE]
    return sorted(wanting, key=lambda key: (choices[key].confidence, key))[: max(0, room)]
