"""The kinds of question there are: how each is defined in a form, and what an answer to it looks like. Pure values.

Answers name responses by key, never by their place on the screen. Every part of an answer's schema that can be got wrong
has a `description`: one sentence that says what belongs there, which is also what a wrong answer is told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labeling.forms.shapes import ItemShape

Question = Mapping[str, Any]
Schema = dict[str, Any]

TIE = "tie"
BOTH_BAD = "both_bad"

PREFERENCE = "preference"
RANKING = "ranking"
CHOICE = "choice"
CHOICES = "choices"
RATING = "rating"
CHECKS = "checks"
EDIT = "edit"
CRITIQUE = "critique"
WRITING = "writing"
SPANS = "spans"
RATIONALE = "rationale"

# What a review asks besides the form's own questions (`labeling.forms.stages`); no question of a form is called so.
VERDICT, CLAUSE, SEVERITY, REASON = "review_verdict", "review_clause", "review_severity", "review_reason"
RESERVED = frozenset({VERDICT, CLAUSE, SEVERITY, REASON})

MOST_MARKS = 500
NAME = "^[a-z][a-z0-9_]{0,39}$"


def _object(properties: Schema, *, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list_of(properties: Schema, *, least: int, most: int) -> Schema:
    return {"type": "array", "minItems": least, "maxItems": most, "items": _object(properties, required=[*properties])}


_FLAG: Schema = {"type": "boolean"}
_NAME: Schema = {"type": "string", "pattern": NAME}
_WORDS: Schema = {"type": "string", "minLength": 1, "maxLength": 300}
_VALUE: Schema = {"type": "string", "minLength": 1, "maxLength": 100}
_LENGTH: Schema = {"type": "integer", "minimum": 0, "maximum": 10_000}
_OPTIONS = _list_of({"value": _VALUE, "text": _WORDS}, least=2, most=100)
_WHEN: Schema = {
    "type": "array",
    "minItems": 1,
    "maxItems": 10,
    "items": _object(
        {
            "question": {"type": "string", "minLength": 1, "maxLength": 90},
            "in": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "items": {"type": ["string", "integer", "boolean"]},
            },
        },
        required=["question", "in"],
    ),
}
_NATURE: Schema = {"enum": ["objective", "preferential"]}


def _definition(kind: str, properties: Schema, *, required: tuple[str, ...] = ()) -> Schema:
    common = {
        "id": _NAME,
        "type": {"const": kind},
        "text": {"type": "string", "minLength": 1, "maxLength": 500},
        "help": {"type": "string", "maxLength": 2000},
        "required": _FLAG,
        "when": _WHEN,
    }
    nature = {} if kind == RATIONALE else {"nature": _NATURE}
    return _object({**common, **nature, **properties}, required=["id", "type", "text", *nature, *required])


def one_of(values: list[Any]) -> Schema:
    """Return the schema of a choice among these values."""
    return {"enum": values, "description": f"Choose one of {', '.join(map(str, values))}."}


def _each(names: list[str], leaf: Schema, sentence: str) -> Schema:
    return {**_object(dict.fromkeys(names, leaf), required=names), "description": sentence}


def _key(item: ItemShape | None) -> Schema:
    if item is None:
        return {"type": "string", "description": "Name a response by its key."}
    return one_of(list(item.keys))


def text_sentence(least: int) -> str:
    return f"Write at least {least} characters." if least > 1 else "Write text here."


def _text(least: int) -> Schema:
    return {"type": "string", "minLength": least, "description": text_sentence(least)}


def values_of(question: Question, field: str, name: str = "value") -> list[Any]:
    """Return what a question's list of options, checks, rubric lines or labels is told apart by."""
    return [each[name] for each in question.get(field) or []]


# --- what answers look like: (question, item if known, place of the message if it is asked of one) -> schema ----------


def _preference(question: Question, item: ItemShape | None, _turn: int | None) -> Schema:
    others = [name for name in (TIE, BOTH_BAD) if question.get(name)]
    choice: Schema = one_of([*item.keys, *others]) if item else {"type": "string", "description": "Choose a response."}
    if not item and len(others) < 2:
        choice["not"] = {"enum": [name for name in (TIE, BOTH_BAD) if name not in others]}
    degrees = question.get("strength")
    properties = {"choice": choice}
    if degrees:
        properties["strength"] = {"enum": degrees, "description": f"Say how strongly: {', '.join(degrees)}."}
    sentence = 'A preference is {"choice": …}, with a strength where one is asked for and a response is chosen.'
    schema = {**_object(properties, required=["choice"]), "description": sentence}
    if degrees:
        schema["if"] = {"properties": {"choice": {"enum": [TIE, BOTH_BAD]}}}
        schema["then"] = {
            "properties": {"strength": {"not": {}, "description": "No strength goes with this answer; leave it out."}}
        }
        schema["else"] = {"required": ["strength"], "description": f"Say how strongly: {', '.join(degrees)}."}
    return schema


