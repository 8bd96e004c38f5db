"""The figures of quality, from votes: agreement, methods side by side, confusion matrices, and whether confidence holds.

Pure functions on plain values; for jobs only (numpy, scipy). Sources are named where the mathematics is.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quality.calibration import GOLD_LEAST, Recalibration, recalibrate, reliability, shown_calibrated
from quality.choosing import Choice, choose, methods
from quality.coefficients import Coefficient, counts_of, krippendorff
from quality.correctness import accuracy
from quality.heard import Unit, Vote
from quality.labels import Labels, index_labels
from quality.online import Known, infer
from quality.overlap import Confusion
from quality.proportions import exact_interval, wilson_interval
from quality.truth import Crowd, Gold, Truth, one_coin, pooled_dawid_skene

FOLDS = 5

# By which model an item is judged alone, by the method that its question's votes bear out: as much is taken to be known
# of a person as has shown to pay. The majority knows nothing of them and has no confidence, so the model nearest to it
# stands in; a matrix of a person's own, unpooled, is certain of whatever they have never done yet, so the pooled one
# stands in.
MODELS = {
    "majority": one_coin,
    "one-coin": one_coin,
    "pooled": pooled_dawid_skene,
    "dawid-skene": pooled_dawid_skene,
}

Right = Mapping[Unit, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Found:
    """One figure: a value with its 95 % interval, or why there is none; `detail` is plain JSON."""

    value: float | None
    low: float | None = None
    high: float | None = None
    units: int = 0
    why: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fit:
    """A model of one question's votes, `model` by name: `confusions` by reviewer, `rights` the expected number of their
    right answers of `given`, `prior` the share of each true answer."""

    model: str
    prior: dict[str, float]
    confusions: dict[int, Confusion]
    rights: dict[int, float]
    given: dict[int, int]

    @property
    def accuracy(self) -> float:
        return sum(self.rights.values()) / max(sum(self.given.values()), 1)


def agreement_of(votes: Sequence[Vote], order: Sequence[str] | None) -> Found:
    """Return alpha of these votes, ordinal where `order` lists the values, with its bootstrap interval and the unanimous share.

    Rounds in which more was asked because people disagreed weigh more here than they would with a fixed number of judgments.
    """
    labels = _labels(votes, order or ())
    if not len(labels):
        return _told(krippendorff(np.zeros((0, 1))), {})
    counts = counts_of(labels)
    if order is not None:  # in the order of the scale
        place = {value: index for index, value in enumerate(labels.values)}
        counts = counts[:, [*(place[value] for value in order), *(place[v] for v in labels.values if v not in order)]]
    paired = counts[counts.sum(axis=1) > 1]
    unanimous = float((paired.max(axis=1) == paired.sum(axis=1)).mean()) if len(paired) else None
    found = krippendorff(counts, level="nominal" if order is None else "ordinal")
    return _told(found, {"unanimous_share": unanimous, "level": "nominal" if order is None else "ordinal"})


def _told(found: Coefficient, detail: dict[str, Any]) -> Found:
    return Found(found.value, found.low, found.high, found.units, found.why, detail)


def share_found(right: int, total: int, *, why: str) -> Found:
    """Return a share with Wilson's interval, which holds the share itself, all or none of them too; of nothing, why not."""
    if not total:
        return Found(None, why=why)
    within = wilson_interval(right, total)
    return Found(right / total, within.low, within.high, total, detail={"right": right})


def choice_of(votes: Sequence[Vote], right: Right, values: Sequence[str]) -> Choice:
    """Return the method that the held-out votes bear out; gold is held at its answer, where only one is right."""
    labels = _labels(votes, values)
    return choose(labels, gold=_gold(labels, right))


