"""Answers to a form: their schema, and whether an answer answers it. Pure functions on plain values.

One function says what answers look like, for the API, the desk, the console, a release's manifest and the check itself.
What JSON Schema cannot say is checked beside it: that a ranking places every response, that a mark ends after it
begins, that text is not blank.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from config.kernel.canonical import canonical_bytes
from config.kernel.errors import Invalid
from config.kernel.schema_faults import dotted
from config.kernel.words import counted
from labeling.forms.diffs import diff_of
from labeling.forms.documents import Form, resolvable
from labeling.forms.questions import (
    CHOICES,
    CRITIQUE,
    EDIT,
    KINDS,
    PREFERENCE,
    RANKING,
    RATIONALE,
    SPANS,
    WRITING,
    Question,
    Schema,
    text_sentence,
)
from labeling.forms.shapes import ItemShape

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LONGEST_ANSWER = 100_000
COMPILED = 512

_UNASKED: Schema = {"not": {}, "description": "This question is not asked with these answers; leave it out."}


class InvalidAnswers(Invalid):
    code = "invalid_answers"


# --- the schema -----------------------------------------------------------------------------------------------------


def answers_schema(document: Form, item: ItemShape | None = None, *, partial: bool = False) -> Schema:
    """Return the JSON Schema (2020-12) of the answers to a form: for one item exactly, or for any item.

    With `partial`, no question needs an answer: so are expected answers checked.
    """
    properties: Schema = {}
    needed: list[str] = []
    conditional: list[Schema] = []
    for question in document["questions"]:
        name = question["id"]
        properties[name] = {"title": question["text"], **_whole_answer(question, item)}
        is_needed = is_required(question) and not partial and not _is_of_nothing(question, item)
        if question.get("when"):
            asked = {"required": [name]} if is_needed else True
            holds = {"allOf": [_holds(condition, partial) for condition in question["when"]]}
            conditional.append({"if": holds, "then": asked, "else": {"properties": {name: _UNASKED}}})
        elif is_needed:
            needed.append(name)
    return {
        "$schema": DIALECT,
        "title": document["title"],
        "type": "object",
        "properties": properties,
        "required": needed,
        "additionalProperties": False,
        **({"allOf": conditional} if conditional else {}),
    }


def is_required(question: Question) -> bool:
    return bool(question.get("required", question["type"] != RATIONALE))


def _is_of_nothing(question: Question, item: ItemShape | None) -> bool:
    """Whether the item has no response or turn to ask about, or may have none for all that is known of it."""
    if question.get("per_turn"):
        return item is None or not item.turns
    return bool(question.get("each_response") and item is not None and not item.keys)


def _whole_answer(question: Question, item: ItemShape | None) -> Schema:
    answer = KINDS[question["type"]].answer
    if question.get("each_response"):
        leaf = answer(question, item, None)
        if item is None:
            return {"type": "object", "additionalProperties": leaf, "description": "Answer for each response, by key."}
        return _by_name(dict.fromkeys(item.keys, leaf), "response")
    if question.get("per_turn"):
        if item is None or item.turns is None:
            return {
                "type": "object",
                "patternProperties": {"^(0|[1-9][0-9]*)$": answer(question, None, None)},
                "additionalProperties": False,
                "description": "Answer for each message of the assistant, by its place in the conversation.",
            }
        return _by_name({str(turn): answer(question, item, turn) for turn in item.turns}, "message of the assistant")
    return answer(question, item, None)


def _by_name(leaves: Schema, what: str) -> Schema:
    return {
        "type": "object",
        "properties": leaves,
        "required": list(leaves),
        "additionalProperties": False,
        "description": f"Answer for each {what}: {', '.join(leaves) or 'there is none'}.",
    }


def _holds(condition: Mapping[str, Any], partial: bool) -> Schema:
    """Return the schema of answers with which the condition holds; in partial ones it also holds while it is open."""
    name, _, check = condition["question"].partition(".")
    found: Schema = {"enum": condition["in"]}
    if check:
        found = {"properties": {check: found}, "required": [check]}
    else:
        # A preference is looked at by its choice.
        found = {"if": {"type": "object"}, "then": {"properties": {"choice": found}}, "else": found}
    return {"properties": {name: found}, **({} if partial else {"required": [name]})}


def is_asked(question: Question, answers: Mapping[str, Any]) -> bool:
    """Whether the question's conditions all hold with these answers to earlier questions."""
    return all(_answered(condition["question"], answers) in condition["in"] for condition in question.get("when", ()))


