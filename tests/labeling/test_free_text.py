"""What reviewers write is scanned too: words of their own, whatever the question's type, and nothing that they chose."""

import json
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django_q.models import OrmQ

from config.kernel.models import Handoff
from labeling.forms import KINDS
from labeling.free_text import without_words, written_in
from labeling.models import Annotation, Flag
from labeling.services import flagging
from labeling.services.free_text import flag_annotations
from labeling.services.judgments import supersede_annotation
from tests.factories import judge, prefer, settle, upload_items
from tests.labeling.test_history import TEXTS, bring, said

DOCUMENT = {
    "questions": [
        {"id": "better", "type": "preference"},
        {"id": "order", "type": "ranking"},
        {"id": "kind", "type": "choice"},
        {"id": "marked", "type": "spans"},
        {"id": "fix", "type": "edit"},
        {"id": "notes", "type": "critique"},
        {"id": "own", "type": "writing"},
        {"id": "later", "type": "a type of tomorrow"},
        {"id": "why", "type": "rationale"},
    ]
}


def test_own_words_are_found_under_every_type_and_choices_are_not():
    answers = {
        "better": {"choice": "a@example.org"},
        "order": [["a@example.org"], ["b"]],
        "kind": {"a": "b@example.org"},
        "marked": [{"response": "a", "start": 0, "end": 1, "label": "c@example.org"}],
        "fix": {"response": "d@example.org", "text": "edited", "diff": [["+", "edited"]]},
        "notes": [{"response": "a", "text": "first", "start": 0, "end": 3}, {"response": "b", "text": "second"}],
        "own": {"1": "turn one", "3": "turn three"},
        "later": {"deep": [["words", 3, None, True]]},
        "unknown": "not in the form",
    }
    assert list(written_in(DOCUMENT, answers, "because")) == [
        ("rationale", "because"),
        ("answers.fix", "edited"),
        ("answers.notes", "first"),
        ("answers.notes", "second"),
        ("answers.own", "turn one"),
        ("answers.own", "turn three"),
        ("answers.later", "words"),
        ("answers.unknown", "not in the form"),
    ]


def test_a_rationale_with_an_address_is_flagged_and_stays_as_it_is(cast):
    upload_items(cast.project, cast.mira, 2)
    judge(cast.anna, rationale="Ask anna@example.org, or bob@example.org, or +49 30 1234567.")
    judge(cast.bela, rationale="It is right.")
    settle()
    annotation = Annotation.objects.get(reviewer=cast.anna)
    flags = Flag.objects.order_by("id")
    assert [(each.annotation, each.item_version, each.kind, each.field, each.detail) for each in flags] == [
        (annotation, None, "personal_data", "rationale", {"pattern": "email", "count": 2}),
        (annotation, None, "personal_data", "rationale", {"pattern": "phone", "count": 1}),
    ]
    assert annotation.rationale.startswith("Ask anna@example.org")
    assert not Handoff.objects.exists()


def test_the_same_fact_again_adds_no_flag(cast):
    upload_items(cast.project, cast.mira)
    judge(cast.anna, rationale="Ask anna@example.org.")
    settle()
    ids = list(Annotation.objects.values_list("pk", flat=True))
    assert flag_annotations(annotation_ids=ids) == 1
    assert Flag.objects.count() == 1


def test_many_annotations_take_as_many_statements_as_few(cast, django_assert_num_queries):
    upload_items(cast.project, cast.mira, 4)
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        for _ in range(4):
            judge(reviewer, rationale="Ask anna@example.org.")
    ids = list(Annotation.objects.values_list("pk", flat=True))
    with django_assert_num_queries(3):
        assert flag_annotations(annotation_ids=ids) == 12
    with django_assert_num_queries(0):
        assert flag_annotations(annotation_ids=[]) == 0


@pytest.mark.parametrize("kind", [*KINDS, "a type of tomorrow"])
def test_the_database_knows_the_same_types_of_question_as_free_text(db, kind):
    document, answers = {"questions": [{"id": "one", "type": kind}]}, {"one": "x", "one.a": "y", "other": "z"}
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT labeling_without_words(%s, %s)::text", [json.dumps(document), json.dumps(answers)])
        assert json.loads(cursor.fetchone()[0]) == without_words(document, answers)


def test_what_a_correction_says_is_scanned_too(cast):
    upload_items(cast.project, cast.mira)
    judge(cast.anna)
    answers = prefer("b", rationale="Ask anna@example.org.")
    made = supersede_annotation(annotation=Annotation.objects.get(), answers=answers, actor=cast.anna.user)
    settle()
    assert list(Flag.objects.values_list("annotation", "field")) == [(made.pk, "rationale")]


def test_what_people_wrote_in_an_earlier_tool_is_scanned_with_the_batch(cast):
    judgment = said("a@old.example")
    judgment["result"].append({"from_name": "rationale", "type": "textarea", "value": {"text": ["Ask b@example.org."]}})
    bring(cast, {"id": 7, "data": TEXTS, "annotations": [judgment, said("c@old.example")]})
    flag = Flag.objects.get()
    assert (flag.annotation.origin, flag.annotation.rationale) == ("imported", "Ask b@example.org.")
    assert (flag.kind, flag.field, flag.detail) == ("personal_data", "rationale", {"pattern": "email", "count": 1})


def test_exports_flagged_before_imported_annotations_were_are_looked_through_once_more(cast, monkeypatch):
    judgment = said("a@old.example")
    judgment["result"].append({"from_name": "rationale", "type": "textarea", "value": {"text": ["Ask b@example.org."]}})
    unlike = {**TEXTS, "prompt": "Capital of Spain, and why?"}
    with monkeypatch.context() as before:
        before.setattr(flagging, "_imported_with", lambda versions: [])
        batch = bring(
            cast, {"id": 7, "data": TEXTS, "annotations": []}, {"id": 8, "data": unlike, "annotations": [judgment]}
        )
        upload_items(cast.project, cast.mira, 1)
    assert not Flag.objects.filter(kind="personal_data").exists()
    import_module("labeling.migrations.0020_flag_imported").queue(apps, None)
    queued = [each.task for each in OrmQ.objects.all()]
    assert [(each["func"], each["args"]) for each in queued] == [("labeling.jobs.flag_imported", (batch.pk,))]
    monkeypatch.setattr(flagging, "SLICE", 1)
    first = batch.versions.earliest("pk").pk
    assert flagging.flag_imported(batch_id=batch.pk, seconds=-1) == 0
    settle()
    assert Flag.objects.get(kind="personal_data").annotation.rationale == "Ask b@example.org."
    assert flagging.flag_imported(batch_id=batch.pk, after=first) is None
    assert Flag.objects.filter(kind="personal_data").count() == 1
