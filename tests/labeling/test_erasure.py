"""Erasure leaves no trace of what was said, keeps what lineage needs, and is nobody's but the one function's."""

import io
import json

import pytest
from django.core.files.storage import storages
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse

from config import erasures as roof
from config.kernel import canonical
from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.models import Event, IdempotencyAnswer, User
from delivery.models import ReleaseEntry, SampleEntry
from delivery.services.acceptance import give_verdict
from labeling.errors import ErasedBefore, LegalHoldStands
from labeling.models import Annotation, Batch, Erasure, Item, RejectedRow, Reviewer, Tombstone, UnplacedAnswer
from labeling.selectors import verify_tombstone
from labeling.services.batches import keep_source, receive_batch
from labeling.services.erasures import erase_item, erase_person
from labeling.services.judgments import invalidate_annotation
from labeling.services.legal_holds import lift_legal_hold, place_legal_hold
from labeling.services.people import add_member
from labeling.services.rounds import reopen_items
from labeling.types import Role, RoundReason
from quality.models import GoldItem
from routing.errors import LeaseOver
from routing.services.claims import next_task
from routing.services.leases import keep_draft, skip_task
from routing.services.submits import submit_task
from routing.types import NothingToDo
from tests.cast import gather_cast
from tests.factories import freeze, item_row, judge, prefer, settle, take, upload
from tests.traces import empty_files, files_with, tables_with

WORD = "quetzalcoatlus"


@pytest.fixture
def cast(transactional_db):
    empty_files()
    return gather_cast()


@pytest.fixture
def planted(cast):
    """An item that says the word wherever an item's content can lie, beside one that says nothing of it."""
    row = item_row("spoken", metadata={"note": WORD})
    row["messages"][0]["content"] = f"What is a {WORD}?"
    row["responses"][0]["text"] = f"A {WORD} is a bird."
    upload(cast.project, cast.dana, row, item_row("silent"))
    upload(cast.project, cast.dana, row, b'{"external_id": "spoken", "messages": "%s"}' % WORD.encode(), name="again")
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        for _ in range(2):
            judge(reviewer, "a", rationale=f"It knows the {WORD}.")
    settle()
    cast.item = Item.objects.get(external_id="spoken")
    cast.release = freeze(cast.project, cast.dana)
    entry = SampleEntry.objects.get(entry__external_id="spoken")
    give_verdict(entry=entry, verdict="defect", severity="minor", note=f"No {WORD}", actor=cast.dana)
    annotation = Annotation.objects.filter(round__item=cast.item).first()
    invalidate_annotation(annotation=annotation, reason=f"Copied {WORD}", actor=cast.mira)
    settle()
    work_again(cast)
    IdempotencyAnswer.objects.create(user=cast.dana, key="k", request_digest="d", status=200, body={"said": WORD})
    return cast


def work_again(cast):
    """A round more, with a draft, a skip, and an answer that came too late."""
    reopen_items(item_ids=[cast.item.pk], reason=RoundReason.RECHECK, actor=cast.mira)
    late = take(cast.anna).token
    reopen_items(item_ids=[cast.item.pk], reason=RoundReason.RECHECK, actor=cast.mira)
    settle()
    submit_task(user=cast.anna.user, token=late, answers=prefer("a", rationale=WORD), seconds=1.0)
    skip_task(user=cast.bela.user, token=take(cast.bela).token, reason=f"I fear {WORD}")
    keep_draft(user=cast.cleo.user, token=take(cast.cleo).token, answers={"rationale": WORD})


def erase(cast, **more):
    erasure = erase_item(item=cast.item, reason="Asked for", actor=cast.dana, **more)
    settle()
    erasure.refresh_from_db()
    return erasure


