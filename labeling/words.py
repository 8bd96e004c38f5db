"""What of an answer is free text, written by a person, and what is a choice among given values. Pure."""

from collections.abc import Mapping
from typing import Any

# Every other type of question is answered in words. The database's labeling_without_words knows the same list.
CLOSED_TYPES = frozenset({"preference", "ranking", "choice", "choices", "rating", "checks", "spans"})


def without_words(document: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers of closed questions only; an answer to a part of one ("question.key") goes with its question."""
    closed = {question["id"] for question in document["questions"] if question["type"] in CLOSED_TYPES}
    return {name: answer for name, answer in answers.items() if name.partition(".")[0] in closed}
