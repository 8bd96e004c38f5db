"""The record's files of what was erased: uploads that held it are deleted whole.

Nothing else is lost with them: the versions of the other items are in the record, and the batch keeps its digest and
counts. An upload that named the item again without adding it (a duplicate, a conflict, a refused row) is found by its
external id; a file that cannot be searched for it, as it is compressed or spells letters by escapes, goes too where it
holds such rows.
"""

import json
import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from posixpath import dirname
from typing import Any

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

# Files are searched for so many erasures' items at once; for more they are read again.
SOUGHT_AT_ONCE = 100


def erase_files(*, erasures: Collection[Erasure], until: float = float("inf")) -> set[int]:
    """Delete the uploads that held any of the erased items; return the erasures that must wait.

    They wait for a batch that is being read, and for the next run once the time (monotonic) is up; something is done all
    the same. How far files were searched is in the erasures' rows, so that the next run, or the one after a crash, goes
    on from there. A draft that was on its way while its item was erased goes as well.
    """
    of_items = {erasure.subject_id: erasure for erasure in erasures if erasure.kind == ErasureKind.ITEM}
    Draft.objects.filter(task__round__item__in=of_items).delete()
    for batch in _held_for_certain(erasures):
        _erase_source(batch)
        if time.monotonic() >= until:
            return {erasure.pk for erasure in erasures}
    waiting: set[int] = set()
    for project_id in _projects_of(of_items):
        names = dict(Item.objects.filter(project=project_id, pk__in=of_items).values_list("pk", "external_id"))
        for group in _searched_alike([of_items[item_id] for item_id in names]):
            if (time.monotonic() >= until and waiting) or not _search_uploads(project_id, group, names, until):
                waiting |= {erasure.pk for erasure in group}
    return waiting


def _held_for_certain(erasures: Collection[Erasure]) -> Iterator[Batch]:
    """Yield the uploads that are deleted unread: they became nothing, may name a person, or brought one of the items."""
    of_kind = {kind: [each for each in erasures if each.kind == kind] for kind in ErasureKind}
    uploads = [erasure.subject_id for erasure in of_kind[ErasureKind.BATCH]]
    yield from Batch.objects.filter(pk__in=uploads, source_erased_at=None)
    for erasure in of_kind[ErasureKind.IMPORTED]:
        yield from _exports(erasure)
    items = [erasure.subject_id for erasure in of_kind[ErasureKind.ITEM]]
    for project_id in _projects_of(items):
        yield from list(uploads_with(project_id, Item.objects.filter(project=project_id, pk__in=items)))


def _projects_of(item_ids: Iterable[int]) -> list[int]:
    items = Item.objects.filter(pk__in=list(item_ids)).order_by("project_id")
    return list(items.values_list("project_id", flat=True).distinct())


def _searched_alike(erasures: Sequence[Erasure]) -> Iterator[list[Erasure]]:
    """Yield the erasures in groups for which files were searched equally far."""
    by_progress: dict[Any, list[Erasure]] = {}
    for erasure in sorted(erasures, key=lambda each: each.pk):
        by_progress.setdefault((erasure.searched_through, erasure.searched_bytes), []).append(erasure)
    for group in by_progress.values():
        yield from (group[first : first + SOUGHT_AT_ONCE] for first in range(0, len(group), SOUGHT_AT_ONCE))


def _search_uploads(project_id: int, group: Sequence[Erasure], names: dict[int, str], until: float) -> bool:
    """Delete the uploads left over that name an item of the group, from where its search stopped; whether all were searched.

    An upload that is still being read stops it: nothing that comes after is said to have been searched.
    """
    through, begin = group[0].searched_through, group[0].searched_bytes
    first = through if begin else through + 1
    for batch in uploads_left_over(project_id).filter(pk__gte=first).order_by("pk"):
        begin = begin if batch.pk == through else 0
        earlier = [names[each.subject_id] for each in group if batch.created_at <= each.created_at]
        if earlier and batch.state == BatchState.RECEIVED:
            return False
        searched = _search(batch, earlier, begin, until) if earlier else _Searched(is_found=False)
        if searched.is_found:
            _erase_source(batch)
        _keep_progress(group, searched_through=batch.pk, searched_bytes=searched.stopped_at)
        if searched.stopped_at or time.monotonic() >= until:
            return False
    return True


def _keep_progress(erasures: Collection[Erasure], **progress: int) -> None:
    Erasure.objects.filter(pk__in=[erasure.pk for erasure in erasures]).update(**progress)


def keep_rewritten(*, erasures: Collection[Erasure], release_id: int) -> None:
    """Remember that the releases up to this one say nothing of these erasures any more."""
    _keep_progress(erasures, rewritten_through=release_id)


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


@dataclass(frozen=True, slots=True)
class _Searched:
    """What a search has found, or else the byte from which it has to go on; 0 where it has come to the end."""

    is_found: bool
    stopped_at: int = 0


def _search(batch: Batch, external_ids: Sequence[str], begin: int, until: float) -> _Searched:
    """Search the file from that byte for any of the external ids, spelled as text or as JSON.

    One that cannot well be searched for them counts as naming one.
    """
    if batch.format == SourceFormat.PARQUET:
        return _Searched(is_found=True)
    needles = {spelled.encode() for name in external_ids for spelled in _spellings(name)}
    overlap = max(6, *map(len, needles))
    with storages["sources"].open(batch.source_path) as source:
        if begin == 0 and source.read(6).startswith(COMPRESSED):
            return _Searched(is_found=True)
        source.seek(begin)
        window, reached = source.read(CHUNK), begin
        while window:
            # An escape may hide any of them.
            if ESCAPE.search(window) or any(needle in window for needle in needles):
                return _Searched(is_found=True)
            reached += max(len(window) - overlap, 0)
            chunk = source.read(CHUNK)
            if chunk and reached > begin and time.monotonic() >= until:
                return _Searched(is_found=False, stopped_at=reached)
            window = window[-overlap:] + chunk if chunk else b""
    return _Searched(is_found=False)


def _spellings(name: str) -> tuple[str, ...]:
    """The name as text, as JSON without escapes of letters, and as a table's cell."""
    return name, json.dumps(name, ensure_ascii=False)[1:-1], name.replace('"', '""')


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
