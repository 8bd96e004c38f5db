"""A row that was refused, mended and accepted leaves nothing behind when its item is erased, however it was spelled."""

import gzip
import io
import json
from importlib import import_module

import pytest
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from labeling.models import Batch, Item, RejectedRow
from labeling.services.batches import keep_source, receive_batch
from labeling.services.erasures import erase_item, erase_upload
from tests.cast import gather_cast
from tests.factories import item_row, lines, settle, upload
from tests.traces import empty_files, files_with, tables_with

WORD = "wrynecked"


@pytest.fixture
def cast(transactional_db):
    empty_files()
    return gather_cast()


def said(external_id, **more):
    return item_row(external_id, messages=[{"role": "user", "content": WORD}], **more)


def erase_mended(cast, external_id, refused):
    """The row is refused beside a sound one, mended, accepted and erased."""
    first = upload(cast.project, cast.mira, refused, item_row("other"), name="first")
    assert (first.state, first.rejected) == ("accepted", 1)
    upload(cast.project, cast.mira, said(external_id), name="second")
    assert tables_with(WORD) >= {"labeling_rejectedrow", "labeling_itemversion"}
    item = Item.objects.get(project=cast.project, external_id=external_id)
    erasure = erase_item(item=item, reason="Asked for", actor=cast.dana)
    settle()
    first.refresh_from_db()
    return first, erasure


REFUSED = {
    "letters escaped": ("Ärzte-1", json.dumps(said("Ärzte-1", difficulty=9)).encode()),
    "slashes escaped": ("set/001", json.dumps(said("set/001", difficulty=9)).replace("set/", "set\\/").encode()),
    "a plain letter escaped": (
        "spelt",
        json.dumps(said("spelt", difficulty=9)).replace("spelt", "sp\\u0065lt").encode(),
    ),
    "a number": ("77", json.dumps(said(77)).encode()),
    "named id": ("row-7", json.dumps({"id": "row-7", **said("")}).replace('"external_id": "", ', "").encode()),
    "the id beyond what is kept": (
        "long-1",
        json.dumps({"metadata": {"long": f"{WORD} {'x ' * 40_000}"}, **said("long-1", difficulty=9)}).encode(),
    ),
    "quoted in the reason": ("said-1", json.dumps(said("said-1", language=f"{WORD}-")).encode()),
    "quoted in the field": ("said-2", json.dumps(said("said-2", **{f"{WORD}_field": 1})).encode()),
    "not JSON, and escaped": ("Öl-1", json.dumps(said("Öl-1")).encode()[:-1]),
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_mended_row_goes_with_its_item_and_so_does_its_file(cast, how):
    first, erasure = erase_mended(cast, *REFUSED[how])
    assert (tables_with(WORD), files_with(WORD)) == (set(), set())
    row = RejectedRow.objects.get(batch=first)
    assert (row.field, row.reason, row.excerpt, row.raw) == ("", "Erased.", "", "")
    assert erasure.counts["rejects"] == 1
    assert first.source_erased_at is not None


def test_refused_rows_of_other_items_stay(cast):
    others = [json.dumps(item_row(name, difficulty=9)).encode() for name in ("Übung-1", "set/002", "plain")]
    kept = upload(cast.project, cast.mira, *others, item_row("sound"), name="kept")
    before = list(RejectedRow.objects.filter(batch=kept).order_by("line").values())
    assert [row["external_id"] for row in before] == ["Übung-1", "set/002", "plain"]
    erase_mended(cast, *REFUSED["letters escaped"])
    assert list(RejectedRow.objects.filter(batch=kept).order_by("line").values()) == before


def test_an_upload_refused_whole_quotes_the_item_no_more(cast):
    refused = upload(cast.project, cast.mira, said("said-1", language=f"{WORD}-"), name="refused")
    assert (refused.state, WORD in refused.fault) == ("refused", True)
    upload(cast.project, cast.mira, said("said-1"), name="second")
    erase_item(item=Item.objects.get(external_id="said-1"), reason="Asked for", actor=cast.dana)
    settle()
    assert (tables_with(WORD), files_with(WORD)) == (set(), set())
    assert Batch.objects.get(pk=refused.pk).fault == "Erased."


def test_retention_leaves_no_reason_of_an_upload_that_became_no_item(cast):
    refused = upload(cast.project, cast.mira, said("said-1", language=f"{WORD}-"), name="refused")
    erase_upload(batch=refused, reason="Retention")
    settle()
    refused.refresh_from_db()
    assert (tables_with(WORD), files_with(WORD), refused.fault) == (set(), set(), "Erased.")
    assert list(RejectedRow.objects.values_list("field", "reason", "raw")) == [("", "Erased.", "")]


def test_a_refused_row_with_an_erased_items_id_keeps_no_words(cast):
    upload(cast.project, cast.mira, item_row("Ärzte-1"), name="first")
    erase_item(item=Item.objects.get(external_id="Ärzte-1"), reason="Asked for", actor=cast.dana)
    settle()
    late = upload(cast.project, cast.mira, said("Ärzte-1", language=f"{WORD}-"), item_row("other"), name="late")
    assert tables_with(WORD) == set()
    assert RejectedRow.objects.get(batch=late).external_id == "Ärzte-1"


def test_a_file_that_could_not_be_read_to_its_end_is_searched_too(cast):
    many = lines(*(item_row(f"row-{n}", metadata={"long": "x" * 30_000}) for n in range(200)), said("cut-1"))
    source = keep_source(project=cast.project, source=io.BytesIO(gzip.compress(many)[:-8]), name="cut")
    broken, _ = receive_batch(project=cast.project, name="cut", source=source, actor=cast.mira)
    settle()
    broken.refresh_from_db()
    assert (broken.state, broken.rows_read) == ("refused", 0)
    upload(cast.project, cast.mira, said("cut-1"), name="whole")
    erase_item(item=Item.objects.get(external_id="cut-1"), reason="Asked for", actor=cast.dana)
    settle()
    broken.refresh_from_db()
    assert broken.source_erased_at is not None


def catch_up():
    """Run the migration that finishes earlier erasures, as the owner."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(import_module("labeling.migrations.0016_erasures_caught_up").CATCH_UP)
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(settings.RUNTIME_ROLE["USER"])))


def as_it_was(row, **before):
    """Put back what an earlier release's erasure had left of the row."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE; ALTER TABLE labeling_rejectedrow DISABLE TRIGGER immutable_when")
        RejectedRow.objects.filter(pk=row.pk).update(**before)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE labeling_rejectedrow ENABLE TRIGGER immutable_when")
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(settings.RUNTIME_ROLE["USER"])))


