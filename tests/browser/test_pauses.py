"""Whoever is paused hears why, and the way back; a person confirms it, and they hear that too."""

import pytest
from playwright.sync_api import expect

from quality.models import Pause, Standing
from quality.services.pauses import lift_pause, retire_reviewer
from tests.browser.logins import log_in
from tests.factories import resolve_items, settle, upload_items
from tests.standings import found_right

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_paused_reviewer_hears_why_and_the_way_back_and_a_person_confirms(page, cast, chromium, live_server):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=5)
    upload_items(cast.project, cast.mira, 1)
    found_right(cast.anna, "0" * 5)
    log_in(page, "anna")
    expect(page.locator("body")).to_contain_text("Your work is paused; why, and the way back, is in your inbox.")
    page.get_by_test_id("show-inbox").click()
    told = page.get_by_test_id("pause")
    expect(told).to_contain_text("Pairs: your work there is paused.")
    expect(told).to_contain_text("put your accuracy at 1% to 39%; this project needs 60%.")
    expect(told).to_contain_text("A person looks at this within a day.")

    console = chromium.new_context(base_url=live_server.url)
    operator = console.new_page()
    log_in(operator, "mira", "/admin/")
    operator.goto("/admin/quality/pause/")
    operator.locator("input[name=_selected_action]").check()
    chosen = operator.locator("select[name=action]")
    chosen.evaluate("(select) => { select.value = 'confirm_pause'; select.form.submit(); }")
    operator.locator("#reason").fill("Four of five are wrong facts.")
    operator.get_by_role("button", name="Do it").click()
    expect(operator.locator("body")).to_contain_text("1 done")
    console.close()

    page.reload()
    page.get_by_test_id("show-inbox").click()
    expect(told).to_contain_text("Confirmed: Four of five are wrong facts.")
    expect(told).to_contain_text("A person has looked at this and confirmed it. Ask your operator")

    lift_pause(pause=Pause.objects.get(), reason="They were taught again.", actor=cast.mira)
    settle()
    page.reload()
    expect(page.locator("#waiting")).to_be_hidden()

    standing = Standing.objects.get(reviewer=cast.anna, skill="")
    retire_reviewer(standing=standing, reason="The work in your field is done.", actor=cast.mira)
    settle()
    page.reload()
    page.get_by_test_id("show-inbox").click()
    expect(told).to_contain_text("Pairs: your work there has ended.")
    expect(told).to_contain_text("The work in your field is done.")
