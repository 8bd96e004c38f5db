"""A release's files, written as the records come: constant memory, and the same records give the same bytes.

They are written in parts. The lines of all parts, one after another, are one file; a table has a file a part.
`records.jsonl` holds a record a line in canonical JSON, in the order of external ids by code point (collation "C"): its
SHA-256 is the content digest. `hashes.txt` holds each record's own SHA-256. The Parquet file and the trainers' views say
the same in other words; a view is there as lines and as Parquet, because `datasets` reads one format a folder.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from config.kernel.canonical import canonical_bytes
from delivery.errors import ReleaseBroken
from delivery.training_views import VIEWS, Lessons

RECORDS = "records.jsonl"
PARQUET = "records.parquet"
HASHES = "hashes.txt"
LINES = "application/x-ndjson"
HASHES_TYPE = "text/plain; charset=utf-8"
COLUMNS = "application/vnd.apache.parquet"
ROW_GROUP = 2000
CHUNK = 1024**2

# A view's rows are texts and truths out of a record that was written canonically, and so are they.
_ROW = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

_TEXT = pa.string()
_MESSAGE = pa.struct([("role", _TEXT), ("content", _TEXT)])
_RESPONSE = pa.struct([("key", _TEXT), ("text", _TEXT), ("model", _TEXT)])
_ANNOTATION = pa.struct(
    [
        ("annotator", _TEXT),
        ("origin", _TEXT),
        ("model", _TEXT),
        ("prompt_version", pa.int32()),
        ("saw_model", pa.bool_()),
        ("round", pa.int32()),
        ("role", _TEXT),
        ("verdict", _TEXT),
        ("clause", _TEXT),
        ("answers", _TEXT),
        ("rationale", _TEXT),
        ("seconds", pa.float64()),
        ("guideline", pa.int32()),
        ("guideline_current", pa.bool_()),
        ("form", pa.int32()),
        ("code", _TEXT),
        ("submitted_at", _TEXT),
    ]
)
# What has no fixed shape (metadata, answers, distribution) is canonical JSON text, so that every release loads alike.
SCHEMA = pa.schema(
    [
        ("external_id", _TEXT),
        ("item_version", pa.int32()),
        ("item_digest", _TEXT),
        ("language", _TEXT),
        ("domain", _TEXT),
        ("difficulty", pa.int32()),
        ("provenance", _TEXT),
        ("metadata", _TEXT),
        ("messages", pa.list_(_MESSAGE)),
        ("responses", pa.list_(_RESPONSE)),
        ("outcome", _TEXT),
        ("answers", _TEXT),
        ("distribution", _TEXT),
        ("method", _TEXT),
        ("confidence", pa.float64()),
        ("annotations", pa.list_(_ANNOTATION)),
    ]
)


@dataclass(frozen=True, slots=True)
class FileFact:
    """One file: its name inside the release, its media type, its size in bytes and its SHA-256 in hex."""

    name: str
    media_type: str
    bytes: int
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "media_type": self.media_type, "bytes": self.bytes, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Content:
    """What was written: how many records, of which outcomes and languages, rows by view, and the files."""

    records_count: int
    outcomes: dict[str, int]
    view_rows: dict[str, int]
    languages: dict[str, int]
    files: tuple[FileFact, ...]

    @property
    def content_digest(self) -> str:
        """The digest of records.jsonl."""
        return next(fact.sha256 for fact in self.files if fact.name == RECORDS)


def file_fact(folder: Path, name: str, media_type: str) -> FileFact:
    """Read a finished file of the folder once for its size and digest."""
    hashing, size = hashlib.sha256(), 0
    with (folder / name).open("rb") as file:
        while chunk := file.read(CHUNK):
            hashing.update(chunk)
            size += len(chunk)
    return FileFact(name, media_type, size, hashing.hexdigest())


def view_file(view: str, kind: str) -> str:
    """Return the name of a view's file inside the release; `kind` is jsonl or parquet."""
    return f"views/{view}.{kind}"


LINE_FILES = (HASHES, RECORDS, *[view_file(view, "jsonl") for view in VIEWS])
TABLES = (PARQUET, *[view_file(view, "parquet") for view in VIEWS])


def table_file(table: str, number: int, of: int) -> str:
    """Return the name of a part's file of the table: the table's own of one part, else numbered from 0."""
    stem, _, kind = table.rpartition(".")
    return table if of == 1 else f"{stem}-{number:05d}-of-{of:05d}.{kind}"