def test_erasures_before_these_rules_are_finished_by_the_migration(cast):
    first, _ = erase_mended(cast, *REFUSED["letters escaped"])
    left = {"reason": f"{WORD} is no language", "field": WORD, "external_id": None}
    as_it_was(RejectedRow.objects.get(batch=first), raw=REFUSED["letters escaped"][1].decode(), **left)
    held = upload(cast.project, cast.mira, said("held"), b"not JSON", name="held")
    erase_item(item=Item.objects.get(external_id="held"), reason="Asked for", actor=cast.dana)
    as_it_was(RejectedRow.objects.get(batch=held), **left)
    alone = upload(cast.project, cast.mira, said("said-1", language=f"{WORD}-"), name="alone")
    erase_upload(batch=alone, reason="Retention")
    as_it_was(RejectedRow.objects.get(batch=alone), reason=f"{WORD}- is no language")
    other = upload(cast.project, cast.mira, json.dumps(item_row("plain", difficulty=9)).encode(), item_row("sound"))
    kept = RejectedRow.objects.filter(batch=other).values().get()
    assert tables_with(WORD) == {"labeling_rejectedrow"}
    catch_up()
    assert tables_with(WORD) == set()
    assert RejectedRow.objects.filter(batch=other).values().get() == kept
    catch_up()


def test_the_migration_does_nothing_where_nothing_was_erased(cast):
    catch_up()
    refused = upload(cast.project, cast.mira, said("said-1", language=f"{WORD}-"), item_row("sound"))
    catch_up()
    assert WORD in RejectedRow.objects.get(batch=refused).raw


@pytest.mark.parametrize("name", ["plain", "set-7", "Öl 1", "+/+", "a b", "北京"])
def test_a_row_that_mentions_the_item_goes_whatever_it_is_called_and_the_id_is_a_word_of_it(cast, name):
    of_other = upload(
        cast.project,
        cast.mira,
        json.dumps(item_row("other", difficulty=9, metadata={"see": f"({name})"}), ensure_ascii=False).encode(),
        json.dumps(item_row("third", difficulty=9, metadata={"see": f"x{name}x"}), ensure_ascii=False).encode(),
        item_row("sound"),
    )
    upload(cast.project, cast.mira, said(name), name="second")
    erase_item(item=Item.objects.get(external_id=name), reason="Asked for", actor=cast.dana)
    mine = RejectedRow.objects.get(batch=of_other, external_id="other")
    assert (mine.reason, mine.raw) == ("Erased.", "")
    kept = RejectedRow.objects.get(batch=of_other, external_id="third")
    assert kept.raw != ""


@pytest.mark.parametrize("name", ["set-7", "plain", "two plain", "+/+", "北京"])
def test_an_erasure_reads_no_more_rows_where_more_were_refused(cast, name):
    """What it finds of a project's refused rows, it finds by the indexes: their number is not in its cost."""
    upload(cast.project, cast.mira, said(name), name="second")
    item = Item.objects.get(external_id=name)
    grow_rejects(cast, 20_000)
    before = rows_read()
    erase_item(item=item, reason="Asked for", actor=cast.dana)
    assert rows_read() - before < 100


def rows_read():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'labeling_rejectedrow'"
        )
        return cursor.fetchone()[0]


def grow_rejects(cast, count):
    """Refused rows of other items, some of them without an id, in the way that one is written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO labeling_batch (customer_id, project_id, public_id, name, state, stage, source_path, source_digest,"
            " source_bytes, rows_read, items_created, duplicates, conflicts, rejected, tasks_generated, fault, uploaded_by_id,"
            " finished_at) SELECT customer_id, project_id, gen_random_uuid(), name, 'refused', stage, source_path, 'x', 1, 0,"
            " 0, 0, 0, 0, 0, '', uploaded_by_id, now() FROM labeling_batch RETURNING id"
        )
        [batch] = cursor.fetchone()
        cursor.execute(
            "INSERT INTO labeling_rejectedrow (customer_id, batch_id, line, field, reason, excerpt, raw, external_id)"
            " SELECT %s, %s, n, 'difficulty', 'Out of range', 'row-' || n, 'row-' || n || repeat(' words', 40),"
            " CASE WHEN n %% 2 = 0 THEN 'row-' || n END FROM generate_series(1, %s) n",
            [cast.northwind.pk, batch, count],
        )
        cursor.execute("RESET ROLE; ANALYZE labeling_rejectedrow")
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(settings.RUNTIME_ROLE["USER"])))
