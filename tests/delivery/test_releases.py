"""From resolved items to an accepted release."""

import errno
import json

import pytest
from django.core.files.storage import storages
from django.test import Client

from config.kernel.canonical import digest
from config.kernel.errors import Conflict, Invalid
from config.kernel.models import Event
from delivery import artifacts
from delivery.errors import NothingToRelease, ReleaseHeld, SampleUnchecked
from delivery.models import Artifact, LedgerEntry, Release, ReleaseEntry, SampleEntry
from delivery.services.acceptance import decide_release, give_verdict
from delivery.services.freezing import freeze_release
from delivery.services.holds import lift_hold, place_hold
from delivery.services.releases import request_release, retry_release
from labeling.forms import kept_schema
from labeling.models import Annotation
from labeling.pseudonyms import pseudonym
from labeling.services.forms import publish_form
from labeling.services.judgments import invalidate_annotation
from quality.agreement import agreement
from quality.models import Resolution
from routing.services.submits import submit_task
from tests.cast import gather_cast
from tests.factories import freeze, judge, resolve_items, settle, take, upload_items
from tests.votes import patterns_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db):
    return gather_cast()


@pytest.fixture
def release(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=3)
    return freeze(cast.project, cast.dana)


def read(release, name):
    content = b""
    for piece in Artifact.objects.get(release=release, name=name).pieces:
        with storages["releases"].open(piece["stored_as"]) as file:
            content += file.read()
    return content


def test_a_release_carries_every_resolved_item_with_its_judgments(cast, release):
    assert (release.state, release.number, release.records_count) == ("frozen", 1, 3)
    records = [json.loads(line) for line in read(release, "records.jsonl").splitlines()]
    assert [record["external_id"] for record in records] == ["item-000", "item-001", "item-002"]
    first = records[0]
    assert first["resolution"]["answers"] == {"preference": {"choice": "a"}}
    assert first["resolution"]["distribution"] == {"preference": {"a": 3}}
    names = {
        pseudonym(key=cast.northwind.pseudonym_key, reviewer=each.public_id)
        for each in (cast.anna, cast.bela, cast.cleo)
    }
    assert {annotation["annotator"] for annotation in first["annotations"]} == names
    entries = dict(ReleaseEntry.objects.values_list("external_id", "record_digest"))
    assert entries == {record["external_id"]: digest(record) for record in records}


def test_the_manifest_tells_sources_documents_people_and_quality(cast, release):
    manifest = release.manifest
    assert manifest["records"]["content_digest"] == release.content_digest
    assert [source["records"] for source in manifest["sources"]] == [3]
    assert [guideline["number"] for guideline in manifest["guidelines"]] == [1]
    assert len(manifest["reviewers"]) == 3
    assert manifest["quality"]["annotations"] == 9
    assert manifest["quality"]["agreement"]["preference"]["unanimous_share"] == 1.0
    assert "Anna" not in json.dumps(manifest)
    assert json.loads(read(release, "manifest.json")) == manifest


def test_no_agreement_is_delivered_and_said(cast):
    upload_items(cast.project, cast.mira)
    for reviewer, choice in ((cast.anna, "a"), (cast.bela, "b"), (cast.cleo, "tie")):
        judge(reviewer, choice)
    settle()
    release = freeze(cast.project, cast.dana)
    assert release.outcomes == {"no_agreement": 1}
    assert read(release, "views/preference.jsonl") == b""


def test_the_next_release_carries_the_old_records_too(cast, release):
    upload_items(cast.project, cast.mira, 5)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer, "b")
        judge(reviewer, "b")
    settle()
    second = freeze(cast.project, cast.dana)
    assert (second.number, second.records_count) == (2, 5)


def test_freezing_twice_is_freezing_once(cast, release):
    freeze_release(release_id=release.pk)
    assert Release.objects.count() == 1
    assert ReleaseEntry.objects.count() == 3


