"""The record's files of what was erased: uploads that held it are deleted whole.

Nothing else is lost with them: the versions of the other items are in the record, and the batch keeps its digest and
counts. An upload that named the item again without adding it (a duplicate, a conflict, a refused row) is found by its
external id; a file that cannot be read for it, as it is compressed, goes too where it holds such rows.
"""

import json
from collections.abc import Collection
from posixpath import dirname

from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from config.kernel.locks import lock_rows
from labeling.models import Batch, Draft, Erasure, Item, ItemVersion
from labeling.types import BatchState, ErasureKind, SourceFormat

CHUNK = 1024**2
COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PAR1")


def erase_files(*, erasures: Collection[Erasure]) -> set[int]:
    """Delete the uploads that held any of the erased items; return the erasures that must wait for a batch being read.

    Run again it does what is left. A draft that was on its way while its item was erased goes as well.
    """
    of_items = {erasure.subject_id: erasure for erasure in erasures if erasure.kind == ErasureKind.ITEM}
    items = Item.objects.filter(pk__in=of_items).order_by("pk")
    waiting = set()
    Draft.objects.filter(task__round__item__in=of_items).delete()
    for item in items:
        erasure = of_items[item.pk]
        for batch in _held_by(item):
            _erase_source(batch)
        for batch in _may_hold(item, erasure):
            if batch.state == BatchState.RECEIVED:
                waiting.add(erasure.pk)
            elif _names(batch, item.external_id):
                _erase_source(batch)
    return waiting


def _held_by(item: Item) -> list[Batch]:
    """The batches that brought a version of the item, and every other copy of the same bytes."""
    brought = ItemVersion.objects.filter(item=item, batch__isnull=False).values("batch")
    digests = Batch.objects.filter(Q(pk=item.batch_id) | Q(pk__in=brought)).values("source_digest")
    return list(Batch.objects.filter(project=item.project_id, source_digest__in=digests, source_erased_at=None))


def _may_hold(item: Item, erasure: Erasure) -> list[Batch]:
    """Other uploads from before the erasure with rows that did not become items, or that are still being read."""
    left_over = ~Q(rows_read=F("items_created") + F("versions_created"))
    return list(
        Batch.objects.filter(
            left_over | Q(state=BatchState.RECEIVED),
            project=item.project_id,
            source_erased_at=None,
            created_at__lte=erasure.created_at,
        )
    )


def _names(batch: Batch, external_id: str) -> bool:
    """Whether the file names the external id anywhere, spelled as text or as JSON."""
    needles = {external_id.encode(), json.dumps(external_id)[1:-1].encode()}
    overlap = max(map(len, needles)) - 1
    with storages["sources"].open(batch.source_path) as source:
        kept = b""
        while chunk := source.read(CHUNK):
            if not kept and (batch.format == SourceFormat.PARQUET or chunk.startswith(COMPRESSED)):
                return True
            window = kept + chunk
            if any(needle in window for needle in needles):
                return True
            kept = window[-overlap:] if overlap else b" "
    return False


@transaction.atomic
def _erase_source(batch: Batch) -> None:
    """Delete the file and what lies beside it (a copy of the same bytes that a crash has left), then say so."""
    [batch] = lock_rows(Batch.objects.filter(pk=batch.pk))
    storage = storages["sources"]
    folder = dirname(batch.source_path)
    storage.delete(batch.source_path)
    for name in storage.listdir(folder)[1] if storage.exists(folder) else ():
        storage.delete(f"{folder}/{name}")
    Batch.objects.filter(pk=batch.pk).update(source_erased_at=Now())
