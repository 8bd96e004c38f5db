"""Column mappings: how the columns of a table become the fields of an item. Pure functions on plain values.

A mapping is {"fields": {field: source}}. A source is

- {"column": name}: what the row has there; `name` may lead into objects by dots ("data.prompt"). With "type" (text,
  integer, number, boolean, json) it is read as that, with "split" (a marker) it is cut into parts, and with "part" (from
  0) one of them is taken;
- {"constant": value}: the same for every row.

`messages` and `responses` are one source that gives a list (a split gives one response a part), or a list of sources,
each with the "role" of its message or with the "key" and "model" (a source) of its response. `metadata` is one source
that gives an object, or an object of sources. A cell that is empty is no value: its message, response or field is left out.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labeling.errors import InvalidMapping, RowRefused
from labeling.reading.json_text import StrictDecoder
from labeling.types import ITEM_FIELDS

TYPES = ("text", "integer", "number", "boolean", "json")
ROLES = ("system", "user", "assistant", "tool")
SOURCE_KEYS = frozenset({"column", "constant", "type", "split", "part"})
LISTS = {"messages": frozenset({"role"}), "responses": frozenset({"key", "model"})}
MOST_COLUMNS = 200
_NOTHING = object()
WHOLE = ("messages", "responses", "metadata", "expected")


def check_mapping(document: Any) -> None:
    """Raise InvalidMapping, naming the place, unless `document` is a column mapping."""
    if not isinstance(document, Mapping) or set(document) != {"fields"} or not isinstance(document["fields"], Mapping):
        raise InvalidMapping('A mapping is {"fields": {field: source, …}} and nothing else.', field="mapping")
    fields = document["fields"]
    if unknown := sorted(set(map(str, fields)) - ITEM_FIELDS):
        raise InvalidMapping(
            f"An item has no field {unknown[0]!r}; map what is yours into metadata.",
            field=_written(f"fields.{unknown[0]}"),
        )
    for needed in ("external_id", "messages"):
        if needed not in fields:
            raise InvalidMapping(f"Say where {needed} comes from.", field=f"fields.{needed}")
    for name, value in fields.items():
        _check_field(name, value, f"fields.{name}")
    if len(columns_of(document)) > MOST_COLUMNS:
        raise InvalidMapping(f"The mapping names more than {MOST_COLUMNS} columns.", field="fields")


def _check_field(name: str, value: Any, place: str) -> None:
    if name in LISTS and isinstance(value, Sequence) and not isinstance(value, str):
        if not value:
            raise InvalidMapping("The list is empty; give at least one source.", field=place)
        for index, each in enumerate(value):
            _check_source(each, f"{place}[{index}]", more=LISTS[name])
            _check_extras(each, f"{place}[{index}]")
    elif name == "metadata" and isinstance(value, Mapping) and not SOURCE_KEYS & set(value):
        for key, each in value.items():
            _check_source(each, _written(f"{place}.{key}"))
    else:
        _check_source(value, place)


def _check_extras(source: Mapping[str, Any], place: str) -> None:
    if "role" in source and source["role"] not in ROLES:
        raise InvalidMapping(f"The role is one of {', '.join(ROLES)}.", field=f"{place}.role")
    if "key" in source and not isinstance(source["key"], str):
        raise InvalidMapping("The key is a short word.", field=f"{place}.key")
    if "model" in source:
        _check_source(source["model"], f"{place}.model")


def _check_source(source: Any, place: str, *, more: frozenset[str] = frozenset()) -> None:
    if not isinstance(source, Mapping) or ("column" in source) == ("constant" in source):
        raise InvalidMapping('A source is {"column": name} or {"constant": value}.', field=place)
    if unknown := sorted(set(source) - SOURCE_KEYS - more):
        raise InvalidMapping(f"A source here has no {unknown[0]!r}.", field=_written(f"{place}.{unknown[0]}"))
    if "constant" in source:
        if more_keys := sorted({"type", "split", "part"} & set(source)):
            raise InvalidMapping(f"A constant is taken as it is; leave out {more_keys[0]}.", field=place)
        return
    if not isinstance(source["column"], str) or not source["column"]:
        raise InvalidMapping("The column is the name in the header.", field=f"{place}.column")
    if source.get("type", "text") not in TYPES:
        raise InvalidMapping(f"The type is one of {', '.join(TYPES)}.", field=f"{place}.type")
    if "split" in source and (not isinstance(source["split"], str) or not source["split"]):
        raise InvalidMapping("The split is the marker between the parts.", field=f"{place}.split")
    part = source.get("part", 0)
    if isinstance(part, bool) or not isinstance(part, int) or part < 0 or ("part" in source and "split" not in source):
        raise InvalidMapping("The part is a whole number from 0, of a split.", field=f"{place}.part")


def _written(place: str) -> str:
    """Return the place as it can be sent: without half surrogates."""
    return place.encode("utf-8", "replace").decode()[:100]


def columns_of(document: Mapping[str, Any]) -> set[str]:
    """Return every column that the mapping names."""
    return {source["column"] for source in _sources(document["fields"]) if "column" in source}


def missing_columns(document: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """Return the columns that the mapping names and the row lacks (empty cells are there), by name."""
    return sorted(column for column in columns_of(document) if _looked_up(row, column, default=_NOTHING) is _NOTHING)


def _sources(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "column" in value:
            yield value
        for key, inner in value.items():
            if key != "constant":
                yield from _sources(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _sources(inner)


def default_mapping(columns: Sequence[str]) -> dict[str, Any]:
    """Return the mapping of a table whose columns are called as an item's fields are; raises InvalidMapping otherwise.

    `messages`, `responses`, `metadata` and `expected` hold JSON (or, in Parquet, lists and structs). In their place
    there may be `system` and `prompt`, `response_a` to `response_z` with `model_a` to `model_z`, and `metadata.<name>`.
    """
    fields: dict[str, Any] = {}
    messages: list[dict[str, Any]] = []
    responses: list[dict[str, Any]] = []
    metadata: dict[str, Any] = {}
    for column in columns:
        if column in ITEM_FIELDS:
            kind = "json" if column in WHOLE else "integer" if column == "difficulty" else "text"
            fields[column] = {"column": column, "type": kind}
        elif column in {"system", "prompt"}:
            messages.append({"role": "user" if column == "prompt" else "system", "column": column})
        elif _letter(column, "response_"):
            responses.append({"column": column, "key": column[-1]})
        elif column.startswith("metadata."):
            metadata[column.removeprefix("metadata.")] = {"column": column}
        elif not (_letter(column, "model_") and f"response_{column[-1]}" in columns):
            raise InvalidMapping(
                f"The column {column!r} is none of an item's fields; call it metadata.{column}, or use a column mapping.",
                field=column[:100],
            )
    for response in responses:
        if (model := f"model_{response['key']}") in columns:
            response["model"] = {"column": model}
    if messages:
        messages.sort(key=lambda message: message["role"])
        fields.setdefault("messages", messages)
    if responses:
        fields.setdefault("responses", sorted(responses, key=lambda response: response["key"]))
    if metadata:
        fields.setdefault("metadata", metadata)
    return {"fields": fields}


def _letter(column: str, prefix: str) -> bool:
    rest = column.removeprefix(prefix)
    return column.startswith(prefix) and len(rest) == 1 and "a" <= rest <= "z"


def apply_mapping(document: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item row that the mapping makes of a row; raises RowRefused for what cannot be read as it says."""
    made: dict[str, Any] = {}
    for name, source in document["fields"].items():
        value = _field(name, source, row)
        if value is not None:
            made[name] = value
    return made


