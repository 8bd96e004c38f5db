"""Which format a file has: as the caller says, else by how it begins and what it is called."""

import io
import json
from typing import IO, Any

from labeling.errors import NotItems
from labeling.reading import compression
from labeling.reading.ndjson import BYTE_ORDER_MARK
from labeling.types import SourceFormat

HEAD = 256 * 1024
HEAD_PACKED = 2 * HEAD
PIECE = 4096
PARQUET = b"PAR1"

# How files begin that people take for text: said by name, since "line 1 is not JSON" helps nobody.
SIGNATURES = (
    (b"PK\x03\x04", "ZIP"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x89PNG", "PNG"),
    (b"%PDF", "PDF"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
EXTENSIONS = {
    ".ndjson": SourceFormat.NDJSON,
    ".jsonl": SourceFormat.NDJSON,
    ".csv": SourceFormat.CSV,
    ".tsv": SourceFormat.CSV,
    ".parquet": SourceFormat.PARQUET,
}
EXPORTS = frozenset({SourceFormat.LABEL_STUDIO, SourceFormat.ARGILLA})
TAKEN = "send NDJSON, CSV or Parquet, plain, gzip or Zstandard"


def format_of(stream: IO[bytes], name: str, *, said: str = "") -> str:
    """Return the file's format; raises NotItems where it cannot hold items, or is not what it is said to be.

    Reads the beginning only, unpacked where it is packed.
    """
    head = beginning(stream)
    if not head.strip().removeprefix(BYTE_ORDER_MARK).strip():
        raise NotItems("The file is empty; send one JSON object a line.", field="file")
    if said and said not in SourceFormat.values:
        raise NotItems(f"The format is one of {', '.join(SourceFormat.values)}.", field="format")
    if head.startswith(PARQUET):
        return _parquet(stream, said)
    if said == SourceFormat.PARQUET:
        raise NotItems("This is not a Parquet file; say its own format, or leave it out.", field="format")
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            raise NotItems(f"This is a {kind} file; {TAKEN}, in UTF-8.", field="file")
    if b"\x00" in head:
        raise NotItems(f"This is not a text file; {TAKEN}.", field="file")
    return said or _told_by(head.removeprefix(BYTE_ORDER_MARK).lstrip(), name)


def beginning(stream: IO[bytes]) -> bytes:
    """Return the first HEAD bytes, unpacked; fewer where HEAD_PACKED bytes do not unpack to as many."""
    stream.seek(0)
    packed = stream.read(HEAD_PACKED)
    plain = compression.unpacked(io.BytesIO(packed), most=2**62)
    head = b""
    try:
        while len(head) < HEAD and (piece := plain.read(min(PIECE, HEAD - len(head)))):
            head += piece
    except NotItems:
        # Of a longer file, this may be where the beginning was cut off.
        if not head or len(packed) < HEAD_PACKED:
            raise
    return head


def _parquet(stream: IO[bytes], said: str) -> str:
    stream.seek(0)
    if stream.read(len(PARQUET)) != PARQUET:
        raise NotItems("Parquet is packed inside already; send the file as it is.", field="file")
    if said not in {"", SourceFormat.PARQUET}:
        raise NotItems("This is a Parquet file; say so, or leave the format out.", field="format")
    return SourceFormat.PARQUET


def _told_by(head: bytes, name: str) -> str:
    export = _export(head)
    if head.startswith(b"["):
        if export is None:
            raise NotItems("This is one JSON array; send one JSON object a line instead (jq -c '.[]').", field="file")
        return export
    if export is not None:
        return export
    for packed in (".gz", ".zst", ".zstd"):
        name = name.lower().removesuffix(packed)
    for extension, format_ in EXTENSIONS.items():
        if name.endswith(extension):
            return format_
    first = head.split(b"\n", 1)[0]
    is_table = not head.startswith(b"{") and any(mark in first for mark in (b",", b";", b"\t"))
    return SourceFormat.CSV if is_table else SourceFormat.NDJSON


def _export(head: bytes) -> str | None:
    """Return whose export begins with this object, if any: told by the keys of its first record."""
    text = head.decode("utf-8", "replace").removeprefix("[").lstrip()
    if not text.startswith("{"):
        return None
    try:
        first, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return export_of(first)


def export_of(record: Any) -> str | None:
    """Return the tool whose export this record is of: a Label Studio task, an Argilla record, or neither."""
    if isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list):
        return SourceFormat.LABEL_STUDIO
    if isinstance(record.get("fields"), dict) and ({"responses", "annotations", "suggestions"} & set(record)):
        return SourceFormat.ARGILLA
    return None
