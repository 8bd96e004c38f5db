"""Exports of Label Studio and Argilla: tasks become items, what people said becomes history that is marked and no vote."""

import io
import json

import pytest
from django.test import Client

from delivery.models import LedgerEntry
from labeling.life import life_of_item
from labeling.models import Annotation, Flag, ImportedIdentity, Item, RejectedRow, Reviewer, Round, Task
from labeling.reading.history import answer_of, judgments_of
from labeling.selectors import progress_of
from labeling.services.batches import keep_source, receive_batch
from labeling.services.mappings import save_mapping
from labeling.services.triage import dismiss_flag
from labeling.types import SaidBefore
from tests.cast import FORM
from tests.factories import judge, settle

TEXTS = {"prompt": "Capital of France?", "answer1": "Paris.", "answer2": "Lyon.", "language": "en", "topic": "towns"}


def said(name, selected="left", **more):
    result = {
        "from_name": "preference",
        "to_name": "answer1,answer2",
        "type": "pairwise",
        "value": {"selected": selected},
    }
    return {
        "completed_by": {"email": name}, "result": [result], "lead_time": 12.5,
        "created_at": "2024-05-01T10:00:00.000000Z", "was_cancelled": False, **more,
    }  # fmt: skip


def bring(cast, *records, name="export.json", **way):
    source = keep_source(project=cast.project, source=io.BytesIO(json.dumps(records).encode()), name=name)
    batch, _ = receive_batch(project=cast.project, name=name, source=source, actor=cast.dana, **way)
    settle()
    batch.refresh_from_db()
    return batch


def test_a_label_studio_task_becomes_an_item_with_its_history(cast):
    rationale = {"from_name": "rationale", "type": "textarea", "value": {"text": ["It is", "right."]}}
    both = said("b@old.example")
    both["result"].append(rationale)
    batch = bring(cast, {"id": 7, "data": TEXTS, "annotations": [said("a@old.example"), both], "predictions": [{}]})
    assert (batch.format, batch.state, batch.items_created, batch.rejected) == ("label_studio", "accepted", 1, 0)
    item = Item.objects.select_related("current_version").get()
    assert (item.external_id, item.state, item.current_version.metadata) == ("7", "in_progress", {"topic": "towns"})
    assert [each["text"] for each in item.current_version.payload["responses"]] == ["Paris.", "Lyon."]
    past, first = Round.objects.order_by("number")
    assert (past.number, past.state, past.reason, past.judgments_needed) == (0, "history", "imported", 2)
    assert (first.number, first.state, first.reason, first.judgments_needed) == (1, "open", "first", 3)
    assert list(
        Annotation.objects.order_by("id").values_list(
            "origin",
            "answers",
            "rationale",
            "seconds",
            "reviewer__imported_identity__name",
            "task__kind",
            "task__state",
        )
    ) == [
        ("imported", {"preference": {"choice": "a"}}, "", 12.5, "a@old.example", "imported", "completed"),
        ("imported", {"preference": {"choice": "a"}}, "It is\nright.", 12.5, "b@old.example", "imported", "completed"),
    ]
    assert {each.created_at.isoformat() for each in Annotation.objects.all()} == {"2024-05-01T10:00:00+00:00"}


def test_history_is_no_vote_is_not_paid_and_shows_in_the_items_life(cast):
    bring(cast, {"id": 7, "data": TEXTS, "annotations": [said(f"{name}@old.example") for name in "abc"]})
    item = Item.objects.get()
    assert item.state == "in_progress"
    assert (progress_of(cast.project).judgments, progress_of(cast.project).judgments_needed) == (0, 3)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer, "b")
    settle()
    item.refresh_from_db()
    assert item.state == "resolved"
    resolution = item.rounds.get(number=1).resolutions.get()
    assert resolution.answers == {"preference": {"choice": "b"}}
    assert LedgerEntry.objects.filter(kind="pay").count() == 3
    told = [moment.what for moment in life_of_item(item)]
    assert "3 judgments of an earlier tool imported" in told
    assert told.count("annotation imported from an earlier tool in round 0") == 3


