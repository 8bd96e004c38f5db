"""Whether somebody's answers say what others do, question by question, as far as the two can be compared. Pure functions.

What is written has no one right wording, and a question that was asked otherwise is another question: both are left out.
On an objective question one of two different answers is wrong; on a preferential one they are two opinions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labeling.forms import CHOICE, KINDS, resolvable, values_of
from quality.scoring import score_gold

OBJECTIVE = "objective"


@dataclass(frozen=True, slots=True)
class Compared:
    """Which questions were answered alike, and which of these are objective.

    `answers_count` is how many answers were possible, at least: of a choice its options, of anything else two, which
    makes agreement by chance look likelier than it is and so weighs an agreement with caution.
    """

    by_question: dict[str, bool]
    objective: dict[str, bool]
    answers_count: int

    @property
    def is_alike(self) -> bool:
        """As a whole: on all objective questions, or where there are none, on all there are."""
        return all((self.objective or self.by_question).values())

    @property
    def is_contradicted(self) -> bool:
        return not all(self.objective.values())


def comparable_questions(form: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [question for question in resolvable(form) if not KINDS[question["type"]].is_written]


def texts_of(form: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is written among the answers."""
    written = [question["id"] for question in resolvable(form) if KINDS[question["type"]].is_written]
    return {name: answers[name] for name in written if name in answers}


def compare(
    *, form: Mapping[str, Any], reference: Mapping[str, Any], given_form: Mapping[str, Any], given: Mapping[str, Any]
) -> Compared:
    """Compare `given`, under its own form, with the answers of `reference`; what only one of them says is left out."""
    asked = {question["id"]: question for question in comparable_questions(given_form)}
    both = [
        question
        for question in comparable_questions(form)
        if asked.get(question["id"]) == question and question["id"] in reference and question["id"] in given
    ]
    names = [question["id"] for question in both]
    scored = score_gold(form, {name: reference[name] for name in names}, given).questions
    objective = [question for question in both if question["nature"] == OBJECTIVE]
    return Compared(
        by_question=scored,
        objective={question["id"]: scored[question["id"]] for question in objective},
        answers_count=min((_answers_count(question) for question in objective), default=2),
    )


def _answers_count(question: Mapping[str, Any]) -> int:
    is_one = question["type"] == CHOICE and not question.get("per_turn") and not question.get("each_response")
    return len(values_of(question, "options")) if is_one else 2
