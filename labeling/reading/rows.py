"""From a file to items: the format's reader, the column mapping, the check of each row, and what a bad row leaves."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

from labeling.columns import apply_mapping, columns_of, default_mapping, missing_columns
from labeling.errors import InvalidMapping, NotItems, RowRefused
from labeling.ingestion import check_item
from labeling.reading import argilla, compression, json_array, label_studio, ndjson, tables
from labeling.reading.history import MOST_JUDGMENTS, judgments_of
from labeling.reading.limits import EXCERPT, RAW_KEPT
from labeling.types import ItemRow, RowFault, SentRow, SourceFormat

EXPORTS: Mapping[str, Any] = {SourceFormat.LABEL_STUDIO: label_studio, SourceFormat.ARGILLA: argilla}
REJECTED = "_rejected"
RAW = "_raw"

Rows = Iterator[SentRow | RowFault]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read: its format, the project's form, a column mapping if one is used, and the language of items
    that name none ("" where they must)."""

    format: str
    form: Mapping[str, Any]
    mapping: Mapping[str, Any] | None = None
    language: str = ""


def read_items(
    file: IO[bytes], reading: Reading, *, most: int, skip: int = 0, parquet: Any = None
) -> Iterator[ItemRow | RowFault]:
    """Yield an ItemRow or a RowFault for every row but the first `skip`, in order; memory is bounded, whatever is sent.

    `most` bounds the bytes the file unpacks to. `parquet` is the module that reads Parquet, for those who may import it.
    Raises NotItems where the file as a whole cannot be read (any further).
    """
    sent, mapping = _opened(file, reading, most=most, skip=skip, parquet=parquet)
    for row in sent:
        yield row if isinstance(row, RowFault) else read_row(row, reading, mapping)


def _opened(
    file: IO[bytes], reading: Reading, *, most: int, skip: int, parquet: Any
) -> tuple[Rows, Mapping[str, Any] | None]:
    """Return the file's rows, and the mapping that makes items of them."""
    if reading.format == SourceFormat.PARQUET:
        mapping = _mapping_of_table(reading, parquet.columns_of(file))
        file.seek(0)
        return parquet.read(file, skip=skip, most=most, only=columns_of(mapping)), mapping
    stream = compression.unpacked(file, most=most)
    if reading.format == SourceFormat.CSV:
        mapping = _mapping_of_table(reading, tables.header_of(stream))
        return tables.read(compression.unpacked(file, most=most), skip=skip), mapping
    read: Callable[..., Rows] = ndjson.read
    if reading.format in EXPORTS and _begins_with_bracket(file, most):
        read = json_array.read
    return read(compression.unpacked(file, most=most), skip=skip), reading.mapping


def _begins_with_bracket(file: IO[bytes], most: int) -> bool:
    head = compression.unpacked(file, most=most).read(1024)
    return head.removeprefix(ndjson.BYTE_ORDER_MARK).lstrip().startswith(b"[")


def _mapping_of_table(reading: Reading, names: list[str]) -> Mapping[str, Any]:
    if reading.mapping is None:
        try:
            mapping = default_mapping(names)
        except InvalidMapping as error:
            raise NotItems(error.message, field=error.field) from None
        if reading.language and "language" not in mapping["fields"]:
            mapping["fields"]["language"] = {"constant": reading.language}
        return mapping
    if missing := sorted(columns_of(reading.mapping) - set(names)):
        raise NotItems(f"The file has no column {missing[0]!r}, which the mapping names.", field=missing[0][:100])
    return reading.mapping


def read_row(sent: SentRow, reading: Reading, mapping: Mapping[str, Any] | None) -> ItemRow | RowFault:
    """Return the item of one row, or why there is none."""
    content = sent.content
    is_sent_again = REJECTED in content
    if is_sent_again:
        content = {name: value for name, value in content.items() if name != REJECTED}
    row: dict[str, Any] | None = None
    export = EXPORTS.get(reading.format)
    try:
        if content.keys() == {RAW}:
            raise RowRefused(RAW, "This row could not be read as it was sent; write it as an item and leave out _raw.")
        row = _item_row(content, export, reading, mapping)
        item = check_item(sent.line, row, reading.form)
    except RowRefused as wrong:
        as_sent = content if row is None or reading.mapping or export or sent.text is not None else row
        text = sent.text.decode("utf-8", "replace") if sent.text and not is_sent_again else _written(as_sent)
        name = _name_of(content if row is None else row, export, mapping if row is None else None)
        return _fault(sent.line, _told(wrong, content, export, mapping), text, name)
    if export is not None:
        item.history, unfit = judgments_of(export.said_before(content, item.keys), reading.form, item.keys)
        item.faults = [_unfit(sent.line, item, export, content, place, reason) for place, reason in unfit]
    return item


