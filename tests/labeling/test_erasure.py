"""An erased item leaves no trace of what was said, and keeps what lineage needs."""

import io
import json

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from config import erasures as roof
from config.kernel import canonical
from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.models import Event
from delivery.models import ReleaseEntry
from labeling.errors import ErasedBefore, LegalHoldStands
from labeling.models import Annotation, Batch, Erasure, Item, RejectedRow, UnplacedAnswer
from labeling.selectors import verify_tombstone
from labeling.services import erased_files
from labeling.services.batches import keep_source, receive_batch
from labeling.services.erasures import erase_item, erase_person
from labeling.services.legal_holds import lift_legal_hold, place_legal_hold
from quality.models import GoldItem
from routing.errors import LeaseOver
from routing.services.claims import next_task
from routing.services.leases import keep_draft
from routing.services.submits import submit_task
from routing.types import NothingToDo
from tests.cast import gather_cast
from tests.erasing import WORD, call_erase, plant_word
from tests.factories import item_row, prefer, settle, take, upload
from tests.traces import empty_files, files_with, tables_with


@pytest.fixture
def cast(transactional_db):
    empty_files()
    return gather_cast()


@pytest.fixture
def planted(cast):
    return plant_word(cast)


def erase(cast, **more):
    erasure = erase_item(item=cast.item, reason="Asked for", actor=cast.dana, **more)
    settle()
    erasure.refresh_from_db()
    return erasure


def test_the_word_lies_where_it_was_planted(planted):
    assert tables_with(WORD) == {
        "labeling_itemversion", "labeling_annotation", "labeling_annotationinvalidation", "labeling_rejectedrow",
        "labeling_unplacedanswer", "labeling_draft", "labeling_flag", "routing_lease", "quality_ruling", "quality_feedback",
        "delivery_defect", "kernel_idempotencyanswer",
    }  # fmt: skip
    assert len(files_with(WORD)) > 8


def test_an_erased_item_leaves_no_trace_of_its_words(planted):
    erasure = erase(planted)
    others = Annotation.objects.filter(round__item__external_id="silent").values_list("rationale", flat=True)
    assert list(others) == [f"It knows the {WORD}."] * 3
    assert tables_with(WORD) == {"labeling_annotation"}
    assert erasure.finished_at is not None
    assert erasure.counts["versions"] == 1
    assert erasure.counts["annotations"] == 3
    assert (erasure.counts["drafts"], erasure.counts["unplaced_answers"], erasure.counts["skip_reasons"]) == (1, 1, 1)


def test_an_erased_item_leaves_no_trace_in_any_file(planted):
    other = Item.objects.get(external_id="silent")
    erase_item(item=other, reason="Its rationales speak of it too", actor=planted.dana)
    erase(planted)
    assert tables_with(WORD) == set()
    assert files_with(WORD) == set()
    assert Batch.objects.count() == Batch.objects.exclude(source_erased_at=None).count() == 2
    assert set(RejectedRow.objects.values_list("excerpt", "reason")) == {("", "Erased.")}


def test_tombstones_answer_for_what_was_there(planted, capsys):
    digest = planted.item.current_version.digest
    annotation = Annotation.objects.filter(round__item=planted.item).first()
    said = canonical.digest({"answers": annotation.answers, "rationale": annotation.rationale})
    erasure = erase(planted)
    found = verify_tombstone(customer=planted.northwind, digest=digest)
    assert (found.subject, found.subject_id, found.erasure) == (
        "labeling_itemversion",
        planted.item.current_version_id,
        erasure,
    )
    assert verify_tombstone(customer=planted.northwind, digest=said).subject_id == annotation.pk
    assert verify_tombstone(customer=planted.northwind, digest="0" * 64) is None
    assert verify_tombstone(customer=planted.meridian, digest=digest) is None
    planted.item.current_version.refresh_from_db()
    assert planted.item.current_version.digest == found.keyed_digest
    call_command("tombstone", "northwind", digest, "--json")
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "figures": {"subject_id": found.subject_id},
        "subject": "labeling_itemversion",
        "erased_at": erasure.created_at.isoformat(timespec="seconds"),
        "reason": "Asked for",
    }
    for customer, asked, why in (
        ("nobody", digest, "No customer"),
        ("northwind", "0" * 64, "Nothing with this digest"),
        ("meridian", digest, "Nothing with this digest"),
    ):
        with pytest.raises(CommandError, match=why):
            call_command("tombstone", customer, asked)
    assert ReleaseEntry.objects.get(external_id="spoken").item == planted.item


def test_an_erased_item_is_withdrawn_and_its_work_ends(planted):
    token = take(planted.cleo).token
    erase_item(item=planted.item, reason="Asked for", actor=planted.dana)
    with pytest.raises(LeaseOver, match="withdrawn"):
        keep_draft(user=planted.cleo.user, token=token, answers={"rationale": "late"})
    with pytest.raises(LeaseOver, match="erased"):
        submit_task(user=planted.cleo.user, token=token, answers=prefer("a"), seconds=1.0)
    settle()
    planted.item.refresh_from_db()
    assert planted.item.state == "withdrawn"
    assert set(planted.item.rounds.values_list("state", flat=True)) == {"resolved", "cancelled"}
    assert UnplacedAnswer.objects.get().answers == {}
    assert isinstance(next_task(user=planted.dido.user), NothingToDo)
    assert Event.objects.get(kind="item.erased").subject_id == planted.item.pk


