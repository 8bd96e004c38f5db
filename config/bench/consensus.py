"""Consensus against its floor, and what an item's labels buy: accuracy by how many are asked for, on sets whose truth is known.

Fixed policies take so many labels of each item, in a random order; adaptive ones ask `quality.overlap` after each whether
one more is wanted, by the model that goes with the method which the labels so far bear out, as the product does. Of
these, calibrated ones know the truth of a tenth of the items, and read confidences as they have proved there: they stop
where the target is truly reached, and are measured on the other items. All are then answered by the method that is
chosen without the truth. Figures are means over the same few orders. The floor counts votes alone, of the same labels
in the same run. No database is needed.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import Progress

from config.bench import Report, timed
from config.crowds import infer, read_answers, read_labels
from quality.calibration import Recalibration, recalibrate
from quality.choosing import choose, methods
from quality.correctness import accuracy
from quality.labels import Labels, Places, one_vote_each
from quality.measuring import MODELS
from quality.online import recalibrated
from quality.overlap import Action, Terms, decide
from quality.truth import Crowd, Gold, Truth

FIXED = (1, 2, 3, 5, 10)
# The confidences, in percent, from which an item is asked of nobody else. Agreement of three tells first who is good.
TARGETS = (80, 90, 95, 99)
CALIBRATED = (80, 85, 90, 95)
GOLD_SHARE = 0.1
LEAST = 3
# The method is chosen anew once there are so many times as many labels.
GROWTH = 2
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
            gold = _gold(truth, is_known, order)
            is_measured = np.array([item not in gold for item in np.flatnonzero(is_known)])
            for policy, asked in _policies(labels, order, gold):
                answers = methods()[choose(asked).method](Crowd(asked)).answers()[is_known]
                measured = is_measured if policy.startswith("calibrated") else slice(None)
                right = accuracy(answers[measured], truth[measured])
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


def _gold(truth: Places, is_known: np.ndarray, order: int) -> Gold:
    """Return the true values of a tenth of the items, drawn at random."""
    random, items = np.random.default_rng([SEED, order, 1]), np.flatnonzero(is_known)
    drawn = random.choice(len(items), size=round(GOLD_SHARE * len(items)), replace=False)
    return {int(items[place]): int(truth[place]) for place in drawn}


def _policies(labels: Labels, order: int, gold: Gold) -> list[tuple[str, Labels]]:
    """Return the labels that each policy asks for, by name, where each item's come in one random order."""
    turn = _turns(labels, order)
    fixed = [(f"fixed_{count}", labels.only(turn < count)) for count in FIXED if count <= turn.max()]
    adaptive = [(f"adaptive_{target}", labels.only(_asked(labels, turn, target / 100))) for target in TARGETS]
    calibrated = [
        (f"calibrated_{target}", labels.only(_asked(labels, turn, target / 100, gold=gold))) for target in CALIBRATED
    ]
    return [*fixed, *adaptive, *calibrated, *([("full", labels)] if order == 0 else [])]


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


def _asked(labels: Labels, turn: Places, target: float, *, gold: Gold | None = None) -> np.ndarray:
    """Return which labels are asked for where items get LEAST, then one a round until `target` or there are no more.

    With `gold` confidences are read as they have proved on it; the models are not told of it.
    """
    terms = Terms(target=target, judgment_cost=1.0, expert_cost=None, least=LEAST, most=int(turn.max()) + 1)
    is_asked = turn < LEAST
    is_open = np.ones(len(labels.items), dtype=bool)
    method, chosen_at = "", 0
    for number in range(LEAST, terms.most):
        heard = labels.only(is_asked)
        if len(heard) >= GROWTH * chosen_at:
            method, chosen_at = choose(heard).method, len(heard)
        fit = MODELS[method](Crowd(heard))
        _settle(heard, fit, _proved(fit, gold) if gold else None, terms, is_open)
        more = is_open[labels.item] & (turn == number)
        if not more.any():
            break
        is_asked |= more
    return is_asked


def _proved(fit: Truth, gold: Gold) -> Recalibration:
    """Return what confidences have come to on gold, of which the fit knows nothing."""
    items, answers = list(gold), fit.posterior.argmax(axis=1)
    confidences = fit.posterior[items].max(axis=1).tolist()
    return recalibrate(confidences, [bool(answers[item] == value) for item, value in gold.items()])


def _settle(heard: Labels, fit: Truth, mended: Recalibration | None, terms: Terms, is_open: np.ndarray) -> None:
    """Close the open items of which no more labels are wanted."""
    given = np.bincount(heard.item, weights=heard.weight, minlength=len(heard.items)).round().astype(int)
    for item in np.flatnonzero(is_open):
        posterior = dict(zip(heard.values, fit.posterior[item].tolist(), strict=True))
        if mended is not None:
            posterior = recalibrated(posterior, mended)
        choice = decide(posterior, given=int(given[item]), terms=terms)
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