def table_files(table: str, of: int) -> str:
    """Return the pattern of the names of all of the table's files."""
    stem, _, kind = table.rpartition(".")
    return table if of == 1 else f"{stem}-*.{kind}"


def media_type(name: str) -> str:
    """Return the media type of the lines or the table of this name."""
    return HASHES_TYPE if name == HASHES else LINES if name in LINE_FILES else COLUMNS


class _Table:
    """A Parquet file that is written a row group at a time."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[Mapping[str, Any]] = []

    def add(self, row: Mapping[str, Any]) -> None:
        self._waiting.append(row)
        if len(self._waiting) == ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_pylist(self._waiting, schema=self._schema))
            self._waiting.clear()

    def close(self) -> None:
        """Write the footer. What was not flushed is not in the file."""
        self._writer.close()


class ReleaseWriter:
    """Writes records into `folder`, which must be empty. `lessons` are what each form's answers teach, by its number;
    `bytes` how many were written to records.jsonl.

    A record's form is the one that its judgments answer: the database keeps it that of the round that was resolved.
    """

    def __init__(self, folder: Path, lessons: Mapping[int, Lessons]) -> None:
        self._folder = folder
        self._lessons = lessons
        self._last: str | None = None
        self._outcomes: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._rows: Counter[str] = Counter(dict.fromkeys(VIEWS, 0))
        self.bytes = 0

    def __enter__(self) -> Self:
        (self._folder / "views").mkdir(parents=True, exist_ok=True)
        self._lines: dict[str, IO[bytes]] = {
            name: (self._folder / name).open("xb", buffering=CHUNK) for name in LINE_FILES
        }
        schemas = {PARQUET: SCHEMA} | {view_file(name, "parquet"): view.columns for name, view in VIEWS.items()}
        self._tables = {name: _Table(self._folder / name, schema) for name, schema in schemas.items()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._close()
            return
        # The first error is the one to tell; a full disk would only say so again while buffers are flushed.
        for file in self._files():
            try:
                file.close()
            except OSError:
                pass

    def _files(self) -> list[IO[bytes] | _Table]:
        return [*self._lines.values(), *self._tables.values()]

    def _close(self) -> None:
        for file in self._files():
            file.close()

    def add(self, record: Mapping[str, Any]) -> str:
        """Append a record and return its SHA-256. Raises ReleaseBroken for one that is out of order or there twice."""
        name = record["external_id"]
        if self._last is not None and name <= self._last:
            raise ReleaseBroken(f"Record {name!r} came after {self._last!r}; records are ordered by external id.")
        self._last = name
        line = canonical_bytes(record)
        digest = hashlib.sha256(line).hexdigest()
        self._lines[RECORDS].write(line + b"\n")
        self.bytes += len(line) + 1
        self._lines[HASHES].write(f"{digest}  {json.dumps(name, ensure_ascii=False)}\n".encode())
        self._tables[PARQUET].add(_flat(record))
        lessons = self._lessons[record["annotations"][0]["form"]]
        for view, shape in VIEWS.items():
            for row in shape.rows(record, lessons):
                self._lines[view_file(view, "jsonl")].write(_ROW.encode(row).encode() + b"\n")
                self._tables[view_file(view, "parquet")].add(row)
                self._rows[view] += 1
        self._outcomes[record["resolution"]["outcome"]] += 1
        self._languages[record["language"]] += 1
        return digest

    def finish(self) -> Content:
        """Close the files and return what they hold. Nothing can be added after."""
        for table in self._tables.values():
            table.flush()
        self._close()
        files = [file_fact(self._folder, name, media_type(name)) for name in (*LINE_FILES, *TABLES)]
        return Content(
            records_count=self._outcomes.total(),
            outcomes=dict(sorted(self._outcomes.items())),
            view_rows=dict(sorted(self._rows.items())),
            languages=dict(sorted(self._languages.items())),
            files=tuple(sorted(files, key=lambda fact: fact.name)),
        )


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    resolution = record["resolution"]
    plain = {name: record[name] for name in SCHEMA.names if name in record and name not in {"metadata", "annotations"}}
    return {
        **plain,
        "metadata": _text(record["metadata"]),
        "outcome": resolution["outcome"],
        "answers": _text(resolution["answers"]),
        "distribution": _text(resolution["distribution"]),
        "method": resolution["method"],
        "confidence": float(resolution["confidence"]),
        "annotations": [{**each, "answers": _text(each["answers"])} for each in record["annotations"]],
    }


def _text(value: Any) -> str:
    return canonical_bytes(value).decode()