def _answered(place: str, answers: Mapping[str, Any]) -> Any:
    name, _, check = place.partition(".")
    answer = answers.get(name)
    return answer.get(check or "choice") if isinstance(answer, Mapping) else answer


# --- the check ------------------------------------------------------------------------------------------------------


def check_answers(document: Form, item: ItemShape | Sequence[str], answers: Any, *, partial: bool = False) -> None:
    """Raise InvalidAnswers, naming the place, unless `answers` answers the form for an item of this shape.

    Where only the responses' keys are given, what depends on lengths and messages is not checked. With `partial`,
    unanswered required questions are let pass: so are expected answers checked. None and "" are no answer.
    """
    if not isinstance(answers, Mapping):
        raise InvalidAnswers("The answers must be an object with one entry a question.", field="value")
    check_size(answers)
    shape = item if isinstance(item, ItemShape) else ItemShape.of_keys(item)
    given = {name: answer for name, answer in answers.items() if answer is not None and answer != ""}
    questions = {question["id"]: question for question in document["questions"]}
    for name in given:
        if name not in questions:
            raise InvalidAnswers(f"The form has no question {name[:60]!r}.", field=name[:60])
    validator = _validator(json.dumps(document), shape.outline(), partial)
    if errors := list(validator.iter_errors(given)):
        raise min((_fault(error, questions) for error in errors), key=lambda fault: _order(fault, questions))
    for name, answer in given.items():
        for place, part, turn in _parts(questions[name], answer):
            if rule := _RULES.get(questions[name]["type"]):
                rule(questions[name], shape, part, place, turn)


def check_expected(document: Form, item: ItemShape, answers: Any) -> None:
    """Raise InvalidAnswers unless `answers` can be expected of reviewers: sound as far as it goes, and comparable."""
    check_answers(document, item, answers, partial=True)
    for question in document["questions"]:
        if question["id"] in answers and KINDS[question["type"]].is_free_text:
            raise InvalidAnswers(
                f"Nobody can be expected to write the same words; leave {question['id']} out of the expected answer.",
                field=question["id"],
            )


def check_size(answers: Any) -> None:
    """Raise InvalidAnswers for answers beyond LONGEST_ANSWER bytes, and NotCanonical for what is not text."""
    if len(canonical_bytes(answers)) > LONGEST_ANSWER:
        raise InvalidAnswers(f"The answers are longer than {LONGEST_ANSWER:,} bytes; shorten them.", field="value")


@lru_cache(maxsize=COMPILED)
def _validator(document: str, outline: ItemShape, partial: bool) -> Any:
    """Compiled once for a form and the outline of an item: on the way of every submit."""
    return Draft202012Validator(answers_schema(json.loads(document), outline, partial=partial))


def _fault(error: Any, questions: Mapping[str, Question]) -> InvalidAnswers:
    """Say what is wrong by the sentence that the schema itself has for the place."""
    steps = list(error.absolute_path)
    if not steps:
        missing = next(name for name in error.validator_value if name not in error.instance)
        return InvalidAnswers("This question needs an answer.", field=missing)
    schema = error.schema
    sentence = schema["description"] if isinstance(schema, dict) and "description" in schema else "This is missing."
    if error.validator in ("required", "dependentRequired") and questions[steps[0]]["type"] in (CRITIQUE, SPANS):
        names = error.validator_value
        wanted = (
            names
            if isinstance(names, list)
            else [each for name in names if name in error.instance for each in names[name]]
        )
        steps.append(next(name for name in wanted if name not in error.instance))
    return InvalidAnswers(sentence, field=_place(questions[steps[0]], steps))


def _place(question: Question, steps: Sequence[Any]) -> str:
    """Return the place of a fault; a preference and a ranking are wrong as a whole."""
    return dotted("", steps[:1] if question["type"] in (PREFERENCE, RANKING) else steps)


