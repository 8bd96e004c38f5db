"""Operations and the clock in a real browser: nothing the pages need is refused by their own policy, and the words are there."""

import pytest
from playwright.sync_api import expect

from tests.browser.logins import log_in
from tests.console.test_operations import make_busy

pytestmark = pytest.mark.browser


def test_an_operator_sees_what_is_failing_and_goes_to_it(page, cast):
    make_busy(cast)
    log_in(page, "mira", "/admin/")
    expect(page.get_by_test_id("escalations")).to_contain_text("Work that nobody can do")
    page.get_by_test_id("projects").get_by_role("link", name="Operations").click()
    expect(page.get_by_test_id("clock")).to_contain_text("Promised 30 h")
    expect(page.get_by_test_id("stopped")).to_contain_text("Is sarcasm rude?")
    expect(page.get_by_test_id("pools").get_by_role("row")).to_have_count(3)
    expect(page.get_by_test_id("outcomes")).to_contain_text("1 submitted, 0 expired, 1 skipped")
    page.get_by_test_id("escalations").get_by_role("link").first.click()
    expect(page.locator("body")).to_contain_text("what the customer would be told", ignore_case=True)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("body")).to_contain_text("1 done: Acknowledge")


def test_a_customer_sees_the_clock(page, cast):
    make_busy(cast)
    log_in(page, "dana", "/portal/")
    page.goto(f"/portal/projects/{cast.project.public_id}/")
    expect(page.get_by_test_id("clock")).to_contain_text("The clock stands")
    expect(page.get_by_test_id("promises").get_by_role("row")).to_have_count(3)
