"""Batches from a granted path: only below it, copied and digested by the job, and the same file once."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import IntegrityError, connection, transaction

from config.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from config.kernel.models import User
from labeling.models import Batch, Item, SourceGrant
from labeling.services import imports
from labeling.services.imports import end_grant, grant_path, import_batch
from tests.factories import item_row, lines, settle
from tests.labeling.test_batches import receive


@pytest.fixture
def granted(cast):
    storage = storages["imports"]
    for path in ("northwind/2026/items.ndjson", "meridian/items.ndjson", "northwind-two/items.ndjson"):
        storage.save(path, ContentFile(lines(item_row("one"), item_row("two"))))
    cast.boss = User.objects.create_superuser("boss@example.org", "boss-password", name="Boss")
    cast.grant = grant_path(customer=cast.northwind, path="/northwind/", actor=cast.boss)
    yield cast
    for path in ("northwind/2026/items.ndjson", "meridian/items.ndjson", "northwind-two/items.ndjson"):
        storage.delete(path)


def bring(cast, path, **more):
    return import_batch(project=cast.project, path=path, actor=cast.dana, **more)


def test_a_granted_file_becomes_a_batch_that_keeps_a_copy(granted):
    batch, is_new = bring(granted, "northwind/2026/items.ndjson")
    assert (is_new, batch.state, batch.name) == (True, "received", "northwind/2026/items.ndjson")
    assert batch.source_digest.startswith("pending-")
    settle()
    batch.refresh_from_db()
    content = lines(item_row("one"), item_row("two"))
    assert (batch.state, batch.items_created, batch.source_bytes) == ("accepted", 2, len(content))
    assert len(batch.source_digest) == 64
    with storages["sources"].open(batch.source_path) as kept:
        assert kept.read() == content


def test_the_same_path_again_is_the_same_batch_and_the_same_bytes_are_read_once(granted):
    first, _ = bring(granted, "northwind/2026/items.ndjson")
    again, is_new = bring(granted, "northwind/2026/items.ndjson")
    assert (first.pk, is_new) == (again.pk, False)
    settle()
    uploaded, is_new = receive(granted, lines(item_row("one"), item_row("two")))
    assert (uploaded.pk, is_new) == (first.pk, False)
    storages["imports"].save("northwind/copy.ndjson", ContentFile(lines(item_row("one"), item_row("two"))))
    copy, is_new = bring(granted, "northwind/copy.ndjson")
    settle()
    copy.refresh_from_db()
    storages["imports"].delete("northwind/copy.ndjson")
    assert (is_new, copy.state) == (True, "refused")
    assert (
        copy.fault
        == f"The same file is batch {first.public_id} (northwind/2026/items.ndjson) already; nothing was done."
    )
    assert Item.objects.count() == 2


@pytest.mark.parametrize(
    "path",
    ["meridian/items.ndjson", "northwind-two/items.ndjson", "northwind/missing.ndjson", "northwind", "northwind/2026"],
)
def test_what_is_not_granted_and_what_is_not_there_are_told_alike(granted, path):
    with pytest.raises(NotFound, match="There is no such file under a path that you were granted"):
        bring(granted, path)
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    "path", ["northwind/../meridian/items.ndjson", "northwind/./x", "northwind//x", "..", "", "a\\b", "x" * 300]
)
def test_a_path_that_leads_elsewhere_is_refused(granted, path):
    with pytest.raises(Invalid, match="without"):
        bring(granted, path)
    with pytest.raises(Invalid, match="without"):
        grant_path(customer=granted.northwind, path=path, actor=granted.boss)
    assert (Batch.objects.count(), SourceGrant.objects.count()) == (0, 1)


def test_an_ended_grant_opens_nothing_even_for_what_is_waiting(granted):
    batch, _ = bring(granted, "northwind/2026/items.ndjson")
    end_grant(grant=granted.grant, actor=granted.mira)
    with pytest.raises(Conflict, match="ended before"):
        end_grant(grant=granted.grant, actor=granted.mira)
    with pytest.raises(NotFound):
        bring(granted, "northwind/2026/items.ndjson")
    settle()
    batch.refresh_from_db()
    assert (batch.state, batch.fault) == ("refused", "The path is no longer granted.")
    assert not Item.objects.exists()


def copies(batch):
    folder = storages["sources"].path(f"{batch.project.public_id}/{batch.public_id}")
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_a_job_that_was_killed_while_it_copied_leaves_no_trace(granted):
    batch, _ = bring(granted, "northwind/2026/items.ndjson")
    storages["sources"].save(
        f"{batch.project.public_id}/{batch.public_id}/{batch.public_id}", ContentFile(b"half" * 999)
    )
    settle()
    batch.refresh_from_db()
    assert (batch.state, batch.items_created) == ("accepted", 2)
    [copy] = copies(batch)
    assert (copy.read_bytes(), batch.source_path.split("/")[-1]) == (lines(item_row("one"), item_row("two")), copy.name)


@pytest.mark.parametrize(
    ("limit", "fault"),
    [
        (("SECONDS_TO_FETCH", -1.0), "The file is not copied within -0.0166667 minutes; split it into several."),
        (("UNPACKED_BYTES_MOST", 100), "The file is larger than 9.31323e-08 GB; split it into several."),
    ],
)
def test_a_file_that_takes_too_long_or_has_grown_too_large_is_refused_and_not_kept(
    granted, settings, monkeypatch, limit, fault
):
    batch, _ = bring(granted, "northwind/2026/items.ndjson")
    if hasattr(imports, limit[0]):
        monkeypatch.setattr(imports, *limit)
    else:
        setattr(settings, *limit)
    settle()
    batch.refresh_from_db()
    assert (batch.state, batch.fault) == ("refused", fault)
    assert copies(batch) == []


def test_the_database_takes_a_digest_once_and_accepts_nothing_without(granted):
    batch, _ = bring(granted, "northwind/2026/items.ndjson")
    for change in ("state = 'accepted', finished_at = now()",):
        with pytest.raises(IntegrityError, match="digest of a batch"), transaction.atomic():
            _update(batch, change)
    settle()
    for change in ("source_digest = 'x'", "source_bytes = 1"):
        with pytest.raises(IntegrityError, match="digest of a batch"), transaction.atomic():
            _update(batch, change)
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        _update(batch, "format = 'csv'")


def _update(batch, change):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE labeling_batch SET {change} WHERE id = %s", [batch.pk])


def test_folders_are_granted_by_superusers_and_never_to_two_customers(granted):
    with pytest.raises(NotAllowed, match="superuser"):
        grant_path(customer=granted.northwind, path="more", actor=granted.mira)
    for path in ("northwind", "northwind/2026"):
        with pytest.raises(Conflict, match="Another customer"):
            grant_path(customer=granted.meridian, path=path, actor=granted.boss)
    grant_path(customer=granted.meridian, path="northwind-two", actor=granted.boss)
    end_grant(grant=granted.grant, actor=granted.boss)
    grant_path(customer=granted.meridian, path="northwind", actor=granted.boss)
