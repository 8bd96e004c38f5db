"""What independent judgments of one item come to: question by question, by strict majority. Pure functions on plain values.

A question is agreed when one answer has more than half of the votes; the plurality of three different answers is not
agreement. *No agreed answer* is a valid end: on a preferential question honest dissent is data, not error.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeling.forms import CHOICE, PREFERENCE, resolvable

AGREED = "agreed"
NO_AGREEMENT = "no_agreement"
METHOD = "majority"


@dataclass(frozen=True, slots=True)
class Resolved:
    """`answers` holds the agreed questions only; `distribution` the votes, {question: {option: count}}, where a question
    asked of each response has an entry "question.key" a response. `confidence` is the smallest share of the votes that a
    leading answer has, between 0 and 1.
    """

    outcome: str
    answers: dict[str, Any]
    distribution: dict[str, dict[str, int]]
    method: str
    confidence: float


def resolve(form: Mapping[str, Any], judgments: Sequence[Mapping[str, Any]]) -> Resolved:
    """Resolve the judgments of one round; agreed when every question that anybody had to answer is.

    `judgments` are the answers of at least one reviewer, checked against the form. The result does not depend on
    their order.
    """
    answers: dict[str, Any] = {}
    distribution: dict[str, dict[str, int]] = {}
    shares: list[float] = []
    is_agreed = True
    for question in resolvable(form):
        given = [judgment[question["id"]] for judgment in judgments if judgment.get(question["id"]) is not None]
        if not given:
            is_agreed = is_agreed and not question.get("required", True)
            continue
        votes = _votes(question, given)
        leaders = {path: _majority(counts) for path, counts in votes.items()}
        distribution |= {path: dict(sorted(counts.items())) for path, counts in votes.items()}
        shares += [max(counts.values()) / counts.total() for counts in votes.values()]
        if all(leader is not None for leader in leaders.values()):
            answers[question["id"]] = _answer(question, leaders, given)
        else:
            is_agreed = False
    return Resolved(
        outcome=AGREED if is_agreed and answers else NO_AGREEMENT,
        answers=answers,
        distribution=distribution,
        method=METHOD,
        confidence=min(shares, default=0.0),
    )


def _votes(question: Mapping[str, Any], given: Sequence[Any]) -> dict[str, Counter[str]]:
    name = question["id"]
    if question["type"] == PREFERENCE:
        return {name: Counter(answer["choice"] for answer in given)}
    if not question.get("each_response"):
        return {name: Counter(given)}
    keys = sorted({key for answer in given for key in answer})
    return {f"{name}.{key}": Counter(answer[key] for answer in given if key in answer) for key in keys}


def _majority(counts: Counter[str]) -> str | None:
    leader, votes = counts.most_common(1)[0]
    return leader if 2 * votes > counts.total() else None


def _answer(question: Mapping[str, Any], leaders: Mapping[str, str | None], given: Sequence[Any]) -> Any:
    name = question["id"]
    if question["type"] == PREFERENCE:
        choice = leaders[name]
        strength = _lower_median(question, [answer for answer in given if answer["choice"] == choice])
        return {"choice": choice, **({"strength": strength} if strength else {})}
    if question["type"] == CHOICE and question.get("each_response"):
        return {path.removeprefix(f"{name}."): leader for path, leader in leaders.items()}
    return leaders[name]


def _lower_median(question: Mapping[str, Any], agreeing: Sequence[Mapping[str, Any]]) -> str | None:
    """Return how strongly those who agree feel, in the middle; of two middles the weaker. Degrees are listed weakest first."""
    degrees = question.get("strength") or []
    ranks = sorted(degrees.index(answer["strength"]) for answer in agreeing if answer.get("strength") in degrees)
    return degrees[ranks[(len(ranks) - 1) // 2]] if ranks else None
