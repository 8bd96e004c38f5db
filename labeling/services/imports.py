"""Batches from storage: paths that a customer was granted, and the files under them that become batches."""

import io
import posixpath
import time
import uuid
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import storages
from django.db import transaction
from django.db.models.functions import Now

from config.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from config.kernel.events import record
from config.kernel.locks import ADVISORY_GRANTS, advisory_lock, lock_row
from config.kernel.models import User
from config.kernel.transitions import transition
from labeling.errors import NotItems
from labeling.models import Batch, ColumnMapping, Customer, Project, SourceGrant
from labeling.reading.detection import format_of
from labeling.services.batches import announce, check_on_conflict, check_open, digest_of_file, same_source, store
from labeling.types import BATCH_MACHINE, BatchState, OnConflict

LONGEST_PATH = 280
PENDING = "pending-"
FROM_IMPORTS = "imports:"
# Copying and the digest, which takes as long or less, fit the time that a job of the bulk queue has (Q_CLUSTER).
SECONDS_TO_FETCH = 600.0


def normal_path(path: str) -> str:
    """Return the path as it is compared: no leading or trailing slash; raises Invalid for one that leads elsewhere."""
    steps = path.strip("/").split("/")
    is_plain = all(step not in {"", ".", ".."} and step.isprintable() and "\\" not in step for step in steps)
    if not is_plain or len(path) > LONGEST_PATH:
        raise Invalid("Give a path below the granted folder, without . and .. in it.", field="path")
    return "/".join(steps)


