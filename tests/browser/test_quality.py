"""A project's quality in a real browser: nothing the page needs is refused by its own policy, and the pictures are drawn."""

import pytest
from playwright.sync_api import expect

from tests.browser.logins import log_in
from tests.console.test_quality import make_measured

pytestmark = pytest.mark.browser


def test_an_operator_sees_how_good_the_work_is_and_what_waits(page, cast):
    make_measured(cast)
    log_in(page, "mira", "/admin/")
    page.get_by_test_id("projects").get_by_role("link", name="Quality").last.click()
    expect(page.get_by_test_id("waiting")).to_contain_text("Disputes for adjudicators")
    expect(page.get_by_test_id("agreement").get_by_role("row")).not_to_have_count(1)
    expect(page.get_by_test_id("reliability").locator("circle").first).to_be_visible()
    expect(page.get_by_test_id("matrices").locator("table")).to_have_count(3)
    expect(page.get_by_test_id("standings")).to_contain_text("Cora")
