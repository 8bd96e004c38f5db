"""How an answer compares with the expected one. Pure functions on plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeling.forms import PREFERENCE


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

    A preference is compared by its choice, and by its strength only where the expected answer states one. What the
    expected answer says nothing about is not scored.
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
    if kind != PREFERENCE:
        return given == expected or given in also
    if given["choice"] != expected["choice"]:
        return given["choice"] in also
    return "strength" not in expected or given.get("strength") == expected["strength"]