def test_an_annotation_that_does_not_fit_is_a_reject_and_the_item_is_taken(cast):
    unknown = {"result": [{"from_name": "mood", "type": "choices", "value": {"choices": ["good"]}}]}
    skipped = {"result": [], "was_cancelled": True}
    batch = bring(
        cast,
        {"id": 1, "data": TEXTS, "annotations": [said("a"), unknown, said("b", "middle"), said("a"), skipped, {}]},
        {"id": 2, "annotations": []},
    )
    assert (batch.state, batch.rows_read, batch.items_created, batch.rejected) == ("accepted", 2, 1, 1)
    assert list(RejectedRow.objects.order_by("id").values_list("line", "field", "reason")) == [
        (1, "annotations[1]", "The form has no question 'mood'; nothing answers to this control."),
        (1, "annotations[2]", "preference: Choose one of a, b, tie, both_bad."),
        (1, "annotations[3]", "This person has judged the item before, in the same row; the first counts."),
        (1, "annotations[4]", "An annotation has a result, a list."),
        (2, "data", "A Label Studio task has data; export the project as JSON."),
    ]
    assert Annotation.objects.count() == 1


def rejects_of(cast, batch):
    answer = Client().get(f"/api/v1/batches/{batch.public_id}/rejects.ndjson", headers=cast.bearer("dana"))
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def send_again(cast, rows, name="mended.ndjson"):
    text = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    source = keep_source(project=cast.project, source=io.BytesIO(text), name=name)
    batch, _ = receive_batch(project=cast.project, name=name, source=source, actor=cast.dana)
    settle()
    batch.refresh_from_db()
    return batch


def test_annotations_that_do_not_fit_are_sent_back_and_come_mended_as_history_once(cast):
    batch = bring(
        cast,
        {"id": 1, "data": TEXTS, "annotations": [said("a"), said("b", "middle"), said("c", "up")], "predictions": [{}]},
        {"id": 2, "data": {**TEXTS, "topic": "rivers"}, "annotations": [said("b", "down")]},
    )
    rows = rejects_of(cast, batch)
    assert [(row["_rejected"]["line"], row["_rejected"]["field"]) for row in rows] == [
        (1, "annotations[1]"),
        (1, "annotations[2]"),
        (2, "annotations[0]"),
    ]
    assert [[each["completed_by"]["email"] for each in row["annotations"]] for row in rows] == [["b"], ["c"], ["b"]]
    assert {row["_rejected"]["reason"] for row in rows} == {"preference: Choose one of a, b, tie, both_bad."}
    for row in rows[:1] + rows[2:]:
        row["annotations"][0]["result"][0]["value"]["selected"] = "right"
    again = send_again(cast, rows)
    assert (again.format, again.state, again.items_created, again.duplicates) == ("label_studio", "accepted", 0, 3)
    assert [row["_rejected"]["field"] for row in rejects_of(cast, again)] == ["annotations[0]"]
    assert history() == [("1", 0, "a", "a"), ("1", 2, "b", "b"), ("2", 2, "b", "b")]
    rows[1]["annotations"][0]["result"][0]["value"]["selected"] = "left"
    send_again(cast, rows, name="all.ndjson")
    expected = [("1", 0, "a", "a"), ("1", 2, "b", "b"), ("1", 3, "c", "a"), ("2", 2, "b", "b")]
    assert history() == expected
    send_again(cast, [*rows, *rows], name="twice.ndjson")
    assert history() == expected
    assert Task.objects.filter(kind="annotate", state="open").count() == 6


def history():
    said = Annotation.objects.filter(origin="imported").order_by("round__item__external_id", "round__number")
    return [
        (
            each.round.item.external_id,
            each.round.number,
            each.reviewer.imported_identity.name,
            each.answers["preference"]["choice"],
        )
        for each in said
    ]


