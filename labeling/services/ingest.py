"""Reading a batch: its rows are checked and staged in committed pieces, within a time a job, and then accepted at once.

Jobs only: this module reads Parquet.
"""

import json
import time
from collections.abc import Iterator
from itertools import chain, islice

from django.conf import settings
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from config.kernel.canonical import canonical_bytes
from config.kernel.locks import ADVISORY_INGEST, lock_row, session_lock
from labeling.errors import NotItems
from labeling.models import Batch, Customer, Item, RejectedRow, StagedRow
from labeling.reading import parquet
from labeling.reading.rows import Reading, kept, read_items
from labeling.selectors import erased_items, is_erased_since
from labeling.services.acceptance import accept_batch, refuse_batch
from labeling.services.imports import fetch_source, is_pending
from labeling.services.rounds import documents_in_force
from labeling.types import BatchState, ItemRow, PastJudgment, RowFault

SLICE = 5000
SECONDS_A_JOB = 20.0
ERASED = "Erased."
SENT_AT_ONCE = 128 * 1024

STAGE = (
    "COPY labeling_stagedrow (customer_id, batch_id, line, external_id, payload, expected, language, domain, difficulty,"
    " provenance, metadata, history, digest) FROM STDIN"
)

NULL = b"\\N"
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def ingest_batch(*, batch_id: int) -> bool:
    """Read, check and stage the batch's rows, then accept them in one transaction; return whether nothing is left to do.

    Each call works for SECONDS_A_JOB and goes on where the last one stopped, whether it ended or was killed. Run twice
    at once, the second returns. A file that cannot be read to its end, or has no sound row, is refused as a whole.
    """
    with session_lock(ADVISORY_INGEST, batch_id) as is_alone:
        batch = Batch.objects.select_related("project", "mapping").get(pk=batch_id)
        if not is_alone or batch.state != BatchState.RECEIVED:
            return True
        try:
            if is_pending(batch) and not fetch_source(batch=batch):
                return True
            if not _stage(batch):
                return False
        except NotItems as error:
            refuse_batch(batch_id=batch_id, fault=error.message)
            return True
        return accept_batch(batch_id=batch_id)


def reading_of(batch: Batch) -> Reading:
    """Return how the batch's file is read. Items that name no language have the project's, where it has one only."""
    languages = batch.project.languages
    return Reading(
        format=batch.format,
        form=documents_in_force(batch.project).form.document,
        mapping=batch.mapping.document if batch.mapping else None,
        language=languages[0] if len(languages) == 1 else "",
    )


def _stage(batch: Batch) -> bool:
    """Stage what is not staged yet, and return whether the file has been read to its end."""
    if batch.rows_read == 0:
        StagedRow.objects.filter(batch=batch)._raw_delete("default")
        RejectedRow.objects.filter(batch=batch)._raw_delete("default")
    with storages["sources"].open(batch.source_path) as source:
        began = time.monotonic()
        rows = read_items(
            source, reading_of(batch), most=settings.UNPACKED_BYTES_MOST, skip=batch.rows_read, parquet=parquet
        )
        first = list(islice(rows, 1))
        # A job stages longer by what it took to find its place: what is read again never outweighs what is new.
        ends = began + SECONDS_A_JOB + 2 * (time.monotonic() - began)
        rows = chain(first, rows)
        while _stage_piece(batch, rows) == SLICE:
            if time.monotonic() > ends:
                return False
    return True


@transaction.atomic
def _stage_piece(batch: Batch, rows: Iterator[ItemRow | RowFault]) -> int:
    """Stage the next rows, at most SLICE of them, with the count that says so; return how many."""
    read, refused = 0, 0
    faults: list[RowFault] = []
    prefix = b"%d\t%d" % (batch.customer_id, batch.pk)
    staged = bytearray()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '32MB'")  # the piece, while whose it is is checked
    with connection.cursor() as cursor, cursor.copy(STAGE) as copy:
        for row in islice(rows, SLICE):
            read += 1
            if isinstance(row, RowFault):
                refused += 1
                faults.append(row)
                continue
            staged += _staged(prefix, row)
            faults += row.faults
            if len(staged) > SENT_AT_ONCE:
                copy.write(staged)
                staged = bytearray()
        copy.write(staged)
    if faults:
        _silence_erased(batch, faults)
    RejectedRow.objects.bulk_create([_reject(batch, fault) for fault in faults])
    Batch.objects.filter(pk=batch.pk).update(
        rows_read=F("rows_read") + read, rejected=F("rejected") + refused, worked_at=Now()
    )
    return read


def _silence_erased(batch: Batch, faults: list[RowFault]) -> None:
    """Empty what is kept of rows that an erasure would have emptied: it is over, and would not come by again.

    A row goes that has an erased item's id. One whose id cannot be read may have any: it goes where an item of the
    project was erased since the batch came. Until this piece is committed the customer's next erasure waits, and then
    finds what is kept here.
    """
    lock_row(Customer.objects.filter(pk=batch.customer_id))
    names = [fault.external_id or _id_in(fault.raw) for fault in faults]
    items = Item.objects.filter(project=batch.project_id, external_id__in=set(names))
    known = dict(items.values_list("pk", "external_id"))
    erased = {known[item_id] for item_id in erased_items(known)}
    if "" in names and is_erased_since(project_id=batch.project_id, at=batch.created_at):
        erased.add("")
    for fault, name in zip(faults, names, strict=True):
        if name in erased:
            fault.excerpt = fault.raw = fault.field = ""
            fault.reason = ERASED


def _id_in(raw: str) -> str:
    """Return the external id that a refused row has, or "" where it is no JSON object, or has none to speak of."""
    try:
        name = json.loads(raw)["external_id"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return ""
    return name if isinstance(name, str) and name.isprintable() else ""


def _staged(prefix: bytes, row: ItemRow) -> bytes:
    """Return the row as a line of COPY's text format; what is JSON already needs its backslashes doubled, no more."""
    return b"\t".join(
        (
            prefix,
            b"%d" % row.line,
            _text(row.external_id),
            row.payload.replace(b"\\", b"\\\\"),
            NULL if row.expected is None else row.expected.replace(b"\\", b"\\\\"),
            row.language.encode(),
            _text(row.domain),
            b"%d" % row.difficulty,
            row.provenance.encode(),
            row.metadata.replace(b"\\", b"\\\\"),
            _history(row.history).replace(b"\\", b"\\\\") if row.history else NULL,
            row.digest.encode() + b"\n",
        )
    )


def _text(value: str) -> bytes:
    return value.translate(ESCAPED).encode()


def _history(judgments: list[PastJudgment]) -> bytes:
    return canonical_bytes(
        [
            {
                "name": each.name,
                "answers": each.answers,
                "rationale": each.rationale,
                "seconds": each.seconds,
                "at": each.at,
            }
            for each in judgments
        ]
    )


def _reject(batch: Batch, fault: RowFault) -> RejectedRow:
    fault = kept(fault)
    return RejectedRow(
        customer_id=batch.customer_id,
        batch=batch,
        line=fault.line,
        field=fault.field,
        reason=fault.reason,
        excerpt=fault.excerpt,
        raw=fault.raw,
        external_id=fault.external_id,
    )
