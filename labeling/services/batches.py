"""Uploads: the source is kept as it came, and becomes a batch that jobs read."""

import errno
import hashlib
import uuid
from dataclasses import dataclass
from functools import partial
from typing import IO

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import transaction

from config.kernel.errors import Conflict, Invalid, OutOfSpace
from config.kernel.events import record
from config.kernel.jobs import enqueue
from config.kernel.locks import lock_row
from config.kernel.models import User
from labeling.models import Batch, ColumnMapping, Project
from labeling.reading.detection import format_of
from labeling.services.rounds import documents_in_force
from labeling.types import BatchState, OnConflict, ProjectState

CHUNK = 1024**2


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is kept: its SHA-256, its size, where it is stored, and its format."""

    digest: str
    size: int
    path: str
    format: str


def keep_source(*, project: Project, source: IO[bytes], name: str = "", said: str = "") -> Source:
    """Store the bytes as they came, in a file of their own, and return where, with the format that was said or found.

    Belongs before the transaction that makes the batch. Raises Conflict while the project is not open, NotItems or
    Invalid for a file that cannot hold items or is too large; then nothing is kept.
    """
    check_open(project)
    found = format_of(source, name, said=said)
    digest, size = digest_of_file(source, most=settings.UPLOADED_BYTES_MOST)
    path = f"{project.public_id}/{digest}/{uuid.uuid4()}"
    store(path, source)
    return Source(digest, size, path, found)


def check_open(project: Project) -> None:
    """Raise Conflict unless the project takes uploads now."""
    if project.state != ProjectState.OPEN:
        raise Conflict(f"The project is {project.state}; it takes uploads while it is open.")
    documents_in_force(project)


def store(path: str, source: IO[bytes]) -> None:
    """Keep the file among the sources, under this path. Raises OutOfSpace where it does not fit."""
    source.seek(0)
    try:
        storages["sources"].save(path, File(source))
    except OSError as error:
        storages["sources"].delete(path)
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise OutOfSpace(
            "The disk is full, so nothing was kept; ask the operator for space, and try again.", field="file"
        ) from error


def forget_source(source: Source) -> None:
    """Throw a kept file away that no batch was made of."""
    storages["sources"].delete(source.path)


@transaction.atomic
def receive_batch(
    *,
    project: Project,
    name: str,
    source: Source,
    actor: User,
    stage: str | None = None,
    mapping: ColumnMapping | None = None,
    on_conflict: str = OnConflict.REFUSE,
) -> tuple[Batch, bool]:
    """Make a batch of the kept file and queue its ingestion; return it and whether it is new.

    The same bytes, read in the same way, are the same batch again, whatever their name; the second copy of the file is
    thrown away. Raises Invalid for an `on_conflict` that there is not.
    """
    check_on_conflict(on_conflict)
    lock_row(Project.objects.filter(pk=project.pk))
    known = same_source(project, source.digest, source.format, mapping, on_conflict)
    if known is not None:
        transaction.on_commit(partial(forget_source, source))
        return known, False
    batch = Batch.objects.create(
        customer_id=project.customer_id,
        project=project,
        name=name[:200],
        stage=stage or project.stage,
        source_path=source.path,
        source_digest=source.digest,
        source_bytes=source.size,
        format=source.format,
        mapping=mapping,
        on_conflict=on_conflict,
        uploaded_by=actor,
    )
    announce(batch)
    batch.refresh_from_db()
    return batch, True


def check_on_conflict(on_conflict: str) -> None:
    if on_conflict not in OnConflict.values:
        raise Invalid(f"on_conflict is one of {', '.join(OnConflict.values)}.", field="on_conflict")


def same_source(
    project: Project, digest: str, format_: str, mapping: ColumnMapping | None, on_conflict: str
) -> Batch | None:
    """Return the batch that was made of the same bytes, read in the same way, if it was not refused."""
    known = Batch.objects.filter(
        project=project, source_digest=digest, format=format_, mapping=mapping, on_conflict=on_conflict
    )
    return known.exclude(state=BatchState.REFUSED).select_related("project", "mapping").first()


def announce(batch: Batch) -> None:
    """Say that the batch has come, and queue its reading."""
    record("batch.received", subject=batch, actor_id=batch.uploaded_by_id, data={"bytes": batch.source_bytes})
    enqueue("labeling.jobs.ingest", batch.pk, queue="bulk")


def digest_of_file(source: IO[bytes], *, most: int) -> tuple[str, int]:
    """Return the file's SHA-256 and size; raises Invalid beyond `most` bytes."""
    source.seek(0)
    hashing, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        hashing.update(chunk)
        size += len(chunk)
        if size > most:
            raise Invalid(f"The file is larger than {most / 1024**3:g} GB; split it into several.", field="file")
    return hashing.hexdigest(), size