@transaction.atomic
def grant_path(*, customer: Customer, path: str, actor: User) -> SourceGrant:
    """Let the customer's batches be read from the files under this folder; again is the same.

    Raises NotAllowed unless a superuser grants it, for the storage is the house's; Conflict where the folder is
    another customer's, lies within one of theirs, or holds one.
    """
    if not actor.is_superuser:
        raise NotAllowed("Only a superuser can grant a folder: the storage holds every customer's.", field="path")
    path = normal_path(path)
    advisory_lock(ADVISORY_GRANTS, 0)
    others = SourceGrant.objects.filter(ended_at=None).exclude(customer=customer).values_list("path", flat=True)
    if any(f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/") for other in others):
        raise Conflict("Another customer was granted this folder, or one within or around it.", field="path")
    grant, is_new = SourceGrant.objects.get_or_create(
        customer=customer, path=path, ended_at=None, defaults={"granted_by": actor}
    )
    if is_new:
        record("path.granted", subject=grant, actor_id=actor.pk)
    return grant


@transaction.atomic
def end_grant(*, grant: SourceGrant, actor: User) -> None:
    """End a granted path; what was read from it stays. Raises Conflict when it was ended before."""
    if not SourceGrant.objects.filter(pk=grant.pk, ended_at=None).update(ended_at=Now()):
        raise Conflict("This path was ended before.")
    record("path.ended", subject=grant, actor_id=actor.pk)


def _is_granted(customer_id: int, path: str) -> bool:
    grants = SourceGrant.objects.filter(customer_id=customer_id, ended_at=None).values_list("path", flat=True)
    return any(path.startswith(f"{folder}/") for folder in grants)


def import_batch(
    *,
    project: Project,
    path: str,
    actor: User,
    said: str = "",
    mapping: ColumnMapping | None = None,
    on_conflict: str = OnConflict.REFUSE,
) -> tuple[Batch, bool]:
    """Make a batch of a file under a granted path, and queue its reading; return it and whether it is new.

    The job digests the file while it keeps a copy: until then the batch's digest is pending. A path whose file has not
    changed since a batch was made of it is that batch again. Raises NotFound for a file that is not there or not
    granted, which are never told apart.
    """
    path = normal_path(path)
    check_on_conflict(on_conflict)
    check_open(project)
    size, format_ = _looked_at(project, path, said)
    with transaction.atomic():
        lock_row(Project.objects.filter(pk=project.pk))
        known = _made_of(project, path, size, format_, mapping, on_conflict)
        if known is not None:
            return known, False
        batch = Batch.objects.create(
            customer_id=project.customer_id,
            project=project,
            name=path[-200:],
            stage=project.stage,
            source_path=f"{FROM_IMPORTS}{path}",
            source_digest=f"{PENDING}{uuid.uuid4().hex}",
            source_bytes=size,
            format=format_,
            mapping=mapping,
            on_conflict=on_conflict,
            uploaded_by=actor,
        )
        announce(batch)
    batch.refresh_from_db()
    return batch, True


def _looked_at(project: Project, path: str, said: str) -> tuple[int, str]:
    """Return the file's size and format."""
    if not _is_granted(project.customer_id, path):
        raise NotFound("There is no such file under a path that you were granted.")
    try:
        with storages["imports"].open(path) as source:
            size = source.size
            if size > settings.UNPACKED_BYTES_MOST:
                most = settings.UNPACKED_BYTES_MOST / 1024**3
                raise Invalid(f"The file is larger than {most:g} GB; split it into several.", field="path")
            return size, format_of(source, posixpath.basename(path), said=said)
    except (OSError, SuspiciousOperation):
        raise NotFound("There is no such file under a path that you were granted.") from None


def _made_of(
    project: Project, path: str, size: int, format_: str, mapping: ColumnMapping | None, on_conflict: str
) -> Batch | None:
    """Return the latest batch that was made of this path, if the file is as it was then."""
    batch = (
        Batch.objects.filter(
            project=project, name=path[-200:], format=format_, mapping=mapping, on_conflict=on_conflict
        )
        .exclude(state=BatchState.REFUSED)
        .select_related("project", "mapping")
        .order_by("-id")
        .first()
    )
    if batch is None or batch.source_bytes != size:
        return None
    return batch if storages["imports"].get_modified_time(path) <= batch.created_at else None


def is_pending(batch: Batch) -> bool:
    """Whether the batch's file is still to be fetched."""
    return batch.source_digest.startswith(PENDING)


def fetch_source(*, batch: Batch) -> bool:
    """Keep a copy of the granted file and its digest; return whether the batch is to be read.

    It is not, but refused with the reason, where the same file is a batch already or the path is no longer granted. A
    batch's copy has one place: a job that was killed is done again over it. Raises NotItems where the file is gone, is
    too large, or is not copied within SECONDS_TO_FETCH; then no copy stays.
    """
    copy = f"{batch.project.public_id}/{batch.public_id}/{batch.public_id}"
    Batch.objects.filter(pk=batch.pk).update(worked_at=Now())
    try:
        _copy(batch, copy)
        with storages["sources"].open(copy) as kept:
            digest, size = digest_of_file(kept, most=settings.UNPACKED_BYTES_MOST)
    except NotItems:
        storages["sources"].delete(copy)
        raise
    with transaction.atomic():
        lock_row(Project.objects.filter(pk=batch.project_id))
        locked: Any = lock_row(Batch.objects.filter(pk=batch.pk))
        known = same_source(batch.project, digest, batch.format, batch.mapping, batch.on_conflict)
        if known is not None:
            fault = f"The same file is batch {known.public_id} ({known.name}) already; nothing was done."[:500]
            transition(locked, BatchState.REFUSED, machine=BATCH_MACHINE, actor_id=None, fault=fault)
            transaction.on_commit(lambda: storages["sources"].delete(copy))
            return False
        found = {"source_path": copy, "source_digest": digest, "source_bytes": size}
        Batch.objects.filter(pk=batch.pk).update(**found)
    batch.refresh_from_db(fields=list(found))
    return True


def _copy(batch: Batch, copy: str) -> None:
    path = batch.source_path.removeprefix(FROM_IMPORTS)
    if not _is_granted(batch.customer_id, path):
        raise NotItems("The path is no longer granted.", field="path")
    try:
        with storages["imports"].open(path) as source:
            store(copy, cast(IO[bytes], _Fetched(source)))
    except (OSError, SuspiciousOperation):
        raise NotItems("The file is no longer there.", field="path") from None


class _Fetched(io.RawIOBase):
    """A file that is copied: bounded in time, and in size, which may not be what it was when it was looked at."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._ends = time.monotonic() + SECONDS_TO_FETCH
        self._count = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self._count = 0
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._count += len(chunk)
        if self._count > settings.UNPACKED_BYTES_MOST:
            most = settings.UNPACKED_BYTES_MOST / 1024**3
            raise NotItems(f"The file is larger than {most:g} GB; split it into several.", field="path")
        if time.monotonic() > self._ends:
            minutes = SECONDS_TO_FETCH / 60
            raise NotItems(f"The file is not copied within {minutes:g} minutes; split it into several.", field="path")
        return chunk
