"""Consensus against its floor, and what an item's labels buy: accuracy by how many are asked for, on sets whose truth is known.

Fixed policies take so many labels of each item, in a random order; adaptive ones ask `quality.overlap` after each whether
one more is wanted, knowing of workers what their labels so far show. All are then answered by the method that is chosen without
the truth. Figures are means over the same few orders. The floor counts votes alone, of the same labels in the same run. No
database is needed.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import Progress

from config.bench import Report, timed
from config.crowds import infer, read_answers, read_labels
from quality.choosing import choose, methods
from quality.correctness import accuracy
from quality.labels import Labels, Places, one_vote_each
from quality.overlap import Action, Confusion, Terms, decide, item_posterior
from quality.overlap import one_coin as confusion_of
from quality.truth import Crowd, one_coin

FIXED = (1, 2, 3, 5, 10)
# The confidences, in percent, from which an item is asked of nobody else. Agreement of three tells first who is good.
TARGETS = (80, 90, 95, 99)
LEAST = 3
ORDERS = 3
SEED = 7
ROUNDS = 3
# The synthetic crowd: 200,000 labels.
ITEMS, WORKERS, VOTES, CLASSES = 20_000, 1000, 10, 5


def measure(folder: Path, *, progress: Progress) -> Report:
    """Return speed, and accuracy (%) and labels an item of each policy on every set in the folder (label.csv, truth.csv).

    Sets that are not there are left out; the figure `sets` says how many were.
    """
    report = Report(_speed())
    sets = sorted(path.parent for path in (folder / "consensus").glob("*/truth.csv"))
    report.figures["sets"] = len(sets)
    bar = progress.add_task("sets and orders", total=len(sets) * ORDERS)
    for path in sets:
        labels, truth, is_known = _read(path)
        found: dict[str, list[float]] = {}
        for order in range(ORDERS):
            for policy, asked in _policies(labels, order):
                answers = methods()[choose(asked).method](Crowd(asked)).answers()
                right = accuracy(answers[is_known], truth)
                found.setdefault(f"accuracy_{path.name}_{policy}", []).append(100 * (right or 0.0))
                each = asked.weight.sum() / len(labels.items)
                found.setdefault(f"labels_per_item_{path.name}_{policy}", []).append(each)
            progress.advance(bar)
        report.figures |= {name: round(float(np.mean(values)), 2) for name, values in found.items()}
    return report


def _read(path: Path) -> tuple[Labels, Places, np.ndarray]:
    """Return a set's labels, one vote a worker and item; the true values of the items that have one, and which those are."""
    labels, known = read_labels(path / "label.csv"), read_answers(path / "truth.csv")
    places = {value: place for place, value in enumerate(labels.values)}
    is_known = np.array([item in known for item in labels.items])
    truth = [places.setdefault(known[item], len(places)) for item in labels.items if item in known]
    return one_vote_each(labels).labels, np.array(truth, dtype=np.intp), is_known


def _policies(labels: Labels, order: int) -> list[tuple[str, Labels]]:
    """Return the labels that each policy asks for, by name, where each item's come in one random order."""
    turn = _turns(labels, order)
    fixed = [(f"fixed_{count}", labels.only(turn < count)) for count in FIXED if count <= turn.max()]
    adaptive = [(f"adaptive_{target}", labels.only(_asked(labels, turn, target / 100))) for target in TARGETS]
    return [*fixed, *adaptive, *([("full", labels)] if order == 0 else [])]


def _turns(labels: Labels, order: int) -> Places:
    """Return of each label the how manyth of its item it is, from 0; a worker's divided vote comes at one turn."""
    random = np.random.default_rng([SEED, order])
    voter = labels.item * len(labels.workers) + labels.worker
    voters, place = np.unique(voter, return_inverse=True)
    item = voters // len(labels.workers)
    rows = np.lexsort((random.random(len(voters)), item))
    counts = np.bincount(item, minlength=len(labels.items))
    turn = np.empty(len(voters), dtype=np.intp)
    turn[rows] = np.arange(len(voters)) - np.repeat(np.cumsum(counts) - counts, counts)
    return turn[place]


