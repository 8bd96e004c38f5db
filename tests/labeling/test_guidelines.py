"""Guideline drafts: proposed, revised, published or declined; what is published never changes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid, TransitionRefused
from config.kernel.models import Event
from labeling.answer_mapping import InvalidMapping
from labeling.guidelines import changes_of
from labeling.models import GuidelineVersion
from labeling.services.guidelines import (
    decline_draft,
    propose_guideline,
    publish_draft,
    publish_guideline,
    revise_draft,
)
from labeling.services.projects import close_project
from labeling.services.rounds import documents_in_force
from tests.cast import CLAUSES

STRICTER = [{**CLAUSES[0], "text": "A wrong fact always loses."}]
SAFETY = {"id": "safety", "title": "Safety", "text": "Nothing that harms."}
EXAMPLE = {"text": "Lyon is no capital.", "clause": "true", "messages": [{"role": "user", "content": "Capital?"}]}


def test_a_draft_has_its_number_and_is_in_force_once_published(cast):
    draft = propose_guideline(
        project=cast.project, clauses=STRICTER, examples=[EXAMPLE], change_kind="clarification", actor=cast.dana
    )
    assert (draft.number, draft.state, draft.in_force, draft.proposed_by) == (2, "draft", None, cast.dana)
    assert documents_in_force(cast.project).guideline.number == 1
    published = publish_draft(guideline=draft, actor=cast.mira)
    assert (published.state, documents_in_force(cast.project).guideline) == ("published", draft)
    first = cast.project.guidelines.get(number=1)
    assert first.in_force.upper == published.in_force.lower
    kinds = Event.objects.filter(kind__startswith="guideline.", customer_id=cast.northwind.pk, subject_id=draft.pk)
    assert list(kinds.order_by("id").values_list("kind", "actor_id")) == [
        ("guideline.proposed", cast.dana.pk),
        ("guideline.published", cast.mira.pk),
    ]


def test_a_draft_is_revised_until_it_is_decided(cast):
    draft = propose_guideline(project=cast.project, clauses=STRICTER, actor=cast.dana)
    revised = revise_draft(guideline=draft, clauses=[*STRICTER, SAFETY], summary="Safety", actor=cast.dana)
    assert (revised.number, revised.clauses, revised.summary) == (2, [*STRICTER, SAFETY], "Safety")
    assert revised.digest != draft.digest
    publish_draft(guideline=draft, actor=cast.mira)
    with pytest.raises(Conflict, match="Version 2 is published"):
        revise_draft(guideline=draft, clauses=CLAUSES, actor=cast.dana)
    draft.refresh_from_db()
    assert draft.clauses == [*STRICTER, SAFETY]


def test_a_draft_is_declined_with_a_reason_and_for_good(cast):
    draft = propose_guideline(project=cast.project, clauses=STRICTER, actor=cast.dana)
    with pytest.raises(Invalid, match="Say why"):
        decline_draft(guideline=draft, reason=" ", actor=cast.mira)
    decline_draft(guideline=draft, reason="Too strict.", actor=cast.mira)
    draft.refresh_from_db()
    assert (draft.state, draft.decline_reason) == ("declined", "Too strict.")
    with pytest.raises(TransitionRefused):
        publish_draft(guideline=draft, actor=cast.mira)
    assert documents_in_force(cast.project).guideline.in_force.upper is None
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        GuidelineVersion.objects.filter(pk=draft.pk).update(decline_reason="Other")


def test_several_versions_are_scheduled_in_the_order_of_their_numbers(cast):
    now = database_now()
    for number, hours in ((2, 1), (3, 5)):
        publish_guideline(
            project=cast.project, clauses=STRICTER, effective_from=now + timedelta(hours=hours), actor=cast.mira
        )
        assert cast.project.guidelines.get(number=number).in_force.upper is None
    ranges = [version.in_force for version in cast.project.guidelines.order_by("number")]
    assert [each.upper for each in ranges] == [now + timedelta(hours=1), now + timedelta(hours=5), None]
    assert documents_in_force(cast.project).guideline.number == 1
    with pytest.raises(Invalid, match="choose a later time"):
        publish_guideline(
            project=cast.project, clauses=STRICTER, effective_from=now + timedelta(hours=3), actor=cast.mira
        )
    assert cast.project.guidelines.count() == 3


def test_nothing_takes_effect_in_the_past(cast):
    with pytest.raises(Invalid, match="This time is past"):
        publish_guideline(
            project=cast.project, clauses=STRICTER, effective_from=database_now() - timedelta(hours=1), actor=None
        )
    assert cast.project.guidelines.count() == 1


def test_a_draft_older_than_what_is_published_is_proposed_again(cast):
    draft = propose_guideline(project=cast.project, clauses=STRICTER, actor=cast.dana)
    publish_guideline(project=cast.project, clauses=[*STRICTER, SAFETY], actor=cast.mira)
    with pytest.raises(Conflict, match="propose it again"):
        publish_draft(guideline=draft, actor=cast.mira)
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert documents_in_force(cast.project).guideline.number == 3


def test_a_closed_project_keeps_its_guideline(cast):
    close_project(project=cast.project, actor=cast.mira)
    with pytest.raises(Conflict, match="closed"):
        publish_guideline(project=cast.project, clauses=STRICTER, actor=cast.mira)
    assert cast.project.guidelines.count() == 1


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"clauses": []}, "clauses"),
        ({"clauses": [{"title": "No id"}]}, "clauses[0].id"),
        ({"clauses": CLAUSES * 2}, "clauses"),
        ({"clauses": CLAUSES, "examples": [{"clause": "true"}]}, "examples[0].text"),
        ({"clauses": CLAUSES, "examples": [{"text": "Look.", "clause": "gone"}]}, "examples[0].clause"),
        (
            {"clauses": CLAUSES, "examples": [{**EXAMPLE, "messages": [{"role": "user"}]}]},
            "examples[0].messages[0].content",
        ),
        ({"clauses": CLAUSES, "redo": {"countries": ["FR"]}}, "redo.countries"),
        ({"clauses": CLAUSES, "change_kind": "small"}, "change_kind"),
        ({"clauses": CLAUSES, "answer_mapping": {"questions": {}, "tests": []}}, "answer_mapping"),
        (
            {"clauses": CLAUSES, "change_kind": "breaking", "answer_mapping": {"questions": {}, "tests": []}},
            "answer_mapping.tests",
        ),
    ],
)
def test_what_is_no_guideline_is_refused_at_its_place(cast, content, field):
    with pytest.raises(Invalid) as refused:
        propose_guideline(project=cast.project, actor=cast.dana, **content)
    assert refused.value.field == field
    assert cast.project.guidelines.count() == 1


def test_a_mapping_whose_test_fails_is_not_published(cast):
    tests = [{"from": {"preference": {"choice": "tie"}}, "to": {"preference": {"choice": "a"}}}]
    with pytest.raises(InvalidMapping, match="does not hold"):
        publish_guideline(
            project=cast.project,
            clauses=STRICTER,
            change_kind="breaking",
            answer_mapping={"questions": {}, "tests": tests},
            actor=cast.mira,
        )
    assert documents_in_force(cast.project).guideline.number == 1


def test_a_version_says_what_it_changes(cast):
    published = publish_guideline(project=cast.project, clauses=[SAFETY, *STRICTER], actor=cast.mira)
    found = changes_of(published)
    assert (found.added, [each.id for each in found.reworded]) == ([SAFETY], ["true"])
    assert changes_of(cast.project.guidelines.get(number=1)).added == CLAUSES


def test_a_customer_proposes_by_the_api_and_the_operator_publishes(cast):
    client, root = Client(), f"/api/v1/projects/{cast.project.public_id}/guidelines"
    headers = {**cast.bearer("dana"), "Idempotency-Key": "one"}
    body = {"clauses": [*CLAUSES, SAFETY], "change_kind": "breaking", "redo": {"languages": ["en"]}}
    made = client.post(root, body, content_type="application/json", headers=headers)
    again = client.post(root, body, content_type="application/json", headers=headers)
    assert (made.status_code, made.json()) == (201, again.json())
    assert (made.json()["number"], made.json()["state"], made.json()["in_force_from"]) == (2, "draft", None)
    revised = client.put(f"{root}/2", {**body, "summary": "Safety"}, content_type="application/json", headers=headers)
    assert revised.json()["summary"] == "Safety"
    assert client.get(f"{root}/2/changes", headers=headers).json()["added"] == [SAFETY]
    assert [each["number"] for each in client.get(root, headers=headers).json()["results"]] == [2, 1]
    propose_guideline(project=cast.project, clauses=STRICTER, actor=cast.mira)
    assert client.get(f"{root}/3", headers=headers).status_code == 404
    publish_draft(guideline=cast.project.guidelines.get(number=2), actor=cast.mira)
    assert client.get(f"{root}/2", headers=headers).json()["state"] == "published"
    late = client.put(f"{root}/2", body, content_type="application/json", headers=headers)
    assert (late.status_code, late.json()["detail"]) == (409, "Version 2 is published; propose a new one.")
    refused = client.post(root, {**body, "clauses": []}, content_type="application/json", headers=cast.bearer("victor"))
    assert refused.status_code == 404
    reading = client.post(root, body, content_type="application/json", headers=cast.bearer("dana", "read"))
    assert reading.status_code == 403


def test_a_refusal_by_the_api_names_the_place(cast):
    root = f"/api/v1/projects/{cast.project.public_id}/guidelines"
    body = {"clauses": CLAUSES, "examples": [{"text": "Look.", "clause": "gone"}], "change_kind": "editorial"}
    refused = Client().post(root, body, content_type="application/json", headers=cast.bearer("dana"))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "examples[0].clause")
    assert cast.project.guidelines.count() == 1