def test_the_word_lies_where_it_was_planted(planted):
    assert tables_with(WORD) == {
        "labeling_itemversion", "labeling_annotation", "labeling_annotationinvalidation", "labeling_rejectedrow",
        "labeling_unplacedanswer", "labeling_draft", "routing_lease", "delivery_defect", "kernel_idempotencyanswer",
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


def test_tombstones_answer_for_what_was_there(planted):
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


def as_file(*rows):
    return io.BytesIO(b"".join(json.dumps(row).encode() + b"\n" for row in rows))


# --- people ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def remembered(cast):
    """A reviewer whose name, address, country and words are unique, at work for Northwind."""
    User.objects.filter(pk=cast.anna.user_id).update(name="Quirina Zweifel", email="quirina@zweifel.example")
    Reviewer.objects.filter(pk=cast.anna.pk).update(country="LI")
    cast.anna.refresh_from_db()
    cast.anna.user.refresh_from_db()
    upload(cast.project, cast.dana, item_row("one"), item_row("two"), item_row("three"))
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer, "a", rationale=f"{WORD} of {reviewer.user.name}")
    settle()
    cast.release = freeze(cast.project, cast.dana)
    skip_task(user=cast.anna.user, token=take(cast.anna).token, reason=WORD)
    keep_draft(user=cast.anna.user, token=take(cast.anna).token, answers={"rationale": WORD})
    cast.key("anna")
    return cast


def test_an_erased_person_leaves_no_name_and_no_words_and_keeps_their_choices(remembered):
    anna = remembered.anna
    [erasure] = erase_person(user=anna.user, reason="Asked for", actor=remembered.mira)
    settle()
    erasure.refresh_from_db()
    assert erasure.finished_at is not None
    for word in ("Quirina", "Zweifel", "zweifel.example"):
        assert (tables_with(word), files_with(word)) == (set(), set())
    annotation = Annotation.objects.get(reviewer=anna)
    assert (annotation.answers, annotation.rationale) == ({"preference": {"choice": "a"}}, "")
    assert set(Annotation.objects.exclude(reviewer=anna).values_list("rationale", flat=True)) == {
        f"{WORD} of Bela",
        f"{WORD} of Cleo",
    }
    assert Tombstone.objects.get(subject="labeling_annotation").subject_id == annotation.pk
    anna.refresh_from_db()
    user = User.objects.get(pk=anna.user_id)
    assert (anna.country, anna.languages, anna.is_active) == ("", [], False)
    assert (user.name, user.email, user.is_active) == (
        "Erased person",
        f"erased-{user.public_id}@invalid.example",
        False,
    )
    assert not user.has_usable_password()
    assert remembered.project.enrolments.get(reviewer=anna).ended_at is not None
    assert tables_with(WORD) == {"labeling_annotation"}


def test_a_customers_own_person_is_erased_with_their_keys(cast):
    bearer = cast.bearer("dana")
    User.objects.filter(pk=cast.dana.pk).update(name="Quirina Zweifel", email="quirina@zweifel.example")
    cast.dana.refresh_from_db()
    assert Client().get("/api/v1/projects", headers=bearer).status_code == 200
    [erasure] = erase_person(user=cast.dana, reason="Left", actor=cast.mira)
    assert (erasure.kind, erasure.subject_id, erasure.customer) == ("person", cast.dana.pk, cast.northwind)
    assert Client().get("/api/v1/projects", headers=bearer).status_code == 401
    assert tables_with("uirina") == set()


def test_a_person_of_nobody_is_erased_too(cast):
    user = User.objects.create_user("quirina@zweifel.example", "secret", name="Quirina", surface="desk")
    assert erase_person(user=user, reason="Never came", actor=cast.mira) == []
    assert tables_with("uirina") == set()
    assert Event.objects.get(kind="person.erased").subject_id == user.pk


def test_a_person_of_several_customers_is_erased_by_who_manages_all_of_them(remembered):
    user = remembered.anna.user
    add_member(
        user=user,
        customer=remembered.meridian,
        project=remembered.foreign_project,
        role=Role.REVIEWER,
        actor=None,
    )
    with pytest.raises(NotAllowed):
        erase_person(user=user, reason="Asked for", actor=remembered.mira)
    with pytest.raises(Conflict, match="yourself"):
        erase_person(user=remembered.mira, reason="Tired", actor=remembered.mira)
    assert tables_with("Quirina") != set()
    made = erase_person(user=user, reason="Asked for", actor=both(remembered))
    assert {erasure.customer for erasure in made} == {remembered.northwind, remembered.meridian}
    assert len({erasure.request for erasure in made}) == 1
    assert tables_with("Quirina") == set()


# --- nobody else -------------------------------------------------------------------------------------------------------


def call_erase(kind, subject, customer):
    with connection.cursor() as cursor:
        cursor.execute("SELECT assay_erase(%s, %s, %s, 'Test', NULL, gen_random_uuid())", [kind, subject, customer])
        return cursor.fetchone()[0]