def test_an_item_is_erased_once_and_with_a_reason(planted):
    with pytest.raises(Invalid, match="why"):
        erase_item(item=planted.item, reason=" ", actor=planted.dana)
    assert not Erasure.objects.exists()
    erase(planted)
    with pytest.raises(ErasedBefore):
        erase_item(item=planted.item, reason="Again", actor=planted.dana)
    assert Erasure.objects.count() == 1


def test_only_who_manages_the_customer_erases(planted):
    for actor in (planted.victor, planted.ruth, planted.otto):
        with pytest.raises(NotAllowed):
            erase_item(item=planted.item, reason="Mine", actor=actor)
    assert not Erasure.objects.exists()
    assert "labeling_itemversion" in tables_with(WORD)


@pytest.mark.parametrize("of_project", [True, False])
def test_a_legal_hold_keeps_everything_until_it_is_lifted(planted, of_project):
    project = planted.project if of_project else None
    hold = place_legal_hold(
        customer=planted.northwind, project=project, reason="The case of 12 May", actor=planted.mira
    )
    with pytest.raises(LegalHoldStands, match="The case of 12 May"):
        erase_item(item=planted.item, reason="Asked for", actor=planted.dana)
    with pytest.raises(LegalHoldStands, match="The case of 12 May"):
        erase_person(user=planted.anna.user, reason="Asked for", actor=planted.mira)
    with pytest.raises(IntegrityError, match="The case of 12 May"), transaction.atomic():
        call_erase("item", planted.item.pk, planted.northwind.pk)
    planted.item.refresh_from_db()
    assert (planted.item.state, Erasure.objects.count()) == ("in_progress", 0)
    with pytest.raises(Invalid):
        lift_legal_hold(hold=hold, reason="", actor=planted.mira)
    lift_legal_hold(hold=hold, reason="Closed", actor=planted.mira)
    with pytest.raises(Conflict, match="before"):
        lift_legal_hold(hold=hold, reason="Closed", actor=planted.mira)
    assert erase(planted).finished_at is not None


def test_a_hold_of_another_project_holds_nothing_here(planted):
    place_legal_hold(customer=planted.meridian, reason="Theirs", actor=planted.otto)
    assert erase(planted).finished_at is not None


def test_the_same_external_id_again_is_a_conflict_that_says_why(planted):
    erase(planted)
    row = item_row("spoken")
    batch = upload(planted.project, planted.dana, row, item_row("new"), name="third")
    assert (batch.items_created, batch.conflicts) == (1, 1)
    assert RejectedRow.objects.get(batch=batch).reason == (
        "The item with this external id was erased; give new content an id of its own."
    )


def test_erased_gold_is_gold_no_more(cast):
    expected = {"answer": {"preference": {"choice": "a"}}, "explanation": WORD, "concept": WORD}
    upload(cast.project, cast.dana, item_row("known", expected=expected), item_row("other"))
    cast.item = Item.objects.get(external_id="known")
    assert GoldItem.objects.get().explanation == WORD
    erase(cast)
    gold = GoldItem.objects.get()
    assert (gold.state, gold.expected, gold.explanation, gold.concept) == ("retired", {}, "", "")
    assert tables_with(WORD) == set()
    assert take(cast.anna).payload["messages"][0]["content"].endswith("(other)")


def test_a_job_that_died_between_rows_and_files_goes_on_where_it_was(planted, monkeypatch):
    for name in ("spoken", "silent"):
        erase_item(item=Item.objects.get(external_id=name), reason="Asked for", actor=planted.dana)
    assert tables_with(WORD) == set()
    assert files_with(WORD) != set()

    def killed(_release):
        raise SystemExit(1)

    monkeypatch.setattr("delivery.services.redaction.forget_unserved", killed)
    with pytest.raises(SystemExit):
        roof.finish(planted.northwind.pk)
    assert set(Erasure.objects.values_list("finished_at", flat=True)) == {None}
    assert files_with(WORD) != set()
    monkeypatch.undo()
    assert roof.sweep() == 1
    settle()
    assert None not in set(Erasure.objects.values_list("finished_at", flat=True))
    assert files_with(WORD) == set()
    assert roof.sweep() == 0


def test_a_batch_that_is_still_being_read_holds_the_end_of_an_erasure_back(planted):
    source = keep_source(project=planted.project, source=as_file(item_row("spoken"), item_row("unread")))
    batch, _ = receive_batch(project=planted.project, name="late", source=source, actor=planted.dana)
    erase_item(item=planted.item, reason="Asked for", actor=planted.dana)
    assert roof.finish(planted.northwind.pk) == 0
    assert Erasure.objects.filter(finished_at=None).count() == 1
    settle()
    roof.sweep()
    settle()
    assert Erasure.objects.filter(finished_at=None).count() == 0
    batch.refresh_from_db()
    assert (batch.items_created, batch.conflicts, batch.source_erased_at is None) == (1, 1, False)


