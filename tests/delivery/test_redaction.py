"""A release after an erasure: written anew without it, and still verified from end to end."""

import hashlib
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from config import erasures
from config.kernel.canonical import canonical_bytes
from delivery import signing
from delivery.errors import ReleaseBroken
from delivery.models import Artifact, ArtifactRedaction
from delivery.redaction import without_persons_words
from delivery.services import freezing
from delivery.services.freezing import freeze_release
from delivery.services.releases import request_release
from delivery.verification import verify_folder
from labeling.free_text import without_words
from labeling.models import Erasure, Item
from labeling.services.erasures import erase_item, erase_person
from labeling.services.forms import publish_form
from routing.services.submits import submit_task
from tests.cast import FORM as PAIRS
from tests.cast import gather_cast
from tests.factories import freeze, item_row, judge, resolve_items, settle, take, upload, upload_items
from tests.traces import empty_files, files_with

TRUSTED = signing.published(signing.signing_key(settings.SIGNING_KEY))["key_id"]


@pytest.fixture
def cast(transactional_db):
    empty_files()
    cast = gather_cast()
    upload_items(cast.project, cast.mira, 3)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        for _ in range(3):
            judge(reviewer, "a", rationale=f"So says {reviewer.user.name}.")
    settle()
    cast.release = freeze(cast.project, cast.dana)
    cast.item = Item.objects.get(external_id="item-001")
    return cast


