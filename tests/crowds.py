"""Synthetic crowds whose truth is known, of the kinds that methods of inference are told apart by."""

from dataclasses import dataclass

import numpy as np

from quality.labels import Labels


@dataclass(frozen=True)
class Kind:
    """How many; `skill` is the Beta of accuracies; `difficulty` the spread of items in log odds, shared by all workers.

    `spam` is the share of workers who answer by habit; `bias` how often, at most, a worker says a favourite value instead;
    `lure` the share of mistakes that fall on one wrong value of the item, the same for all.
    """

    items: int
    workers: int
    votes: int
    classes: int
    skill: tuple[float, float] = (6.0, 2.5)
    prevalence: tuple[float, ...] | None = None
    difficulty: float = 0.0
    spam: float = 0.0
    bias: float = 0.0
    lure: float = 0.0


def make_crowd(kind: Kind, *, seed: int) -> tuple[Labels, np.ndarray]:
    """Return labels, and the true value of each item as a place; workers' activity is as uneven as a Dirichlet(1)."""
    chance = np.random.default_rng(seed)
    truth = chance.choice(kind.classes, size=kind.items, p=kind.prevalence)
    active = chance.dirichlet(np.ones(kind.workers)) + 1e-4
    active /= active.sum()
    worker = np.concatenate([chance.choice(kind.workers, kind.votes, replace=False, p=active) for _ in truth])
    item = np.repeat(np.arange(kind.items), kind.votes)
    skill = chance.beta(*kind.skill, size=kind.workers)
    ease = chance.normal(0, kind.difficulty, size=kind.items)
    is_right = chance.random(len(item)) < 1 / (1 + np.exp(-(np.log(skill / (1 - skill))[worker] + ease[item])))
    other = (truth[item] + chance.integers(1, kind.classes, size=len(item))) % kind.classes
    lured = ((truth + chance.integers(1, kind.classes, size=kind.items)) % kind.classes)[item]
    other = np.where(chance.random(len(item)) < kind.lure, lured, other)
    value = np.where(is_right, truth[item], other)
    favourite = chance.integers(kind.classes, size=kind.workers)[worker]
    is_biased = chance.random(len(item)) < kind.bias * chance.random(kind.workers)[worker]
    value = np.where(is_biased, favourite, value)
    habits = chance.dirichlet(np.full(kind.classes, 0.5), size=kind.workers).cumsum(axis=1)[worker]
    by_habit = (chance.random(len(item))[:, np.newaxis] > habits).sum(axis=1).clip(0, kind.classes - 1)
    value = np.where((chance.random(kind.workers) < kind.spam)[worker], by_habit, value)
    return labels_of(item, worker, value, kind.items, kind.workers, kind.classes), truth


def labels_of(item, worker, value, items, workers, classes) -> Labels:
    """Labels with numbers for names, so that places are what they are called."""
    named_items, named_workers, named_values = (
        tuple(f"{number:06d}" for number in range(size)) for size in (items, workers, classes)
    )
    return Labels(named_items, named_workers, named_values, item, worker, value, np.ones(len(item)))


def accuracy(answers: np.ndarray, truth: np.ndarray) -> float:
    """The share of items whose true value is among the answers (items x values), ties split."""
    return float((answers[np.arange(len(truth)), truth] / answers.sum(axis=1)).mean())
