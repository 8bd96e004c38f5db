"""Which method's answers to take where nobody knows the truth. Pure; for jobs and commands only (numpy).

The rule. Every vote is held back once, in one of FOLDS parts; each method answers all items from the other parts. Its support
is the share of an item's held-back votes that give its answer, averaged over items (and over several partitions of a small
crowd). From the simplest method on, a method takes the place of the one chosen so far where

- it has more support, by more than one standard error of the difference: the root of the sum over workers of the square of
  what a worker's votes add to it; and
- workers counting alike do not say the contrary: the sum over workers of what each adds, divided by the root of the number of
  their votes, is not below zero.

Why support. A method that overturns the majority claims that on those items the others are right. If it is so, votes not yet
heard must side with it, for they come from the same crowd: as long as under each class the true value is what people say
most, the truth is the answer with which a further vote agrees most often, whatever the workers are like. Where a model
overfits workers with few labels, or takes a shared mistake for skill, it finds no more support there than elsewhere, and
loses. The score asks only how often, so it does not trust the model's own probabilities: a method cannot win by being sure.
(Likelihood of held-back votes would not do: it rewards a model for foretelling *labels*, habits and mistakes included.) All
methods answer from the same votes, so what an item's difficulty does to a score it does to each.

Why workers. The methods suppose that errors are independent given the class. Where they are not, it is workers who bring the
same mistake to many items, so a thousand votes of one worker are not a thousand witnesses: the error is the clustered one
(K.-Y. Liang and S. Zeger, 1986). And where a busy few share one mistake, even that does not see it; hence the second
condition, in which each worker is one experiment on the question and all count alike, as S. Stouffer combines experiments
("The American soldier", 1949). It only forbids: what few votes of each of many workers say is too noisy to decide by.

Why one error, from the simplest on: a model that learns more about each worker has to earn it by more than noise (the rule of
L. Breiman et al., "Classification and Regression Trees", 1984, section 3.4.3). It is compared with the one that it replaces,
and not with the best: a model that fell for one busy worker is far from the best, but by so uncertain a distance that it
could pass for near. Cross-validation: M. Stone (1974).

Where it must fail. If most workers mistake one class for another, the votes side with the mistake, and so does the support:
then only declared gold helps. And where few items or workers tell the methods apart, it stays with the simpler one though a
model may be better.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from quality.labels import Floats, Labels, Places
from quality.truth import Crowd, Gold, Truth, dawid_skene, majority, one_coin, pooled_dawid_skene

FOLDS = 5
# A crowd of so many votes is parted once. Of a larger one whole items are drawn, with about so many votes; a smaller one is
# parted several times, so that how it was parted matters less. So the time does not grow with the crowd.
MOST_VOTES = 50_000
MOST_PARTITIONS = 10
SEED = 19_790

Method = Callable[..., Truth]


def methods(*, is_ordered: bool = False) -> dict[str, Method]:
    """Return the methods, the simplest first: by how much each learns about a worker (nothing; one number; a matrix that
    leans on the crowd's, and knows of order where values have one; a matrix of their own)."""
    return {
        "majority": majority,
        "one-coin": one_coin,
        "pooled": partial(pooled_dawid_skene, is_ordered=is_ordered),
        "dawid-skene": dawid_skene,
    }


REASONS = {
    "majority": "No model has more by more than noise, so the majority is taken.",
    "one-coin": "One number for each worker pays; whole confusion matrices add nothing beyond noise.",
    "pooled": "Confusion matrices pay, with workers borrowing from each other.",
    "dawid-skene": "A confusion matrix of each worker's own pays.",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The method taken, the support of each ({method: share of unseen votes}), from how many items, and the reason in words."""

    method: str
    support: dict[str, float]
    items: int
    why: str


def choose(labels: Labels, *, gold: Gold | None = None, is_ordered: bool = False) -> Choice:
    """Choose among the methods by the rule above; seeded, so the same labels give the same choice.

    Counted are items without gold that have a vote left when others are held back. Where there is none, the majority is taken.
    """
    random = np.random.default_rng(SEED)
    labels = _drawn(labels, random)
    supports, items = _supports(labels, gold or {}, methods(is_ordered=is_ordered), random) if len(labels) else ({}, 0)
    if not items:
        return Choice("majority", {}, 0, "No item has two votes, so no method can be tested: the majority is taken.")
    support = {name: float(given.sum()) / items for name, given in supports.items()}
    chosen, *others = supports
    for name in others:
        if _is_clearly_more(supports[name], supports[chosen], labels):
            chosen = name
    told = ", ".join(f"{name} {share:.2%}" for name, share in support.items())
    why = f"Answers that agree with votes not yet seen: {told}. {REASONS[chosen]}"
    return Choice(chosen, support, items, why)


def _drawn(labels: Labels, random: np.random.Generator) -> Labels:
    """Return all votes of as many items, drawn at random, as have MOST_VOTES votes on average; all where there are fewer."""
    if len(labels) <= MOST_VOTES:
        return labels
    return labels.only((random.random(len(labels.items)) < MOST_VOTES / len(labels))[labels.item])


def _supports(
    labels: Labels, gold: Gold, methods: dict[str, Method], random: np.random.Generator
) -> tuple[dict[str, Floats], int]:
    """Return what each row adds to the support of each method, times the number of items, and that number."""
    partitions = min(max(MOST_VOTES // max(len(labels), 1), 1), MOST_PARTITIONS)
    size = len(labels.items)
    is_open = np.ones(size, dtype=bool)
    is_open[list(gold)] = False
    share = labels.weight / np.bincount(labels.item, weights=labels.weight, minlength=size)[labels.item] / partitions
    supports = {name: np.zeros(len(labels)) for name in methods}
    asked = np.zeros(size, dtype=bool)
    for fold, part in product((folds(labels, random) for _ in range(partitions)), range(FOLDS)):
        heard = labels.only(fold != part)
        crowd = Crowd(heard)
        has_votes = np.bincount(heard.item, minlength=size) > 0
        rows = np.flatnonzero((fold == part) & (has_votes & is_open)[labels.item])
        item, value = labels.item[rows], labels.value[rows]
        asked[item] = True
        for name, method in methods.items():
            answers = method(crowd, gold=gold).answers()
            supports[name][rows] += share[rows] * answers[item, value] / answers.sum(axis=1)[item]
    return supports, int(asked.sum())


def _is_clearly_more(support: Floats, than: Floats, labels: Labels) -> bool:
    """Whether there is more support by more than one clustered error, and workers counting alike do not say the contrary."""
    by_worker = np.bincount(labels.worker, weights=support - than)
    alike = by_worker / np.sqrt(np.maximum(np.bincount(labels.worker), 1))
    return bool(by_worker.sum() > np.sqrt((by_worker**2).sum()) and alike.sum() >= 0)


def folds(labels: Labels, random: np.random.Generator) -> Places:
    """Return each row's part, from 0 to FOLDS - 1: an item's rows are spread over the parts as evenly as they can be."""
    shuffled = random.permutation(len(labels))
    rows = shuffled[np.argsort(labels.item[shuffled], kind="stable")]
    counts = np.bincount(labels.item, minlength=len(labels.items))
    place = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    start = random.integers(FOLDS, size=len(labels.items))
    fold = np.empty(len(labels), dtype=np.intp)
    fold[rows] = (place + start[labels.item[rows]]) % FOLDS
    return fold