def _ranking(question: Question, item: ItemShape | None, _turn: int | None) -> Schema:
    among = f": {', '.join(item.keys)}" if item else ""
    tiers = "" if question.get("ties") else " None may share a place."
    sentence = f"Place every response exactly once, the best first{among}.{tiers}"
    key = {"enum": list(item.keys)} if item else {"type": "string"}
    tier: Schema = {"type": "array", "minItems": 1, "items": {**key, "description": sentence}, "description": sentence}
    if not question.get("ties"):
        tier["maxItems"] = 1
    return {"type": "array", "minItems": 1, "items": tier, "description": sentence}


def _choice(question: Question, _item: ItemShape | None, _turn: int | None) -> Schema:
    return one_of(values_of(question, "options"))


def _choices(question: Question, _item: ItemShape | None, _turn: int | None) -> Schema:
    values = values_of(question, "options")
    least, most = question.get("least", 0), question.get("most", len(values))
    many = f"{least} to {most}" if least != most else f"{least}"
    sentence = f"Choose {many} of {', '.join(values)}, each once."
    return {
        "type": "array",
        "items": {"enum": values, "description": sentence},
        "uniqueItems": True,
        "minItems": least,
        "maxItems": most,
        "description": sentence,
    }


def _rating(question: Question, _item: ItemShape | None, _turn: int | None) -> Schema:
    leaf = {"type": "integer", **one_of(values_of(question, "scale"))}
    lines = values_of(question, "rubric", "id")
    return _each(lines, leaf, f"Rate each of {', '.join(lines)}.") if lines else leaf


def _checks(question: Question, _item: ItemShape | None, _turn: int | None) -> Schema:
    names = values_of(question, "checks", "id")
    return _each(names, {**_FLAG, "description": "Answer true or false."}, f"Check each of {', '.join(names)}.")


def _edit(_question: Question, item: ItemShape | None, _turn: int | None) -> Schema:
    step = {
        "type": "array",
        "prefixItems": [{"enum": ["=", "-", "+"]}, {"type": "string"}],
        "minItems": 2,
        "maxItems": 2,
        "description": 'A step of the difference is ["=", text], ["-", text] or ["+", text].',
    }
    diff = {"type": "array", "items": step, "description": "The difference in words; the server makes it."}
    properties = {"response": _key(item), "text": _text(1), "diff": diff}
    sentence = 'An edit is {"response": key, "text": the whole text as it should be}.'
    return {**_object(properties, required=["response", "text"]), "description": sentence}


def _place(name: str, length: int | None) -> Schema:
    """Return the schema of an offset in Unicode code points."""
    most = {} if length is None else {"maximum": length}
    within = "" if length is None else f" of the text's {length} characters"
    return {"type": "integer", "minimum": 0, **most, "description": f"The {name} is a place in the text{within}."}


def _within(item: ItemShape | None, owner: str) -> Schema:
    """Return what keeps offsets within the text that a mark is on, where the lengths are known."""
    texts: list[tuple[Any, int | None]] = []
    if item is not None:
        texts = list(item.responses) if owner == "response" else [(n, m[1]) for n, m in enumerate(item.messages or ())]
    rules = [
        {
            "if": {"properties": {owner: {"const": name}}},
            "then": {"properties": {"start": _place("start", length), "end": _place("end", length)}},
        }
        for name, length in texts
        if length is not None
    ]
    return {"allOf": rules} if rules else {}


def _critique(question: Question, item: ItemShape | None, turn: int | None) -> Schema:
    is_of_turn = bool(question.get("per_turn"))
    needed: Schema = {"text": _text(1)} if is_of_turn else {"response": _key(item), "text": _text(1)}
    marks: Schema = {}
    if question.get("spans"):
        length = item.message_length(turn) if item and turn is not None else None
        marks = {"start": _place("start", length), "end": _place("end", length)}
    comment = _object(needed | marks, required=list(needed))
    comment["description"] = f"A comment is an object with {', '.join(needed | marks)}."
    if marks:
        comment |= {"dependentRequired": {"start": ["end"], "end": ["start"]}, **_within(item, "response")}
    is_needed = question.get("required", True)
    schema: Schema = {
        "type": "array",
        "minItems": int(is_needed),
        "maxItems": MOST_MARKS,
        "items": comment,
        "description": "Write at least one comment." if is_needed else "Give the comments as a list.",
    }
    if question.get("each_response_required") and item:
        schema["allOf"] = [
            {
                "contains": {"properties": {"response": {"const": key}}},
                "description": f"Comment on each response: {', '.join(item.keys)}.",
            }
            for key in item.keys
        ]
    return schema


