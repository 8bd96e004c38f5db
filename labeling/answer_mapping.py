"""How answers given to one form carry over to another, or to the same form under another guideline. Pure functions.

A mapping is {"questions": {old id: how, ...}, "tests": [...]}. A question of the old form that is not named keeps its id
and its answer; `null` drops it; otherwise

- `to` is its id in the new form (its own unless said);
- `values` renames answers, and merges those that get one name: {"old": "new", ...}; `null` says that such an answer does
  not map. Options, degrees of strength, labels and checks are named by their value, scale values by their number as text.
  What is not named stays as it is;
- `rescale` moves a rating to another scale, in a straight line: {"from": [1, 5], "to": [1, 7], "round": "half_up"}, or
  "half_even", "down" or "up".

Each of the `tests` is {"from": answers, "to": answers, or null where they do not map, "responses": keys, a and b unless
said}. All must hold before anything is mapped. Mapped answers are those that the new form takes; any others do not map.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from jsonschema import Draft202012Validator

from config.kernel.errors import Invalid
from config.kernel.schema_faults import first_fault
from labeling.forms import PREFERENCE, RATIONALE, InvalidAnswers, ItemShape, check_answers

TEST_RESPONSES = ("a", "b")

_SCALE = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
_HOW = {
    "type": "object",
    "properties": {
        "to": {"type": "string", "minLength": 1},
        "values": {"type": "object", "additionalProperties": {"type": ["string", "integer", "null"]}},
        "rescale": {
            "type": "object",
            "properties": {"from": _SCALE, "to": _SCALE, "round": {"enum": ["half_up", "half_even", "down", "up"]}},
            "required": ["from", "to"],
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
_MAPPING = Draft202012Validator(
    {
        "type": "object",
        "properties": {
            "questions": {"type": "object", "additionalProperties": {"anyOf": [{"type": "null"}, _HOW]}},
            "tests": {
                "type": "array",
                "minItems": 1,
                "maxItems": 500,
                "items": {
                    "type": "object",
                    "properties": {
                        "from": {"type": "object"},
                        "to": {"type": ["object", "null"]},
                        "responses": {"type": "array", "items": {"type": "string"}},
                    },
                    "required": ["from", "to"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["questions", "tests"],
        "additionalProperties": False,
    }
)

# What `values` renames in an answer to a question of each type; the answers to all others are carried over whole.
_VALUED = {"preference", "choice", "choices", "rating", "checks", "spans"}
# Questions whose answers are single values: `values` may turn one type into the other.
_SINGLE = {"choice", "rating"}


class DoesNotMap(Exception):
    """These answers have no place in the new form."""


class InvalidMapping(Invalid):
    code = "invalid_answer_mapping"


def check_mapping(mapping: Any, old_form: Mapping[str, Any], new_form: Mapping[str, Any]) -> None:
    """Raise InvalidMapping, naming the place, unless `mapping` leads every question of the old form somewhere and every
    one of its tests holds; the first that fails is named."""
    if fault := first_fault(_MAPPING, mapping, "answer_mapping", "An answer mapping"):
        raise InvalidMapping(fault.sentence, field=fault.place)
    _check_questions(mapping["questions"], _by_id(old_form), _by_id(new_form))
    for number, test in enumerate(mapping["tests"]):
        _check_test(mapping, old_form, new_form, test, f"answer_mapping.tests.{number}")


def map_answers(
    mapping: Mapping[str, Any],
    old_form: Mapping[str, Any],
    new_form: Mapping[str, Any],
    answers: Mapping[str, Any],
    *,
    item: ItemShape,
) -> dict[str, Any]:
    """Return what `answers`, with the rationale among them, become under the new form for an item of this shape.

    `answers` answer the old form. Raises DoesNotMap where one has no place, or where the new form does not take them.
    """
    carried: dict[str, Any] = {}
    new = _by_id(new_form)
    for name, question in _by_id(old_form).items():
        answer = answers.get(name)
        target = _target(mapping["questions"], question, new)
        if answer is None or target is None:
            continue
        carried[target] = _mapped(question, mapping["questions"].get(name) or {}, answer, item.keys)
    try:
        check_answers(new_form, item, carried)
    except InvalidAnswers as error:
        raise DoesNotMap(error.message) from error
    return carried


def _by_id(form: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {question["id"]: question for question in form["questions"]}


def _target(hows: Mapping[str, Any], question: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """Return the new id of an old question, or None where its answer is dropped."""
    name = question["id"]
    if name in hows:
        return None if hows[name] is None else str(hows[name].get("to", name))
    if question["type"] == RATIONALE and name not in new:
        return next((each["id"] for each in new.values() if each["type"] == RATIONALE), None)
    return str(name)


def _check_questions(hows: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    for name in hows:
        if name not in old:
            raise InvalidMapping(f"The form in use has no question {name!r}.", field=f"answer_mapping.questions.{name}")
    reached: dict[str, str] = {}
    for name, question in old.items():
        place = f"answer_mapping.questions.{name}"
        target = _target(hows, question, new)
        if target is None:
            continue
        if target not in new:
            raise InvalidMapping(
                f"Question {name!r} leads to {target!r}, which the new form does not ask; map it, or drop it with null.",
                field=place,
            )
        if target in reached:
            raise InvalidMapping(f"Questions {reached[target]!r} and {name!r} both lead to {target!r}.", field=place)
        reached[target] = name
        _check_how(hows.get(name) or {}, question, new[target], place)


def _check_how(how: Mapping[str, Any], question: Mapping[str, Any], target: Mapping[str, Any], place: str) -> None:
    kinds = {question["type"], target["type"]}
    if len(kinds) > 1 and not (kinds == _SINGLE and "values" in how):
        raise InvalidMapping(
            f"A {question['type']} does not become a {target['type']}; drop it with null, and it is asked anew.",
            field=place,
        )
    if "values" in how and question["type"] not in _VALUED:
        raise InvalidMapping(f"A {question['type']} has no values to rename.", field=f"{place}.values")
    if "rescale" not in how:
        return
    if kinds != {"rating"}:
        raise InvalidMapping("Only a rating is rescaled.", field=f"{place}.rescale")
    for end, scaled in (("from", question), ("to", target)):
        values = [step["value"] for step in scaled["scale"]]
        if how["rescale"][end] != [min(values), max(values)]:
            raise InvalidMapping(
                f"The scale of {scaled['id']!r} goes from {min(values)} to {max(values)}; say so.",
                field=f"{place}.rescale.{end}",
            )


def _check_test(mapping: Any, old_form: Any, new_form: Any, test: Mapping[str, Any], place: str) -> None:
    item = ItemShape.of_keys(test.get("responses", TEST_RESPONSES))
    try:
        check_answers(old_form, item, test["from"])
    except InvalidAnswers as error:
        raise InvalidMapping(f"The form in use does not take these answers: {error.message}", field=place) from error
    why = ""
    try:
        found: dict[str, Any] | None = map_answers(mapping, old_form, new_form, test["from"], item=item)
    except DoesNotMap as error:
        found, why = None, f" ({error})"
    if found != test["to"]:
        raise InvalidMapping(
            f"A test of the mapping does not hold: {test['from']} becomes {found or 'nothing'}{why},"
            f" not {test['to'] or 'nothing'}.",
            field=place,
        )


def _mapped(question: Mapping[str, Any], how: Mapping[str, Any], answer: Any, keys: Sequence[str]) -> Any:
    values, rescale = how.get("values", {}), how.get("rescale")
    if not values and not rescale:
        return answer
    if question["type"] == PREFERENCE:
        return _preference(answer, values, keys)
    return _leaves(question["type"], answer, lambda value: _value(value, values, rescale))


def _preference(answer: Mapping[str, Any], values: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Map "tie", "both_bad" and the strength; a response is named by its key, which stays."""
    choice = answer["choice"]
    mapped = {"choice": choice if choice in keys else _value(choice, values, None)}
    if answer.get("strength") is not None:
        mapped["strength"] = _value(answer["strength"], values, None)
    return mapped


