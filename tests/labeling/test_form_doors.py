"""The form over the API and in the console: what is in use, what answers look like, and templates to start from."""

import json

from django.test import Client
from jsonschema import Draft202012Validator

from labeling.forms import answers_schema, check_form
from labeling.forms.templates import TEMPLATES
from labeling.models import FormVersion
from labeling.services.projects import create_project, publish_form
from tests.cast import FORM

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


def test_the_console_publishes_what_it_began_with_and_names_the_place_of_a_fault(cast):
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
    assert FormVersion.objects.get(project=cast.project, number=2).document == TEMPLATES["safety"].form