def test_nothing_is_frozen_while_a_hold_stands(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    hold = place_hold(project=cast.project, reason="A leak is looked into.", actor=cast.mira)
    with pytest.raises(ReleaseHeld, match="A leak is looked into"):
        request_release(project=cast.project, actor=cast.dana)
    assert not Release.objects.exists()
    lift_hold(hold=hold, actor=cast.mira)
    release = request_release(project=cast.project, actor=cast.dana)
    place_hold(project=cast.project, reason="Another one.", actor=cast.mira)
    freeze_release(release_id=release.pk)
    release.refresh_from_db()
    assert (release.state, release.fault) == ("failed", "A hold stands on the project: Another one.")


def test_there_must_be_something_to_release(cast):
    upload_items(cast.project, cast.mira)
    with pytest.raises(NothingToRelease):
        request_release(project=cast.project, actor=cast.dana)


def test_one_release_is_frozen_at_a_time(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    request_release(project=cast.project, actor=cast.dana)
    with pytest.raises(Conflict, match="being frozen"):
        request_release(project=cast.project, actor=cast.dana)


def test_a_full_disk_freezes_nothing_says_so_and_a_retry_succeeds(cast, monkeypatch):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    release = request_release(project=cast.project, actor=cast.dana)

    def full(*_args, **_more):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(artifacts.pq.ParquetWriter, "write_table", full)
    freeze_release(release_id=release.pk)
    release.refresh_from_db()
    assert release.state == "failed"
    assert release.fault == "The disk is full, so nothing was frozen; free some space and ask for the release again."
    assert (ReleaseEntry.objects.count(), Artifact.objects.count()) == (0, 0)
    monkeypatch.undo()
    retry_release(release=release, actor=cast.mira)
    settle()
    release.refresh_from_db()
    assert (release.state, release.fault, release.records_count) == ("frozen", "", 1)


def test_a_crash_while_entering_leaves_the_release_as_it_was_and_the_next_try_freezes_it(cast, monkeypatch):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    release = request_release(project=cast.project, actor=cast.dana)

    def killed(*_args, **_more):
        raise SystemExit(1)

    monkeypatch.setattr(Artifact.objects, "bulk_create", killed)
    with pytest.raises(SystemExit):
        freeze_release(release_id=release.pk)
    assert (Release.objects.get().state, ReleaseEntry.objects.count()) == ("requested", 0)
    monkeypatch.undo()
    freeze_release(release_id=release.pk)
    assert Release.objects.get().state == "frozen"


def check_all(cast, release, defects=0):
    for number, entry in enumerate(SampleEntry.objects.filter(sample__release=release).order_by("id")):
        if number < defects:
            give_verdict(entry=entry, verdict="defect", severity="minor", note="Wrong", actor=cast.dana)
        else:
            give_verdict(entry=entry, verdict="good", actor=cast.dana)


def test_a_release_is_accepted_once_its_sample_is_checked_and_charged_for(cast, release):
    with pytest.raises(SampleUnchecked, match="3 of 3 sampled records are unchecked"):
        decide_release(release=release, decision="accept", reason="", actor=cast.dana)
    check_all(cast, release)
    decide_release(release=release, decision="accept", reason="", actor=cast.dana)
    settle()
    release.refresh_from_db()
    assert (release.state, release.decided_by) == ("accepted", cast.dana)
    charges = LedgerEntry.objects.filter(kind="charge")
    assert [str(charge.amount) for charge in charges] == ["1.200000"] * 3
    with pytest.raises(Conflict, match="is accepted"):
        decide_release(release=release, decision="reject", reason="Late", actor=cast.dana)


def test_an_item_is_charged_once_however_often_it_is_released(cast, release):
    check_all(cast, release)
    decide_release(release=release, decision="accept", reason="", actor=cast.dana)
    second = freeze(cast.project, cast.dana)
    check_all(cast, second)
    decide_release(release=second, decision="accept", reason="", actor=cast.dana)
    settle()
    assert LedgerEntry.objects.filter(kind="charge").count() == 3
    assert LedgerEntry.objects.filter(kind="pay").count() == 9


def test_more_defects_than_the_plan_allows_need_a_reason(cast, release):
    check_all(cast, release, defects=2)
    with pytest.raises(Invalid, match="2 defects and the plan allows 1"):
        decide_release(release=release, decision="accept", reason=" ", actor=cast.dana)
    decide_release(release=release, decision="accept", reason="Known, and mended next week.", actor=cast.dana)
    assert Event.objects.filter(kind="release.accepted").count() == 1


def test_sending_back_needs_a_reason_and_charges_nothing(cast, release):
    with pytest.raises(Invalid, match="why the release is sent back"):
        decide_release(release=release, decision="reject", reason="", actor=cast.dana)
    decide_release(release=release, decision="reject", reason="Guideline 1 was not followed.", actor=cast.dana)
    settle()
    assert Release.objects.get().state == "rejected"
    assert not LedgerEntry.objects.filter(kind="charge").exists()


def test_a_verdict_is_given_once_and_a_defect_says_what_is_wrong(cast, release):
    entry = SampleEntry.objects.first()
    with pytest.raises(Invalid, match="severity"):
        give_verdict(entry=entry, verdict="defect", actor=cast.dana)
    with pytest.raises(Invalid, match="what is wrong"):
        give_verdict(entry=entry, verdict="defect", severity="major", actor=cast.dana)
    give_verdict(entry=entry, verdict="good", actor=cast.dana)
    with pytest.raises(Conflict, match="before"):
        give_verdict(entry=entry, verdict="good", actor=cast.dana)


def test_files_come_in_ranges_with_strong_etags(cast, release):
    client, headers = Client(), cast.bearer("dana")
    path = f"/api/v1/releases/{release.public_id}/files/records.jsonl"
    whole = client.get(path, headers=headers)
    content = b"".join(whole.streaming_content)
    assert (whole.status_code, content, int(whole["Content-Length"])) == (
        200,
        read(release, "records.jsonl"),
        len(content),
    )
    for asked, first, last in (
        ("bytes=10-19", 10, 19),
        ("bytes=10-", 10, len(content) - 1),
        ("bytes=-5", len(content) - 5, len(content) - 1),
    ):
        part = client.get(path, headers={**headers, "Range": asked})
        assert (part.status_code, b"".join(part.streaming_content)) == (206, content[first : last + 1])
        assert part["Content-Range"] == f"bytes {first}-{last}/{len(content)}"
    assert client.get(path, headers={**headers, "Range": f"bytes={len(content)}-"}).status_code == 416
    assert client.get(path, headers={**headers, "If-None-Match": whole["ETag"]}).status_code == 304
    stale = client.get(path, headers={**headers, "Range": "bytes=0-1", "If-Range": '"other"'})
    assert stale.status_code == 200
    assert client.get(path + "x", headers=headers).status_code == 404


def test_a_corrected_judgment_is_in_the_next_release_and_not_in_the_old_one(cast, release):
    before = read(release, "records.jsonl")
    annotation = Annotation.objects.filter(round__item__external_id="item-000").first()
    invalidate_annotation(annotation=annotation, reason="Account shared", actor=cast.mira)
    settle()
    assert Resolution.objects.filter(round=annotation.round_id).count() == 2
    second = freeze(cast.project, cast.dana)
    changed = json.loads(read(second, "records.jsonl").splitlines()[0])
    assert len(changed["annotations"]) == 2
    assert read(release, "records.jsonl") == before


RATING = {
    "title": "Rate",
    "questions": [
        {
            "id": "quality",
            "type": "rating",
            "text": "How good?",
            "nature": "preferential",
            "each_response": True,
            "scale": [{"value": value, "text": str(value)} for value in (1, 2, 10)],
        }
    ],
}


def test_the_manifest_measures_a_rating_by_the_order_of_its_scale_and_carries_the_schema_of_answers(cast):
    form = publish_form(project=cast.project, document=RATING, actor=cast.mira)
    upload_items(cast.project, cast.mira, 3)
    given = {cast.anna: (1, 2, 10), cast.bela: (1, 2, 2), cast.cleo: (2, 2, 10)}
    for reviewer, degrees in given.items():
        for degree in degrees:
            answers = {"quality": {"a": degree, "b": 1}}
            submit_task(user=reviewer.user, token=take(reviewer).token, answers=answers, seconds=1)
    settle()
    manifest = freeze(cast.project, cast.dana).manifest
    votes = [{"1": 2, "2": 1}, {"2": 3}, {"10": 2, "2": 1}]
    ordinal = agreement(patterns_of(votes), order=["1", "2", "10"])
    assert manifest["quality"]["agreement"]["quality.a"] == {
        "units": 3,
        "unanimous_share": round(1 / 3, 6),
        "krippendorff_alpha": round(ordinal.alpha, 6),
        "interval_95": [round(ordinal.alpha_low, 6), round(ordinal.alpha_high, 6)],
    }
    assert round(agreement(patterns_of(votes)).alpha, 6) != round(ordinal.alpha, 6)
    assert manifest["quality"]["agreement"]["quality.b"]["krippendorff_alpha"] is None
    assert manifest["forms"] == [{"number": 2, "sha256": form.digest, "answers_schema": kept_schema(RATING)}]
