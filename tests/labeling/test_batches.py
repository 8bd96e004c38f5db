"""Uploads: everything sound is taken, once; the rest is said; nothing is half done."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.storage import storages
from django.db import DatabaseError

from config.kernel.errors import Conflict, Invalid
from labeling.errors import NotItems
from labeling.models import Batch, Item, ItemVersion, RejectedRow, Round, StagedRow, Task
from labeling.services import acceptance
from labeling.services.acceptance import refuse_batch
from labeling.services.batches import keep_source, receive_batch
from labeling.services.ingest import ingest_batch
from labeling.services.projects import pause_project
from quality.models import GoldItem
from tests.factories import item_row, lines, settle, upload


def receive(cast, content, name="items.ndjson", **more):
    source = keep_source(project=cast.project, source=io.BytesIO(content), name=name)
    return receive_batch(project=cast.project, name=name, source=source, actor=cast.dana, **more)


def test_a_batch_becomes_items_rounds_and_tasks(cast):
    batch = upload(cast.project, cast.dana, item_row("one"), item_row("two"))
    assert (batch.state, batch.rows_read, batch.items_created, batch.tasks_generated) == ("accepted", 2, 2, 6)
    assert list(Item.objects.order_by("external_id").values_list("external_id", "state")) == [
        ("one", "in_progress"),
        ("two", "in_progress"),
    ]
    assert Round.objects.count() == 2
    assert sorted(Task.objects.values_list("slot", flat=True)) == [0, 0, 1, 1, 2, 2]
    assert not StagedRow.objects.exists()
    assert ItemVersion.objects.filter(number=1).count() == 2


def test_the_source_is_kept_as_it_came(cast):
    content = lines(item_row("one"))
    batch, _ = receive(cast, content)
    with storages["sources"].open(batch.source_path) as kept:
        assert kept.read() == content
    assert batch.source_bytes == len(content)


def test_bad_rows_are_kept_with_line_and_reason_and_stop_no_other(cast):
    batch = upload(cast.project, cast.dana, item_row("one"), b"nonsense", item_row("two", difficulty=9))
    assert (batch.state, batch.rows_read, batch.items_created, batch.rejected) == ("accepted", 3, 1, 2)
    assert list(RejectedRow.objects.order_by("line").values_list("line", "field")) == [
        (2, ""),
        (3, "difficulty"),
    ]


def test_the_same_upload_again_is_the_same_batch(cast):
    content = lines(item_row("one"))
    first, is_new = receive(cast, content)
    again, is_new_again = receive(cast, content, name="other-name.ndjson")
    assert (first.pk, is_new, is_new_again) == (again.pk, True, False)
    settle()
    assert Item.objects.count() == 1


def test_the_same_item_again_is_a_duplicate_and_other_content_a_conflict(cast):
    upload(cast.project, cast.dana, item_row("one"), item_row("two"))
    batch = upload(
        cast.project, cast.dana, item_row("one"), item_row("two", difficulty=1), item_row("three"), item_row("three"),
        item_row("three", difficulty=5),
    )  # fmt: skip
    assert (batch.items_created, batch.duplicates, batch.conflicts, batch.rejected) == (1, 2, 2, 0)
    assert list(RejectedRow.objects.order_by("line").values_list("line", "field")) == [
        (2, "external_id"),
        (5, "external_id"),
    ]
    assert ItemVersion.objects.get(item__external_id="two").difficulty == 3


def test_a_file_without_one_sound_row_is_refused_and_may_be_sent_again(cast):
    batch = upload(cast.project, cast.dana, b"a;b;c", b"1;2;3")
    assert (batch.state, batch.rejected) == ("refused", 2)
    assert batch.fault.startswith("No row of 2 can be used; line 1: The line is not JSON")
    assert not Item.objects.exists()
    again, is_new = receive(cast, lines(b"a;b;c", b"1;2;3"))
    assert is_new
    assert again.pk != batch.pk


@pytest.mark.parametrize("content", [b"", b"\n\n", b"PK\x03\x04", b"[{}]"])
def test_a_file_that_cannot_hold_items_leaves_nothing(cast, content):
    with pytest.raises(NotItems):
        receive(cast, content)
    assert not Batch.objects.exists()


def test_a_parquet_column_with_nul_in_its_name_refuses_the_file(cast):
    written = io.BytesIO()
    pq.write_table(pa.table({"external_id": ["a"], "prompt": ["Q"], "a\x00b": [b"x"]}), written)
    batch, _ = receive(cast, written.getvalue(), "items.parquet")
    ingest_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    assert batch.state == "refused"
    refuse_batch(batch_id=receive(cast, lines(item_row("one")))[0].pk, fault="a\x00b\ud800")
    assert Batch.objects.order_by("id").last().fault == "a�b?"


def test_a_file_beyond_the_limit_is_refused(cast, settings):
    settings.UPLOADED_BYTES_MOST = 100
    with pytest.raises(Invalid, match="larger than"):
        receive(cast, lines(item_row("one")))
    assert not Batch.objects.exists()


def test_a_project_that_is_not_open_takes_no_uploads(cast):
    pause_project(project=cast.project, actor=cast.mira)
    cast.project.refresh_from_db()
    with pytest.raises(Conflict, match="paused"):
        receive(cast, lines(item_row("one")))


def test_a_crash_while_accepting_leaves_no_item_and_the_next_try_takes_all(cast, monkeypatch):
    batch, _ = receive(cast, lines(item_row("one"), b"bad", item_row("two")))
    monkeypatch.setattr(acceptance, "ACCEPT", acceptance.ACCEPT + "RETURNING 1/0")
    with pytest.raises(DatabaseError):
        ingest_batch(batch_id=batch.pk)
    assert not Item.objects.exists()
    monkeypatch.undo()
    ingest_batch(batch_id=batch.pk)
    ingest_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.items_created, batch.rejected) == ("accepted", 2, 1)
    assert Item.objects.count() == 2


def test_an_expected_answer_makes_gold_that_is_never_judged_as_work(cast):
    expected = {"answer": {"preference": {"choice": "a"}}, "explanation": "Paris is right."}
    upload(cast.project, cast.dana, item_row("gold", expected=expected), item_row("plain"))
    gold = GoldItem.objects.get()
    assert (gold.expected, gold.explanation) == ({"preference": {"choice": "a"}}, "Paris is right.")
    assert Item.objects.get(external_id="gold").state == "gold"
    assert set(Task.objects.filter(round=gold.round).values_list("kind", flat=True)) <= {"gold"}