def _field(name: str, source: Any, row: Mapping[str, Any]) -> Any:
    if name in LISTS and isinstance(source, list | tuple):
        build = _message if name == "messages" else _response
        built = (build(each, _value(each, row, f"{name}[{index}]"), row) for index, each in enumerate(source))
        return [each for each in built if each is not None]
    if name == "metadata" and not SOURCE_KEYS & set(source):
        values = {key: _value(each, row, f"metadata.{key}") for key, each in source.items()}
        return {key: value for key, value in values.items() if value is not None}
    value = _value(source, row, name)
    if name == "responses" and "split" in source and isinstance(value, list):
        return [{"text": part} for part in value]
    return value


def _message(source: Mapping[str, Any], value: Any, row: Mapping[str, Any]) -> dict[str, Any] | None:
    return None if value is None else {"role": source.get("role", "user"), "content": value}


def _response(source: Mapping[str, Any], value: Any, row: Mapping[str, Any]) -> dict[str, Any] | None:
    if value is None:
        return None
    response = {"text": value}
    if "key" in source:
        response["key"] = source["key"]
    if "model" in source and (model := _value(source["model"], row, "responses.model")) is not None:
        response["model"] = model
    return response


def _value(source: Mapping[str, Any], row: Mapping[str, Any], place: str) -> Any:
    if "constant" in source:
        return source["constant"]
    value = _looked_up(row, source["column"])
    if value is None or value == "":
        return None
    kind = source.get("type", "text")
    if "split" not in source:
        return _read_as(kind, value, source["column"], place)
    parts = [part.strip() for part in str(_read_as("text", value, source["column"], place)).split(source["split"])]
    read = [_read_as(kind, part, source["column"], place) for part in parts if part]
    if "part" not in source:
        return read
    return read[source["part"]] if source["part"] < len(read) else None


def _looked_up(row: Mapping[str, Any], column: str, *, default: Any = None) -> Any:
    if column in row:
        return row[column]
    value: Any = row
    for step in column.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return default
        value = value[step]
    return value


def _read_as(kind: str, value: Any, column: str, place: str) -> Any:
    try:
        return _READERS[kind](value)
    except (LookupError, OverflowError, TypeError, ValueError, RowRefused):
        raise RowRefused(place, f"The column {column[:60]!r} cannot be read as {kind}: {_shown(value)}.") from None


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"{text[:60]}…" if len(text) > 60 else text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise TypeError
    return int(value)


def _number(value: Any) -> int | float:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, int):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[str(value).strip().lower()]


def _json(value: Any) -> Any:
    return StrictDecoder().decode(value.encode("utf-8")) if isinstance(value, str) else value


_READERS = {"text": _text, "integer": _integer, "number": _number, "boolean": _boolean, "json": _json}
