"""An erasure that is under way while an upload of its item is accepted, or an answer to it comes: real threads and commits."""

import threading
import time

import pytest
from django.db import connection, connections, transaction

from config.kernel.errors import Conflict
from labeling.models import Item, ItemVersion, RejectedRow, StagedRow, UnplacedAnswer
from labeling.services.erasures import erase_item
from labeling.services.ingest import ingest_batch
from routing.errors import LeaseOver
from routing.services.submits import submit_task
from tests.cast import gather_cast
from tests.erasing import WORD
from tests.factories import item_row, lines, prefer, settle, take, upload
from tests.labeling.test_batches import receive
from tests.traces import empty_files, tables_with


@pytest.fixture
def cast(transactional_db):
    empty_files()
    cast = gather_cast()
    upload(cast.project, cast.dana, item_row("one"))
    cast.item = Item.objects.get()
    return cast


def while_it_is_erased(cast, call):
    """Make the call while the item's erasure waits to be committed, which it is once the call waits for its locks."""
    is_erased = threading.Event()
    waited: list[bool] = []

    def erase():
        try:
            with transaction.atomic():
                erase_item(item=cast.item, reason="Asked for", actor=cast.dana)
                is_erased.set()
                waited.append(is_waited_for())
        finally:
            is_erased.set()
            connections.close_all()

    thread = threading.Thread(target=erase)
    thread.start()
    is_erased.wait()
    try:
        call()
    finally:
        thread.join()
        assert waited == [True]


def is_waited_for():
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
            if cursor.fetchone()[0]:
                return True
            time.sleep(0.05)
    return False


def news(cast, **more):
    batch, _ = receive(cast, lines(item_row("one", metadata={"note": WORD}), item_row("two")), **more)
    return batch


def test_an_upload_that_is_accepted_meanwhile_brings_an_erased_item_nothing(cast):
    batch = news(cast, on_conflict="new_version")

    def accept():
        with pytest.raises(Conflict, match="tried again"):
            ingest_batch(batch_id=batch.pk)

    while_it_is_erased(cast, accept)
    assert ItemVersion.objects.count() == 1
    settle()
    batch.refresh_from_db()
    assert (batch.items_created, batch.versions_created, batch.conflicts) == (1, 0, 1)
    item = Item.objects.select_related("current_version").get(external_id="one")
    assert (item.state, item.current_version.number, item.current_version.payload["messages"]) == ("withdrawn", 1, [])
    assert RejectedRow.objects.get().reason.startswith("The item with this external id was erased")
    assert not StagedRow.objects.exists()
    assert tables_with(WORD) == set()


def test_a_conflict_with_an_item_that_is_erased_meanwhile_keeps_no_words(cast):
    batch = news(cast)
    while_it_is_erased(cast, lambda: ingest_batch(batch_id=batch.pk))
    settle()
    batch.refresh_from_db()
    assert (batch.items_created, batch.conflicts) == (1, 1)
    assert RejectedRow.objects.values_list("field", "excerpt", "raw").get() == ("external_id", "", "")
    assert tables_with(WORD) == set()


def test_a_batch_read_after_the_erasure_keeps_no_words_of_the_item(cast):
    batch = news(cast)
    erase_item(item=cast.item, reason="Asked for", actor=cast.dana)
    settle()
    batch.refresh_from_db()
    assert (batch.items_created, batch.conflicts) == (1, 1)
    assert RejectedRow.objects.values_list("excerpt", "raw").get() == ("", "")
    assert tables_with(WORD) == set()


def test_a_faulty_row_read_after_the_erasure_keeps_no_words_of_the_item(cast):
    rows = [item_row(name, difficulty=9, metadata={"note": word}) for name, word in (("one", WORD), ("two", "kept"))]
    batch, _ = receive(cast, lines(*rows, item_row("three")))
    erase_item(item=cast.item, reason="Asked for", actor=cast.dana)
    settle()
    mine, other = RejectedRow.objects.filter(batch=batch).order_by("line")
    assert (mine.field, mine.excerpt, mine.raw) == ("", "", "")
    assert "kept" in other.raw
    assert tables_with(WORD) == set()


def test_an_answer_that_waited_for_the_erasure_is_not_kept(cast):
    token = take(cast.anna).token

    def answer():
        with pytest.raises(LeaseOver, match="erased"):
            submit_task(user=cast.anna.user, token=token, answers=prefer("a", rationale=WORD), seconds=1.0)

    while_it_is_erased(cast, answer)
    assert not UnplacedAnswer.objects.exists()
    assert tables_with(WORD) == set()
