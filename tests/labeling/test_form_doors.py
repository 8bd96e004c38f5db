"""The form over the API and in the console: what is in use, what answers look like, and templates to start from."""

import json

import pytest
from django.db import IntegrityError
from django.test import Client
from jsonschema import Draft202012Validator

from config.kernel.errors import Conflict, TransitionRefused
from labeling.forms import answers_schema, check_form
from labeling.forms.templates import TEMPLATES
from labeling.models import FormVersion, Round
from labeling.services.forms import draft_form, publish_form, publish_form_draft, revise_form
from labeling.services.projects import create_project
from tests.cast import FORM
from tests.console.test_console import act, operator
from tests.factories import upload_items
from tests.house.test_invariants import refused

ADD = "/admin/labeling/formversion/add/"


def get(cast, path, who="dana"):
    return Client().get(path, headers=cast.bearer(who))


def test_the_form_in_use_comes_with_the_schema_of_its_answers(cast, django_assert_max_num_queries):
    publish_form(project=cast.project, document=TEMPLATES["ranking"].form, actor=cast.mira)
    bearer, path = cast.bearer("dana"), f"/api/v1/projects/{cast.project.public_id}/form"
    with django_assert_max_num_queries(4):
        found = Client().get(path, headers=bearer).json()
    form = FormVersion.objects.get(project=cast.project, number=2)
    assert (found["number"], found["digest"], found["document"]) == (2, form.digest, TEMPLATES["ranking"].form)
    assert found["answers_schema"] == answers_schema(TEMPLATES["ranking"].form)
    schema = Draft202012Validator(found["answers_schema"])
    assert schema.is_valid({"ranking": [["b"], ["a"]]})
    assert not schema.is_valid({"ranking": "b"})


def test_a_project_without_a_form_says_so(cast):
    assert get(cast, f"/api/v1/projects/{cast.project.public_id}/form").json()["document"] == FORM
    bare = create_project(customer=cast.northwind, slug="bare", name="Bare", actor=cast.mira)
    found = get(cast, f"/api/v1/projects/{bare.public_id}/form")
    assert (found.status_code, found.json()["detail"]) == (404, "The project has no published form yet.")


def test_templates_are_there_for_every_customer(cast):
    for who in ("dana", "ruth"):
        found = get(cast, "/api/v1/form-templates", who).json()
        assert [each["name"] for each in found] == list(TEMPLATES)
        assert all(each["title"] and each["sentence"].endswith(".") for each in found)
        for each in found:
            check_form(each["form"])


def test_the_console_begins_a_form_with_the_template_it_is_asked_for(cast):
    client = Client()
    client.force_login(cast.mira)
    page = client.get(f"{ADD}?template=safety")
    assert json.loads(page.context["adminform"].form["document"].value()) == TEMPLATES["safety"].form
    content = page.content.decode()
    assert all(f'href="?template={name}"' in content for name in TEMPLATES)
    assert client.get(f"{ADD}?template=none").status_code == 200


def test_the_console_keeps_a_draft_of_what_it_began_with_and_names_the_place_of_a_fault(cast):
    client = Client()
    client.force_login(cast.mira)
    form = json.loads(json.dumps(TEMPLATES["safety"].form))
    form["questions"][0]["options"].append({"value": "safe", "text": "Again"})
    page = client.post(ADD, {"project": cast.project.pk, "document": json.dumps(form)})
    assert page.context["adminform"].form.errors["document"] == [
        "questions[0].options: Two options have the same value; give each its own."
    ]
    assert FormVersion.objects.filter(project=cast.project).count() == 1
    client.post(ADD, {"project": cast.project.pk, "document": json.dumps(TEMPLATES["safety"].form)})
    draft = FormVersion.objects.get(project=cast.project, number=2)
    assert (draft.document, draft.state, draft.published_at) == (TEMPLATES["safety"].form, "draft", None)
    assert get(cast, f"/api/v1/projects/{cast.project.public_id}/form").json()["number"] == 1


def test_a_draft_is_changed_in_the_console_and_published_once_that_is_confirmed(cast):
    client = operator(cast.mira)
    draft = draft_form(project=cast.project, document=TEMPLATES["safety"].form, actor=cast.mira)
    address = f"/admin/labeling/formversion/{draft.pk}/change/"
    page = client.get(address).content.decode()
    assert 'id="form-fault"' in page
    assert "Start from a template" not in page
    client.post(address, {"document": json.dumps(TEMPLATES["ranking"].form)})
    draft.refresh_from_db()
    assert (draft.document, draft.state) == (TEMPLATES["ranking"].form, "draft")
    assert "never changes again" in act(client, FormVersion, "publish_form_draft", draft).content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"
    act(client, FormVersion, "publish_form_draft", draft, confirm="yes")
    draft.refresh_from_db()
    assert (draft.state, draft.published_at is not None) == ("published", True)
    assert get(cast, f"/api/v1/projects/{cast.project.public_id}/form").json()["number"] == 2
    assert client.post(address, {"document": json.dumps(FORM)}).status_code == 403
    assert 'id="form-fault"' not in client.get(address).content.decode()


def test_a_draft_asks_nothing_and_a_published_form_stays(cast):
    draft = draft_form(project=cast.project, document=TEMPLATES["ranking"].form, actor=cast.mira)
    upload_items(cast.project, cast.mira)
    assert Round.objects.get().form.number == 1
    later = publish_form(project=cast.project, document=TEMPLATES["safety"].form, actor=cast.mira)
    assert later.number == 3
    with pytest.raises(Conflict, match="Form 3 was published since"):
        publish_form_draft(form=draft, actor=cast.mira)
    with pytest.raises(Conflict, match="stays as it is"):
        revise_form(form=later, document=FORM, actor=cast.mira)
    again = draft_form(project=cast.project, document=TEMPLATES["safety"].form, actor=cast.mira)
    with pytest.raises(Conflict, match="asks the same as form 3"):
        publish_form_draft(form=again, actor=cast.mira)
    with pytest.raises(TransitionRefused):
        publish_form_draft(form=later, actor=cast.mira)
    assert sorted(cast.project.forms.values_list("number", "state")) == [
        (1, "published"), (2, "draft"), (3, "published"), (4, "draft"),
    ]  # fmt: skip
    assert "never changes" in refused(
        IntegrityError, "UPDATE labeling_formversion SET document = '{}' WHERE id = %s", later.pk
    )