def _asked(labels: Labels, turn: Places, target: float) -> np.ndarray:
    """Return which labels are asked for where items get LEAST, then one a round until `target` or there are no more."""
    terms = Terms(target=target, judgment_cost=1.0, expert_cost=None, least=LEAST, most=int(turn.max()) + 1)
    is_asked = turn < LEAST
    is_open = np.ones(len(labels.items), dtype=bool)
    for number in range(LEAST, terms.most):
        _settle(labels.only(is_asked), terms, is_open)
        more = is_open[labels.item] & (turn == number)
        if not more.any():
            break
        is_asked |= more
    return is_asked


def _settle(heard: Labels, terms: Terms, is_open: np.ndarray) -> None:
    """Close the open items of which no more labels are wanted. Who contradicted themselves on an item is not heard there."""
    crowd = Crowd(heard)
    fit = one_coin(crowd)
    assert fit.chances is not None
    accuracies = np.empty(crowd.workers)
    accuracies[crowd.worker] = fit.chances[np.arange(len(crowd.worker)), crowd.value]
    confusions = {worker: confusion_of(accuracies[worker], heard.values) for worker in np.unique(heard.worker)}
    prior = dict(zip(heard.values, fit.prevalence.tolist(), strict=True))
    starts = np.searchsorted(heard.item, np.arange(len(heard.items) + 1))
    for item in np.flatnonzero(is_open):
        votes: list[tuple[str, Confusion]] = [
            (heard.values[heard.value[row]], confusions[heard.worker[row]])
            for row in range(starts[item], starts[item + 1])
            if heard.weight[row] == 1
        ]
        choice = decide(item_posterior(votes, prior), given=len(votes), terms=terms)
        is_open[item] = choice.action == Action.ONE_MORE


def _speed() -> dict[str, float]:
    """Return the seconds that 200,000 labels take from rows in memory to answers, the fastest of a few: a crowd in which
    something can be found out, one in which nothing can (so that every fit takes all its steps), and the floor."""
    random = np.random.default_rng(SEED)
    crowd = _synthetic(random)
    chance = replace(crowd, value=random.integers(CLASSES, size=len(crowd)))
    found = min(timed(lambda: infer(crowd, gold={})) for _ in range(ROUNDS))
    lost = min(timed(lambda: infer(chance, gold={})) for _ in range(ROUNDS))
    floor = min(timed(lambda: _counted(crowd)) for _ in range(ROUNDS))
    return {
        "seconds_200k_labels": round(found, 3),
        "seconds_200k_labels_of_chance": round(lost, 3),
        "floor_seconds_200k_labels": round(floor, 4),
        "ratio_to_floor_200k_labels": round(found / floor, 1),
    }


def _synthetic(random: np.random.Generator) -> Labels:
    """Return labels of workers who know three quarters of the answers, some more and some less, and else say anything."""
    truth = random.integers(CLASSES, size=ITEMS)
    item = np.repeat(np.arange(ITEMS), VOTES)
    worker = (random.integers(WORKERS, size=len(item)) // VOTES) * VOTES + np.tile(np.arange(VOTES), ITEMS)
    knows = random.beta(7.5, 2.5, size=WORKERS)[worker] > random.random(len(item))
    value = np.where(knows, truth[item], random.integers(CLASSES, size=len(item)))
    items, workers, values = (tuple(map(str, range(size))) for size in (ITEMS, WORKERS, CLASSES))
    return Labels(items, workers, values, item, worker, value, np.ones(len(item)))


def _counted(labels: Labels) -> np.ndarray:
    """The floor: each item's most frequent value by one count of cells."""
    cells = np.bincount(labels.item * CLASSES + labels.value, minlength=ITEMS * CLASSES)
    most: np.ndarray = cells.reshape(ITEMS, CLASSES).argmax(axis=1)
    return most
