"""The question gallery on the desk itself: every kind answered, kept as a draft, submitted, and taken as it was meant."""

import pytest
from playwright.sync_api import expect

from config import sample
from labeling.models import Annotation
from labeling.services.forms import publish_form
from tests.browser.logins import log_in
from tests.browser.previews import pick, select
from tests.factories import item_row, upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TEXT = "Do 😺 this.\r\nThen *that*."


def test_every_kind_is_answered_restored_and_submitted(page, cast):
    form = next(each["form"] for each in sample.load("projects.json") if each["form"]["title"] == "Question gallery")
    publish_form(project=cast.project, document=form, actor=cast.mira)
    row = item_row("gallery")
    row["messages"] = [
        {"role": "user", "content": "Hi 😺"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Help."},
    ]
    row["responses"] = [
        {"key": "a", "text": TEXT, "model": "one"},
        {"key": "b", "text": "No idea at all.", "model": "two"},
    ]
    upload(cast.project, cast.mira, row)
    log_in(page, "anna")
    where, critique = page.locator("[data-question=where]"), page.locator("[data-question=critique]")
    expect(page.get_by_test_id("task")).to_be_visible()
    page.keyboard.press("1")
    page.get_by_text("clearly").click()
    for name in ("Rank of Response 1: 1", "Rank of Response 2: 1", "Response 1: Just right", "Response 2: Too long"):
        pick(page, name)
    page.get_by_text("Facts", exact=True).click()
    page.get_by_text("Advice", exact=True).click()
    for response in ("Response 1", "Response 2"):
        for line in ("Helpful", "True", "Kind"):
            pick(page, f"{response}, {line}: Good")
    pick(page, "A mistake that matters: Yes")
    pick(page, "Padding: No")
    place = select(where.locator(".raw", has_text="Then"), "*that*")
    page.keyboard.press("1")
    expect(where.locator("mark")).to_have_text("*that*")
    noted = select(critique.locator(".raw", has_text="Then"), "this")
    page.keyboard.press("n")
    page.keyboard.type("Which?")
    page.locator("[data-question=turns]").get_by_text("Good", exact=True).click()
    expect(page.get_by_test_id("saved")).to_have_text("Saved")
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(where.locator("mark")).to_have_text("*that*")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("empty")).to_be_visible()
    annotation = Annotation.objects.get()
    one, two = annotation.presented
    assert annotation.answers["preference"] == {"choice": one, "strength": "clearly"}
    assert annotation.answers["ranking"] == [[one, two]]
    assert annotation.answers["length"] == {one: "right", two: "long"}
    assert annotation.answers["asks"] == ["advice", "facts"]
    assert annotation.answers["faults"] == {"error": True, "padding": False}
    assert annotation.answers["where"] == [{"response": "a", **place, "label": "fact"}]
    assert TEXT[place["start"] : place["end"]] == "*that*"
    assert annotation.answers["critique"] == [{"response": "a", "text": "Which?", **noted}]
    assert annotation.answers["turns"] == {"1": 3}