def _writing(question: Question, _item: ItemShape | None, _turn: int | None) -> Schema:
    return _text(max(1, question.get("min_length", 0)))


def _spans(question: Question, item: ItemShape | None, _turn: int | None) -> Schema:
    owner = "response" if question["of"] == "responses" else "message"
    place = _key(item) if owner == "response" else _message(item)
    properties = {
        owner: place,
        "start": _place("start", None),
        "end": _place("end", None),
        "label": one_of(values_of(question, "labels")),
    }
    mark = {**_object(properties, required=list(properties)), **_within(item, owner)}
    mark["description"] = f"A mark is an object with {', '.join(properties)}."
    return {"type": "array", "maxItems": MOST_MARKS, "items": mark, "description": "Give the marks as a list."}


def _message(item: ItemShape | None) -> Schema:
    last = {} if item is None or item.messages is None else {"maximum": len(item.messages) - 1}
    return {"type": "integer", "minimum": 0, **last, "description": "Name a message by its place, the first is 0."}


def _rationale(question: Question, _item: ItemShape | None, _turn: int | None) -> Schema:
    return _text(question.get("min_length", 0))


@dataclass(frozen=True, slots=True)
class Kind:
    """`definition` is the schema of such a question in a form; `answer` gives the schema of an answer to one of them,
    for one response or one message where it is asked of each. Written answers are never voted on; free text is a
    written answer in the reviewer's own words, which the database's labeling_without_words knows as well.
    """

    definition: Schema
    answer: Callable[[Question, ItemShape | None, int | None], Schema]
    is_written: bool = False
    is_free_text: bool = False


_EACH: Schema = {"each_response": _FLAG}
_TURN: Schema = {"per_turn": _FLAG}

KINDS: dict[str, Kind] = {
    PREFERENCE: Kind(
        _definition(
            PREFERENCE,
            {
                "tie": _FLAG,
                "both_bad": _FLAG,
                "strength": {
                    "type": ["array", "null"],
                    "items": {"type": "string", "minLength": 1},
                    "minItems": 2,
                    "uniqueItems": True,
                },
            },
        ),
        _preference,
    ),
    RANKING: Kind(_definition(RANKING, {"ties": _FLAG}), _ranking),
    CHOICE: Kind(_definition(CHOICE, {"options": _OPTIONS, **_EACH, **_TURN}, required=("options",)), _choice),
    CHOICES: Kind(
        _definition(
            CHOICES, {"options": _OPTIONS, "least": _LENGTH, "most": _LENGTH, **_EACH, **_TURN}, required=("options",)
        ),
        _choices,
    ),
    RATING: Kind(
        _definition(
            RATING,
            {
                "scale": _list_of({"value": {"type": "integer"}, "text": _WORDS}, least=2, most=101),
                "rubric": _list_of({"id": _NAME, "text": _WORDS}, least=1, most=30),
                **_EACH,
                **_TURN,
            },
            required=("scale",),
        ),
        _rating,
    ),
    CHECKS: Kind(
        _definition(
            CHECKS,
            {"checks": _list_of({"id": _NAME, "text": _WORDS}, least=1, most=50), **_EACH, **_TURN},
            required=("checks",),
        ),
        _checks,
    ),
    EDIT: Kind(_definition(EDIT, {}), _edit, is_written=True, is_free_text=True),
    CRITIQUE: Kind(
        _definition(CRITIQUE, {"spans": _FLAG, "each_response_required": _FLAG, **_TURN}),
        _critique,
        is_written=True,
        is_free_text=True,
    ),
    WRITING: Kind(
        _definition(
            WRITING, {"what": {"enum": ["response", "prompt"]}, "min_length": _LENGTH, **_TURN}, required=("what",)
        ),
        _writing,
        is_written=True,
        is_free_text=True,
    ),
    SPANS: Kind(
        _definition(
            SPANS,
            {"labels": _OPTIONS | {"minItems": 1}, "of": {"enum": ["responses", "messages"]}},
            required=("labels", "of"),
        ),
        _spans,
        is_written=True,
    ),
    RATIONALE: Kind(_definition(RATIONALE, {"min_length": _LENGTH}), _rationale, is_written=True, is_free_text=True),
}