def _order(fault: InvalidAnswers, questions: Mapping[str, Question]) -> tuple[int, int, str]:
    """Order faults by question, and in a question the most exact first."""
    field = fault.field or ""
    name = field.partition(".")[0].partition("[")[0]
    return list(questions).index(name), -len(field), field


# --- what JSON Schema cannot say ------------------------------------------------------------------------------------


def _parts(question: Question, answer: Any) -> Iterable[tuple[str, Any, int | None]]:
    """Yield (place, answer, message) for each part of an answer that a rule looks at."""
    if question.get("per_turn"):
        return [(f"{question['id']}.{turn}", part, int(turn)) for turn, part in answer.items()]
    if question.get("each_response"):
        return [(f"{question['id']}.{key}", part, None) for key, part in answer.items()]
    return [(question["id"], answer, None)]


def _check_ranking(_question: Question, item: ItemShape, tiers: Any, place: str, _turn: int | None) -> None:
    if sorted(key for tier in tiers for key in tier) != sorted(item.keys):
        raise InvalidAnswers(f"Place every response exactly once: {', '.join(item.keys)}.", field=place)


def _check_marks(_question: Question, item: ItemShape, marks: Any, place: str, turn: int | None) -> None:
    for number, mark in enumerate(marks):
        if "end" not in mark:
            continue
        if mark["end"] <= mark["start"]:
            raise InvalidAnswers("A mark ends after it begins.", field=f"{place}[{number}].end")
        if "response" in mark:
            length = item.response_length(mark["response"])
        else:
            length = item.message_length(mark.get("message", turn))
        if length is not None and mark["end"] > length:
            raise InvalidAnswers(
                f"The text has {counted(length, 'character', 'characters')}; end within it.",
                field=f"{place}[{number}].end",
            )


def _check_text(question: Question, _item: ItemShape, text: Any, place: str, _turn: int | None) -> None:
    least = max(question.get("min_length", 0), int(question["type"] == WRITING))
    if len(text.strip()) < least:
        raise InvalidAnswers(text_sentence(least), field=place)


_RULES: dict[str, Callable[[Question, ItemShape, Any, str, int | None], None]] = {
    RANKING: _check_ranking,
    CRITIQUE: _check_marks,
    SPANS: _check_marks,
    WRITING: _check_text,
    RATIONALE: _check_text,
}


# --- how answers are kept -------------------------------------------------------------------------------------------


def split_rationale(document: Form, answers: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the answers without the rationale, and the rationale by itself, trimmed ("" where there is none)."""
    names = {question["id"] for question in document["questions"] if question["type"] == RATIONALE}
    judged = {name: answer for name, answer in answers.items() if name not in names}
    return judged, " ".join(str(answers[name]) for name in names if answers.get(name)).strip()


def given_answers(document: Form, kept: Mapping[str, Any], rationale: str) -> dict[str, Any]:
    """Return answers as their author gave them, from what is kept of them: edits without difference, the rationale among them."""
    given = {
        name: {key: part for key, part in answer.items() if key != "diff"} if isinstance(answer, Mapping) else answer
        for name, answer in kept.items()
    }
    reasons = [question["id"] for question in document["questions"] if question["type"] == RATIONALE]
    return {**given, reasons[0]: rationale} if reasons and rationale else given


def kept_answers(document: Form, texts: Mapping[str, str], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return checked answers in the one spelling they are kept in: choices sorted, and edits with their difference.

    `texts` are the responses by key.
    """
    kinds = {question["id"]: question["type"] for question in document["questions"]}
    kept = dict(answers)
    for name, answer in answers.items():
        if kinds.get(name) == EDIT and answer:
            kept[name] = {**answer, "diff": diff_of(texts[answer["response"]], answer["text"])}
        elif kinds.get(name) == CHOICES and answer:
            kept[name] = (
                {each: sorted(chosen) for each, chosen in answer.items()}
                if isinstance(answer, Mapping)
                else sorted(answer)
            )
    return kept


def kept_schema(document: Form) -> Schema:
    """Return the schema of answers as they are kept and delivered: the rationale stands beside them."""
    return answers_schema({**document, "questions": resolvable(document)})
