"""Releases are frozen and redacted in stages: whoever is killed loses one, and the files are the same bytes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_q.models import OrmQ

from config.erasures import finish as finish_erasures
from config.kernel.models import Event
from delivery import jobs
from delivery.models import Artifact, Release, ReleaseEntry, ReleasePart, StagedEntry
from delivery.services import parts
from delivery.services.freezing import freeze_release
from delivery.services.holds import place_hold
from delivery.services.releases import request_release
from delivery.services.stored_files import forget_unserved
from delivery.verification import verify_folder
from labeling.models import Annotation, Erasure, Item
from labeling.services.erasures import erase_item
from labeling.services.judgments import invalidate_annotation
from quality.jobs import resolve_rounds
from quality.models import Doubt, Fall
from quality.services import falls
from quality.services.falls import doubt_work
from tests.cast import gather_cast
from tests.copies import copy_item
from tests.delivery.killing import FREEZE, in_another_process, is_somebody_waiting, kill, wait_for, wait_for_parts
from tests.delivery.test_formats import loaded_by_datasets
from tests.delivery.test_redaction import TRUSTED, fetch
from tests.factories import freeze, judge, resolve_items, settle, upload_items
from tests.standings import found_right, standing_of
from tests.traces import empty_files, files_with


@pytest.fixture
def cast(transactional_db):
    empty_files()
    cast = gather_cast()
    [cast.item] = resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    return cast


def ask(cast):
    return request_release(project=cast.project, actor=cast.dana)


def finish(release):
    """Freeze the release here, once the server has noticed that the killed worker is gone."""
    wait_for(lambda: freeze_release(release_id=release.pk) and Release.objects.get(pk=release.pk).state != "requested")
    release.refresh_from_db()
    return release


def content(release):
    """What is the same in two releases of the same records: every file but those that name the release."""
    named = {"README.md", "manifest.json", "manifest.json.sig"}
    return dict(Artifact.objects.filter(release=release).exclude(name__in=named).values_list("name", "sha256"))


def manifest(release):
    """The manifest but for which release it is, and for the file that names it."""
    kept = {key: value for key, value in release.manifest.items() if key != "release"}
    return {**kept, "files": [each for each in kept["files"] if each["name"] != "README.md"]}


def names(release):
    return list(release.entries.order_by("external_id").values_list("external_id", flat=True))


def test_many_records_come_in_stages_each_kept_before_the_next(cast, monkeypatch, tmp_path):
    copy_item(cast.item, 2999)
    monkeypatch.setattr(parts, "RECORDS_A_PART", 700)
    monkeypatch.setattr(jobs, "SECONDS_A_JOB", -1.0)
    release = ask(cast)
    seen = []
    while release.state == "requested":
        OrmQ.objects.all().delete()
        jobs.freeze(release.pk)
        release.refresh_from_db()
        queued = [row.task["func"] for row in OrmQ.objects.all()].count("delivery.jobs.freeze")
        seen.append((release.records_count, release.expected_count, StagedEntry.objects.count(), queued))
    assert seen == [
        (700, 3000, 700, 1),
        (1400, 3000, 1400, 1),
        (2100, 3000, 2100, 1),
        (2800, 3000, 2800, 1),
        (3000, 3000, 3000, 1),
        (3000, 3000, 0, 0),
    ]
    assert (release.state, release.outcomes, ReleaseEntry.objects.count()) == ("frozen", {"agreed": 3000}, 3000)
    verified = verify_folder(fetch(cast, tmp_path, release), trusted_fingerprint=TRUSTED)
    assert (verified.records, verified.content_digest) == (3000, release.content_digest)


def test_the_lines_are_the_same_in_however_many_parts_and_the_datasets_library_takes_their_tables(
    cast, monkeypatch, tmp_path
):
    copy_item(cast.item, 9)
    whole = freeze(cast.project, cast.dana)
    monkeypatch.setattr(parts, "RECORDS_A_PART", 4)
    release = freeze(cast.project, cast.dana)
    assert [part.records_count for part in release.parts.order_by("after")] == [4, 4, 2]
    assert release.content_digest == whole.content_digest
    assert {name: sha for name, sha in content(release).items() if not name.endswith("parquet")} == {
        name: sha for name, sha in content(whole).items() if not name.endswith("parquet")
    }
    assert sorted(name for name in content(release) if name.startswith("records")) == [
        "records-00000-of-00003.parquet",
        "records-00001-of-00003.parquet",
        "records-00002-of-00003.parquet",
        "records.jsonl",
    ]
    one, three = manifest(whole), manifest(release)
    assert {**one, "files": []} == {**three, "files": []}
    folder = fetch(cast, tmp_path / "release", release)
    assert verify_folder(folder, trusted_fingerprint=TRUSTED).records == 10
    found = loaded_by_datasets(folder, tmp_path / "cache")
    assert [row["external_id"] for row in found["default"]] == names(release)
    assert len(found["preference"]) == 10


def test_a_range_of_a_file_may_reach_over_its_pieces(cast, monkeypatch, client):
    copy_item(cast.item, 5)
    monkeypatch.setattr(parts, "RECORDS_A_PART", 2)
    release = freeze(cast.project, cast.dana)
    headers = cast.bearer("dana")
    path = f"/api/v1/releases/{release.public_id}/files/records.jsonl"
    whole = b"".join(client.get(path, headers=headers).streaming_content)
    first, second, _ = (piece["bytes"] for piece in Artifact.objects.get(release=release, name="records.jsonl").pieces)
    for begin, end in ((0, 9), (first - 3, first + 2), (first, first + second - 1), (first - 1, len(whole) - 1)):
        part = client.get(path, headers={**headers, "Range": f"bytes={begin}-{end}"})
        assert (part.status_code, b"".join(part.streaming_content)) == (206, whole[begin : end + 1])


def test_a_worker_killed_while_writing_loses_the_part_it_was_at(cast, monkeypatch):
    copy_item(cast.item, 2999)
    release = ask(cast)
    for least in (2, 4):
        process = in_another_process(FREEZE, release.pk, 400)
        wait_for_parts(least)
        kill(process)
        release.refresh_from_db()
        assert (release.state, release.manifest, ReleaseEntry.objects.count()) == ("requested", None, 0)
        assert release.records_count == StagedEntry.objects.count() == 400 * ReleasePart.objects.count()
    monkeypatch.setattr(parts, "RECORDS_A_PART", 400)
    finish(release)
    assert (release.state, release.records_count, ReleaseEntry.objects.count()) == ("frozen", 3000, 3000)
    assert not StagedEntry.objects.exists()
    assert forget_unserved(release) == 0
    settle()
    uninterrupted = freeze(cast.project, cast.dana)
    assert content(release) == content(uninterrupted)
    assert manifest(release) == manifest(uninterrupted)


def test_a_worker_killed_while_entering_leaves_no_entry(cast, monkeypatch):
    copy_item(cast.item, 99)
    release = ask(cast)
    with transaction.atomic():
        lock_customer(cast)
        process = in_another_process(FREEZE, release.pk, 40)
        wait_for(is_somebody_waiting)
        assert ReleasePart.objects.count() == 3
        kill(process)
    release.refresh_from_db()
    assert (release.state, ReleaseEntry.objects.count(), StagedEntry.objects.count()) == ("requested", 0, 100)
    monkeypatch.setattr(parts, "RECORDS_A_PART", 40)
    finish(release)
    assert (release.state, ReleaseEntry.objects.count(), StagedEntry.objects.count()) == ("frozen", 100, 0)
    settle()
    uninterrupted = freeze(cast.project, cast.dana)
    assert (content(release), manifest(release)) == (content(uninterrupted), manifest(uninterrupted))


def test_a_release_is_sealed_where_none_of_its_parts_was_written(cast, settings, tmp_path):
    release = ask(cast)
    assert not freeze_release(release_id=release.pk, until=0.0)
    assert [part.records_count for part in release.parts.all()] == [1]
    settings.HOME = tmp_path / "elsewhere"
    assert freeze_release(release_id=release.pk)
    release.refresh_from_db()
    assert (release.state, list((settings.HOME / "scratch").iterdir())) == ("frozen", [])


def lock_customer(cast):
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM labeling_customer WHERE id = %s FOR NO KEY UPDATE", [cast.northwind.pk])


def test_what_is_erased_while_others_write_and_enter_is_not_in_it(cast, tmp_path):
    """Two real processes: one item goes while parts are written, another while the entries are."""
    copy_item(cast.item, 1999)
    release = ask(cast)
    process = in_another_process(FREEZE, release.pk, 300)
    wait_for_parts(2)
    erase_item(item=Item.objects.get(external_id="copy-0000001"), reason="Asked for", actor=cast.dana)
    assert finish_erasures(cast.northwind.pk) == 0
    with transaction.atomic():
        erase_item(item=Item.objects.get(external_id="copy-0001999"), reason="Asked for", actor=cast.dana)
        wait_for(lambda: is_somebody_waiting() or process.poll() is not None)
    assert process.wait() == 0
    release.refresh_from_db()
    assert (release.state, release.records_count, ReleaseEntry.objects.count()) == ("frozen", 1998, 1998)
    assert not {"copy-0000001", "copy-0001999"} & set(names(release))
    settle()
    assert not Erasure.objects.filter(finished_at=None).exists()
    assert files_with("copy-0000001") == files_with("copy-0001999") == set()
    verified = verify_folder(fetch(cast, tmp_path, release), trusted_fingerprint=TRUSTED)
    assert (verified.records, verified.erased) == (1998, 0)


@pytest.fixture
def divided(cast):
    """Three items more that Anna, Bela and Cleo answered: alike, two to one with Anna, and each otherwise."""
    upload_items(cast.project, cast.mira, 4)
    for who, choices in ((cast.anna, "aaa"), (cast.bela, "aab"), (cast.cleo, "abb")):
        for choice in choices:
            judge(who, choice)
    settle()
    found_right(cast.anna, "1")
    return cast


def test_what_comes_into_doubt_while_a_release_is_entered_is_left_out_of_it(divided):
    """Two real processes: the doubt is opened, and not committed, before the release looks for doubts the last time."""
    cast = divided
    release = ask(cast)
    doubt_work(standing=standing_of(cast.anna), reason="She shared her account", actor=cast.mira)
    with transaction.atomic():
        falls._look_at_slice(Fall.objects.get().pk)
        process = in_another_process(FREEZE, release.pk, 1)
        wait_for(is_somebody_waiting)
        assert ReleasePart.objects.filter(records_count=1).count() == 4
    assert process.wait() == 0
    [doubt] = Doubt.objects.filter(state="open")
    release.refresh_from_db()
    assert (release.state, release.records_count) == ("frozen", 3)
    assert doubt.resolution.item_version.item.external_id not in names(release)
    settle()
    assert not Event.objects.filter(kind="release.doubted").exists()


def test_what_comes_into_doubt_once_a_release_is_frozen_names_it(divided):
    cast = divided
    release = ask(cast)
    freeze_release(release_id=release.pk)
    doubt_work(standing=standing_of(cast.anna), reason="She shared her account", actor=cast.mira)
    falls.look_at_falls()
    jobs.name_frozen([event_of(release)])
    [named] = Event.objects.filter(kind="release.doubted")
    assert (named.subject_id, named.data) == (release.pk, {"fall": Fall.objects.get().pk, "results": 1})
    settle()
    assert Event.objects.filter(kind="release.doubted").count() == 1


def event_of(release):
    return Event.objects.get(kind="release.frozen", subject_id=release.pk)


def test_what_comes_to_something_else_and_into_doubt_only_after_a_release_took_it_names_it(divided):
    """The fall is through; of three who agreed one answer goes, and the rest waits for a look at Anna's."""
    cast = divided
    doubt_work(standing=standing_of(cast.anna), reason="She shared her account", actor=cast.mira)
    settle()
    answer = Annotation.objects.get(reviewer=cast.bela, round__item__external_id="item-001")
    invalidate_annotation(annotation=answer, reason="Not hers", actor=cast.mira)
    resolve_rounds([Event.objects.get(kind="annotation.invalidated")])
    release = ask(cast)
    freeze_release(release_id=release.pk)
    assert "item-001" in names(release)
    settle()
    assert list(Event.objects.filter(kind="release.doubted").values_list("subject_id", flat=True)) == [release.pk]


