"""Argilla's records, of either generation: fields, and people's responses. Suggestions are left where they are.

In the older exports `responses` (or `annotations`) is a list with one entry a person; in the newer it is an object with
a list of values a question. Without a column mapping the fields become an item as a Label Studio task's data do; the item
is called by `external_id`, or else by the record's id, and takes over the record's metadata.
"""

from collections.abc import Mapping
from typing import Any

from labeling.errors import RowRefused
from labeling.reading.label_studio import with_texts
from labeling.types import ITEM_FIELDS, SaidBefore


def fields_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record's fields as a row for a column mapping, by their names and by `fields.<name>`; raises RowRefused
    where it has none."""
    return {"fields": record.get("fields"), **_own_fields(record)}


def item_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item row that a record makes without a mapping."""
    fields = {name: value for name, value in _own_fields(record).items() if value is not None}
    identity = fields.pop("id", None)
    row = {name: fields.pop(name) for name in sorted(ITEM_FIELDS & fields.keys())}
    row.setdefault("external_id", "" if identity is None else str(identity))
    if isinstance(row.get("metadata"), Mapping):
        # What routing reads may have been kept as metadata, where Argilla has no field for it.
        metadata = dict(row["metadata"])
        for name in ("language", "domain"):
            if name not in row and isinstance(metadata.get(name), str):
                row[name] = metadata.pop(name)
        row["metadata"] = metadata
    return with_texts(row, fields)


def _own_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    fields = record.get("fields")
    if not isinstance(fields, Mapping):
        raise RowRefused("fields", "An Argilla record has fields; export its records as JSON.")
    own = {name: record.get(name) for name in ("id", "external_id", "metadata")}
    return {**own, **fields}


def said_before(record: Mapping[str, Any], keys: list[str]) -> list[SaidBefore]:
    """Return what people answered; drafts and what was discarded are left out."""
    responses = record.get("responses", record.get("annotations")) or []
    if isinstance(responses, Mapping):
        return _by_question(responses)
    if not isinstance(responses, list):
        return [SaidBefore("", {}, fault="responses must be a list, or an object of lists.")]
    return [_by_person(each) for each in responses if _counts(each)]


def part_of(record: Mapping[str, Any], chosen: slice) -> dict[str, Any]:
    """Return the record with nothing said but these of what `said_before` returns."""
    name = "responses" if "responses" in record else "annotations"
    rest = {key: value for key, value in record.items() if key != "suggestions"}
    responses = record.get(name)
    if isinstance(responses, list):
        rest[name] = [each for each in responses if _counts(each)][chosen]
    elif isinstance(responses, Mapping):
        people = {said.name for said in _by_question(responses)[chosen] if not said.fault}
        if people:
            rest[name] = {
                question: [each for each in given if str(each.get("user_id") or "unknown") in people]
                for question, given in responses.items()
            }
    return rest


def _counts(response: Any) -> bool:
    return not isinstance(response, Mapping) or response.get("status", "submitted") == "submitted"


def _by_person(response: Any) -> SaidBefore:
    values = response.get("values") if isinstance(response, Mapping) else None
    if not isinstance(values, Mapping):
        return SaidBefore("", {}, fault="A response has values, an object with one entry a question.")
    return SaidBefore(
        str(response.get("user_id") or "unknown"),
        {str(name): _plain(value) for name, value in values.items()},
        at=str(response.get("inserted_at") or ""),
    )


def _by_question(responses: Mapping[str, Any]) -> list[SaidBefore]:
    people: dict[str, dict[str, Any]] = {}
    for question, given in responses.items():
        if not isinstance(given, list):
            return [SaidBefore("", {}, fault=f"The responses to {str(question)[:60]!r} must be a list.")]
        for each in given:
            if not isinstance(each, Mapping) or "value" not in each:
                return [SaidBefore("", {}, fault="A response has a value.")]
            if each.get("status", "submitted") == "submitted":
                people.setdefault(str(each.get("user_id") or "unknown"), {})[str(question)] = each["value"]
    return [SaidBefore(name, values) for name, values in people.items()]


def _plain(value: Any) -> Any:
    return value["value"] if isinstance(value, Mapping) and "value" in value else value