def test_what_mended_history_says_is_looked_through_for_personal_data(cast):
    told = {"from_name": "rationale", "type": "textarea", "value": {"text": ["Ask otto@mail.example"]}}
    wrong = said("a", "middle")
    wrong["result"].append(told)
    rows = rejects_of(cast, bring(cast, {"id": 1, "data": TEXTS, "annotations": [wrong]}))
    assert not Flag.objects.exists()
    rows[0]["annotations"][0]["result"][0]["value"]["selected"] = "left"
    send_again(cast, rows)
    assert Flag.objects.get().field == "rationale"


@pytest.mark.parametrize("older", [True, False])
def test_an_argilla_response_that_does_not_fit_is_sent_back_alone_and_comes_mended(cast, older):
    record = {
        "id": "r1",
        "fields": {"prompt": "Capital?", "response_a": "Paris.", "response_b": "Lyon."},
        "metadata": {"language": "en"},
    }
    if older:
        record["responses"] = [
            {"user_id": name, "values": {"preference": {"value": value}}}
            for name, value in (("u1", "a"), ("u2", "left"))
        ]
    else:
        record["responses"] = {"preference": [{"user_id": "u1", "value": "a"}, {"user_id": "u2", "value": "left"}]}
    [row] = rejects_of(cast, bring(cast, record))
    [mended] = row["responses"] if older else row["responses"]["preference"]
    assert mended["user_id"] == "u2"
    if older:
        mended["values"]["preference"]["value"] = "b"
    else:
        mended["value"] = "b"
    again = send_again(cast, [row])
    assert (again.format, again.duplicates) == ("argilla", 1)
    assert history() == [("r1", 0, "u1", "a"), ("r1", 2, "u2", "b")]


def test_a_mapping_names_what_is_in_an_export_by_its_path_too(cast):
    fields = {
        "external_id": {"column": "id"},
        "messages": [{"role": "user", "column": "data.prompt"}],
        "responses": [{"column": "data.answer1"}, {"column": "answer2"}],
    }
    mapping, _ = save_mapping(project=cast.project, name="Export", document={"fields": fields}, actor=cast.mira)
    without = {"id": 8, "data": {"answer1": "A", "answer2": "B"}, "annotations": []}
    bring(cast, {"id": 7, "data": TEXTS, "annotations": []}, without, mapping=mapping)
    assert Item.objects.get().current_version.payload["messages"] == [{"role": "user", "content": TEXTS["prompt"]}]
    [left] = RejectedRow.objects.all()
    assert (left.line, left.field) == (2, "messages")
    assert left.reason.endswith("(The row has no 'data.prompt', which the mapping names.)")


def test_an_item_whose_history_came_twice_while_it_was_held_gets_its_first_round_after_both(cast):
    cast.project.hold_flagged = ["personal_data"]
    cast.project.save()
    data = {**TEXTS, "prompt": "Who is jane.doe@example.org?"}
    bring(cast, {"id": 7, "data": data, "annotations": [said("a")]})
    item = Item.objects.get()
    assert item.state == "held"
    again = {"id": 7, "data": {**data, "answer2": "Jane."}, "annotations": [said("a")]}
    bring(cast, again, on_conflict="new_version")
    for flag in Flag.objects.filter(state="open"):
        dismiss_flag(flag=flag, reason="An example", actor=cast.mira)
    settle()
    item.refresh_from_db()
    assert item.state == "in_progress"
    assert list(item.rounds.order_by("number").values_list("number", "state", "reason", "item_version__number")) == [
        (0, "history", "imported", 1),
        (1, "history", "imported", 2),
        (2, "open", "first", 2),
    ]
    assert Task.objects.filter(round__number=2, state="open").count() == 3


