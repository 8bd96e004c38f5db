"""Which method's answers to take where nobody knows the truth. Pure; for jobs and commands only (numpy).

The rule: take the method whose answers agree most with votes that it has not seen. Every vote is held back once, in one of
FOLDS parts; each method answers all items from the other parts, and is scored by the share of each item's held-back votes
that give its answer, averaged over items. On ties the simpler method is taken.

Why. A method that overturns the majority claims that on those items the others are right. If it is so, votes not yet heard
must side with it, for they come from the same crowd: as long as under each class the true value is what people say most,
the truth is the answer with which a further vote agrees most often, whatever the workers are like. Where a model overfits
workers with few labels, or takes a shared mistake for skill, it finds no more support there than elsewhere, and loses. The
score asks only how often, so it does not trust the model's own probabilities: a method cannot win by being sure. (Likelihood
of held-back votes would not do: it rewards a model for foretelling *labels*, habits and mistakes included, and not for being
right about items.) All methods answer from the same votes, so what an item's difficulty does to a score it does to each.

Where it must fail. If most workers mistake one class for another, the votes side with the mistake, and so does the score:
then only declared gold helps. And methods that differ on few items are told apart by few votes, so that it may take the
worse of two that are about as good. Source of the idea: cross-validation (M. Stone, 1974), on answers instead of predictions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from quality.labels import Labels, Places
from quality.truth import Gold, Truth, dawid_skene, majority, one_coin, pooled_dawid_skene

FOLDS = 5
SEED = 19_790

# The simpler first: by how many things a method has to learn about each worker.
METHODS: dict[str, Callable[..., Truth]] = {
    "majority": majority,
    "one-coin": one_coin,
    "pooled": pooled_dawid_skene,
    "dawid-skene": dawid_skene,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The method taken, the support of each ({method: share of unseen votes}), from how many items, and the reason in words."""

    method: str
    support: dict[str, float]
    items: int
    why: str


def choose(labels: Labels, *, gold: Gold | None = None) -> Choice:
    """Choose among METHODS by the rule above; seeded, so the same labels give the same choice.

    Counted are items without gold that have a vote left when others are held back. Where there is none, the majority is taken.
    """
    fold = folds(labels)
    is_gold = np.zeros(len(labels.items), dtype=bool)
    is_gold[list(gold or ())] = True
    scores = dict.fromkeys(METHODS, 0.0)
    asked = np.zeros(len(labels.items), dtype=bool)
    share = labels.weight / np.bincount(labels.item, weights=labels.weight, minlength=len(labels.items))[labels.item]
    for part in range(FOLDS):
        heard = labels.only(fold != part)
        has_votes = np.bincount(heard.item, minlength=len(labels.items)) > 0
        rows = (fold == part) & (has_votes & ~is_gold)[labels.item]
        asked[labels.item[rows]] = True
        for name, method in METHODS.items():
            answers = method(heard, gold=gold).answers()[labels.item[rows]]
            agrees = answers[np.arange(len(answers)), labels.value[rows]] / answers.sum(axis=1)
            scores[name] += float((share[rows] * agrees).sum())
    if not (items := int(asked.sum())):
        return Choice("majority", {}, 0, "No item has two votes, so no method can be tested: the majority is taken.")
    support = {name: score / items for name, score in scores.items()}
    best = max(support.values())
    method = next(name for name, each in support.items() if each >= best - 1e-9)
    told = ", ".join(f"{name} {each:.2%}" for name, each in support.items())
    return Choice(method, support, items, f"Of votes that it had not seen, most agree with {method}: {told}.")


def folds(labels: Labels) -> Places:
    """Return each row's part, from 0 to FOLDS - 1: an item's rows are spread over the parts as evenly as they can be."""
    random = np.random.default_rng(SEED)
    shuffled = random.permutation(len(labels))
    rows = shuffled[np.argsort(labels.item[shuffled], kind="stable")]
    counts = np.bincount(labels.item, minlength=len(labels.items))
    place = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    start = random.integers(FOLDS, size=len(labels.items))
    fold = np.empty(len(labels), dtype=np.intp)
    fold[rows] = (place + start[labels.item[rows]]) % FOLDS
    return fold
