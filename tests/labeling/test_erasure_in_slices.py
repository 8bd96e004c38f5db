"""The files of what was erased go in jobs of bounded time: each goes on where the last one stopped, or was killed."""

import pytest
from django.core.files.storage import storages

from config import erasures as roof
from config.kernel.jobs import enqueue
from labeling.models import Batch, Erasure, Item
from labeling.services import erased_files
from labeling.services.erasures import erase_item
from tests.cast import gather_cast
from tests.erasing import WORD, plant_word
from tests.factories import freeze, item_row, run_jobs, settle, upload
from tests.traces import empty_files, files_with, tables_with


@pytest.fixture
def planted(transactional_db, monkeypatch):
    """Every job has no time but for the least that it does."""
    empty_files()
    planted = plant_word(gather_cast())
    monkeypatch.setattr(roof, "SECONDS_A_JOB", 0.0)
    return planted


def erase_both(cast):
    for name in ("spoken", "silent"):
        erase_item(item=Item.objects.get(external_id=name), reason="Asked for", actor=cast.dana)


def finish_by_steps(cast):
    """Run the job until nothing is left of it to do; return how often it ran."""
    runs = 0
    while Erasure.objects.filter(finished_at=None).exists():
        roof.finish(cast.northwind.pk)
        runs += 1
        assert runs < 50
    return runs


def test_an_erasure_is_finished_in_as_many_jobs_as_it_takes(planted):
    others = [
        upload(planted.project, planted.dana, b"not JSON", item_row(f"sound-{n}"), name=f"o{n}") for n in range(3)
    ]
    naming = upload(planted.project, planted.dana, b"not JSON: spoken", item_row("sound"), name="naming")
    later = freeze(planted.project, planted.dana)
    erase_both(planted)
    assert finish_by_steps(planted) >= 7
    assert (tables_with(WORD), files_with(WORD)) == (set(), set())
    naming.refresh_from_db()
    assert naming.source_erased_at is not None
    assert list(Batch.objects.filter(source_erased_at=None).order_by("pk")) == others
    assert set(Erasure.objects.values_list("searched_through", "searched_bytes")) == {(naming.pk, 0)}
    assert later.pk in set(Erasure.objects.values_list("rewritten_through", flat=True))


def test_a_job_whose_time_is_up_queues_the_next(planted):
    erase_both(planted)
    enqueue("config.erasures.finish", planted.northwind.pk, queue="bulk")
    assert run_jobs() > 1
    settle()
    assert files_with(WORD) == set()
    assert not Erasure.objects.filter(finished_at=None).exists()


def test_one_long_file_is_searched_in_pieces_and_what_lies_across_two_is_found(planted, monkeypatch):
    monkeypatch.setattr(erased_files, "CHUNK", 64)
    upload(planted.project, planted.dana, b"nothing " * 100, item_row("first"), name="kept")
    end = b"x" * 150 + b" spoken " + b"y" * 150
    upload(planted.project, planted.dana, end, item_row("second"), name="long")
    erase_item(item=planted.item, reason="Asked for", actor=planted.dana)
    seen = set()
    while Erasure.objects.filter(finished_at=None).exists():
        roof.finish(planted.northwind.pk)
        seen.add(Erasure.objects.values_list("searched_through", "searched_bytes").get())
    assert len(seen) > 5
    assert list(Batch.objects.filter(source_erased_at=None).values_list("name", flat=True)) == ["kept"]


def test_what_was_searched_is_not_searched_again_for_another_erasure_alone(planted, monkeypatch):
    upload(planted.project, planted.dana, b"not JSON", item_row("sound"), name="other")
    erase_item(item=planted.item, reason="Asked for", actor=planted.dana)
    for _ in range(3):
        roof.finish(planted.northwind.pk)
    assert Erasure.objects.get().finished_at is None
    erase_item(item=Item.objects.get(external_id="silent"), reason="Asked for", actor=planted.dana)
    finish_by_steps(planted)
    assert set(Erasure.objects.values_list("searched_through", flat=True)) == {Batch.objects.get(name="other").pk}
    assert storages["sources"].exists(Batch.objects.get(name="other").source_path)
    assert files_with(WORD) == set()
