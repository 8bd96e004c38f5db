"""The desk in a real Chromium: a reviewer judges, with keys and without losing anything."""

import re

import pytest
from playwright.sync_api import expect

from labeling.models import Annotation, Draft, GuidelineAcknowledgement
from labeling.services.forms import publish_form
from labeling.services.guidelines import publish_guideline
from routing.models import Lease
from routing.services.leases import expire_leases
from tests.browser.logins import log_in
from tests.cast import CLAUSES
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
    page.evaluate("localStorage.clear()")
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


EVERY_RESPONSE = {
    "title": "Marks",
    "questions": [
        {
            "id": "better",
            "type": "preference",
            "text": "Which is better?",
            "nature": "preferential",
            "tie": True,
            "strength": ["slightly", "clearly"],
        },
        {
            "id": "grade",
            "type": "choice",
            "text": "Is it right?",
            "nature": "objective",
            "each_response": True,
            "options": [{"value": "right", "text": "Right"}, {"value": "wrong", "text": "Wrong"}],
        },
        {"id": "why", "type": "rationale", "text": "Why?", "min_length": 10},
    ],
}


def test_a_draft_keeps_every_part_of_an_answer_and_each_fault_is_at_its_question(page, cast):
    publish_form(project=cast.project, document=EVERY_RESPONSE, actor=cast.mira)
    upload_items(cast.project, cast.mira)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    page.keyboard.press("1")
    page.get_by_text("clearly").click()
    page.get_by_role("radio", name="Response 2: Wrong").check()
    page.get_by_test_id("rationale").fill("Short")
    expect(page.get_by_test_id("saved")).to_have_text("Saved")
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.get_by_role("radio", name="clearly")).to_be_checked()
    expect(page.get_by_role("radio", name="Response 2: Wrong")).to_be_checked()
    page.get_by_test_id("submit").click()
    expect(page.locator("[data-question=grade] .fault")).to_contain_text("Answer for each response")
    page.get_by_role("radio", name="Response 1: Right").check()
    page.get_by_test_id("submit").click()
    expect(page.locator("[data-question=why] .fault")).to_have_text("Write at least 10 characters.")
    expect(page.get_by_test_id("rationale")).to_be_focused()
    assert not Annotation.objects.exists()
    page.get_by_test_id("rationale").fill("Long enough by now")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("empty")).to_be_visible()
    annotation = Annotation.objects.get()
    one, two = annotation.presented
    assert annotation.answers == {
        "better": {"choice": one, "strength": "clearly"},
        "grade": {one: "right", two: "wrong"},
    }


def test_the_end_of_the_lease_is_said_when_it_is_near(page, cast):
    upload_items(cast.project, cast.mira)
    page.clock.install()
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    page.clock.run_for("00:02")
    expect(page.get_by_test_id("left")).to_have_text("")
    page.route("**/heartbeat", lambda route: route.abort())
    lease = Lease.objects.get()
    seconds = int((lease.until - lease.claimed_at).total_seconds())
    page.clock.fast_forward((seconds - 100) * 1000)
    expect(page.get_by_test_id("left")).to_have_text(re.compile(r"Yours for 1:3\d more"))
    page.unroute("**/heartbeat")
    page.clock.run_for(seconds * 1000 // 3)
    expect(page.get_by_test_id("left")).to_have_text("")


def test_the_title_tells_who_is_elsewhere_that_a_task_waits(page, cast):
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => Boolean(window.isAway) })")
    page.clock.install()
    log_in(page, "anna")
    expect(page.get_by_test_id("empty")).to_be_visible()
    assert page.title() == "Desk · Assay"
    page.evaluate("window.isAway = true")
    upload_items(cast.project, cast.mira)
    page.clock.run_for("00:21")
    expect(page.get_by_test_id("task")).to_be_visible()
    assert page.title() == "A task waits · Desk · Assay"
    page.evaluate("window.isAway = false; document.dispatchEvent(new Event('visibilitychange'))")
    assert page.title() == "Desk · Assay"


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


def test_s_asks_why_before_it_gives_the_task_back_and_is_a_letter_while_typing(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("item-000")
    page.get_by_role("textbox").first.fill("")
    page.get_by_role("textbox").first.press_sequentially("sss")
    expect(page.get_by_test_id("skip-reason")).not_to_be_visible()
    page.locator("#title").focus()
    page.keyboard.press("?")
    expect(page.get_by_test_id("keys")).to_contain_text("give the task back, with a reason")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.get_by_test_id("skip-reason")).to_have_value("")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("skip-reason")).to_be_visible()
    assert not Lease.objects.filter(state="skipped").exists()
    page.keyboard.type("Not sure of this one")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    assert Lease.objects.get(state="skipped").skip_reason == "Not sure of this one"


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


STRICTER = [
    {**CLAUSES[0], "text": "A wrong fact always outweighs good style."},
    {"id": "safety", "title": "Safety", "text": "<script>document.title='owned'</script>Nothing that harms."},
]
EXAMPLE = {"text": "Lyon is no capital.", "clause": "true", "messages": [{"role": "user", "content": "Capital?"}]}


def test_what_changed_is_read_before_the_next_task_comes(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("item-000")
    publish_guideline(
        project=cast.project, clauses=STRICTER, examples=[EXAMPLE], change_kind="clarification",
        summary="Stricter on facts", actor=cast.mira,
    )  # fmt: skip
    page.get_by_test_id("response-1").click()
    page.keyboard.press("Control+Enter")
    reading = page.get_by_test_id("reading")
    expect(reading).to_contain_text("The guideline has changed")
    expect(reading).to_contain_text("Pairs, version 2: Stricter on facts")
    expect(page.get_by_test_id("task")).to_be_hidden()
    changes = page.get_by_test_id("changes")
    expect(changes.locator(".is-new")).to_contain_text("Safety")
    expect(changes.locator(".is-reworded ins")).to_have_text("always ")
    expect(reading.locator(".example").first).to_contain_text("Lyon is no capital.")
    assert page.title() == "Desk · Assay"
    assert not GuidelineAcknowledgement.objects.filter(reviewer=cast.anna, number=2).exists()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    expect(reading).to_have_count(0)
    assert GuidelineAcknowledgement.objects.filter(reviewer=cast.anna, number=2).count() == 1


def test_a_newcomer_reads_the_whole_guideline_and_says_so_with_the_button(page, cast):
    upload_items(cast.project, cast.mira)
    publish_guideline(project=cast.project, clauses=STRICTER, change_kind="breaking", actor=cast.mira)
    page.set_viewport_size({"width": 360, "height": 740})
    log_in(page, "bela")
    expect(page.get_by_test_id("reading")).to_contain_text("Nothing that harms.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_test_id("acknowledge").click()
    expect(page.get_by_test_id("task")).to_contain_text("item-000")


def test_ctrl_enter_in_a_dialog_never_submits_the_task_below(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    page.keyboard.press("1")
    page.keyboard.press("?")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Escape")
    page.get_by_test_id("skip").click()
    page.get_by_test_id("skip-reason").fill("Not for me")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    assert not Annotation.objects.exists()
    assert Lease.objects.get(state="skipped").skip_reason == "Not for me"
