"""Form documents: whether one is a form, and what can be said of it without an item. Pure functions on plain values.

A form is {"title", "questions": [...]}. A question has `id`, `type`, `text`, `nature` (objective or preferential) and may
have `help`, `required`, `when` (conditions on earlier questions that must all hold for it to be asked) and `per_turn`
(it is asked of every message of the assistant). `labeling.forms.questions` says what each type adds.
"""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from config.kernel.errors import Invalid
from config.kernel.schema_faults import first_fault
from labeling.forms.questions import (
    BOTH_BAD,
    CHECKS,
    CHOICE,
    CHOICES,
    CRITIQUE,
    EDIT,
    KINDS,
    PREFERENCE,
    RANKING,
    RATING,
    RATIONALE,
    RESERVED,
    SPANS,
    TIE,
    Question,
    values_of,
)

Form = Mapping[str, Any]

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
_VALIDATORS = {name: Draft202012Validator(kind.definition) for name, kind in KINDS.items()}

# What lists of a question must not say twice: the field, what tells its entries apart, and their name in a sentence.
_TOLD_APART = (
    ("options", "value", "options", "value"),
    ("scale", "value", "degrees of the scale", "value"),
    ("labels", "value", "labels", "value"),
    ("checks", "id", "checks", "id"),
    ("rubric", "id", "lines of the rubric", "id"),
)


class InvalidForm(Invalid):
    code = "invalid_form"


def check_form(document: Any) -> None:
    """Raise InvalidForm, naming the place, unless `document` is a form."""
    _check(_FRAME, document, "", "A form")
    earlier: dict[str, Question] = {}
    for number, question in enumerate(document["questions"]):
        path = f"questions[{number}]"
        kind = question.get("type")
        if not isinstance(kind, str) or kind not in KINDS:
            raise InvalidForm(f"A question's type is one of {', '.join(KINDS)}.", field=f"{path}.type")
        _check(_VALIDATORS[kind], question, path, f"A question of type {kind}")
        if question["id"] in RESERVED:
            raise InvalidForm(
                f"Reviews ask a question called {question['id']!r}; choose another name.", field=f"{path}.id"
            )
        if question["id"] in earlier:
            raise InvalidForm(f"Two questions are called {question['id']!r}; name each once.", field=f"{path}.id")
        _check_lists(question, path)
        if question.get("per_turn") and (question.get("each_response") or question.get("each_response_required")):
            raise InvalidForm(
                "A question is asked of each response or of each turn, not of both; take one out.",
                field=f"{path}.per_turn",
            )
        for place, condition in enumerate(question.get("when", ())):
            _check_condition(condition, earlier, f"{path}.when[{place}]")
        earlier[question["id"]] = question
    if sum(question["type"] == RATIONALE for question in document["questions"]) > 1:
        raise InvalidForm("A form has one rationale at most.", field="questions")
    if not resolvable(document):
        raise InvalidForm("A form asks at least one question besides the rationale.", field="questions")


def _check_lists(question: Question, path: str) -> None:
    for field, name, words, what in _TOLD_APART:
        values = values_of(question, field, name)
        if len(set(values)) != len(values):
            raise InvalidForm(f"Two {words} have the same {what}; give each its own.", field=f"{path}.{field}")
    if question["type"] == RATING and (scale := values_of(question, "scale")) != sorted(scale):
        raise InvalidForm("List the degrees of the scale from low to high.", field=f"{path}.scale")
    if question["type"] == CHOICES:
        options = len(question["options"])
        least, most = question.get("least", 0), question.get("most", options)
        if not (least <= most and 1 <= most <= options):
            raise InvalidForm(
                f"most lies between 1 and the {options} options, and is not below least.", field=f"{path}.most"
            )


def _check_condition(condition: Mapping[str, Any], earlier: Mapping[str, Question], path: str) -> None:
    """Raise InvalidForm unless the condition names an earlier question that it can look at, and answers it may have."""
    name, _, check = condition["question"].partition(".")
    asked = earlier.get(name)
    if asked is None:
        raise InvalidForm(f"No earlier question is called {name!r}; a condition looks back.", field=f"{path}.question")
    possible = _possible(asked, check)
    if possible is None:
        raise InvalidForm(
            "A condition looks at a preference, a choice, a rating without a rubric, or one check as"
            " question.check, none of them asked of each response or turn.",
            field=f"{path}.question",
        )
    for place, value in enumerate(condition["in"]):
        # True is 1 to Python; to a form they are two things.
        is_known = any(value == each and type(value) is type(each) for each in possible)
        is_key = asked["type"] == PREFERENCE and isinstance(value, str) and value not in (TIE, BOTH_BAD)
        if not (is_known or is_key):
            raise InvalidForm(f"{name} is never answered with this.", field=f"{path}.in[{place}]")


def _possible(question: Question, check: str) -> list[Any] | None:
    """Return the answers a condition may look for (of a preference: those besides the keys), or None if it cannot."""
    kind = question["type"]
    if question.get("each_response") or question.get("per_turn") or bool(check) != (kind == CHECKS):
        return None
    if kind == CHECKS:
        return [True, False] if check in values_of(question, "checks", "id") else None
    if kind == PREFERENCE:
        return [name for name in (TIE, BOTH_BAD) if question.get(name)]
    if kind == CHOICE:
        return values_of(question, "options")
    return values_of(question, "scale") if kind == RATING and not question.get("rubric") else None


def _check(validator: Any, value: Any, path: str, what: str) -> None:
    if fault := first_fault(validator, value, path, what):
        raise InvalidForm(fault.sentence, field=fault.place or "form")


def resolvable(document: Form) -> list[dict[str, Any]]:
    """Return the questions that a round's judgments answer together: all but the rationale."""
    return [question for question in document["questions"] if question["type"] != RATIONALE]


def first_question(document: Form, kind: str) -> str | None:
    """Return the id of the form's first question of this kind, if it asks one."""
    return next((question["id"] for question in document["questions"] if question["type"] == kind), None)


def preference_question(document: Form) -> str | None:
    """Return the id of the form's first preference question, if it asks one."""
    return first_question(document, PREFERENCE)


def responses_needed(document: Form) -> tuple[int, str]:
    """Return how many responses an item must have for this form, and what for: the name of a kind of question."""
    needed = (0, "")
    for question in resolvable(document):
        kind = question["type"]
        if kind in (PREFERENCE, RANKING):
            return 2, kind
        is_of_responses = (
            kind == EDIT
            or (kind == CRITIQUE and not question.get("per_turn"))
            or (kind == SPANS and question["of"] == "responses")
            or question.get("each_response")
        )
        if is_of_responses and question.get("required", True):
            needed = (1, kind)
    return needed
