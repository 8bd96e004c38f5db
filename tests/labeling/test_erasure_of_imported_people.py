"""People of an earlier tool: their name goes with the last of what they said, or when somebody asks for it."""

import io
import json

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from config.kernel.errors import Conflict, Invalid, NotAllowed
from labeling.errors import ErasedBefore, LegalHoldStands
from labeling.models import Annotation, Batch, Erasure, ImportedIdentity, Item, RejectedRow, Tombstone
from labeling.services.batches import keep_source, receive_batch
from labeling.services.erasures import erase_imported_person, erase_item
from labeling.services.legal_holds import place_legal_hold
from tests.cast import gather_cast
from tests.erasing import WORD
from tests.factories import item_row, settle, upload
from tests.labeling.test_history import TEXTS, bring, said
from tests.traces import empty_files, files_with, tables_with

ZOE, YAN = "zoe@zweifel.example", "yan@zweifel.example"


@pytest.fixture
def cast(transactional_db):
    empty_files()
    return gather_cast()


@pytest.fixture
def brought(cast):
    """Zoe judged two items and Yan the first of them, with words; a refused row of the export names Zoe as well."""
    bring(
        cast,
        {"id": 1, "data": TEXTS, "annotations": [speaking(ZOE), speaking(YAN)]},
        {"id": 2, "data": TEXTS, "annotations": [said(ZOE)]},
        {"id": 3, "annotations": [said(ZOE)]},
    )
    return cast


def speaking(name):
    judgment = said(name)
    words = {"from_name": "rationale", "type": "textarea", "value": {"text": [f"{WORD}, says {name}"]}}
    return {**judgment, "result": [*judgment["result"], words]}


def names():
    return list(ImportedIdentity.objects.order_by("pk").values_list("name", flat=True))


def test_a_name_goes_with_the_last_item_that_its_person_judged(brought):
    assert {"labeling_importedidentity"} <= tables_with(YAN)
    erase_item(item=Item.objects.get(external_id="1"), reason="Asked for", actor=brought.dana)
    settle()
    assert (tables_with(YAN), files_with(YAN)) == (set(), set())
    assert tables_with(ZOE) == {"labeling_importedidentity"}
    erase_item(item=Item.objects.get(external_id="2"), reason="Asked for", actor=brought.dana)
    settle()
    assert (tables_with("zweifel"), files_with("zweifel")) == (set(), set())
    assert set(names()) == {f"erased-{each.reviewer.public_id}" for each in ImportedIdentity.objects.all()}
    assert Annotation.objects.count() == 3


def test_one_imported_person_is_erased_and_their_choices_stay(brought):
    other = upload(brought.project, brought.dana, item_row("plain"), name="plain")
    zoe = ImportedIdentity.objects.get(name=ZOE)
    erasure = erase_imported_person(identity=zoe, reason="Asked for", actor=brought.dana)
    settle()
    erasure.refresh_from_db()
    assert erasure.finished_at is not None
    assert (erasure.kind, erasure.customer, erasure.counts["annotations"]) == ("imported", brought.northwind, 1)
    assert (tables_with(ZOE), files_with(ZOE)) == (set(), set())
    assert tables_with(YAN) == {"labeling_importedidentity", "labeling_annotation"}
    assert list(Annotation.objects.filter(reviewer=zoe.reviewer_id).values_list("answers", "rationale")) == [
        ({"preference": {"choice": "a"}}, ""),
        ({"preference": {"choice": "a"}}, ""),
    ]
    assert Tombstone.objects.get().subject == "labeling_annotation"
    assert list(Batch.objects.filter(source_erased_at=None)) == [other]
    assert set(RejectedRow.objects.values_list("field", "reason", "excerpt", "raw")) == {("", "Erased.", "", "")}
    assert set(Item.objects.values_list("state", flat=True)) == {"in_progress"}


def test_a_refused_erasure_of_an_imported_person_changes_nothing(brought):
    zoe = ImportedIdentity.objects.get(name=ZOE)

    def refused(error, match=None, reason="Asked for", actor=brought.dana):
        with pytest.raises(error, match=match):
            erase_imported_person(identity=zoe, reason=reason, actor=actor)

    for actor in (brought.victor, brought.ruth, brought.otto):
        refused(NotAllowed, actor=actor)
    refused(Invalid, "why", reason=" ")
    content = io.BytesIO(json.dumps([{"id": 9, "data": TEXTS, "annotations": [said(ZOE)]}]).encode())
    source = keep_source(project=brought.project, source=content, name="late.json")
    receive_batch(project=brought.project, name="late.json", source=source, actor=brought.dana)
    refused(Conflict, "still being read")
    settle()
    place_legal_hold(customer=brought.northwind, project=brought.project, reason="Court", actor=brought.mira)
    refused(LegalHoldStands, "Court")
    assert not Erasure.objects.exists()
    assert names() == [YAN, ZOE]
    assert "labeling_annotation" in tables_with(ZOE)


def test_the_operator_erases_an_imported_person_in_the_console(brought):
    zoe = ImportedIdentity.objects.get(name=ZOE)
    client = Client()
    client.force_login(brought.mira)
    action = {
        "action": "erase_imported_person",
        "_selected_action": [zoe.pk],
        "reason": "Asked for",
        "confirmed": "yes",
    }
    client.post(reverse("admin:labeling_importedidentity_changelist"), action, follow=True)
    erasure = Erasure.objects.get()
    assert (erasure.kind, erasure.subject_id, erasure.requested_by) == ("imported", zoe.pk, brought.mira)
    settle()
    assert tables_with(ZOE) == set()
    with pytest.raises(ErasedBefore):
        erase_imported_person(identity=zoe, reason="Again", actor=brought.mira)


def test_nobody_renames_an_imported_person(brought):
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        ImportedIdentity.objects.update(name="Somebody else")
    assert names() == [YAN, ZOE]