def fetch(cast, folder: Path, release=None) -> Path:
    """Fetch the release through the API, file by file, checking each against its ETag."""
    client, headers = Client(), cast.bearer("dana")
    path = f"/api/v1/releases/{(release or cast.release).public_id}/files"
    page = client.get(path, headers=headers).json()
    files = page["results"]
    while page["next"]:
        page = client.get(page["next"], headers=headers).json()
        files += page["results"]
    for file in files:
        answer = client.get(f"{path}/{file['name']}", headers=headers)
        content = b"".join(answer.streaming_content)
        assert (answer["ETag"], len(content)) == (f'"{file["sha256"]}"', file["bytes"])
        target = folder / file["name"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


def lines(folder):
    return [json.loads(line) for line in (folder / "records.jsonl").read_bytes().splitlines()]


def erase(cast, name="item-001"):
    erase_item(item=Item.objects.get(external_id=name), reason="Asked for", actor=cast.dana)
    settle()


def test_a_release_without_an_erased_record_verifies(cast, tmp_path):
    before = fetch(cast, tmp_path / "before")
    frozen = dict(Artifact.objects.values_list("name", "sha256"))
    erase(cast)
    after = fetch(cast, tmp_path / "after")
    verified = verify_folder(after, trusted_fingerprint=TRUSTED)
    assert (verified.records, verified.erased, verified.content_digest) == (3, 1, cast.release.content_digest)
    old = lines(before)[1]
    digest = (before / "hashes.txt").read_text().splitlines()[1].split("  ")[0]
    assert lines(after) == [
        lines(before)[0],
        {"external_id": "item-001", "erased": True, "record_digest": digest},
        lines(before)[2],
    ]
    for name in ("hashes.txt", "manifest.json", "manifest.json.sig", "README.md"):
        assert (after / name).read_bytes() == (before / name).read_bytes()
    document = json.loads((after / "erasures.json").read_bytes())
    assert [each["record_digest"] for each in document["records"]] == [digest]
    assert {each["name"]: each["replaces_sha256"] for each in document["files"]} == {
        name: frozen[name] for name in frozen if name.startswith(("records", "views"))
    }
    table = pq.read_table(io.BytesIO((after / "records.parquet").read_bytes()))
    assert table.column("external_id").to_pylist() == ["item-000", "item-002"]
    assert len((after / "views/preference.jsonl").read_bytes().splitlines()) == 2
    assert files_with(old["messages"][0]["content"]) == set()
    assert verify_folder(before, trusted_fingerprint=TRUSTED).erased == 0


def test_a_second_erasure_adds_to_the_first(cast, tmp_path):
    erase(cast)
    erase(cast, "item-000")
    folder = fetch(cast, tmp_path)
    assert verify_folder(folder, trusted_fingerprint=TRUSTED).erased == 2
    assert [line.get("erased") for line in lines(folder)] == [True, True, None]
    assert ArtifactRedaction.objects.filter(artifact__name="records.jsonl").count() == 2
    erase(cast, "item-002")
    again = fetch(cast, tmp_path / "again")
    assert verify_folder(again, trusted_fingerprint=TRUSTED).erased == 3


def test_a_person_who_was_erased_leaves_shortened_records(cast, tmp_path):
    before = fetch(cast, tmp_path / "before")
    erase_person(user=cast.anna.user, reason="Asked for", actor=cast.mira)
    settle()
    after = fetch(cast, tmp_path / "after")
    assert verify_folder(after, trusted_fingerprint=TRUSTED).erased == 3
    for old, new in zip(lines(before), lines(after), strict=True):
        [place] = [n for n, each in enumerate(old["annotations"]) if each["rationale"] == "So says Anna."]
        old["annotations"][place]["rationale"] = ""
        assert new.pop("erased") == [f"annotations[{place}].rationale"]
        assert len(new.pop("record_digest")) == 64
        assert new == old
    assert files_with("So says Anna.") == set()
    erase(cast)
    both = fetch(cast, tmp_path / "both")
    assert verify_folder(both, trusted_fingerprint=TRUSTED).erased == 3
    assert set(lines(both)[1]) == {"external_id", "erased", "record_digest"}


def test_every_record_is_taught_by_the_form_that_was_answered(cast, tmp_path):
    document = {"title": "Best", "questions": [{**PAIRS["questions"][0], "id": "best"}]}
    publish_form(project=cast.project, document=document, actor=cast.mira)
    upload(cast.project, cast.mira, item_row("item-003"))
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        submit_task(user=reviewer.user, token=take(reviewer).token, answers={"best": {"choice": "b"}}, seconds=1.0)
    settle()
    release = freeze(cast.project, cast.dana)
    assert taught(fetch(cast, tmp_path / "before", release)) == [
        ("item-000", "Paris."),
        ("item-001", "Paris."),
        ("item-002", "Paris."),
        ("item-003", "Lyon, I think."),
    ]
    erase(cast)
    assert taught(fetch(cast, tmp_path / "after", release)) == [
        ("item-000", "Paris."),
        ("item-002", "Paris."),
        ("item-003", "Lyon, I think."),
    ]


def taught(folder):
    rows = [json.loads(line) for line in (folder / "views/preference.jsonl").read_bytes().splitlines()]
    return [(row["prompt"][0]["content"][-9:-1], row["chosen"][0]["content"]) for row in rows]


@pytest.fixture
def redacted(cast, tmp_path):
    erase(cast)
    return fetch(cast, tmp_path)


def broken(folder, match):
    with pytest.raises(ReleaseBroken, match=match):
        verify_folder(folder, trusted_fingerprint=TRUSTED)


def test_a_document_of_erasures_that_was_changed_is_not_believed(redacted):
    path = redacted / "erasures.json"
    document = json.loads(path.read_bytes())
    document["records"] = []
    path.write_bytes(canonical_bytes(document))
    broken(redacted, "erasures.json is not what was signed")


def test_a_document_of_erasures_by_another_key_is_not_believed(redacted):
    other = signing.signing_key("11" * 32)
    data = (redacted / "erasures.json").read_bytes()
    (redacted / "erasures.json.sig").write_bytes(canonical_bytes(signing.sign(other, data)))
    broken(redacted, "you trust")


def test_a_tombstone_without_a_document_is_a_broken_record(redacted):
    for name in ("erasures.json", "erasures.json.sig"):
        (redacted / name).unlink()
    broken(redacted, "is not what the manifest says")


def signed(folder, **changes):
    """Put a document with these changes in place, rightly signed."""
    document = {**json.loads((folder / "erasures.json").read_bytes()), **changes}
    data = canonical_bytes(document)
    (folder / "erasures.json").write_bytes(data)
    signature = signing.sign(signing.signing_key(settings.SIGNING_KEY), data)
    (folder / "erasures.json.sig").write_bytes(canonical_bytes(signature))


def test_a_document_of_another_release_or_of_the_hashes_is_refused(redacted):
    files = json.loads((redacted / "erasures.json").read_bytes())["files"]
    signed(redacted, manifest_sha256="0" * 64)
    broken(redacted, "another release")
    manifest = (redacted / "manifest.json").read_bytes()
    hashes = next(each for each in json.loads(manifest)["files"] if each["name"] == "hashes.txt")
    signed(
        redacted,
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        files=[*files, {**hashes, "replaces_sha256": hashes["sha256"]}],
    )
    broken(redacted, "replaces hashes.txt")


def test_every_other_record_still_has_to_be_as_it_was_frozen(redacted):
    path = redacted / "records.jsonl"
    changed = path.read_bytes().replace(b"Paris.", b"Milan.", 1)
    path.write_bytes(changed)
    broken(redacted, r"records.jsonl is not what the manifest says")
    document = json.loads((redacted / "erasures.json").read_bytes())
    fact = next(each for each in document["files"] if each["name"] == "records.jsonl")
    fact.update(sha256=hashlib.sha256(changed).hexdigest(), bytes=len(changed))
    signed(redacted, files=document["files"])
    broken(redacted, "line 1: the record is not the one of hashes.txt")


def test_a_document_that_names_a_record_that_is_there_is_refused(redacted):
    digest = (redacted / "hashes.txt").read_text().splitlines()[0].split("  ")[0]
    records = json.loads((redacted / "erasures.json").read_bytes())["records"]
    signed(redacted, records=[*records, {"record_digest": digest, "erased_at": "2026-01-01T00:00:00Z"}])
    broken(redacted, "still has whole")


def test_what_is_erased_while_a_release_is_written_is_not_in_it(cast, monkeypatch, tmp_path):
    release = request_release(project=cast.project, actor=cast.dana)
    write, attempts = freezing.write_part, []

    def write_and_erase(**part):
        write(**part)
        attempts.append(release.pk)
        if len(attempts) == 1:
            erase_item(item=cast.item, reason="Asked for", actor=cast.dana)
            assert erasures.finish(cast.northwind.pk) == 0

    monkeypatch.setattr(freezing, "write_part", write_and_erase)
    freeze_release(release_id=release.pk)
    settle()
    release.refresh_from_db()
    assert (release.state, release.records_count, len(attempts)) == ("frozen", 2, 2)
    assert not Erasure.objects.filter(finished_at=None).exists()
    assert files_with("What is the capital of France? (item-001)") == set()
    folder = fetch(cast, tmp_path, release)
    assert verify_folder(folder, trusted_fingerprint=TRUSTED).erased == 0


def test_releases_of_others_are_left_alone(cast):
    judged = resolve_items(cast.foreign_project, cast.otto, [cast.remo], count=1)
    assert judged
    erase(cast)
    assert set(ArtifactRedaction.objects.values_list("customer", flat=True)) == {cast.northwind.pk}
    assert set(ArtifactRedaction.objects.values_list("artifact__release", flat=True)) == {cast.release.pk}


FORM = {
    "title": "Edits",
    "questions": [
        {"id": "best", "type": "choice"},
        {"id": "better", "type": "edit"},
        {"id": "faults", "type": "critique"},
        {"id": "odd", "type": "of a later version"},
    ],
}


def test_answers_in_words_go_and_choices_stay():
    answers = {"best": "a", "best.b": "b", "better": {"text": "x"}, "faults": [], "odd": 1}
    assert without_words(FORM, answers) == {"best": "a", "best.b": "b"}


def test_the_database_knows_the_same_answers_in_words(cast):
    answers = {"best": "a", "best.b": "b", "better": {"text": "x"}, "faults": [], "odd": 1}
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT labeling_without_words(%s, %s)::text", [json.dumps(FORM), json.dumps(answers)])
        assert json.loads(cursor.fetchone()[0]) == without_words(FORM, answers)


def test_a_resolution_that_rests_on_erased_words_loses_them_too():
    record = {
        "external_id": "x",
        "annotations": [
            {"annotator": "r-1", "form": 1, "answers": {"best": "a", "better": {"text": "words"}}, "rationale": ""},
            {"annotator": "r-2", "form": 1, "answers": {"best": "a", "better": {"text": "mine"}}, "rationale": ""},
        ],
        "resolution": {"answers": {"best": "a", "better": {"text": "words"}}, "distribution": {"best": {"a": 2}}},
    }
    new = without_persons_words(record, "d", pseudonyms={"r-1"}, form_of={1: FORM}.__getitem__)
    assert new["erased"] == ["annotations[0].answers.better", "resolution.answers.better"]
    assert new["annotations"][1] == record["annotations"][1]
    assert (new["resolution"]["answers"], new["record_digest"]) == ({"best": "a"}, "d")
    assert without_persons_words(new, "d", pseudonyms={"r-1"}, form_of={1: FORM}.__getitem__) is None
    assert record["annotations"][0]["answers"]["better"] == {"text": "words"}
