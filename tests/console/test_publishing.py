"""Guidelines in the console: a draft is made, its blast radius looked at, and then it is published or declined."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from labeling.models import GuidelineVersion, Round
from labeling.services.guidelines import propose_guideline
from tests.cast import CLAUSES, gather_cast
from tests.console.test_console import act, operator, said
from tests.factories import resolve_items, settle

STRICTER = [{**CLAUSES[0], "text": "A wrong fact always outweighs good style."}, {"id": "new", "text": "<b>Bold</b>"}]


@pytest.fixture
def cast(transactional_db):
    made = gather_cast()
    resolve_items(made.project, made.mira, [made.anna, made.bela, made.cleo], count=2)
    return made


@pytest.fixture
def draft(cast):
    return propose_guideline(project=cast.project, clauses=STRICTER, change_kind="breaking", actor=cast.dana)


def publish(cast, *drafts, **more):
    return act(operator(cast.mira), GuidelineVersion, "publish_guideline_draft", *drafts, **more)


def test_what_is_made_in_the_console_is_a_draft(cast):
    form = {
        "project": cast.project.pk, "change_kind": "breaking", "summary": "Stricter",
        "clauses": '[{"id": "true", "text": "A wrong fact always loses."}]', "examples": "[]", "redo": "{}",
    }  # fmt: skip
    client = operator(cast.mira)
    client.post(reverse("admin:labeling_guidelineversion_add"), form)
    made = GuidelineVersion.objects.get(project=cast.project, number=2)
    assert (made.state, made.proposed_by, made.answer_mapping, made.redo) == ("draft", cast.mira, None, {})
    refused = client.post(reverse("admin:labeling_guidelineversion_add"), {**form, "clauses": "[{}]"})
    assert "A clause needs &#x27;id&#x27; here; add it." in refused.content.decode()
    assert GuidelineVersion.objects.filter(project=cast.project).count() == 2


def test_the_blast_radius_is_shown_before_anything_is_published(cast, draft, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        page = publish(cast, draft).content.decode()
    for words in (
        "items judged anew",
        "1.50 USD",
        "item-000, item-001",
        "A wrong fact",
        "<ins>always </ins>",
        "Breaking:",
    ):
        assert words in page
    assert "<b>Bold</b>" not in page
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_the_confirmed_draft_is_published_and_carried_out(cast, draft):
    assert said(publish(cast, draft, confirm="yes", effective_from="")) == ["Version 2 is published."]
    settle()
    draft.refresh_from_db()
    assert (draft.state, draft.reopened_count) == ("published", 2)
    assert Round.objects.filter(reason="guideline", state="open").count() == 2
    listed = operator(cast.mira).get(reverse("admin:labeling_guidelineversion_changelist")).content.decode()
    assert "Published" in listed
    row = operator(cast.mira).get(reverse("admin:labeling_guidelineversion_change", args=[draft.pk])).content.decode()
    assert "<ins>always </ins>" in row


def test_a_draft_is_scheduled(cast, draft):
    next_year = timezone.now().year + 1
    publish(cast, draft, confirm="yes", effective_from=f"{next_year}-01-31T09:30")
    draft.refresh_from_db()
    assert draft.in_force.lower.isoformat() == f"{next_year}-01-31T09:30:00+00:00"
    settle()
    assert not Round.objects.filter(reason="guideline").exists()


@pytest.mark.parametrize(
    ("when", "sentence"), [("2020-01-01T00:00", "This time is past"), ("soon", "This is not a time")]
)
def test_a_time_that_cannot_be_is_asked_for_again(cast, draft, when, sentence):
    page = publish(cast, draft, confirm="yes", effective_from=when).content.decode()
    assert sentence in page
    assert "items judged anew" in page
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_one_draft_at_a_time_and_only_drafts(cast, draft):
    first = cast.project.guidelines.get(number=1)
    assert said(publish(cast, draft, first)) == ["Publish one version at a time."]
    assert said(publish(cast, first, confirm="yes")) == ["guideline 1: it is published; only a draft is published."]


def test_a_draft_of_another_operators_customer_is_out_of_reach(cast, draft):
    act(operator(cast.otto), GuidelineVersion, "publish_guideline_draft", draft, confirm="yes")
    act(operator(cast.otto), GuidelineVersion, "decline_draft", draft, reason="Mine")
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_a_draft_is_declined_with_a_reason(cast, draft):
    act(operator(cast.mira), GuidelineVersion, "decline_draft", draft, reason="Too strict")
    draft.refresh_from_db()
    assert (draft.state, draft.decline_reason) == ("declined", "Too strict")
    headers = cast.bearer("dana")
    seen = Client().get(f"/api/v1/projects/{cast.project.public_id}/guidelines/2", headers=headers).json()
    assert (seen["state"], seen["decline_reason"]) == ("declined", "Too strict")


def revised(draft, **more):
    """What the page of a draft sends back."""
    return {
        "change_kind": draft.change_kind, "summary": draft.summary, "clauses": json.dumps(draft.clauses),
        "examples": json.dumps(draft.examples), "redo": json.dumps(draft.redo), "answer_mapping": "null",
        "planned_from_0": "", "planned_from_1": "", **more,
    }  # fmt: skip


def test_a_customers_draft_is_changed_by_an_operator_until_it_is_decided(cast, draft):
    client, address = operator(cast.mira), reverse("admin:labeling_guidelineversion_change", args=[draft.pk])
    assert "Bold" in client.get(address).content.decode()
    clauses = [{"id": "true", "text": "A wrong fact loses."}]
    examples = [{"text": "Lyon is not the capital.", "clause": "true"}]
    next_year = timezone.now().year + 1
    changed = revised(
        draft, change_kind="clarification", summary="Milder", clauses=json.dumps(clauses), examples=json.dumps(examples),
        planned_from_0=f"{next_year}-01-31", planned_from_1="09:30",
    )  # fmt: skip
    client.post(address, changed)
    draft.refresh_from_db()
    assert (draft.state, draft.change_kind, draft.clauses, draft.examples) == (
        "draft", "clarification", clauses, examples,
    )  # fmt: skip
    headers = cast.bearer("dana")
    seen = Client().get(f"/api/v1/projects/{cast.project.public_id}/guidelines/2", headers=headers).json()
    assert (seen["clauses"], seen["planned_from"]) == (clauses, f"{next_year}-01-31T09:30:00Z")
    assert f'value="{next_year}-01-31T09:30"' in publish(cast, draft).content.decode()
    refusal = client.post(address, revised(draft, clauses="[{}]")).content.decode()
    assert "A clause needs &#x27;id&#x27; here; add it." in refusal
    publish(cast, draft, confirm="yes", effective_from="")
    assert client.post(address, changed).status_code == 403
    page = client.get(address).content.decode()
    assert "from " in page
    assert "DateTimeTZRange" not in page


def test_another_operator_changes_no_draft(cast, draft):
    address = reverse("admin:labeling_guidelineversion_change", args=[draft.pk])
    assert operator(cast.otto).post(address, revised(draft, summary="Mine")).status_code == 302
    draft.refresh_from_db()
    assert draft.summary == ""
