"""A row that was refused, mended and accepted leaves nothing behind when its item is erased, however it was spelled."""

import gzip
import io
import json

import pytest

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