def fit_of(votes: Sequence[Vote], right: Right, values: Sequence[str], *, method: str) -> Fit:
    """Fit the model by which items are judged alone where `method` is chosen, with gold held at its answer."""
    labels = _labels(votes, values)
    crowd, gold = Crowd(labels), _gold(labels, right)
    fit = MODELS[method](crowd, gold=gold)
    says = fit.posterior[labels.item, labels.value]
    rights, given = np.zeros(crowd.workers), np.bincount(labels.worker, minlength=crowd.workers)
    np.add.at(rights, labels.worker, says)
    who = [int(worker) for worker in labels.workers]
    return Fit(
        fit.method,
        dict(zip(labels.values, fit.prevalence.tolist(), strict=True)),
        _confusions(labels, crowd, fit),
        dict(zip(who, rights.tolist(), strict=True)),
        dict(zip(who, given.tolist(), strict=True)),
    )


def consensus_of(votes: Sequence[Vote], right: Right, values: Sequence[str], *, chosen: Choice, fit: Fit) -> Found:
    """Return the chosen method, and all of them side by side: their support, how many answers differ from the
    majority's, and how many of gold's are right where gold is not told."""
    labels = _labels(votes, values)
    crowd, gold = Crowd(labels), _gold(labels, right)
    places, truth = np.array([*gold], dtype=np.intp), np.array([*gold.values()], dtype=np.intp)
    answers = {name: method(crowd).answers() for name, method in methods().items()}
    side_by_side = {
        name: {
            "support": chosen.support.get(name),
            "differs": float((given != answers["majority"]).any(axis=1).mean()),
            "right_on_gold": accuracy(given[places], truth),
        }
        for name, given in answers.items()
    }
    detail = {
        "method": chosen.method,
        "methods": side_by_side,
        "gold": len(gold),
        "model": fit.model,
        "prior": fit.prior,
        "accuracy": fit.accuracy,
        "why": chosen.why,
    }
    if not chosen.support:
        return Found(None, units=chosen.items, why=chosen.why, detail=detail)
    return Found(chosen.support[chosen.method], units=chosen.items, detail=detail)


def confusion_found(fit: Fit, reviewer: int) -> Found:
    """Return a reviewer's matrix, and how often they are right as far as the inferred truth tells."""
    right, given = fit.rights[reviewer], fit.given[reviewer]
    interval = wilson_interval(right, given)
    return Found(right / given, interval.low, interval.high, given, detail={"matrix": _plain(fit.confusions[reviewer])})


def reliability_of(
    votes: Sequence[Vote], right: Right, values: Sequence[str], *, method: str, target: float, least: int, most: int
) -> Found:
    """Return whether gold shows that answers of confidence `target` may stand, and the map that mends confidences, by
    the model that goes with the chosen `method`.

    Gold is judged as any item would be: its answers in the order they came, `least` of them first, then one by one until the
    target or `most`. No gold item says anything of the people by whom it is judged: people, and the map, are fitted on the
    other folds. An item counts once, at the part of the question that is least certain, which is the one that decides.
    """
    by_item: dict[int, list[Vote]] = defaultdict(list)
    for vote in votes:
        if vote.unit in right:
            by_item[vote.unit.round].append(vote)
    judged = sorted(item for item, given in by_item.items() if len({vote.reviewer for vote in given}) >= max(least, 2))
    if len(judged) < 2:
        why = f"{len(judged)} gold items were answered by {max(least, 2)} people or more: {GOLD_LEAST} are needed."
        return Found(None, units=len(judged), why=why, detail={"shown": False, "target": target, "reason": why})
    fold_of = {item: place % FOLDS for place, item in enumerate(judged)}
    steps: dict[int, list[tuple[float, bool]]] = {}
    for fold in range(min(FOLDS, len(judged))):
        told = [vote for vote in votes if fold_of.get(vote.unit.round) != fold]
        fit = fit_of(told, right, values, method=method)
        known = Known(fit.prior, fit.confusions, accuracy=fit.accuracy)
        for item in (each for each in judged if fold_of[each] == fold):
            steps[item] = _steps(by_item[item], right, known, least, most)
    stops = [_stop(item, steps, fold_of, target) for item in judged]
    confidences, rights = [confidence for confidence, _ in stops], [is_right for _, is_right in stops]
    shown = shown_calibrated(confidences, rights, target=target)
    curve = reliability(confidences, rights)
    mended = _map(steps.values())
    detail = {
        "shown": shown.is_shown,
        "reason": shown.reason,
        "target": target,
        "model": fit.model,
        "error": curve.error,
        "brier": curve.brier,
        "bins": [
            {
                "confidence": each.mean_confidence,
                "right": each.right.value,
                "total": each.right.total,
                "low": each.right.interval.low if each.right.interval else None,
                "high": each.right.interval.high if each.right.interval else None,
            }
            for each in curve.bins
        ],
        "starts": list(mended.starts),
        "values": list(mended.values),
        "judgments": sum(len(each) for each in steps.values()),
    }
    if not shown.total:
        why = f"No gold item reached a confidence of {target:.0%}."
        return Found(None, units=len(judged), why=why, detail=detail)
    interval = exact_interval(shown.right, shown.total)
    return Found(shown.right / shown.total, interval.low, interval.high, len(judged), detail=detail)


