"""When a reviewer works, set at the desk by keyboard: hours, limits, leave; and what the server refuses, said."""

import pytest
from playwright.sync_api import expect

from routing.models import Availability, Leave
from tests.browser.logins import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def hours(page, cast):
    log_in(page, "anna")
    page.get_by_test_id("show-availability").click()
    expect(page.get_by_test_id("stop")).to_have_text("Nothing stands in the way of work now.")
    return page


def test_hours_and_limits_are_set_by_keyboard_and_kept(hours, cast):
    page = hours
    page.locator("#time_zone").fill("Europe/Berlin")
    page.get_by_test_id("add-hours").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")  # Tuesday
    page.keyboard.press("Tab")
    page.keyboard.type("22:00")
    page.keyboard.press("Tab")
    page.keyboard.type("06:00")
    page.locator("#daily_limit").fill("30")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("banner")).to_have_text("Saved.")
    kept = Availability.objects.get(reviewer=cast.anna)
    assert (kept.time_zone, kept.daily_limit, kept.is_on) == ("Europe/Berlin", 30, True)
    assert kept.hours == [{"day": 1, "from": "22:00", "to": "06:00"}]
    page.reload()
    expect(page.get_by_test_id("hours").locator("li")).to_have_count(1)
    page.get_by_test_id("hours").get_by_role("button").click()
    page.locator("#is_on").uncheck()
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("banner")).to_have_text("Saved.")
    expect(page.get_by_test_id("stop")).not_to_have_text("Nothing stands in the way of work now.")
    kept.refresh_from_db()
    assert (kept.hours, kept.is_on) == ([], False)


def test_what_is_refused_is_said_and_what_was_typed_stays(hours, cast):
    page = hours
    Availability.objects.create(reviewer=cast.anna, daily_ceiling=5)
    page.locator("#daily_limit").fill("6")
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("banner")).to_contain_text("Your operator allows 5 at most")
    expect(page.locator("#daily_limit")).to_have_value("6")
    assert Availability.objects.get().daily_limit is None


def test_leave_is_taken_and_taken_back(hours, cast):
    page = hours
    expect(page.get_by_test_id("leaves")).to_have_text("None to come.")
    page.locator("#first").fill("2099-07-01")
    page.locator("#last").fill("2099-07-10")
    page.locator("#leave-reason").fill("The sea")
    page.get_by_test_id("take-leave").click()
    expect(page.get_by_test_id("leaves")).to_contain_text("2099-07-01 – 2099-07-10: The sea")
    assert Leave.objects.get().reason == "The sea"
    page.get_by_test_id("leaves").get_by_role("button").click()
    expect(page.get_by_test_id("leaves")).to_have_text("None to come.")
    assert not Leave.objects.exists()
    page.get_by_test_id("back").click()
    expect(page.get_by_test_id("empty")).to_be_visible()
