"""How an answer compares with the expected one. Pure functions on plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeling.forms import PREFERENCE, RANKING, RATING, SPANS


@dataclass(frozen=True, slots=True)
class Scored:
    """Right as a whole when right on every question that has an expected answer."""

    is_correct: bool
    questions: dict[str, bool]


def score_gold(
    form: Mapping[str, Any],
    expected: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    tolerance: Mapping[str, Sequence[Any]] | None = None,
) -> Scored:
    """Compare `given` with `expected`, question by question; `tolerance` lists what is also right for a question.

    A preference is compared by its choice, and by its strength only where the expected answer states one; a ranking by
    who shares which place; marks by where they are, in any order; a rating may lie on any degree of the tolerance,
    wherever it is asked several times. What the expected answer says nothing about is not scored.
    """
    kinds = {question["id"]: question["type"] for question in form["questions"]}
    also = tolerance or {}
    questions = {
        name: _is_right(kinds.get(name, ""), answer, given.get(name), also.get(name, ()))
        for name, answer in expected.items()
    }
    return Scored(bool(questions) and all(questions.values()), questions)


def _is_right(kind: str, expected: Any, given: Any, also: Sequence[Any]) -> bool:
    if given is None:
        return False
    if kind == PREFERENCE:
        if given["choice"] != expected["choice"]:
            return given["choice"] in also
        return "strength" not in expected or given.get("strength") == expected["strength"]
    if kind == RATING:
        return given in also or _is_near(expected, given, also)
    return _plain(kind, given) in [_plain(kind, each) for each in (expected, *also)]


def _is_near(expected: Any, given: Any, also: Sequence[Any]) -> bool:
    """Whether every degree given is the expected one or one of the tolerance."""
    if not isinstance(expected, Mapping):
        return given == expected or given in also
    return expected.keys() == given.keys() and all(_is_near(expected[key], given[key], also) for key in expected)


def _plain(kind: str, answer: Any) -> Any:
    """Return the answer without what its order does not mean."""
    if isinstance(answer, Mapping):
        return {key: _plain(kind, part) for key, part in answer.items()}
    if kind == RANKING:
        return [sorted(tier) for tier in answer]
    if kind == SPANS:
        return sorted(sorted((name, str(value)) for name, value in mark.items()) for mark in answer)
    return sorted(answer) if isinstance(answer, list) else answer