@pytest.mark.parametrize(
    "responses",
    [
        [
            {"user_id": "u1", "status": "submitted", "values": {"preference": {"value": "b"}}},
            {"user_id": "u2", "status": "draft", "values": {"preference": {"value": "a"}}},
        ],
        {"preference": [{"value": "b", "user_id": "u1"}, {"value": "a", "user_id": "u2", "status": "discarded"}]},
    ],
    ids=["older", "newer"],
)
def test_argillas_records_of_either_generation_become_items_with_history(cast, responses):
    fields = {"prompt": "Q", "response_a": "A", "response_b": "B"}
    record = {
        "id": "r-1", "fields": fields, "metadata": {"language": "en", "x": 1}, "responses": responses,
        "suggestions": [{"question_name": "preference", "value": "a"}],
    }  # fmt: skip
    batch = bring(cast, record)
    assert (batch.format, batch.items_created) == ("argilla", 1)
    version = Item.objects.get().current_version
    assert (version.language, version.metadata, len(version.payload["responses"])) == ("en", {"x": 1}, 2)
    assert list(Annotation.objects.values_list("answers", "reviewer__imported_identity__name")) == [
        ({"preference": {"choice": "b"}}, "u1")
    ]


def test_a_person_of_the_earlier_tool_is_one_identity_a_customer(cast):
    bring(cast, {"id": 1, "data": TEXTS, "annotations": [said("a")]})
    bring(cast, {"id": 2, "data": TEXTS, "annotations": [said("a"), said("b")]})
    assert list(ImportedIdentity.objects.order_by("name").values_list("name", "customer__slug")) == [
        ("a", "northwind"),
        ("b", "northwind"),
    ]
    assert set(Reviewer.objects.filter(kind="imported").values_list("organisation__name", "is_active")) == {
        ("Imported", False)
    }
    assert Task.objects.filter(kind="imported").count() == 3


def test_an_export_again_brings_nothing_twice(cast):
    task = {"id": 1, "data": TEXTS, "annotations": [said("a")]}
    bring(cast, task)
    again = bring(cast, task, {"id": 2, "data": TEXTS, "annotations": []})
    assert (again.items_created, again.duplicates) == (1, 1)
    assert Annotation.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "value", "answer"),
    [
        ("preference", ["a"], {"choice": "a"}),
        ("choice", ["good"], "good"),
        ("choices", ["b", "a", "a"], ["a", "b"]),
        ("rating", "4", 4),
        ("rating", 4.5, 4.5),
        ("ranking", [{"value": "b", "rank": 1}, {"value": "a", "rank": 2}, {"value": "c", "rank": 1}], [["b", "c"], ["a"]]),
        ("ranking", ["b", "a"], [["b"], ["a"]]),
        ("writing", ["one", "two"], "one\ntwo"),
        ("rationale", "why", "why"),
    ],
)  # fmt: skip
def test_a_value_becomes_the_answer_of_its_question(kind, value, answer):
    assert answer_of({"id": "q", "type": kind}, value, ["a", "b", "c"]) == answer


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        ("2024-05-01T10:00:00+02:00", "2024-05-01T08:00:00+00:00"),
        ("2024-05-01", "2024-05-01T00:00:00+00:00"),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("soon", None),
    ],
)
def test_a_time_is_kept_in_utc_and_dropped_where_it_is_none_there(at, moment):
    said_before = SaidBefore("a", {"preference": "a"}, at=at)
    [judgment], unfit = judgments_of([said_before], FORM, ["a", "b"])
    assert (judgment.at, unfit) == (moment, [])


def test_an_annotation_from_before_all_time_is_taken_without_its_time(cast):
    impossible = said("a@old.example", created_at="0001-01-01T00:00:00+23:59")
    assert bring(cast, {"id": 7, "data": TEXTS, "annotations": [impossible]}).state == "accepted"
    assert Annotation.objects.get().created_at.year > 2000
