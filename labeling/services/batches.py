"""Uploads: the source is kept as it came, its rows are staged, and accepted all at once."""

import hashlib
import uuid
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import connection, transaction

from config.kernel.canonical import canonical_bytes
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.jobs import enqueue
from config.kernel.locks import ADVISORY_INGEST, lock_row, session_lock
from config.kernel.models import User
from config.kernel.transitions import transition
from labeling.ingestion import check_beginning, read_items
from labeling.models import Batch, Project, RejectedRow, StagedRow
from labeling.selectors import waits_for_flags
from labeling.services.rounds import documents_in_force
from labeling.types import BATCH_MACHINE, BatchState, ItemRow, ProjectState, RowFault

CHUNK = 1024**2
SLICE = 5000

STAGE = (
    "COPY labeling_stagedrow (customer_id, batch_id, line, external_id, payload, expected, language, domain, difficulty,"
    " provenance, metadata, digest) FROM STDIN"
)

# Of rows with one external id the first counts; a later one, or one whose item exists, is a duplicate if it says the
# same and a conflict if not.
JUDGED = """
CREATE TEMPORARY TABLE judged_row ON COMMIT DROP AS
SELECT s.id, CASE
    WHEN COALESCE(v.digest, first_value(s.digest) OVER same) <> s.digest THEN 'conflict'
    WHEN v.id IS NOT NULL OR row_number() OVER same > 1 THEN 'duplicate'
    ELSE 'new' END AS fate
FROM labeling_stagedrow s
LEFT JOIN labeling_item i ON i.project_id = %(project)s AND i.external_id = s.external_id
LEFT JOIN labeling_itemversion v ON v.item_id = i.id AND v.number = 1
WHERE s.batch_id = %(batch)s
WINDOW same AS (PARTITION BY s.external_id ORDER BY s.line)
"""

REJECT_CONFLICTS = """
INSERT INTO labeling_rejectedrow (customer_id, batch_id, line, field, reason, excerpt)
SELECT s.customer_id, s.batch_id, s.line, 'external_id',
       CASE WHEN e.id IS NULL
            THEN 'Another item has this external id with other content; give this one an id of its own.'
            ELSE 'The item with this external id was erased; give new content an id of its own.' END,
       left(s.external_id, 200)
FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id
LEFT JOIN labeling_item i ON i.project_id = %(project)s AND i.external_id = s.external_id
LEFT JOIN labeling_erasure e ON e.kind = 'item' AND e.subject_id = i.id
WHERE j.fate = 'conflict' ORDER BY s.line
"""

ACCEPT = """
WITH item AS (
    INSERT INTO labeling_item (customer_id, project_id, batch_id, public_id, external_id, state)
    SELECT s.customer_id, %(project)s, s.batch_id, gen_random_uuid(), s.external_id, 'accepted'
    FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id WHERE j.fate = 'new' ORDER BY s.line
    RETURNING id, external_id
)
INSERT INTO labeling_itemversion (customer_id, item_id, batch_id, line, payload, expected, language, domain, difficulty,
                                  provenance, metadata, digest)
SELECT s.customer_id, item.id, s.batch_id, s.line, s.payload, s.expected, s.language, s.domain, s.difficulty, s.provenance,
       s.metadata, s.digest
FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id JOIN item ON item.external_id = s.external_id
WHERE j.fate = 'new' ORDER BY item.id
"""

POINT = """
UPDATE labeling_item i SET current_version_id = v.id FROM labeling_itemversion v
WHERE i.batch_id = %(batch)s AND v.item_id = i.id AND i.current_version_id IS NULL
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is kept: its SHA-256, its size, and where it is stored."""

    digest: str
    size: int
    path: str


def keep_source(*, project: Project, source: IO[bytes]) -> Source:
    """Store the bytes as they came, in a file of their own, and return where.

    Belongs before the transaction that makes the batch. Raises Conflict while the project is not open, NotItems or
    Invalid for a file that cannot hold items or is too large; then nothing is kept.
    """
    if project.state != ProjectState.OPEN:
        raise Conflict(f"The project is {project.state}; it takes uploads while it is open.")
    documents_in_force(project)
    source.seek(0)
    check_beginning(source.read(CHUNK))
    digest, size = _digest(source)
    path = f"{project.public_id}/{digest}/{uuid.uuid4()}.ndjson"
    source.seek(0)
    storages["sources"].save(path, File(source))
    return Source(digest, size, path)


@transaction.atomic
def receive_batch(
    *, project: Project, name: str, source: Source, actor: User, stage: str | None = None
) -> tuple[Batch, bool]:
    """Make a batch of the kept file and queue its ingestion; return it and whether it is new.

    The same bytes again are the same batch, whatever their name; the second copy of the file is thrown away.
    """
    lock_row(Project.objects.filter(pk=project.pk))
    known = Batch.objects.filter(project=project, source_digest=source.digest).exclude(state=BatchState.REFUSED)
    if (batch := known.select_related("project").first()) is not None:
        transaction.on_commit(partial(storages["sources"].delete, source.path))
        return batch, False
    batch = Batch.objects.create(
        customer_id=project.customer_id,
        project=project,
        name=name[:200],
        stage=stage or project.stage,
        source_path=source.path,
        source_digest=source.digest,
        source_bytes=source.size,
        uploaded_by=actor,
    )
    record("batch.received", subject=batch, actor_id=actor.pk, data={"bytes": source.size})
    enqueue("labeling.jobs.ingest", batch.pk, queue="bulk")
    batch.refresh_from_db()
    return batch, True


