"""Ingestion that is interrupted: it goes on where it stopped, or begins again, and every row counts once."""

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone
from django_q.models import OrmQ

from labeling import jobs
from labeling.models import Batch, Item, ItemVersion, RejectedRow, StagedRow
from labeling.services import ingest
from labeling.services.ingest import ingest_batch
from labeling.services.settings import change_project
from tests.cast import gather_cast
from tests.factories import item_row, lines, settle
from tests.labeling.test_batches import receive

INGEST = """
import django, sys
from django.conf import settings
settings.DATABASES["default"]["NAME"] = settings.DATABASES["default"]["TEST"]["NAME"]
settings.STORAGES["sources"]["OPTIONS"]["location"] = sys.argv[2]
django.setup()
from labeling.services import ingest
ingest.SLICE = 200
ingest.ingest_batch(batch_id=int(sys.argv[1]))
"""


def rows(count):
    return lines(*[item_row(f"item-{number:05d}") if number % 10 else b"bad" for number in range(count)])


def test_a_job_works_for_a_while_and_the_next_goes_on(cast, monkeypatch):
    monkeypatch.setattr(ingest, "SLICE", 10)
    monkeypatch.setattr(ingest, "SECONDS_A_JOB", -1.0)
    batch, _ = receive(cast, rows(35))
    OrmQ.objects.all().delete()
    seen = []
    for _ in range(3):
        jobs.ingest(batch.pk)
        batch.refresh_from_db()
        seen.append((batch.rows_read, batch.rejected, StagedRow.objects.count(), OrmQ.objects.count()))
    assert seen == [(10, 1, 9, 1), (20, 2, 18, 2), (30, 3, 27, 3)]
    settle()
    batch.refresh_from_db()
    assert (batch.state, batch.rows_read, batch.items_created, batch.rejected) == ("accepted", 35, 31, 4)
    assert list(RejectedRow.objects.order_by("line").values_list("line", flat=True)) == [1, 11, 21, 31]
    assert not StagedRow.objects.exists()


def test_staged_rows_that_are_lost_are_read_again(cast, monkeypatch):
    monkeypatch.setattr(ingest, "SLICE", 10)
    monkeypatch.setattr(ingest, "SECONDS_A_JOB", -1.0)
    batch, _ = receive(cast, rows(25))
    assert not ingest_batch(batch_id=batch.pk)
    StagedRow.objects.all().delete()
    monkeypatch.undo()
    assert not ingest_batch(batch_id=batch.pk)
    assert not Item.objects.exists()
    assert ingest_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.items_created, batch.rejected, RejectedRow.objects.count()) == ("accepted", 22, 3, 3)


def test_a_file_that_breaks_off_is_refused_whole(cast, monkeypatch):
    monkeypatch.setattr(ingest, "SLICE", 10)
    batch, _ = receive(cast, gzip.compress(rows(2000))[:-3000], name="items.ndjson.gz")
    settle()
    batch.refresh_from_db()
    assert (batch.state, batch.fault) == ("refused", "The gzip file ends early; pack and send it again.")
    assert not Item.objects.exists()
    assert not StagedRow.objects.exists()


@pytest.fixture
def killed_cast(transactional_db):
    return gather_cast()


def test_a_project_takes_uploads_while_a_batch_of_it_is_accepted(killed_cast):
    """Real threads: the acceptance is held open, and another upload and a change of settings go through meanwhile."""
    first, _ = receive(killed_cast, rows(25))
    Batch.objects.update(worked_at=timezone.now() - timedelta(hours=1))
    failures = []

    def go_on():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '3s'")
            receive(killed_cast, rows(15), name="other.ndjson")
            change_project(project=killed_cast.project, changes={"hold_flagged": ["language"]}, actor=killed_cast.mira)
            jobs.sweep_batches()
        except Exception as failure:  # noqa: BLE001 - told to the main thread, which fails on it
            failures.append(failure)
        finally:
            connections.close_all()

    with transaction.atomic():
        assert ingest_batch(batch_id=first.pk)
        thread = threading.Thread(target=go_on)
        thread.start()
        thread.join()
    assert failures == []
    first.refresh_from_db()
    assert (first.state, first.items_created) == ("accepted", 22)
    assert Batch.objects.filter(state="received").count() == 1


def test_a_batch_that_is_worked_on_is_not_queued_again(cast, monkeypatch):
    monkeypatch.setattr(ingest, "SLICE", 10)
    monkeypatch.setattr(ingest, "SECONDS_A_JOB", -1.0)
    batch, _ = receive(cast, rows(35))
    long_ago = timezone.now() - timedelta(hours=1)
    Batch.objects.update(created_at=long_ago, worked_at=long_ago)
    jobs.ingest(batch.pk)
    OrmQ.objects.all().delete()
    assert jobs.sweep_batches() == 0
    Batch.objects.update(worked_at=long_ago)
    assert [jobs.sweep_batches(), jobs.sweep_batches()] == [1, 0]
    assert [queued.task["func"] for queued in OrmQ.objects.all()] == ["labeling.jobs.ingest"]


@pytest.mark.slow
def test_a_killed_worker_leaves_no_trace_and_the_next_takes_every_row_once(killed_cast):
    batch, _ = receive(killed_cast, rows(20_000))
    command = [sys.executable, "-c", INGEST, str(batch.pk), str(settings.STORAGES["sources"]["OPTIONS"]["location"])]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    kills = 0
    for least in (200, 4000, 20_000):
        process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment)
        ends = time.monotonic() + 120
        while Batch.objects.get(pk=batch.pk).rows_read < least and process.poll() is None:
            assert time.monotonic() < ends
            time.sleep(0.01)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
        assert Item.objects.count() in {0, 18_000}
    assert kills >= 2
    ends = time.monotonic() + 60
    while not ingest_batch(batch_id=batch.pk) or Batch.objects.get(pk=batch.pk).state == "received":
        assert time.monotonic() < ends  # until the server has noticed that the killed one is gone
    batch.refresh_from_db()
    assert (batch.state, batch.rows_read, batch.items_created, batch.rejected) == ("accepted", 20_000, 18_000, 2000)
    assert (Item.objects.count(), ItemVersion.objects.count()) == (18_000, 18_000)
    assert RejectedRow.objects.count() == 2000
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM labeling_stagedrow")
        assert cursor.fetchone()[0] == 0
