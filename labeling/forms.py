"""Task forms: what may be asked, and whether an answer answers it. Pure functions on plain values.

A form is {"title", "questions": [...]}. A question has `id`, `type`, `text`, `nature` (objective or preferential) and
`required`; the types are

- `preference`: which response is best; `tie` and `both_bad` say whether these may be answered, `strength` lists the
  degrees that may be given with a choice. Answer: {"choice": key | "tie" | "both_bad", "strength": degree};
- `choice`: one of `options` ([{"value", "text"}]), once or, with `each_response`, for every response by its key;
- `rationale`: free text of at least `min_length` characters. It is kept beside the answers and never resolved.

Answers name responses by key, never by their place on the screen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from config.kernel.canonical import canonical_bytes
from config.kernel.errors import Invalid

TIE = "tie"
BOTH_BAD = "both_bad"
PREFERENCE = "preference"
CHOICE = "choice"
RATIONALE = "rationale"
LONGEST_ANSWER = 100_000

_COMMON = {
    "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"},
    "text": {"type": "string", "minLength": 1, "maxLength": 500},
    "required": {"type": "boolean"},
}
_NATURE = {"nature": {"enum": ["objective", "preferential"]}}


def _question(kind: str, properties: dict[str, Any], *, required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"type": {"const": kind}, **_COMMON, **properties},
        "required": ["id", "type", "text", *required],
        "additionalProperties": False,
    }


QUESTIONS = {
    PREFERENCE: _question(
        PREFERENCE,
        {
            **_NATURE,
            "tie": {"type": "boolean"},
            "both_bad": {"type": "boolean"},
            "strength": {
                "anyOf": [
                    {"type": "null"},
                    {
                        "type": "array",
                        "items": {"type": "string", "minLength": 1},
                        "minItems": 2,
                        "uniqueItems": True,
                    },
                ]
            },
        },
        required=["nature"],
    ),
    CHOICE: _question(
        CHOICE,
        {
            **_NATURE,
            "each_response": {"type": "boolean"},
            "options": {
                "type": "array",
                "minItems": 2,
                "maxItems": 100,
                "items": {
                    "type": "object",
                    "properties": {
                        "value": {"type": "string", "minLength": 1, "maxLength": 100},
                        "text": {"type": "string", "minLength": 1, "maxLength": 300},
                    },
                    "required": ["value", "text"],
                    "additionalProperties": False,
                },
            },
        },
        required=["nature", "options"],
    ),
    RATIONALE: _question(RATIONALE, {"min_length": {"type": "integer", "minimum": 0, "maximum": 10_000}}, required=[]),
}

_FRAME = Draft202012Validator(
    {
        "type": "object",
        "properties": {
            "title": {"type": "string", "minLength": 1, "maxLength": 200},
            "questions": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "object"}},
        },
        "required": ["title", "questions"],
        "additionalProperties": False,
    }
)
_VALIDATORS = {kind: Draft202012Validator(schema) for kind, schema in QUESTIONS.items()}


class InvalidForm(Invalid):
    code = "invalid_form"


class InvalidAnswers(Invalid):
    code = "invalid_answers"


def check_form(document: Any) -> None:
    """Raise InvalidForm, naming the place, unless `document` is a form."""
    _check(_FRAME, document, "")
    seen: set[str] = set()
    for number, question in enumerate(document["questions"]):
        path = f"questions[{number}]"
        validator = _VALIDATORS.get(question.get("type", ""))
        if validator is None:
            kinds = ", ".join(QUESTIONS)
            raise InvalidForm(f"A question's type is one of {kinds}.", field=f"{path}.type")
        _check(validator, question, path)
        if question["id"] in seen:
            raise InvalidForm(f"Two questions are called {question['id']!r}; name each once.", field=f"{path}.id")
        seen.add(question["id"])
        values = [option["value"] for option in question.get("options", [])]
        if len(set(values)) != len(values):
            raise InvalidForm("Two options have the same value; give each its own.", field=f"{path}.options")
    if sum(question["type"] == RATIONALE for question in document["questions"]) > 1:
        raise InvalidForm("A form has one rationale at most.", field="questions")
    if not resolvable(document):
        raise InvalidForm("A form asks at least one question besides the rationale.", field="questions")


def _check(validator: Any, value: Any, path: str) -> None:
    error = next(iter(sorted(validator.iter_errors(value), key=lambda each: list(map(str, each.path)))), None)
    if error is not None:
        place = ".".join([path, *map(str, error.path)]).strip(".")
        raise InvalidForm(f"This is not a form: {error.message[:300]}.", field=place or "form")


def resolvable(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the questions that judgments are resolved on: all but the rationale."""
    return [question for question in document["questions"] if question["type"] != RATIONALE]


