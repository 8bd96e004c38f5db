"""The form editor's doors: the preview, which can send nothing, and the check, which keeps nothing."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from labeling.models import FormVersion
from tests.cast import FORM


@pytest.fixture
def mira(cast):
    client = Client()
    client.force_login(cast.mira)
    return client


def check(client, body):
    return client.post("/admin/form-check/", body, content_type="application/json")


def test_a_sound_form_is_said_to_be_one_and_kept_nowhere(mira):
    before = FormVersion.objects.count()
    assert check(mira, json.dumps(FORM)).json() == {"ok": True}
    assert FormVersion.objects.count() == before


def test_a_fault_comes_with_its_sentence_and_place(mira):
    twice = {**FORM, "questions": [FORM["questions"][0]] * 2}
    assert check(mira, json.dumps(twice)).json() == {
        "ok": False,
        "message": "Two questions are called 'preference'; name each once.",
        "field": "questions[1].id",
    }


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json_is_said(mira, body):
    assert check(mira, body).json() == {
        "ok": False,
        "message": "This is not JSON; send the form as JSON.",
        "field": None,
    }


def test_the_check_asks_for_a_token_against_forgery(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.mira)
    assert check(client, json.dumps(FORM)).status_code == 403


def test_the_preview_may_fetch_and_send_nothing_and_is_framed_by_the_console_only(mira):
    preview = mira.get("/admin/form-preview/")
    policy = dict(part.strip().split(" ", 1) for part in preview["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'self'",
    }
    assert preview["X-Frame-Options"] == "SAMEORIGIN"
    assert "csrf" not in preview.content.decode()
    assert mira.post("/admin/form-preview/").status_code == 405
    assert mira.get("/admin/form-check/").status_code == 405


def test_the_preview_stands_beside_the_editor_and_beside_published_forms(mira, cast):
    frame = 'src="/admin/form-preview/" data-check="/admin/form-check/"'
    added = mira.get(reverse("admin:labeling_formversion_add")).content.decode()
    assert frame in added
    assert 'id="form-fault"' in added
    changed = mira.get(
        reverse("admin:labeling_formversion_change", args=[cast.project.forms.get().pk])
    ).content.decode()
    assert frame in changed
    assert 'id="form-document"' in changed
    assert 'id="form-fault"' not in changed
