"""What a reviewer wrote in their own words, among answers that are mostly choices. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

# Answers of these types name what the form or the item offers; the reviewer writes nothing in them.
CHOSEN = frozenset({"preference", "ranking", "choice", "choices", "rating", "checks", "spans"})

# In answers that hold words, these name a response, a message or a label; the differences repeat the words.
NAMES = frozenset({"response", "message", "label", "diff"})


def written_in(document: Mapping[str, Any], answers: Mapping[str, Any], rationale: str) -> Iterator[tuple[str, str]]:
    """Yield (field, text) for the rationale and each text written under a question, whatever its type is or will be."""
    if rationale:
        yield "rationale", rationale
    types = {question["id"]: question["type"] for question in document["questions"]}
    for name, answer in answers.items():
        if types.get(name) not in CHOSEN:
            for text in _words(answer):
                yield f"answers.{name}", text


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
