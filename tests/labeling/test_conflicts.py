"""The same external id with other content: a conflict, or a new version that is judged anew."""

import json

from django.db import connection

from labeling import jobs
from labeling.models import Annotation, Item, ItemVersion, RejectedRow, Round
from labeling.services import reuploads
from labeling.services.reuploads import reopen_revised
from labeling.services.rounds import generate_tasks
from tests.factories import item_row, judge, lines, resolve_items, settle, upload
from tests.labeling.test_batches import receive


def upload_anew(cast, *rows, on_conflict="new_version"):
    batch, _ = receive(cast, lines(*rows), on_conflict=on_conflict)
    settle()
    batch.refresh_from_db()
    return batch


def redact(item):
    """Make a version that says something else, as a redaction does."""
    first = item.versions.get(number=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO labeling_itemversion (customer_id, item_id, number, reason, payload, language, domain, difficulty,"
            " provenance, metadata, digest) SELECT customer_id, item_id, 2, 'redaction', payload, language, domain,"
            " difficulty, provenance, metadata, %s FROM labeling_itemversion WHERE id = %s RETURNING id",
            ["r" * 64, first.pk],
        )
        item.current_version_id = cursor.fetchone()[0]
    item.save(update_fields=["current_version"])


def test_other_content_becomes_a_version_and_the_item_is_judged_anew(cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo])
    batch = upload_anew(cast, item_row("item-000", difficulty=1), item_row("new"))
    assert (batch.items_created, batch.versions_created, batch.conflicts) == (1, 1, 0)
    item = Item.objects.get(external_id="item-000")
    version = item.current_version
    assert (version.number, version.reason, version.batch, version.line, version.difficulty) == (
        2, "reupload", batch, 1, 1,
    )  # fmt: skip
    assert item.state == "in_progress"
    assert list(item.rounds.order_by("number").values_list("number", "state", "reason", "item_version__number")) == [
        (1, "resolved", "first", 1),
        (2, "open", "revision", 2),
    ]
    assert Annotation.objects.filter(round__item=item).count() == 3
    assert reopen_revised(batch_id=batch.pk) == 0


def test_what_is_uploaded_anew_is_judged_anew_in_slices_that_go_on(cast, monkeypatch):
    monkeypatch.setattr(reuploads, "SLICE", 2)
    monkeypatch.setattr(jobs, "generate", lambda batch_id: 0)
    names = [f"item-{number}" for number in range(5)]
    first = upload(cast.project, cast.mira, *[item_row(name) for name in names])
    generate_tasks(batch_id=first.pk)
    batch = upload_anew(cast, *[item_row(name, difficulty=1) for name in names])
    assert reopen_revised(batch_id=batch.pk, until=0) == 0
    assert reuploads._reopen_slice(batch.pk) == 2
    batch.refresh_from_db()
    assert batch.revised_through == batch.versions.order_by("pk")[1].pk
    assert reopen_revised(batch_id=batch.pk) == 3
    assert reopen_revised(batch_id=batch.pk) == 0
    batch.refresh_from_db()
    assert batch.revised_at is not None
    assert set(Round.objects.filter(state="open").values_list("number", "item_version__number")) == {(2, 2)}
    assert Round.objects.filter(state="open").count() == 5


def test_an_open_round_ends_and_what_was_said_stays(cast):
    upload(cast.project, cast.mira, item_row("one"))
    judge(cast.anna)
    upload_anew(cast, item_row("one", difficulty=1))
    assert list(Round.objects.order_by("number").values_list("state", flat=True)) == ["cancelled", "open"]
    assert Annotation.objects.count() == 1


def test_what_the_item_says_already_is_a_duplicate_and_what_it_said_before_is_news(cast):
    upload(cast.project, cast.mira, item_row("one"))
    assert upload_anew(cast, item_row("one"), item_row("one")).duplicates == 2
    upload_anew(cast, item_row("one", difficulty=1))
    refusing = upload(cast.project, cast.mira, item_row("one"), item_row("one", difficulty=1), item_row("more"))
    assert (refusing.duplicates, refusing.conflicts, refusing.items_created) == (2, 0, 1)
    back = upload_anew(cast, item_row("one"), item_row("more", difficulty=2))
    assert (back.versions_created, back.duplicates) == (2, 0)
    assert Item.objects.get(external_id="one").current_version.number == 3


def test_what_was_redacted_does_not_come_back_by_uploading_it_again(cast):
    upload(cast.project, cast.mira, item_row("one"))
    redact(Item.objects.get())
    for on_conflict in ("refuse", "new_version"):
        batch = upload_anew(cast, item_row("one"), item_row(on_conflict), on_conflict=on_conflict)
        assert (batch.duplicates, batch.versions_created, batch.items_created) == (1, 0, 1)
    assert Item.objects.get(external_id="one").current_version.reason == "redaction"


def test_gold_has_one_version(cast):
    expected = {"answer": {"preference": {"choice": "a"}}}
    upload(cast.project, cast.mira, item_row("gold", expected=expected), item_row("plain"))
    batch = upload_anew(cast, item_row("gold"), item_row("plain", expected=expected), item_row("other"))
    assert (batch.conflicts, batch.versions_created) == (2, 0)
    reason = "An item with an expected answer has one version; upload it as an item of its own."
    assert set(RejectedRow.objects.values_list("field", "reason")) == {("external_id", reason)}
    assert ItemVersion.objects.count() == 3


def test_of_rows_with_one_external_id_the_first_counts(cast):
    upload(cast.project, cast.mira, item_row("one"))
    batch = upload_anew(cast, item_row("one", difficulty=1), item_row("one", difficulty=2))
    assert (batch.versions_created, batch.conflicts) == (1, 1)
    assert Item.objects.get().current_version.difficulty == 1
    assert RejectedRow.objects.get().reason.startswith("An earlier row of this file has this external id")


def test_a_conflict_is_kept_as_the_item_it_would_be(cast):
    upload(cast.project, cast.mira, item_row("one"))
    upload_anew(cast, item_row("one", difficulty=1, metadata={"x": None}), item_row("two"), on_conflict="refuse")
    row = json.loads(RejectedRow.objects.get().raw)
    assert row == {
        **item_row("one", difficulty=1), "metadata": {"x": None}, "domain": "general", "provenance": "human",
    }  # fmt: skip
    assert upload_anew(cast, row).versions_created == 1
