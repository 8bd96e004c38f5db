"""A release is redacted part by part: only those that hold what was erased, each once, whoever is killed."""

from importlib import import_module

import pytest

from config.erasures import finish as finish_erasures
from delivery.models import ArtifactRedaction, ReleasePart
from delivery.services import parts
from delivery.services.stored_files import forget_unserved
from delivery.verification import verify_folder
from labeling.models import Item
from labeling.services.erasures import erase_item, erase_person
from tests.cast import gather_cast
from tests.copies import copy_item
from tests.delivery.killing import FINISH_ERASURES, in_another_process, kill, wait_for
from tests.delivery.test_redaction import TRUSTED, fetch, lines
from tests.factories import freeze, judge, resolve_items, settle, unguarded, upload_items
from tests.traces import empty_files, files_with


@pytest.fixture
def cast(transactional_db):
    empty_files()
    cast = gather_cast()
    [cast.item] = resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    return cast


def test_an_erasure_writes_only_the_parts_anew_that_hold_it(cast, monkeypatch, tmp_path):
    copy_item(cast.item, 5)
    monkeypatch.setattr(parts, "RECORDS_A_PART", 2)
    release = freeze(cast.project, cast.dana)
    erase_item(item=Item.objects.get(external_id="copy-0000003"), reason="Asked for", actor=cast.dana)
    settle()
    changed = set(ArtifactRedaction.objects.values_list("artifact__name", flat=True))
    assert {name for name in changed if name.startswith("records")} == {
        "records.jsonl",
        "records-00001-of-00003.parquet",
    }
    folder = fetch(cast, tmp_path, release)
    assert verify_folder(folder, trusted_fingerprint=TRUSTED).erased == 1
    assert [line.get("erased") for line in lines(folder)] == [None, None, True, None, None, None]
    assert forget_unserved(release) == 0


def test_a_worker_killed_while_redacting_goes_on_with_the_next_part(cast, monkeypatch, tmp_path):
    upload_items(cast.project, cast.mira, 2)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer, "a", rationale=f"So says {reviewer.user.name}.")
    settle()
    copy_item(Item.objects.get(external_id="item-001"), 598)
    monkeypatch.setattr(parts, "RECORDS_A_PART", 50)
    release = freeze(cast.project, cast.dana)
    erase_person(user=cast.anna.user, reason="Asked for", actor=cast.mira)
    ready = ReleasePart.objects.filter(rewritten__isnull=False)
    process = in_another_process(FINISH_ERASURES, cast.northwind.pk)
    wait_for(lambda: ready.count() >= 3)
    kill(process)
    done = dict(ready.values_list("pk", "rewritten"))
    assert 3 <= len(done) < 12
    assert not ArtifactRedaction.objects.exists()
    assert verify_folder(fetch(cast, tmp_path / "midway", release), trusted_fingerprint=TRUSTED).erased == 0
    wait_for(lambda: finish_erasures(cast.northwind.pk) == 1)
    assert not ready.exists()
    assert {part.pk: part.files for part in ReleasePart.objects.filter(pk__in=done)} == done
    assert files_with("So says Anna.") == set()
    verified = verify_folder(fetch(cast, tmp_path / "after", release), trusted_fingerprint=TRUSTED)
    assert (verified.records, verified.erased) == (600, 599)


def test_what_was_frozen_before_there_were_parts_is_one_part_and_is_redacted_like_any(cast, tmp_path):
    copy_item(cast.item, 2)
    release = freeze(cast.project, cast.dana)
    erase_item(item=Item.objects.get(external_id="copy-0000001"), reason="Asked for", actor=cast.dana)
    settle()
    kept = ReleasePart.objects.get()
    with unguarded("delivery_releasepart", "USER") as cursor:
        cursor.execute("DELETE FROM delivery_releasepart")
        cursor.execute(import_module("delivery.migrations.0006_earlier_releases").ONE_PART)
    made = ReleasePart.objects.get()
    assert (made.files, made.records_count, made.after, made.through) == (kept.files, 3, "", None)
    erase_item(item=Item.objects.get(external_id="copy-0000002"), reason="Asked for", actor=cast.dana)
    settle()
    folder = fetch(cast, tmp_path, release)
    assert verify_folder(folder, trusted_fingerprint=TRUSTED).erased == 2
    assert [line.get("erased") for line in lines(folder)] == [True, True, None]
