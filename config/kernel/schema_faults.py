"""What a JSON Schema refuses, said in plain sentences: in one place, so that no validator's own words reach a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_TYPES = {
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "an object",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """The place at fault, as people read it (questions[0].text), and the sentence."""

    place: str
    sentence: str


def first_fault(validator: Any, value: Any, path: str, what: str) -> Fault | None:
    """Return the first fault of `value`, which stands at `path` and should be `what` ("A clause"); None if it is sound."""
    error = min(validator.iter_errors(value), key=lambda each: list(map(str, each.absolute_path)), default=None)
    if error is None:
        return None
    while error.validator == "anyOf" and error.context:  # the last way is the one with the most to say
        error = error.context[-1]
    place = dotted(path, error.absolute_path)
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return Fault(dotted(place, [missing]), f"{what} needs {missing!r} here; add it.")
    if error.validator == "additionalProperties":
        unknown = str(next(name for name in error.instance if name not in error.schema.get("properties", {})))[:60]
        return Fault(dotted(place, [unknown]), f"{what} has no {unknown!r} here; take it out.")
    return Fault(place, sentence_of(error.validator, error.validator_value))


def sentence_of(keyword: str, value: Any) -> str:
    """Return what a schema's keyword asks for."""
    if keyword == "type":
        kinds = [value] if isinstance(value, str) else [each for each in value if each != "null"]
        return f"This must be {' or '.join(_TYPES[each] for each in kinds)}."
    sentences = {
        "enum": f"This is one of {one_of(value)}.",
        "pattern": "A name has small letters, digits and _, begins with a letter and has at most 40 characters.",
        "minLength": "This must not be empty.",
        "maxLength": f"This is longer than {value} characters; shorten it.",
        "minItems": f"List at least {value} here.",
        "maxItems": f"List at most {value} here.",
        "uniqueItems": "Say each of these once.",
        "minimum": f"This must be at least {value}.",
        "maximum": f"This must be at most {value}.",
    }
    return sentences[keyword]


def one_of(values: Any) -> str:
    """Return the values as a sentence lists them."""
    return ", ".join(map(str, values)) if isinstance(values, Iterable) and not isinstance(values, str) else str(values)


def dotted(path: str, steps: Any) -> str:
    """Return a place as people read it: questions[0].options[1].value."""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.lstrip(".")