def preference_question(document: Mapping[str, Any]) -> str | None:
    """Return the id of the form's first preference question, if it asks one."""
    return next((question["id"] for question in document["questions"] if question["type"] == PREFERENCE), None)


def split_rationale(document: Mapping[str, Any], answers: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the answers without the rationale, and the rationale by itself, trimmed ("" where there is none)."""
    names = {question["id"] for question in document["questions"] if question["type"] == RATIONALE}
    judged = {name: answer for name, answer in answers.items() if name not in names}
    return judged, " ".join(str(answers[name]) for name in names if answers.get(name)).strip()


def check_answers(document: Mapping[str, Any], keys: Sequence[str], answers: Any, *, partial: bool = False) -> None:
    """Raise InvalidAnswers, naming the question, unless `answers` answers the form for responses with these keys.

    With `partial`, unanswered required questions are let pass: so are an expected answer and a draft checked.
    """
    if not isinstance(answers, Mapping):
        raise InvalidAnswers("The answers must be an object with one entry a question.", field="value")
    check_size(answers)
    questions = {question["id"]: question for question in document["questions"]}
    if unknown := sorted(set(answers) - questions.keys()):
        raise InvalidAnswers(f"The form has no question {unknown[0]!r}.", field=unknown[0])
    for name, question in questions.items():
        answer = answers.get(name)
        if answer is None or answer == "":
            if question.get("required", question["type"] != RATIONALE) and not partial:
                raise InvalidAnswers("This question needs an answer.", field=name)
            continue
        _CHECKS[question["type"]](question, keys, answer)


def check_size(answers: Any) -> None:
    """Raise InvalidAnswers for answers beyond LONGEST_ANSWER bytes, and NotCanonical for what is not text."""
    if len(canonical_bytes(answers)) > LONGEST_ANSWER:
        raise InvalidAnswers(f"The answers are longer than {LONGEST_ANSWER:,} bytes; shorten them.", field="value")


def _check_preference(question: Mapping[str, Any], keys: Sequence[str], answer: Any) -> None:
    name = question["id"]
    if not isinstance(answer, Mapping) or not set(answer) <= {"choice", "strength"} or "choice" not in answer:
        raise InvalidAnswers('A preference is {"choice": …}, with a strength where it is asked.', field=name)
    allowed = [
        *keys,
        *([TIE] if question.get("tie") else []),
        *([BOTH_BAD] if question.get("both_bad") else []),
    ]
    if answer["choice"] not in allowed:
        raise InvalidAnswers(f"Choose one of {', '.join(allowed)}.", field=name)
    degrees = question.get("strength")
    strength = answer.get("strength")
    if answer["choice"] not in keys or not degrees:
        if strength is not None:
            raise InvalidAnswers("No strength goes with this answer; leave it out.", field=name)
    elif strength not in degrees:
        raise InvalidAnswers(f"Say how strongly: {', '.join(degrees)}.", field=name)


def _check_choice(question: Mapping[str, Any], keys: Sequence[str], answer: Any) -> None:
    name = question["id"]
    values = [option["value"] for option in question["options"]]
    if not question.get("each_response"):
        if answer not in values:
            raise InvalidAnswers(f"Choose one of {', '.join(values)}.", field=name)
        return
    if not isinstance(answer, Mapping) or set(answer) != set(keys):
        raise InvalidAnswers(f"Answer for each response: {', '.join(keys)}.", field=name)
    for key in keys:
        if answer[key] not in values:
            raise InvalidAnswers(f"Choose one of {', '.join(values)}.", field=f"{name}.{key}")


def _check_rationale(question: Mapping[str, Any], keys: Sequence[str], answer: Any) -> None:
    if not isinstance(answer, str):
        raise InvalidAnswers("The rationale must be text.", field=question["id"])
    least = question.get("min_length", 0)
    if len(answer.strip()) < least:
        raise InvalidAnswers(f"Write at least {least} characters.", field=question["id"])


_CHECKS = {PREFERENCE: _check_preference, CHOICE: _check_choice, RATIONALE: _check_rationale}
