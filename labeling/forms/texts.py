"""The texts in answers, one by one, for people who write them anew. Pure functions on plain values."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labeling.forms.documents import Form, resolvable
from labeling.forms.questions import KINDS

TEXT = "text"


@dataclass(frozen=True, slots=True)
class Text:
    """A text in the answers. `path` is where: the question, and below it the response, message or mark, after dots."""

    path: str
    question: str
    text: str


def texts_in(document: Form, answers: Mapping[str, Any]) -> list[Text]:
    """Return the texts that were written, in the order of the form: whole answers, and those of edits and marks."""
    return [
        Text(".".join(path), question["text"], text)
        for question in resolvable(document)
        if KINDS[question["type"]].is_written and question["id"] in answers
        for path, text in _leaves((question["id"],), answers[question["id"]])
    ]


def with_texts(document: Form, answers: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the answers with these texts, by path, in place of their own; a path that is not there changes nothing."""
    changed = copy.deepcopy(dict(answers))
    for each in texts_in(document, answers):
        if each.path in texts:
            _put(changed, each.path.split("."), texts[each.path])
    return changed


def _leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping) and isinstance(value.get(TEXT), str):
        yield (*path, TEXT), value[TEXT]
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves((*path, name), inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves((*path, str(place)), inner)


def _put(within: Any, path: list[str], text: str) -> None:
    for name in path[:-1]:
        within = within[int(name)] if isinstance(within, list) else within[name]
    within[path[-1]] = text
