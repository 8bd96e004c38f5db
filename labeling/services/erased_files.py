"""The record's files of what was erased: uploads that held it are deleted whole.

Nothing else is lost with them: the versions of the other items are in the record, and the batch keeps its digest and
counts. An upload that named the item again without adding it (a duplicate, a conflict, a refused row) is found by its
external id; a file that cannot be searched for it, as it is compressed or spells letters by escapes, goes too where it
holds such rows.
"""

import json
import re
from collections.abc import Collection, Sequence
from posixpath import dirname

from django.core.files import File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from config.kernel.locks import lock_row
from labeling.models import Batch, Draft, Erasure, Item, ItemVersion
from labeling.types import HISTORY_FORMATS, BatchState, ErasureKind, SourceFormat

CHUNK = 1024**2
COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PAR1")

# JSON may write any letter so, an external id's among them: each in more ways than can be searched for.
ESCAPE = re.compile(rb"\\u[0-9a-fA-F]{4}|\\/")

# A file is searched for so many external ids at once; for more it is read again.
SOUGHT_AT_ONCE = 100


def erase_files(*, erasures: Collection[Erasure]) -> set[int]:
    """Delete the uploads that held any of the erased items; return the erasures that must wait for a batch being read.

    Run again it does what is left. A draft that was on its way while its item was erased goes as well.
    """
    of_items = {erasure.subject_id: erasure for erasure in erasures if erasure.kind == ErasureKind.ITEM}
    Draft.objects.filter(task__round__item__in=of_items).delete()
    uploads = [erasure.subject_id for erasure in erasures if erasure.kind == ErasureKind.BATCH]
    for batch in Batch.objects.filter(pk__in=uploads, source_erased_at=None):
        _erase_source(batch)
    for erasure in erasures:
        if erasure.kind == ErasureKind.IMPORTED:
            for batch in _exports(erasure):
                _erase_source(batch)
    waiting: set[int] = set()
    for project_id in (
        Item.objects.filter(pk__in=of_items).order_by("project_id").values_list("project_id", flat=True).distinct()
    ):
        items = Item.objects.filter(project=project_id, pk__in=of_items)
        for batch in list(uploads_with(project_id, items)):
            _erase_source(batch)
        for batch in list(uploads_left_over(project_id)):
            earlier = [item for item in items if batch.created_at <= of_items[item.pk].created_at]
            if batch.state == BatchState.RECEIVED:
                waiting |= {of_items[item.pk].pk for item in earlier}
            elif earlier and _names_any(batch, [item.external_id for item in earlier]):
                _erase_source(batch)
    return waiting


def _exports(erasure: Erasure) -> list[Batch]:
    """The exports of earlier tools that came before one of its people was erased; the name to search them for is gone."""
    came = Batch.objects.filter(customer=erasure.customer_id, created_at__lte=erasure.created_at, source_erased_at=None)
    return list(came.filter(format__in=HISTORY_FORMATS).exclude(state=BatchState.RECEIVED))


def uploads_with(project_id: int, items: QuerySet[Item]) -> QuerySet[Batch]:
    """Return the batches that brought a version of any of the items, and every other copy of the same bytes."""
    brought = ItemVersion.objects.filter(item__in=items.values("pk"), batch__isnull=False).values("batch")
    brought_first = Q(pk__in=items.values("batch"))
    digests = Batch.objects.filter(brought_first | Q(pk__in=brought)).values("source_digest")
    return Batch.objects.filter(project=project_id, source_digest__in=digests, source_erased_at=None)


def uploads_left_over(project_id: int) -> QuerySet[Batch]:
    """Return the uploads with rows that did not become items, those refused unread, and those still being read."""
    left_over = ~Q(rows_read=F("items_created") + F("versions_created"))
    return Batch.objects.filter(left_over | ~Q(state=BatchState.ACCEPTED), project=project_id, source_erased_at=None)


def _names_any(batch: Batch, external_ids: Sequence[str]) -> bool:
    """Whether the file names any of the external ids, spelled as text or as JSON, or cannot well be searched for them."""
    if batch.format == SourceFormat.PARQUET:
        return True
    with storages["sources"].open(batch.source_path) as source:
        if source.read(CHUNK).startswith(COMPRESSED):
            return True
        for first in range(0, len(external_ids), SOUGHT_AT_ONCE):
            sought = external_ids[first : first + SOUGHT_AT_ONCE]
            source.seek(0)
            if _holds_any(source, {spelled.encode() for name in sought for spelled in _spellings(name)}):
                return True
    return False


def _spellings(name: str) -> tuple[str, ...]:
    """The name as text, as JSON without escapes of letters, and as a table's cell."""
    return name, json.dumps(name, ensure_ascii=False)[1:-1], name.replace('"', '""')


def _holds_any(source: File, needles: Collection[bytes]) -> bool:
    """Whether the file holds any of the needles, or an escape that may hide one."""
    overlap = max(6, *map(len, needles))
    window = source.read(CHUNK)
    while window:
        if ESCAPE.search(window) or any(needle in window for needle in needles):
            return True
        chunk = source.read(CHUNK)
        window = window[-overlap:] + chunk if chunk else b""
    return False


def _erase_source(batch: Batch) -> None:
    """Delete the file and what lies beside it (a copy of the same bytes that a crash has left), then say so.

    No lock is held meanwhile: what is gone already is passed by, so killed in between it is done again.
    """
    storage = storages["sources"]
    folder = dirname(batch.source_path)
    storage.delete(batch.source_path)
    for name in storage.listdir(folder)[1] if storage.exists(folder) else ():
        storage.delete(f"{folder}/{name}")
    with transaction.atomic():
        lock_row(Batch.objects.filter(pk=batch.pk))
        Batch.objects.filter(pk=batch.pk).update(source_erased_at=Now())