def test_an_upload_that_never_named_the_item_is_kept(planted):
    other = upload(planted.project, planted.dana, item_row("elsewhere"), b"not JSON", name="other")
    squeezed = upload(planted.project, planted.dana, item_row("squeezed"), b"not JSON", name="squeezed")
    with storages["sources"].open(squeezed.source_path, "wb") as file:
        file.write(b"\x1f\x8b" + b"compressed")
    erase(planted)
    kept = Batch.objects.filter(source_erased_at=None)
    assert list(kept) == [other]
    assert storages["sources"].exists(other.source_path)
    assert RejectedRow.objects.get(batch=other).excerpt == "not JSON"


def test_many_items_at_once_are_searched_for_in_pieces(planted, monkeypatch):
    monkeypatch.setattr(erased_files, "SOUGHT_AT_ONCE", 1)
    named = upload(planted.project, planted.dana, item_row("fresh"), item_row("silent"), name="named")
    other = upload(planted.project, planted.dana, item_row("elsewhere"), b"not JSON", name="other")
    for name in ("spoken", "silent"):
        erase_item(item=Item.objects.get(external_id=name), reason="Asked for", actor=planted.dana)
    settle()
    named.refresh_from_db()
    assert named.source_erased_at is not None
    assert list(Batch.objects.filter(source_erased_at=None)) == [other]


def test_files_are_deleted_under_no_lock_and_again_after_a_crash(planted, monkeypatch):
    storage = storages["sources"]
    delete, seen = type(storage).delete, []

    def dies_after(self, name):
        seen.append(connection.in_atomic_block)
        delete(self, name)
        raise SystemExit(1)

    monkeypatch.setattr(type(storage), "delete", dies_after)
    erase_item(item=planted.item, reason="Asked for", actor=planted.dana)
    with pytest.raises(SystemExit):
        roof.finish(planted.northwind.pk)
    assert seen == [False]
    assert Batch.objects.filter(source_erased_at=None).count() == 2
    monkeypatch.undo()
    roof.finish(planted.northwind.pk)
    assert not Batch.objects.filter(source_erased_at=None).exists()
    assert Erasure.objects.get().finished_at is not None


def as_file(*rows):
    return io.BytesIO(b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def test_a_customer_erases_an_item_over_the_api(planted):
    client, headers = Client(), planted.bearer("dana")
    path = f"/api/v1/items/{planted.item.public_id}"
    assert client.get(path, headers=headers).json()["erased"] is False
    more = {"data": {"reason": "Our user asked"}, "content_type": "application/json"}
    made = client.post(f"{path}/erasure", headers={**headers, "Idempotency-Key": "once"}, **more)
    assert (made.status_code, made.json()["kind"], made.json()["item"]) == (201, "item", str(planted.item.public_id))
    again = client.post(f"{path}/erasure", headers={**headers, "Idempotency-Key": "once"}, **more)
    assert (again.status_code, again.json()) == (201, made.json())
    refused = client.post(f"{path}/erasure", headers=headers, **more)
    assert (refused.status_code, refused.json()["code"]) == (409, "erased_before")
    shown = client.get(path, headers=headers).json()
    assert (shown["erased"], shown["state"], shown["messages"], shown["metadata"]) == (True, "withdrawn", [], {})
    listed = client.get("/api/v1/erasures", headers=headers).json()["results"]
    assert [(each["item"], each["reason"]) for each in listed] == [(str(planted.item.public_id), "Our user asked")]
    assert client.get("/api/v1/erasures", headers=planted.bearer("ruth")).json()["results"] == []
    assert client.get("/api/v1/erasures", headers=planted.bearer("victor")).json()["results"] == []


def test_an_operator_erases_in_the_console_after_saying_why(planted):
    client = Client()
    client.force_login(planted.mira)
    action = {"action": "erase_item", "_selected_action": [planted.item.pk]}
    asked = client.post(reverse("admin:labeling_item_changelist"), action)
    assert b"nobody can bring it back" in asked.content
    assert not Erasure.objects.exists()
    client.post(reverse("admin:labeling_item_changelist"), {**action, "reason": "Leak"})
    assert Erasure.objects.get(kind="item").requested_by == planted.mira
    person = {"action": "erase_person", "_selected_action": [planted.anna.user_id], "reason": "Asked"}
    client.post(reverse("admin:kernel_user_changelist"), person)
    assert Erasure.objects.get(kind="person").subject_id == planted.anna.user_id
    client.post(
        reverse("admin:labeling_legalhold_add"), {"customer": planted.northwind.pk, "reason": "Court", "project": ""}
    )
    held = client.get("/api/v1/legal-holds", headers=planted.bearer("dana")).json()["results"]
    assert [(each["customer"], each["reason"], each["project"]) for each in held] == [("northwind", "Court", None)]
