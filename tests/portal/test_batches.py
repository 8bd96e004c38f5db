"""Batches in the portal: what was not taken and why, page by page."""

import errno

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from config.portal import paging, views
from labeling.models import AccessLog, Batch
from tests.factories import item_row, lines, upload


@pytest.fixture
def dana(cast):
    client = Client()
    client.force_login(cast.dana)
    return client


def test_a_batch_shows_which_rows_were_not_taken_and_why(cast, dana, monkeypatch):
    monkeypatch.setattr(views, "REJECTS", 1)
    batch = upload(cast.project, cast.dana, item_row("one"), b"nonsense", item_row("two", difficulty=9))
    page = dana.get(f"/portal/batches/{batch.public_id}/").content.decode()
    assert "The line is not JSON" in page
    assert "difficulty is a whole number" not in page
    assert '<a href="?after=2">Further rows</a>' in page
    further = dana.get(f"/portal/batches/{batch.public_id}/?after=2").content.decode()
    assert "difficulty is a whole number from 1 to 5." in further
    assert "Further rows" not in further
    assert AccessLog.objects.filter(door="portal", object_type="labeling.rejectedrow").count() == 2
    assert dana.get(f"/portal/batches/{batch.public_id}/?after=x").status_code == 404


def test_the_portal_goes_back_to_the_first_batch(cast, dana, monkeypatch):
    monkeypatch.setattr(paging, "ROWS", 2)
    for number in range(3):
        upload(cast.project, cast.dana, item_row(f"item-{number}"), name=f"week-{number}.ndjson")
    first = dana.get(f"/portal/projects/{cast.project.public_id}/").content.decode()
    assert ("week-2.ndjson" in first, "week-1.ndjson" in first, "week-0.ndjson" in first) == (True, True, False)
    second = Batch.objects.get(name="week-1.ndjson").public_id
    assert f'<a href="?batches={second}">Earlier batches</a>' in first
    earlier = dana.get(f"/portal/projects/{cast.project.public_id}/?batches={second}").content.decode()
    assert ("week-0.ndjson" in earlier, "week-1.ndjson" in earlier, "Earlier batches" in earlier) == (
        True,
        False,
        False,
    )
    assert dana.get(f"/portal/projects/{cast.project.public_id}/?batches=nonsense").status_code == 404


def test_a_full_disk_is_said_and_nothing_is_kept(cast, dana, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(storages["sources"]), "save", full)
    content = lines(item_row("one"))
    refused = Client().post(
        f"/api/v1/projects/{cast.project.public_id}/batches", content, content_type="application/x-ndjson",
        headers=cast.bearer("dana"),
    )  # fmt: skip
    assert (refused.status_code, refused.json()["code"]) == (507, "out_of_space")
    assert "The disk is full, so nothing was kept" in refused.json()["detail"]
    page = dana.post(
        f"/portal/projects/{cast.project.public_id}/upload/", {"file": SimpleUploadedFile("a.ndjson", content)},
        follow=True,
    )  # fmt: skip
    assert "The disk is full, so nothing was kept" in page.content.decode()
    assert not Batch.objects.exists()