def _steps(given: Sequence[Vote], right: Right, known: Known, least: int, most: int) -> list[tuple[float, bool]]:
    """Return the least certain part's confidence, and whether it is right, after `least` judgments and each further one."""
    people = list(dict.fromkeys(vote.reviewer for vote in given))
    found = []
    for count in range(least, min(most, len(people)) + 1):
        heard: dict[Unit, list[tuple[int, str]]] = defaultdict(list)
        for vote in given:
            if vote.reviewer in people[:count]:
                heard[vote.unit].append((vote.reviewer, vote.value))
        parts = [(infer(said, known), right[unit]) for unit, said in heard.items()]
        weakest, expected = min(parts, key=lambda part: part[0].confidence)
        found.append((weakest.confidence, weakest.answer in expected))
    return found


def _stop(
    item: int, steps: Mapping[int, list[tuple[float, bool]]], fold_of: Mapping[int, int], target: float
) -> tuple[float, bool]:
    """Return the confidence at which the item would have been resolved, mended by the other folds, and whether it is right."""
    mended = _map([each for other, each in steps.items() if fold_of[other] != fold_of[item]])
    found = [(mended(raw), is_right) for raw, is_right in steps[item]]
    return next((each for each in found if each[0] >= target), found[-1])


def _map(steps: Any) -> Recalibration:
    points = [point for each in steps for point in each]
    return recalibrate([confidence for confidence, _ in points], [is_right for _, is_right in points])


def _labels(votes: Sequence[Vote], values: Sequence[str]) -> Labels:
    return index_labels(
        ((f"{vote.unit.round} {vote.unit.path}", str(vote.reviewer), vote.value) for vote in votes), values=values
    )


def _gold(labels: Labels, right: Right) -> Gold:
    """Return the places of gold items and of their right answers, where there is one right answer that can be given."""
    place = {value: index for index, value in enumerate(labels.values)}
    known = {f"{unit.round} {unit.path}": next(iter(each)) for unit, each in right.items() if len(each) == 1}
    return {
        index: place[known[item]] for index, item in enumerate(labels.items) if item in known and known[item] in place
    }


def _confusions(labels: Labels, crowd: Crowd, fit: Truth) -> dict[int, Confusion]:
    """Return each worker's matrix {truth: {answer: chance}}; what they never said shares what is left of a row evenly."""
    assert fit.chances is not None, "Dawid-Skene has chances."
    said: dict[int, dict[int, Any]] = defaultdict(dict)
    for pair in range(len(crowd.worker)):
        said[int(labels.workers[crowd.worker[pair]])][int(crowd.value[pair])] = fit.chances[pair]
    found: dict[int, Confusion] = {}
    for who, chances in said.items():
        left = 1.0 - sum(chances.values())
        unsaid = max(crowd.classes - len(chances), 1)
        found[who] = {
            truth: {
                answer: float(chances[place][row]) if place in chances else max(float(left[row]), 0.0) / unsaid
                for place, answer in enumerate(labels.values)
            }
            for row, truth in enumerate(labels.values)
        }
    return found


def _plain(confusion: Confusion) -> dict[str, dict[str, float]]:
    return {truth: {answer: round(chance, 6) for answer, chance in row.items()} for truth, row in confusion.items()}
