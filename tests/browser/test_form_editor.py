"""The form editor in a real Chromium: what is typed is checked and shown as the desk would show it."""

import json

import pytest
from playwright.sync_api import expect

from labeling.models import Annotation, Draft, FormVersion
from labeling.services.forms import publish_form_draft
from tests.browser.logins import log_in
from tests.cast import FORM

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADD = "/admin/labeling/formversion/add/"


@pytest.fixture
def editor(page, cast):
    log_in(page, "mira", "/admin/")
    page.goto(ADD)
    expect(page.get_by_test_id("fault")).to_have_text("This form is sound.")
    return page


def shown(editor):
    return editor.frame_locator("[data-testid=preview]")


def test_a_form_is_shown_while_it_is_typed(editor):
    expect(shown(editor).locator("#title")).to_have_text("Which response is better?")
    document = {**FORM, "title": "Typed just now"}
    document["questions"] = [{**FORM["questions"][0], "text": "Which one would you send?", "tie": False}]
    editor.locator("#id_document").fill(json.dumps(document))
    expect(shown(editor).locator("#title")).to_have_text("Typed just now")
    expect(shown(editor).locator("legend")).to_have_text("Which one would you send?")
    expect(shown(editor).get_by_test_id("choose-tie")).to_have_count(0)
    expect(editor.get_by_test_id("fault")).to_have_text("This form is sound.")
    shown(editor).get_by_test_id("response-2").click()
    expect(shown(editor).get_by_test_id("answers")).to_contain_text('"choice": "b"')
    shown(editor).get_by_test_id("example").select_option("talk")
    expect(shown(editor).locator(".message")).to_have_count(5)
    assert not Annotation.objects.exists()
    assert not Draft.objects.exists()


def test_a_fault_is_said_with_its_place(editor):
    area, fault = editor.locator("#id_document"), editor.get_by_test_id("fault")
    text = json.dumps({"title": "T", "questions": [FORM["questions"][0]] * 2}, indent=2)
    area.fill(text)
    expect(fault).to_contain_text("Two questions are called 'preference'; name each once.")
    lines = text.splitlines()
    line = len(lines) - lines[::-1].index('      "id": "preference",')
    expect(fault.get_by_role("button")).to_have_text(f"line {line}, column 13")
    fault.get_by_role("button").click()
    assert area.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)") == '"preference",'
    area.fill('{"title": "T",\n "questions": [}')
    expect(fault).to_have_text("A value is missing: line 2, column 16")
    area.fill('{"title": "T"\n "questions": []}')
    expect(fault).to_have_text("A comma or } is missing: line 2, column 2")


def test_a_form_that_lacks_something_keeps_what_was_shown(editor):
    area = editor.locator("#id_document")
    area.fill(json.dumps({"title": "Half", "questions": [{"id": "a", "type": "choice", "text": "A"}]}))
    expect(shown(editor).get_by_test_id("preview-banner")).to_contain_text("cannot be shown yet")
    expect(shown(editor).locator("#title")).to_have_text("Which response is better?")
    area.fill(json.dumps({"title": "Odd", "questions": [*FORM["questions"], {"id": "a", "type": "dance"}]}))
    expect(shown(editor).get_by_test_id("preview-banner")).to_contain_text("1 of the questions cannot be shown")
    expect(shown(editor).locator("#title")).to_have_text("Odd")
    expect(editor.get_by_test_id("fault")).to_contain_text("A question's type is one of")


def test_questions_of_every_kind_are_added_and_shown(editor):
    kinds = editor.get_by_test_id("add-question").locator("option").all_text_contents()[1:]
    assert len(kinds) == 11
    for kind in kinds:
        editor.get_by_test_id("add-question").select_option(kind)
    document = json.loads(editor.locator("#id_document").input_value())
    assert [question["type"] for question in document["questions"]] == ["preference", "rationale", *kinds]
    assert document["questions"][2]["id"] == "preference_2"
    expect(shown(editor).locator("fieldset")).to_have_count(13)


def test_keys_indent_and_may_leave(editor):
    area = editor.locator("#id_document")
    area.fill("")
    area.press_sequentially("{")
    editor.keyboard.press("Enter")
    editor.keyboard.press("Tab")
    assert area.input_value() == "{\n    "
    editor.keyboard.press("Escape")
    editor.keyboard.press("Tab")
    expect(area).not_to_be_focused()
    assert area.input_value() == "{\n    "


def test_a_form_made_here_is_a_draft_until_it_is_published_and_then_read_only(editor, cast):
    document = {**FORM, "title": "Second of Pairs"}
    editor.locator("#id_document").fill(json.dumps(document))
    editor.locator("#id_project").select_option(str(cast.project.pk), force=True)
    editor.get_by_role("button", name="Save", exact=True).click()
    expect(editor.locator("#result_list")).to_be_visible()
    form = FormVersion.objects.get(project=cast.project, number=2)
    assert (form.document, form.state) == (document, "draft")
    editor.goto(f"/admin/labeling/formversion/{form.pk}/change/")
    expect(shown(editor).locator("#title")).to_have_text("Second of Pairs")
    editor.locator("#id_document").fill(json.dumps({**document, "title": "Second thoughts"}))
    expect(shown(editor).locator("#title")).to_have_text("Second thoughts")
    editor.get_by_role("button", name="Save", exact=True).click()
    expect(editor.locator("#result_list")).to_be_visible()
    form.refresh_from_db()
    assert (form.document["title"], form.state) == ("Second thoughts", "draft")
    publish_form_draft(form=form, actor=cast.mira)
    editor.goto(f"/admin/labeling/formversion/{form.pk}/change/")
    expect(shown(editor).locator("#title")).to_have_text("Second thoughts")
    assert editor.locator("textarea#id_document").count() == 0
