"""What the others of a round say about one of its judgments, on objective questions. Pure functions on plain values.

The judgment itself is left out of what it is held against. On preferential questions honest dissent is data: they are left
out too, and so is what is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeling.forms import CHECKS, CHOICE, CHOICES, KINDS, PREFERENCE, RANKING, RATING, resolvable, values_of
from quality.consensus import resolve
from quality.scoring import score_gold

# One other is an opinion, two that agree are the beginning of a reference.
OTHERS_LEAST = 2


@dataclass(frozen=True, slots=True)
class AgainstOthers:
    """Whether a judgment agrees with the others; `reliability` is the chance that they are right, `answers` how many answers
    there are."""

    agreed: bool
    reliability: float
    answers: int


def against_others(
    form: Mapping[str, Any], judgment: Mapping[str, Any], others: Sequence[Mapping[str, Any]]
) -> AgainstOthers | None:
    """Return how a judgment compares with what the others agree on; None of fewer than OTHERS_LEAST, or where they do not.

    Of n others who agree with a share s, on k answers, the reference is right with probability (s n + 1) / (n + k): the mean
    of its Dirichlet posterior with a uniform prior (P. S. Laplace, 1774). So two who agree count for little, and ten for much.
    """
    objective = [question for question in resolvable(form) if _is_voted_on(question)]
    if len(others) < OTHERS_LEAST or not objective:
        return None
    asked = {**form, "questions": objective}
    resolved = resolve(asked, others)
    if not resolved.answers:
        return None
    agreed = [question for question in objective if question["id"] in resolved.answers]
    answers = min(answers_of(question) for question in agreed)
    reliability = (resolved.confidence * len(others) + 1) / (len(others) + answers)
    if reliability * answers <= 1:
        return None
    return AgainstOthers(score_gold(asked, resolved.answers, judgment).is_correct, reliability, answers)


def _is_voted_on(question: Mapping[str, Any]) -> bool:
    return question.get("nature") == "objective" and not KINDS[question["type"]].is_written


def answers_of(question: Mapping[str, Any]) -> int:
    """Return how many answers the narrowest part of a question has."""
    if question["type"] == CHOICE:
        return len(values_of(question, "options"))
    if question["type"] == RATING:
        return max(2, len(values_of(question, "scale")))
    if question["type"] == PREFERENCE:
        return 2 + bool(question.get("tie")) + bool(question.get("both_bad"))
    assert question["type"] in (CHOICES, CHECKS, RANKING), "These are yes or no, option by option or pair by pair."
    return 2