def _digest(source: IO[bytes]) -> tuple[str, int]:
    source.seek(0)
    hashing, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        hashing.update(chunk)
        size += len(chunk)
        if size > settings.UPLOADED_BYTES_MOST:
            most = settings.UPLOADED_BYTES_MOST / 1024**3
            raise Invalid(f"The file is larger than {most:g} GB; split it into several.", field="file")
    return hashing.hexdigest(), size


def ingest_batch(*, batch_id: int) -> None:
    """Read, check and stage the batch's rows, then accept them in one transaction and queue the making of tasks.

    Run again after a crash it starts over; run twice at once, the second returns. A file without one sound row is
    refused as a whole, with its rejects.
    """
    with session_lock(ADVISORY_INGEST, batch_id) as is_alone:
        batch = Batch.objects.select_related("project").get(pk=batch_id)
        if not is_alone or batch.state != BatchState.RECEIVED:
            return
        StagedRow.objects.filter(batch=batch).delete()
        RejectedRow.objects.filter(batch=batch).delete()
        _stage(batch)
        _accept(batch_id)


def _stage(batch: Batch) -> None:
    form = documents_in_force(batch.project).form.document
    read = 0
    with storages["sources"].open(batch.source_path) as source:
        rows = read_items(source, form)
        while piece := list(islice(rows, SLICE)):
            read += len(piece)
            with transaction.atomic():
                _copy(batch, [row for row in piece if isinstance(row, ItemRow)])
                faults = [row for row in piece if isinstance(row, RowFault)]
                RejectedRow.objects.bulk_create([_reject(batch, fault) for fault in faults])
                Batch.objects.filter(pk=batch.pk).update(rows_read=read)


def _copy(batch: Batch, rows: list[ItemRow]) -> None:
    with connection.cursor() as cursor, cursor.copy(STAGE) as copy:
        for row in rows:
            copy.write_row(
                (
                    batch.customer_id, batch.pk, row.line, row.external_id, _json(row.payload),
                    None if row.expected is None else _json(row.expected), row.language, row.domain, row.difficulty,
                    row.provenance, _json(row.metadata), row.digest,
                )
            )  # fmt: skip


def _json(value: Any) -> str:
    return canonical_bytes(value).decode()


def _reject(batch: Batch, fault: RowFault) -> RejectedRow:
    return RejectedRow(
        customer_id=batch.customer_id,
        batch=batch,
        line=fault.line,
        field=fault.field,
        reason=fault.reason,
        excerpt=fault.excerpt,
    )


@transaction.atomic
def _accept(batch_id: int) -> None:
    """Turn the staged rows into items, say what became of the others, and empty the stage."""
    project_id = Batch.objects.values_list("project_id", flat=True).get(pk=batch_id)
    lock_row(Project.objects.filter(pk=project_id))
    batch = lock_row(Batch.objects.filter(pk=batch_id))
    ids = {"project": project_id, "batch": batch_id}
    with connection.cursor() as cursor:
        cursor.execute(JUDGED, ids)
        cursor.execute("SELECT fate, count(*) FROM judged_row GROUP BY fate")
        fates = dict(cursor.fetchall())
        rejected = batch.rows_read - sum(fates.values())
        cursor.execute(REJECT_CONFLICTS, ids)
        cursor.execute(ACCEPT, ids)
        cursor.execute(POINT, ids)
        cursor.execute("DROP TABLE judged_row")
    StagedRow.objects.filter(batch=batch)._raw_delete("default")
    counts = {
        "items_created": fates.get("new", 0),
        "duplicates": fates.get("duplicate", 0),
        "conflicts": fates.get("conflict", 0),
        "rejected": rejected,
    }
    if rejected == batch.rows_read:
        transition(batch, BatchState.REFUSED, machine=BATCH_MACHINE, actor_id=None, fault=_fault(batch), **counts)
        return
    transition(batch, BatchState.ACCEPTED, machine=BATCH_MACHINE, actor_id=None, data=counts, **counts)
    if not waits_for_flags(batch):
        enqueue("labeling.jobs.generate", batch.pk, queue="bulk")
    enqueue("labeling.jobs.flag", batch.pk, queue="bulk")


def _fault(batch: Batch) -> str:
    first = RejectedRow.objects.filter(batch=batch).order_by("id").first()
    if first is None:
        return "The file holds no rows."
    return f"None of the {batch.rows_read} rows can be used; line {first.line}: {first.reason}"[:500]