def refused(kind, *statements):
    with pytest.raises(kind) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("; ".join(statements))
    return str(error.value)


PARTS = (
    "labeling_erase_item(1, 1)", "labeling_erase_batch(1)", "labeling_erase_person(1, 1, 1)", "labeling_forget_person(1)",
    "labeling_leave_tombstone(1, 'x', 1, 'x')", "routing_erase_item(1)", "routing_erase_person(1)",
    "quality_erase_item(1, 1)", "quality_erase_person(1, 1, 1)", "delivery_erase_item(1)",
    "kernel_erase_answers(ARRAY[1::bigint])", "kernel_erase_person(1)",
)  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_the_runtime_role_calls_no_part_of_an_erasure(db, part):
    assert "permission denied for function" in refused(ProgrammingError, f"SELECT {part}")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE labeling_itemversion SET payload = '{}'",
        "UPDATE labeling_annotation SET rationale = ''",
        "UPDATE quality_resolution SET answers = '{}'",
        "UPDATE delivery_defect SET note = ''",
        "DELETE FROM labeling_itemversion",
        "DELETE FROM labeling_annotation",
        "DELETE FROM labeling_tombstone",
        "DELETE FROM delivery_artifactredaction",
    ],
)
def test_the_runtime_role_cannot_pass_for_an_erasure(db, change):
    assert "permission denied" in refused(ProgrammingError, "SET LOCAL assay.erasing = 'on'", change)


def test_what_the_runtime_role_may_write_to_keeps_what_it_holds(planted):
    erase_person(user=planted.remo.user, reason="Test", actor=both(planted))
    for change, why in (
        ("UPDATE labeling_unplacedanswer SET answers = '{}'", "never change"),
        ("UPDATE labeling_rejectedrow SET excerpt = ''", "never changes"),
        ("DELETE FROM labeling_unplacedanswer", "is kept"),
        ("DELETE FROM labeling_rejectedrow", "never changes"),
        ("DELETE FROM labeling_batch", "A batch is kept"),
        ("DELETE FROM labeling_erasure", "An erasure is remembered"),
    ):
        assert why in refused(IntegrityError, "SET LOCAL assay.erasing = 'on'", change)
    assert {"labeling_unplacedanswer", "labeling_rejectedrow"} <= tables_with(WORD)


def both(cast):
    """Return Mira, who from now on operates Meridian too."""
    add_member(user=cast.mira, customer=cast.meridian, role=Role.OPERATOR, actor=None)
    return cast.mira


def test_not_even_the_owner_changes_content_without_the_function(planted):
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    for change in (
        "UPDATE labeling_itemversion SET payload = '{}'",
        "UPDATE labeling_annotation SET rationale = ''",
        "DELETE FROM labeling_annotation",
    ):
        assert "never changes" in refused(IntegrityError, change)
    erasing = "SET LOCAL assay.erasing = 'on'"
    assert "never changes" in refused(IntegrityError, erasing, "UPDATE labeling_annotation SET seconds = 0")
    assert "never changes" in refused(IntegrityError, erasing, "DELETE FROM labeling_annotation")


def test_a_legal_hold_is_neither_deleted_nor_rewritten(cast):
    hold = place_legal_hold(customer=cast.northwind, reason="Kept", actor=cast.mira)
    assert "lifted, not deleted" in refused(IntegrityError, "DELETE FROM labeling_legalhold")
    assert "never change" in refused(IntegrityError, "UPDATE labeling_legalhold SET reason = 'Other'")
    lift_legal_hold(hold=hold, reason="Over", actor=cast.mira)
    assert "never changes" in refused(IntegrityError, "UPDATE labeling_legalhold SET lifted_at = now()")


def test_the_function_refuses_what_is_not_there(cast):
    for kind, subject, customer, why in (
        ("thing", 1, cast.northwind.pk, "of an item, a person or a batch"),
        ("batch", 1, cast.northwind.pk, "no batch 1 without items"),
        ("item", 1, cast.northwind.pk, "has no item"),
        ("person", 10**9, cast.northwind.pk, "There is no person"),
    ):
        with pytest.raises(IntegrityError, match=why), transaction.atomic():
            call_erase(kind, subject, customer)
    assert not Erasure.objects.exists()


# --- doors -------------------------------------------------------------------------------------------------------------


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