def test_a_hold_ends_a_release_midway_and_leaves_nothing_of_it(cast, monkeypatch):
    copy_item(cast.item, 9)
    monkeypatch.setattr(parts, "RECORDS_A_PART", 3)
    release = ask(cast)
    assert not freeze_release(release_id=release.pk, until=0.0)
    place_hold(project=cast.project, reason="A leak is looked into.", actor=cast.mira)
    jobs.freeze(release.pk)
    release.refresh_from_db()
    assert (release.state, release.fault) == ("failed", "A hold stands on the project: A leak is looked into.")
    assert (release.records_count, release.expected_count, release.begun_at) == (0, 0, None)
    assert not ReleasePart.objects.exists()
    assert not StagedEntry.objects.exists()
    assert not [path for path in files_with("Paris") if path.startswith(str(release.public_id))]


def test_a_forsaken_release_is_queued_again_and_one_that_is_worked_on_is_not(cast, monkeypatch):
    copy_item(cast.item, 3)
    monkeypatch.setattr(parts, "RECORDS_A_PART", 2)
    release = ask(cast)
    OrmQ.objects.all().delete()
    long_ago = timezone.now() - timedelta(hours=1)
    Release.objects.update(worked_at=long_ago)
    assert not freeze_release(release_id=release.pk, until=0.0)
    assert jobs.sweep_releases() == 0
    Release.objects.update(worked_at=long_ago)
    assert [jobs.sweep_releases(), jobs.sweep_releases()] == [1, 0]
    settle()
    assert Release.objects.get().state == "frozen"


