"""The desk in a real Chromium: a reviewer judges, with keys and without losing anything."""

import re

import pytest
from playwright.sync_api import expect

from labeling.models import Annotation, Draft
from routing.models import Lease
from routing.services.leases import expire_leases
from tests.browser.logins import log_in
from tests.factories import freeze, item_row, resolve_items, take, upload, upload_items

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_reviewer_judges_with_keys_and_the_next_task_comes_at_once(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    task = page.get_by_test_id("task")
    expect(task).to_contain_text("item-000")
    page.keyboard.press("2")
    expect(page.get_by_test_id("choose-2")).to_be_checked()
    page.get_by_test_id("rationale").fill("1 is wrong")
    expect(page.get_by_test_id("choose-2")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(task).to_contain_text("item-001")
    annotation = Annotation.objects.get()
    assert annotation.answers == {"preference": {"choice": annotation.presented[1]}}
    assert annotation.rationale == "1 is wrong"
    assert 0 < annotation.seconds < 60
    page.locator("#title").focus()
    page.keyboard.press("0")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("empty")).to_contain_text("nothing waiting for you")
    assert Annotation.objects.last().answers == {"preference": {"choice": "tie"}}
    expect(page.get_by_test_id("today")).to_contain_text("2")


def test_what_was_typed_survives_a_reload(page, cast):
    upload_items(cast.project, cast.mira)
    log_in(page, "anna")
    page.get_by_test_id("response-1").click()
    page.get_by_test_id("rationale").fill("Half a thought")
    expect(page.get_by_test_id("saved")).to_have_text("Saved")
    assert Draft.objects.count() == 1
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(page.get_by_test_id("rationale")).to_have_value("Half a thought")
    expect(page.get_by_test_id("choose-1")).to_be_checked()
    assert Lease.objects.count() == 1


def test_an_unanswered_question_says_so_at_its_place(page, cast):
    upload_items(cast.project, cast.mira)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    page.get_by_test_id("submit").click()
    expect(page.locator("[data-question=preference] .fault")).to_have_text("This question needs an answer.")
    assert not Annotation.objects.exists()


def test_a_broken_line_loses_nothing(page, cast):
    upload_items(cast.project, cast.mira)
    log_in(page, "anna")
    page.get_by_test_id("response-1").click()
    page.context.set_offline(True)
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("banner")).to_contain_text("Nothing is lost")
    page.context.set_offline(False)
    expect(page.get_by_test_id("empty")).to_be_visible(timeout=10_000)
    assert Annotation.objects.count() == 1


def test_an_answer_that_came_too_late_is_kept_and_said(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("item-000")
    Lease.objects.update(until="2020-01-01T00:00:00Z")
    expire_leases()
    for reviewer in (cast.bela, cast.cleo, cast.dido):
        take(reviewer)
    page.get_by_test_id("response-1").click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("banner")).to_contain_text("Your answer is kept")
    expect(page.get_by_test_id("task")).to_contain_text("item-001")


def test_a_skip_gives_the_task_back_with_its_reason(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("item-000")
    page.get_by_test_id("skip").click()
    page.get_by_test_id("skip-reason").fill("I know the author")
    page.get_by_test_id("skip-confirm").click()
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    assert Lease.objects.get(state="skipped").skip_reason == "I know the author"


def test_hostile_text_is_shown_and_does_nothing(page, cast):
    hostile = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> [go](javascript:alert(1)) ![see](http://127.0.0.1:9/x.png)"
    rows = item_row("hostile")
    rows["responses"][0]["text"] = hostile
    rows["messages"][0]["content"] = hostile
    upload(cast.project, cast.mira, rows)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("document.title='owned'")
    assert page.title() == "Desk · Assay"
    assert page.locator("#task img, #task script, #task a[href^=javascript]").count() == 0
    expect(page.locator(".image").first).to_have_text("[see]")


def test_the_desk_fits_a_telephone(page, cast):
    upload_items(cast.project, cast.mira)
    page.set_viewport_size({"width": 360, "height": 740})
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_customer_checks_a_sample_and_accepts_in_the_portal(page, cast):
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=2)
    release = freeze(cast.project, cast.dana)
    log_in(page, "dana", "/portal/")
    page.get_by_role("link", name=re.compile("Pairs")).click()
    page.get_by_role("link", name="Version 1").click()
    for _ in range(2):
        page.get_by_role("button", name="Good").first.click()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("status")).to_contain_text("Version 1 is accepted.")
    release.refresh_from_db()
    assert release.state == "accepted"


def test_an_operator_finds_their_way_in_the_console(page, cast):
    upload_items(cast.project, cast.mira)
    log_in(page, "mira", "/admin/")
    expect(page.get_by_test_id("projects")).to_contain_text("Pairs")
    page.get_by_role("link", name="Items").first.click()
    expect(page.locator("#result_list")).to_contain_text("item-000")
