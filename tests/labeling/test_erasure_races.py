"""An erasure that is under way while an upload of its item is accepted, or an answer to it comes: real threads and commits."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from config.kernel.errors import Conflict
from labeling.models import Item, ItemVersion, RejectedRow, StagedRow, Task, UnplacedAnswer
from labeling.services import ingest
from labeling.services.erasures import erase_item
from labeling.services.ingest import ingest_batch
from routing.errors import LeaseOver
from routing.models import Lease
from routing.services.submits import submit_task
from tests.cast import gather_cast
from tests.erasing import WORD
from tests.factories import item_row, judge, lines, prefer, settle, take, upload
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
    while_erased(lambda: erase_item(item=cast.item, reason="Asked for", actor=cast.dana), call)


def while_erased(erasing, call):
    is_erased = threading.Event()
    waited: list[bool] = []

    def erase():
        try:
            with transaction.atomic():
                erasing()
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


def late_answer(cast):
    """Anna's lease ends, Bela takes and answers the task, and Anna's answer is still to come: return how it is sent."""
    token = take(cast.anna).token
    Lease.objects.update(until="2020-01-01T00:00:00Z")
    for reviewer in (cast.bela, cast.cleo, cast.dido):
        judge(reviewer)
    assert not Task.objects.exclude(state="completed").exists()
    return lambda: submit_task(user=cast.anna.user, token=token, answers=prefer("b", rationale=WORD), seconds=1.0)


def test_a_late_answer_to_a_task_that_is_over_waits_for_the_erasure_and_is_not_kept(cast):
    answer = late_answer(cast)

    def too_late():
        with pytest.raises(LeaseOver, match="erased"):
            answer()

    while_it_is_erased(cast, too_late)
    assert not UnplacedAnswer.objects.exists()
    assert tables_with(WORD) == set()


def test_an_answer_beside_another_waits_for_the_erasure_and_is_not_kept(cast):
    token = take(cast.anna).token
    submit_task(user=cast.anna.user, token=token, answers=prefer("a"), seconds=1.0)

    def again():
        with pytest.raises(LeaseOver, match="erased"):
            submit_task(user=cast.anna.user, token=token, answers=prefer("b", rationale=WORD), seconds=1.0)

    while_it_is_erased(cast, again)
    assert tables_with(WORD) == set()


def test_an_erasure_waits_for_a_late_answer_that_is_being_kept_and_empties_it(cast):
    answer = late_answer(cast)
    erased_while(cast, answer)
    assert UnplacedAnswer.objects.values_list("answers", flat=True).get() == {}
    assert tables_with(WORD) == set()


def test_a_late_answer_to_a_task_that_somebody_holds_stops_no_erasure(cast):
    """The task is still to be done: the erasure wants it, and would wait for whoever has it and waits for the item."""
    token = take(cast.anna).token
    Lease.objects.update(until="2020-01-01T00:00:00Z")
    for reviewer in (cast.bela, cast.cleo, cast.dido):
        take(reviewer)

    def too_late():
        with pytest.raises(LeaseOver, match="erased"):
            submit_task(user=cast.anna.user, token=token, answers=prefer("b", rationale=WORD), seconds=1.0)

    while_it_is_erased(cast, too_late)
    assert tables_with(WORD) == set()


def erased_while(cast, write):
    """Erase the item while what was written waits to be committed, which it is once the erasure waits for its locks."""
    erased_during(lambda: erase_item(item=cast.item, reason="Asked for", actor=cast.dana), write)


def erased_during(erasing, write):
    def erase():
        try:
            erasing()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            write()
            erased = other.submit(erase)
            assert is_waited_for()
        erased.result()


def unreadable(external_id):
    return b'{"external_id": "%s", "messages": "%s" "%s"' % (external_id.encode(), WORD.encode(), b"\\u00e4")


@pytest.mark.parametrize("row", [unreadable("o\\u006ee"), json.dumps(item_row("one", language=f"{WORD}-")).encode()])
def test_a_refused_row_that_is_staged_while_its_item_is_erased_keeps_no_words(cast, row):
    batch, _ = receive(cast, lines(row, item_row("three")))
    while_it_is_erased(cast, lambda: ingest_batch(batch_id=batch.pk))
    settle()
    assert RejectedRow.objects.values_list("field", "reason", "excerpt", "raw").get() == ("", "Erased.", "", "")
    assert tables_with(WORD) == set()


def test_an_erasure_waits_for_refused_rows_that_are_being_staged_and_empties_them(cast):
    batch, _ = receive(cast, lines(unreadable("o\\u006ee"), item_row("three")))
    erased_while(cast, lambda: ingest_batch(batch_id=batch.pk))
    settle()
    assert RejectedRow.objects.values_list("field", "reason", "excerpt", "raw").get() == ("", "Erased.", "", "")
    assert tables_with(WORD) == set()


def test_a_batch_without_a_sound_row_quotes_nothing_of_an_item_that_is_erased_meanwhile(cast, monkeypatch):
    batch, _ = receive(cast, lines(item_row("one", language=f"{WORD}-")))
    monkeypatch.setattr(ingest, "SLICE", 1)
    monkeypatch.setattr(ingest, "SECONDS_A_JOB", 0.0)
    assert not ingest_batch(batch_id=batch.pk)
    assert WORD in RejectedRow.objects.get().reason
    while_it_is_erased(cast, lambda: ingest_batch(batch_id=batch.pk))
    batch.refresh_from_db()
    assert (batch.state, WORD in batch.fault) == ("refused", False)
    assert tables_with(WORD) == set()


def test_an_unreadable_row_read_after_the_erasure_keeps_no_words_and_one_that_came_later_does(cast):
    batch, _ = receive(cast, lines(unreadable("o\\u006ee"), item_row("three")))
    erase_item(item=cast.item, reason="Asked for", actor=cast.dana)
    settle()
    assert RejectedRow.objects.filter(batch=batch).values_list("reason", "raw").get() == ("Erased.", "")
    later = upload(cast.project, cast.dana, b"not JSON", item_row("four"), name="later")
    assert RejectedRow.objects.get(batch=later).excerpt == "not JSON"
