"""What a reviewer sees of an item: the words and nothing that gives away who wrote them, in an order of their own."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any
from uuid import UUID

from config.kernel.rendering import render_markdown
from labeling.forms import answers_in_words, form_of_stage, given_answers, own_answers
from labeling.models import Annotation
from labeling.types import TaskKind


@dataclass(frozen=True, slots=True)
class Beside:
    """What somebody said of the item, shown beside it: under a title, question by question in words, without a name.

    `own` are the answers to the project's own questions, where they are what the task goes on from. `is_by_model`: no
    person said it.
    """

    title: str
    said: list[tuple[str, list[str]]]
    own: dict[str, Any] | None = None
    is_by_model: bool = False


def display_order(keys: list[str], *, seed: UUID) -> list[str]:
    """Return the response keys in a fixed pseudo-random order for this seed, so that no place on the screen is favoured."""
    return sorted(keys, key=lambda key: _place(key, seed))


def _place(key: str, seed: UUID) -> bytes:
    return hashlib.sha256(seed.bytes + key.encode()).digest()


def shown_item(payload: dict[str, Any], *, language: str, seed: UUID) -> dict[str, Any]:
    """Return messages and responses as shown: no model names, responses in display order."""
    responses = {response["key"]: response["text"] for response in payload["responses"]}
    return {
        "language": language,
        "messages": [{"role": message["role"], "content": message["content"]} for message in payload["messages"]],
        "responses": [{"key": key, "text": responses[key]} for key in display_order(list(responses), seed=seed)],
    }


def rendered(item: dict[str, Any]) -> dict[str, Any]:
    """Return the shown item with its texts as HTML that is safe to show, too."""
    return {
        **item,
        "messages": [{**each, "html": render_markdown(each["content"])} for each in item["messages"]],
        "responses": [{**each, "html": render_markdown(each["text"])} for each in item["responses"]],
    }


def names_shown(payload: dict[str, Any], *, seed: UUID) -> dict[str, str]:
    """Return what the desk calls the responses for this seed, by key."""
    order = display_order([response["key"] for response in payload["responses"]], seed=seed)
    if len(order) == 1:
        return {order[0]: "The response"}
    return {key: f"Response {place}" for place, key in enumerate(order, start=1)}


def shown_beside(
    annotations: Iterable[Annotation], *, seed: UUID, kind: str = "", payload: dict[str, Any] | None = None
) -> tuple[Beside, ...]:
    """Return what is shown beside a task of this kind: an attempt, what its reviewer said of it, or the sides of a
    dispute; beside an audit the text that was accepted, and nothing of who accepted it how.

    The annotations come with their form, guideline, task and its pool. What was written stands as it came; sides in an
    order of the seed's, so that it says nothing about who is right. Responses are called what the desk calls them
    beside the item's payload, if it is given.
    """
    names = names_shown(payload, seed=seed) if payload else {}
    ordered = sorted(annotations, key=lambda each: each.pk)
    if kind == TaskKind.AUDIT:
        return tuple(Beside("What was accepted", _own_in_words(each, names)) for each in ordered)
    attempts = [each for each in ordered if each.task.kind == TaskKind.ATTEMPT]
    reviews = [each for each in ordered if each.task.kind == TaskKind.REVIEW]
    audits = [each for each in ordered if each.task.kind == TaskKind.AUDIT and each.task.beside]
    sides = [each for each in ordered if each not in [*attempts, *reviews, *audits]]
    sides.sort(key=lambda each: _place(f"{each.pk}", seed))
    return (
        *(_beside("What was written", each, names, goes_on=True) for each in attempts),
        *(_beside("What the reviewer said", each, names) for each in reviews),
        *(_beside("What an expert said", each, names) for each in audits),
        *(_beside(f"Answer {letter}", each, names) for letter, each in zip(ascii_uppercase, sides, strict=False)),
    )


def _own_in_words(annotation: Annotation, names: dict[str, str]) -> list[tuple[str, list[str]]]:
    return answers_in_words(annotation.form.document, own_answers(annotation.answers), names)


def _beside(title: str, annotation: Annotation, names: dict[str, str], *, goes_on: bool = False) -> Beside:
    task = annotation.task
    form = form_of_stage(
        task.pool.work,
        annotation.form.document,
        annotation.guideline.clauses,
        kind=task.kind,
        is_of_work=task.beside is not None,
    )
    said = answers_in_words(form, annotation.answers, names)
    if annotation.rationale:
        said = [*said, ("Why", [annotation.rationale])]
    own = own_answers(given_answers(annotation.form.document, annotation.answers, annotation.rationale))
    return Beside(title, said, own if goes_on else None)


def first_draft(shown: Sequence[Beside]) -> dict[str, Any] | None:
    """Return the answers to begin with: those of the latest attempt that the task goes on from."""
    return next((each.own for each in reversed(shown) if each.own), None)