def _unfit(line: int, item: ItemRow, export: Any, content: Mapping[str, Any], place: int, reason: str) -> RowFault:
    """Return the fault of one annotation, with its row as it is to be mended: without the others."""
    chosen = slice(place, None if place == MOST_JUDGMENTS else place + 1)
    text = _written(export.part_of(content, chosen))
    return RowFault(line, f"annotations[{place}]", reason[:500], text[:EXCERPT], text, item.external_id)


def _told(wrong: RowRefused, content: Mapping[str, Any], export: Any, mapping: Mapping[str, Any] | None) -> RowRefused:
    """Return the refusal, with the column that the mapping names for this field and the row lacks: most likely why."""
    field = re.split(r"[\[.]", wrong.field)[0]
    if mapping is None or field not in mapping["fields"]:
        return wrong
    row = export.fields_of(content) if export else content
    missing = missing_columns({"fields": {field: mapping["fields"][field]}}, row)
    if not missing:
        return wrong
    return RowRefused(
        wrong.field, f"{wrong.reason[:400]} (The row has no {missing[0][:60]!r}, which the mapping names.)"
    )


def _item_row(
    content: dict[str, Any], export: Any, reading: Reading, mapping: Mapping[str, Any] | None
) -> dict[str, Any]:
    if mapping is not None:
        row = apply_mapping(mapping, export.fields_of(content) if export else content)
    else:
        row = export.item_of(content) if export else content
    if reading.language and "language" not in row:
        row = {**row, "language": reading.language}
    return row


def _fault(line: int, wrong: RowRefused, text: str, external_id: str | None) -> RowFault:
    return RowFault(line, wrong.field[:100], wrong.reason[:500], text[:EXCERPT], text, external_id)


def _name_of(row: Mapping[str, Any], export: Any, mapping: Mapping[str, Any] | None) -> str | None:
    """Return what a refused row calls its item, or None where that cannot be told or no item is called so.

    `mapping` is given where it has not been applied, as something else in the row kept it from being.
    """
    try:
        if mapping is not None:
            only = {"fields": {"external_id": mapping["fields"]["external_id"]}}
            row = apply_mapping(only, export.fields_of(row) if export else row)
    except RowRefused:
        return None
    name = row.get("external_id")
    if name is None or name == "":
        name = row.get("id")
    if isinstance(name, int) and not isinstance(name, bool) and abs(name) < 10**199:
        name = str(name)
    if not isinstance(name, str) or not 0 < len(name) <= 200 or "\x00" in name:
        return None
    return None if any("\ud800" <= letter <= "\udfff" for letter in name) else name


def _written(row: Mapping[str, Any]) -> str:
    """Return the row as JSON that the database takes: half surrogates stay escaped, what JSON lacks becomes text."""
    return json.dumps(row, ensure_ascii=True, default=str)


def shown(row: ItemRow | RowFault) -> dict[str, Any]:
    """Return a row of a preview: the item that it would become, or the fault."""
    if isinstance(row, RowFault):
        return {"line": row.line, "item": None, "field": row.field, "reason": row.reason}
    item = {
        "external_id": row.external_id,
        **json.loads(row.payload),
        "language": row.language,
        "domain": row.domain,
        "difficulty": row.difficulty,
        "provenance": row.provenance,
        "metadata": json.loads(row.metadata),
        **({"expected": json.loads(row.expected)} if row.expected else {}),
    }
    return {"line": row.line, "item": item, "field": "", "reason": ""}


def kept(fault: RowFault) -> RowFault:
    """Return the fault as it is stored: a row of more than RAW_KEPT bytes is cut to its beginning, and that is said."""
    raw, reason = storable(fault.raw), storable(fault.reason)
    if len(raw.encode()) > RAW_KEPT:
        raw = ""
        reason = f"{reason[:400]} (The row is longer than {RAW_KEPT // 1024} KB; only its beginning is kept.)"
    return RowFault(fault.line, storable(fault.field), reason, storable(fault.excerpt), raw, fault.external_id)


def storable(text: str) -> str:
    """Return the text as the database takes it, without NUL and half surrogates."""
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


def sent_back(raw: str, excerpt: str, *, line: int, field: str, reason: str) -> bytes:
    """Return one line of a batch's rejects: the row as it was sent with _rejected added, or _raw where it was no object."""
    why = json.dumps({"line": line, "field": field, "reason": reason}, ensure_ascii=False)
    if _is_object(raw):
        body = raw.strip()[:-1].rstrip()
        return f'{body}{"" if body == "{" else ","}"{REJECTED}":{why}}}\n'.encode()
    return f'{{"{RAW}":{json.dumps(raw or excerpt, ensure_ascii=False)},"{REJECTED}":{why}}}\n'.encode()


def _is_object(text: str) -> bool:
    if not text.lstrip().startswith("{") or "\n" in text:
        return False
    try:
        return isinstance(json.loads(text, parse_constant=partial(_refuse, text)), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(text: str, name: str) -> None:
    raise ValueError(f"{name} is not JSON")
