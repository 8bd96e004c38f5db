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

# A file is searched for so many external ids; for more it is not worth reading, and goes.
MOST_SOUGHT = 100


def erase_files(*, erasures: Collection[Erasure]) -> set[int]:
    """Delete the uploads that held any of the erased items; return the erasures that must wait for a batch being read.

    Run again it does what is left. A draft that was on its way while its item was erased goes as well.
    """
    of_items = {erasure.subject_id: erasure for erasure in erasures if erasure.kind == ErasureKind.ITEM}
    Draft.objects.filter(task__round__item__in=of_items).delete()
    uploads = [erasure.subject_id for erasure in erasures if erasure.kind == ErasureKind.BATCH]
    for batch in Batch.objects.filter(pk__in=uploads, source_erased_at=None):
        _erase_source(batch)
    waiting: set[int] = set()
    for project_id in (
        Item.objects.filter(pk__in=of_items).order_by("project_id").values_list("project_id", flat=True).distinct()
    ):
        items = list(Item.objects.filter(project=project_id, pk__in=of_items))
        for batch in _held_by(project_id, items):
            _erase_source(batch)
        for batch in _left_over(project_id):
            earlier = [item for item in items if batch.created_at <= of_items[item.pk].created_at]
            if batch.state == BatchState.RECEIVED:
                waiting |= {of_items[item.pk].pk for item in earlier}
            elif earlier and _names_any(batch, [item.external_id for item in earlier]):
                _erase_source(batch)
    return waiting


def _held_by(project_id: int, items: Collection[Item]) -> list[Batch]:
    """The batches that brought a version of any of the items, and every other copy of the same bytes."""
    brought = ItemVersion.objects.filter(item__in=items, batch__isnull=False).values("batch")
    own = {item.batch_id for item in items}
    digests = Batch.objects.filter(Q(pk__in=own) | Q(pk__in=brought)).values("source_digest")
    return list(Batch.objects.filter(project=project_id, source_digest__in=digests, source_erased_at=None))


def _left_over(project_id: int) -> list[Batch]:
    """The uploads with rows that did not become items, and those that are still being read."""
    left_over = ~Q(rows_read=F("items_created") + F("versions_created"))
    return list(
        Batch.objects.filter(left_over | Q(state=BatchState.RECEIVED), project=project_id, source_erased_at=None)
    )


def _names_any(batch: Batch, external_ids: Collection[str]) -> bool:
    """Whether the file names any of the external ids, spelled as text or as JSON, or cannot well be searched for them."""
    if batch.format == SourceFormat.PARQUET or len(external_ids) > MOST_SOUGHT:
        return True
    needles = {spelled.encode() for name in external_ids for spelled in (name, json.dumps(name)[1:-1])}
    overlap = max(map(len, needles))
    with storages["sources"].open(batch.source_path) as source:
        window = source.read(CHUNK)
        if window.startswith(COMPRESSED):
            return True
        while window:
            if any(needle in window for needle in needles):
                return True
            chunk = source.read(CHUNK)
            window = window[-overlap:] + chunk if chunk else b""
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
