"""What of an answer is free text, in a reviewer's own words, and what is a choice among given values. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from labeling.forms import KINDS

# In answers that hold words, these name a response, a message or a label; the differences repeat the words.
NAMES = frozenset({"response", "message", "label", "diff"})


def written_in(document: Mapping[str, Any], answers: Mapping[str, Any], rationale: str) -> Iterator[tuple[str, str]]:
    """Yield (field, text) for the rationale and each text written under a question, whatever its type is or will be."""
    if rationale:
        yield "rationale", rationale
    chosen = without_words(document, answers)
    for name, answer in answers.items():
        if name not in chosen:
            for text in _words(answer):
                yield f"answers.{name}", text


def without_words(document: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers of closed questions only; an answer to a part of one ("question.key") goes with its question."""
    closed = {question["id"] for question in document["questions"] if _is_closed(question["type"])}
    return {name: answer for name, answer in answers.items() if name.partition(".")[0] in closed}


def _is_closed(kind: str) -> bool:
    """Whether answers of this type name what the form or the item offers; those of a type unknown here may be words."""
    return kind in KINDS and not KINDS[kind].is_free_text


def _words(answer: Any) -> Iterator[str]:
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, Mapping):
        for name, inner in answer.items():
            if name not in NAMES:
                yield from _words(inner)
    elif isinstance(answer, list):
        for inner in answer:
            yield from _words(inner)
