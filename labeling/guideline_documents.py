"""What a guideline may say: clauses with stable ids, worked examples, and the slice it has judged anew. Pure functions.

- a clause: {"id", "title"?, "text"?}. The id stays while the words change;
- a worked example: {"text", "clause", "external_id"?, "messages"?, "answer"?}: what it shows, and by which clause;
- `redo`: {"domains"?: [...], "languages"?: [...]}; empty is everything.
"""

from collections.abc import Sequence
from typing import Any

from jsonschema import Draft202012Validator

from config.kernel.canonical import canonical_bytes
from config.kernel.errors import Invalid
from config.kernel.schema_faults import first_fault

LONGEST_GUIDELINE = 500_000

_TEXT = {"type": "string", "minLength": 1, "maxLength": 10_000}
_NAMES = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 60}, "maxItems": 100}


def _validator(properties: dict[str, Any], required: Sequence[str] = ()) -> Any:
    return Draft202012Validator(
        {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    )


_CLAUSE = _validator(
    {
        "id": {"type": "string", "minLength": 1, "maxLength": 40},
        "title": {"type": "string", "maxLength": 300},
        "text": {"type": "string", "maxLength": 10_000},
    },
    ["id"],
)
_EXAMPLE = _validator(
    {
        "text": _TEXT,
        "clause": {"type": "string"},
        "external_id": {"type": "string", "minLength": 1, "maxLength": 200},
        "messages": {
            "type": "array",
            "maxItems": 50,
            "items": {
                "type": "object",
                "properties": {"role": {"type": "string", "maxLength": 20}, "content": _TEXT},
                "required": ["role", "content"],
                "additionalProperties": False,
            },
        },
        "answer": {"type": "object"},
    },
    ["text", "clause"],
)
_REDO = _validator({"domains": _NAMES, "languages": _NAMES})


def check_guideline(*, clauses: Any, examples: Any, redo: Any) -> None:
    """Raise Invalid, naming the place, unless these are clauses with unique ids, examples that cite them, and a slice."""
    if not isinstance(clauses, list) or not clauses:
        raise Invalid("A guideline needs at least one clause, and every clause an id.", field="clauses")
    for number, clause in enumerate(clauses):
        _check(_CLAUSE, clause, f"clauses[{number}]", "A clause")
    names = [clause["id"] for clause in clauses]
    if len(set(names)) != len(names):
        raise Invalid("Two clauses share an id; give each its own.", field="clauses")
    if not isinstance(examples, list):
        raise Invalid("The worked examples are a list.", field="examples")
    for number, example in enumerate(examples):
        _check(_EXAMPLE, example, f"examples[{number}]", "A worked example")
        if example["clause"] not in names:
            raise Invalid(
                f"The example cites clause {example['clause']!r}, which is not there; cite one of this version.",
                field=f"examples[{number}].clause",
            )
    _check(_REDO, redo, "redo", "What is judged anew")
    if len(canonical_bytes({"clauses": clauses, "examples": examples})) > LONGEST_GUIDELINE:
        raise Invalid(f"The guideline is longer than {LONGEST_GUIDELINE:,} bytes; shorten it.", field="clauses")


def _check(validator: Any, value: Any, path: str, noun: str) -> None:
    if fault := first_fault(validator, value, path, noun):
        raise Invalid(fault.sentence, field=fault.place)
