"""Refusals in plain sentences: which values are allowed, and no validator's own words."""

import ast
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from jsonschema import Draft202012Validator

from config.kernel.errors import Invalid
from config.kernel.schema_faults import Fault, first_fault
from config.kernel.words import counted
from labeling.answer_mapping import check_mapping
from labeling.guideline_documents import check_guideline
from tests.cast import CLAUSES, FORM

ROOT = Path(settings.BASE_DIR)


def schema(**more):
    return Draft202012Validator({"type": "object", **more})


@pytest.mark.parametrize(
    ("validator", "value", "fault"),
    [
        (schema(), [], Fault("x", "This must be an object.")),
        (schema(required=["id"]), {}, Fault("x.id", "A thing needs 'id' here; add it.")),
        (schema(additionalProperties=False), {"no": 1}, Fault("x.no", "A thing has no 'no' here; take it out.")),
        (schema(properties={"n": {"enum": ["up", "down"]}}), {"n": 1}, Fault("x.n", "This is one of up, down.")),
        (schema(properties={"n": {"type": ["number", "null"]}}), {"n": "1"}, Fault("x.n", "This must be a number.")),
        (
            schema(properties={"n": {"anyOf": [{"type": "null"}, {"type": "object", "required": ["to"]}]}}),
            {"n": {}},
            Fault("x.n.to", "A thing needs 'to' here; add it."),
        ),
        (schema(properties={"n": {"items": {"maxLength": 2}}}), {"n": ["abc"]},
         Fault("x.n[0]", "This is longer than 2 characters; shorten it.")),
        (schema(), {}, None),
    ],
)  # fmt: skip
def test_a_schema_refuses_in_plain_sentences(validator, value, fault):
    assert first_fault(validator, value, "x", "A thing") == fault


def test_guidelines_and_mappings_say_it_so_too():
    with pytest.raises(Invalid) as refusal:
        check_guideline(clauses=[{"id": "", "text": 3}], examples=[], redo={})
    assert (refusal.value.field, refusal.value.message) == ("clauses[0].id", "This must not be empty.")
    mapping = {"questions": {"preference": {"rescale": {"from": [1, 2], "to": [1, 5], "round": "away"}}}, "tests": [{}]}
    with pytest.raises(Invalid) as refusal:
        check_mapping(mapping, FORM, FORM)
    assert (refusal.value.field, refusal.value.message) == (
        "answer_mapping.questions.preference.rescale.round", "This is one of half_up, half_even, down, up.",
    )  # fmt: skip


def test_the_api_names_the_values_that_it_takes(cast):
    client, bearer = Client(), cast.bearer("dana")

    def said(method, path, body=None):
        answer = getattr(client, method)(
            f"/api/v1/{path}", body, content_type="application/json", headers=bearer
        ).json()
        return {each["field"]: each["message"] for each in answer["errors"]}

    roles = "This is one of customer_admin, customer_viewer."
    assert said("post", "invitations", {"email": "x@example.org", "role": "king"})["role"] == roles
    proposed = {"clauses": CLAUSES, "change_kind": "huge"}
    assert said("post", f"projects/{cast.project.public_id}/guidelines", proposed) == {
        "change_kind": "This is one of editorial, clarification, breaking."
    }
    scopes = "This is one of desk, read, upload, decide, manage."
    assert scopes in said("post", "keys", {"name": "n", "scopes": ["all"]}).values()
    for query, field, sentence in (
        ("flags?kind=colour", "kind", "This is one of language, near_duplicate, personal_data, reported, rule."),
        ("flags?state=lost", "state", "This is one of open, dismissed, confirmed."),
    ):
        answer = client.get(f"/api/v1/projects/{cast.project.public_id}/{query}", headers=bearer)
        assert answer.status_code == 400
        assert answer.json()["errors"] == [{"field": field, "message": sentence}]
    fine = client.get(f"/api/v1/projects/{cast.project.public_id}/flags?kind=language&state=open", headers=bearer)
    assert fine.status_code == 200


def test_choices_are_taken_by_the_houses_own_fields_only():
    """Use config.kernel.api.choices: its fields name the allowed values."""
    for path in [*ROOT.glob("*/api/**/*.py"), ROOT / "config/api.py"]:
        if path.name == "choices.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "ChoiceField":
                assert ast.unparse(node) != "serializers.ChoiceField", path
            if isinstance(node, ast.ImportFrom) and node.module == "django_filters.filters":
                assert "ChoiceFilter" not in {each.name for each in node.names}, path


@pytest.mark.parametrize(("count", "words"), [(0, "0 items"), (1, "1 item"), (1200, "1,200 items")])
def test_one_is_not_said_as_many(count, words):
    assert counted(count, "item", "items") == words
