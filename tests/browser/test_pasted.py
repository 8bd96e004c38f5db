"""The desk counts how much of what is written freely was pasted in, in a real Chromium."""

import pytest
from playwright.sync_api import expect

from labeling.services.forms import publish_form
from routing.models import Lease
from tests.browser.logins import log_in
from tests.factories import settle, upload_items

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FORM = {
    "title": "Mend",
    "questions": [
        {"id": "fix", "type": "edit", "text": "Mend it.", "nature": "preferential", "required": False},
        {"id": "rationale", "type": "rationale", "text": "Why?", "required": True},
    ],
}
PASTE = """(area, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


def test_pasted_characters_are_sent_with_the_answer_but_not_those_of_an_edit(page, cast):
    publish_form(project=cast.project, document=FORM, actor=cast.mira)
    settle()
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    why = page.get_by_test_id("rationale")
    why.evaluate(PASTE, "Zürich 🙂")
    why.evaluate(PASTE, "abc")
    page.locator("[data-kind=edit] textarea").first.evaluate(PASTE, "a whole response")
    why.fill("Zürich 🙂 abc")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    why.fill("Typed")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("empty")).to_be_visible()
    assert list(Lease.objects.order_by("pk").values_list("pasted", flat=True)) == [11, 0]