def test_progress_is_told_where_a_release_is_listed(cast, monkeypatch, client):
    copy_item(cast.item, 4)
    monkeypatch.setattr(parts, "RECORDS_A_PART", 2)
    release = ask(cast)
    freeze_release(release_id=release.pk, until=0.0)
    listed = client.get(f"/api/v1/projects/{cast.project.public_id}/releases", headers=cast.bearer("dana")).json()
    [told] = listed["results"]
    assert (told["state"], told["records"], told["expected_records"], told["frozen_at"]) == ("requested", 2, 5, None)
    client.force_login(cast.dana)
    assert "2 <small>/ 5</small>" in client.get(f"/portal/projects/{cast.project.public_id}/").content.decode()
    page = client.get(f"/portal/releases/{release.public_id}/").content.decode()
    assert "2 of about 5 records are written." in page


def test_the_parts_of_a_frozen_release_stay(cast):
    freeze(cast.project, cast.dana)
    with connection.cursor() as cursor:
        for change in (
            "DELETE FROM delivery_releasepart",
            "UPDATE delivery_releasepart SET through = 'item'",
            "INSERT INTO delivery_releasepart (customer_id, project_id, release_id, after, records_count, counts, files)"
            " SELECT customer_id, project_id, release_id, 'more', 1, counts, files FROM delivery_releasepart",
        ):
            with pytest.raises(IntegrityError, match=r"never changes|only while the release"), transaction.atomic():
                cursor.execute(change)
