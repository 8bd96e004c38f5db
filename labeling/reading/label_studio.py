"""Label Studio's JSON export: a list of tasks, each with its data and its annotations. Predictions are left where they are.

Without a column mapping a task's data become an item so: `messages`, or else the first of `prompt`, `text` and
`question`; `responses` (texts, or objects with a text), or else `response_a` …, `answer1` …; `external_id`, or else the
task's id; `language`, `domain`, `difficulty`, `provenance` and `metadata` as they are called. Everything else is metadata.
"""

import re
from collections.abc import Mapping
from typing import Any

from labeling.errors import RowRefused
from labeling.types import ITEM_FIELDS, SaidBefore

PROMPTS = ("prompt", "text", "question")
RESPONSE = re.compile(r"(?:response_([a-z])|answer_?(\d{1,2}))")


def fields_of(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task's data as a row for a column mapping, by their names and by `data.<name>`; raises RowRefused where
    it has none."""
    data = _data_of(task)
    return {"id": task.get("id"), "data": data, **data}


def item_of(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item row that a task makes without a mapping."""
    fields = {"id": task.get("id"), **_data_of(task)}
    identity = fields.pop("id")
    row = {name: fields.pop(name) for name in sorted(ITEM_FIELDS & fields.keys())}
    row.setdefault("external_id", "" if identity is None else str(identity))
    return with_texts(row, fields)


def _data_of(task: Mapping[str, Any]) -> Mapping[str, Any]:
    data = task.get("data")
    if not isinstance(data, Mapping):
        raise RowRefused("data", "A Label Studio task has data; export the project as JSON.")
    return data


def with_texts(row: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    """Complete an item row: its messages and responses out of the rest by their usual names, its metadata out of what is
    left over."""
    if "messages" not in row and (prompt := next((name for name in PROMPTS if rest.get(name)), None)):
        row["messages"] = [{"role": "user", "content": rest.pop(prompt)}]
    if isinstance(row.get("responses"), list):
        row["responses"] = [{"text": each} if isinstance(each, str) else each for each in row["responses"]]
    elif found := sorted((name for name in rest if RESPONSE.fullmatch(name)), key=_order):
        row["responses"] = [{"text": rest.pop(name)} for name in found if rest.get(name) is not None]
    if rest and isinstance(row.get("metadata", {}), Mapping):
        row["metadata"] = {**rest, **row.get("metadata", {})}
    return row


def _order(name: str) -> tuple[int, str]:
    return (len(name), name)


def said_before(task: Mapping[str, Any], keys: list[str]) -> list[SaidBefore]:
    """Return what the task's annotations say, by control; skipped ones are left out."""
    annotations = task.get("annotations") or []
    if not isinstance(annotations, list):
        return [SaidBefore("", {}, fault="annotations must be a list.")]
    return [_said(each, keys) for each in annotations if _counts(each)]


def part_of(task: Mapping[str, Any], chosen: slice) -> dict[str, Any]:
    """Return the task with nothing said but these of what `said_before` returns."""
    rest = {name: value for name, value in task.items() if name != "predictions"}
    if isinstance(annotations := task.get("annotations"), list):
        rest["annotations"] = [each for each in annotations if _counts(each)][chosen]
    return rest


def _counts(annotation: Any) -> bool:
    return not (isinstance(annotation, Mapping) and annotation.get("was_cancelled"))


def _said(annotation: Any, keys: list[str]) -> SaidBefore:
    if not isinstance(annotation, Mapping) or not isinstance(annotation.get("result"), list):
        return SaidBefore("", {}, fault="An annotation has a result, a list.")
    values: dict[str, Any] = {}
    for result in annotation["result"]:
        if not isinstance(result, Mapping) or not isinstance(result.get("from_name"), str):
            return SaidBefore("", {}, fault="A result names its control by from_name.")
        if result["from_name"] in values:
            return SaidBefore("", {}, fault=f"The control {result['from_name'][:60]!r} answers twice.")
        values[result["from_name"]] = _value(result, keys)
    seconds = annotation.get("lead_time")
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < 1e9
    return SaidBefore(
        _name(annotation.get("completed_by")),
        values,
        seconds=float(seconds) if is_number else None,  # type: ignore[arg-type]
        at=str(annotation.get("created_at") or ""),
    )


def _value(result: Mapping[str, Any], keys: list[str]) -> Any:
    value = result.get("value")
    if not isinstance(value, Mapping):
        return None
    kind = result.get("type")
    if kind == "pairwise":
        place = {"left": 0, "right": 1}.get(str(value.get("selected")))
        return keys[place] if place is not None and place < len(keys) else value.get("selected")
    if kind == "ranker" and isinstance(ranked := value.get("ranker"), Mapping):
        return next(iter(ranked.values()), None)
    # Each kind of control keeps its value under its own name: choices, rating, number, text.
    return value.get("text") if kind == "textarea" else value.get(str(kind))


def _name(completed_by: Any) -> str:
    if isinstance(completed_by, Mapping):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return "unknown" if completed_by is None else str(completed_by)
