"""The customer's own verdict, given in the portal by the form that reviewers answer."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from labeling.models import Project
from labeling.services.forms import publish_form
from quality.models import CustomerVerdict
from tests.browser.logins import log_in
from tests.factories import item_row, settle, upload
from tests.questions import GALLERY

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> [go](javascript:alert(1))"
)


def picture(page, name):
    """Keep a picture where somebody asked for them."""
    if folder := os.environ.get("ASSAY_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.fixture
def in_calibration(cast):
    Project.objects.filter(pk=cast.project.pk).update(
        stage="calibration", quality_contract={"calibration_agreement": 0.8, "calibration_items": 2}
    )
    cast.project.refresh_from_db()
    return cast


def test_an_item_is_answered_by_keyboard_and_the_next_one_follows(page, in_calibration):
    cast = in_calibration
    rows = [item_row("first"), item_row("second")]
    rows[0]["responses"][0]["text"] = rows[0]["messages"][0]["content"] = HOSTILE
    upload(cast.project, cast.mira, *rows)
    log_in(page, "dana", "/portal/")
    page.goto(f"/portal/projects/{cast.project.public_id}/")
    page.get_by_test_id("calibration").click()
    picture(page, "calibration-before")
    page.get_by_test_id("begin").click()
    expect(page.get_by_test_id("own-verdict")).to_contain_text("Which response is better?")
    picture(page, "own-verdict")
    page.keyboard.press("Control+Enter")  # nothing is chosen yet
    expect(page.locator(".fault")).to_be_visible()
    picture(page, "own-verdict-fault")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("Here is the next item.")
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("Every item has one now.")
    assert CustomerVerdict.objects.count() == 2
    page.get_by_test_id("item").last.get_by_role("link").click()
    expect(page.locator("input:checked")).to_have_count(1)  # what was said stands in the form
    expect(page).to_have_title("first, Calibration · Assay")


def test_every_type_of_question_is_asked_and_a_verdict_kept(page, in_calibration):
    cast = in_calibration
    publish_form(project=cast.project, document=GALLERY, actor=cast.mira)
    settle()
    upload(cast.project, cast.mira, item_row("first"))
    log_in(page, "dana", "/portal/")
    page.goto(f"/portal/projects/{cast.project.public_id}/calibration/")
    page.get_by_test_id("begin").click()
    expect(page.locator("fieldset[data-question]").first).to_be_visible()
    assert page.locator("fieldset[data-question]").count() >= len({each["type"] for each in GALLERY["questions"]}) - 2
    picture(page, "own-verdict-gallery")
    page.set_viewport_size({"width": 390, "height": 800})
    picture(page, "own-verdict-narrow")
