"""A release's files where they are stored: what is handed out or stands ready stays, and nothing else has a reason to.

A file is stored in pieces, one a part of the release, and never written over: a part's pieces lie together, under the
digest of what they hold and of where they belong.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage, storages

from config.kernel.canonical import digest
from delivery.artifacts import CHUNK, LINE_FILES, TABLES, FileFact, media_type, table_file
from delivery.models import Artifact, Release, ReleasePart

# What is kept of a piece: {"stored_as", "bytes", "sha256"}.
Piece = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filed:
    """One file of a release and the pieces that it is stored in."""

    fact: FileFact
    pieces: list[Piece]

    def as_fields(self) -> dict[str, Any]:
        """Return what an artifact, or what stands in its place, keeps of it."""
        pieces = [{"stored_as": piece["stored_as"], "bytes": piece["bytes"]} for piece in self.pieces]
        return {"pieces": pieces, "bytes": self.fact.bytes, "sha256": self.fact.sha256}


def store(release: Release, folder: Path, facts: Sequence[FileFact], *, place: str = "") -> dict[str, Piece]:
    """Store files of the folder beside each other and return the pieces by name. `place` is the part's `after`."""
    under = digest([place, *[fact.as_dict() for fact in facts]])[:32]
    pieces = {}
    for fact in facts:
        path = f"{release.public_id}/{under}/{fact.name}"
        with (folder / fact.name).open("rb") as file:
            storages["releases"].save(path, File(file))
        pieces[fact.name] = {"stored_as": path, "bytes": fact.bytes, "sha256": fact.sha256}
    return pieces


def filed_lines(name: str, pieces: list[Piece]) -> Filed:
    """Return what the pieces of a file of lines are together: reads them all, unless there is one."""
    sha256 = pieces[0]["sha256"] if len(pieces) == 1 else _digest_of(pieces)
    return Filed(FileFact(name, media_type(name), sum(piece["bytes"] for piece in pieces), sha256), pieces)


def filed_tables(table: str, pieces: list[Piece]) -> list[Filed]:
    """Return the files of a table, one a part."""
    return [
        Filed(
            FileFact(table_file(table, number, len(pieces)), media_type(table), piece["bytes"], piece["sha256"]),
            [piece],
        )
        for number, piece in enumerate(pieces)
    ]


def filed_parts(parts: list[dict[str, Piece]], *, of: Collection[str] = (*LINE_FILES, *TABLES)) -> list[Filed]:
    """Return the files that these parts (pieces by name) make of the lines and tables with these names."""
    lines = [filed_lines(name, [part[name] for part in parts]) for name in LINE_FILES if name in of]
    tables = [filed_tables(table, [part[table] for part in parts]) for table in TABLES if table in of]
    return [*lines, *[filed for each in tables for filed in each]]


def _digest_of(pieces: list[Piece]) -> str:
    hashing = hashlib.sha256()
    for piece in pieces:
        with storages["releases"].open(piece["stored_as"]) as file:
            while chunk := file.read(CHUNK):
                hashing.update(chunk)
    return hashing.hexdigest()


def forget_unserved(release: Release) -> int:
    """Delete every stored file of the release that nobody is handed and no part has; return how many.

    These are files that a redaction has replaced, and what an attempt to freeze has left behind.
    """
    storage = storages["releases"]
    kept = {piece["stored_as"] for artifact in artifacts_of(release) for piece in artifact.served.pieces}
    for files, rewritten in ReleasePart.objects.filter(release=release).values_list("files", "rewritten"):
        kept |= {piece["stored_as"] for piece in [*files.values(), *(rewritten or {}).values()]}
    forgotten = [path for path in _walk(storage, str(release.public_id)) if path not in kept]
    for path in forgotten:
        storage.delete(path)
    return len(forgotten)


def artifacts_of(release: Release) -> list[Artifact]:
    """Return the release's artifacts with their redactions."""
    return list(Artifact.objects.filter(release=release).prefetch_related("redactions").order_by("name"))


def _walk(storage: Storage, folder: str) -> Iterator[str]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in files)
    for name in folders:
        yield from _walk(storage, f"{folder}/{name}")