def _leaves(kind: str, answer: Any, mapped: Any) -> Any:
    """Apply `mapped` to the values of an answer, however it is nested: by response, by rubric, by turn."""
    if kind == "choices" and isinstance(answer, list):
        return sorted({mapped(value) for value in answer})
    if kind == "spans" and isinstance(answer, list):
        return [{**span, "label": mapped(span["label"])} for span in answer]
    if kind == "checks" and all(isinstance(value, bool) for value in answer.values()):
        return _checks(answer, mapped)
    if isinstance(answer, Mapping):
        return {name: _leaves(kind, nested, mapped) for name, nested in answer.items()}
    return mapped(answer)


def _checks(answer: Mapping[str, bool], mapped: Any) -> dict[str, bool]:
    carried: dict[str, bool] = {}
    for name, is_checked in answer.items():
        if carried.setdefault(mapped(name), is_checked) != is_checked:
            raise DoesNotMap("Two checks that become one were answered differently.")
    return carried


def _value(value: Any, values: Mapping[str, Any], rescale: Mapping[str, Any] | None) -> Any:
    if str(value) in values:
        if values[str(value)] is None:
            raise DoesNotMap(f"The answer {value!r} is asked anew.")
        return values[str(value)]
    return value if rescale is None else rescaled(value, rescale)


def rescaled(value: int, rescale: Mapping[str, Any]) -> int:
    """Return the place on the scale `to` of a value on the scale `from`, both [lowest, highest].

    A straight line through both ends, in exact fractions. Raises DoesNotMap for a value off its scale.
    """
    (low, high), (new_low, new_high) = rescale["from"], rescale["to"]
    if not low <= value <= high or low == high:
        raise DoesNotMap(f"{value} is not on the scale from {low} to {high}.")
    exact = new_low + Fraction(value - low, high - low) * (new_high - new_low)
    return _ROUNDINGS[rescale.get("round", "half_up")](exact)


def _half_up(exact: Fraction) -> int:
    return math.floor(exact + Fraction(1, 2))


_ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "half_up": _half_up,
    "half_even": round,
    "down": math.floor,
    "up": math.ceil,
}
