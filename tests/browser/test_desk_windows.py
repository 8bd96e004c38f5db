"""Two tabs, a reload, a lost connection, a dead laptop and a clock that is wrong lose nothing and duplicate nothing."""

import datetime as dt
import re

import pytest
from playwright.sync_api import expect

from labeling.models import Annotation, Draft, UnplacedAnswer
from routing.models import Lease
from routing.services.leases import expire_leases
from tests.browser.logins import log_in
from tests.factories import judge, prefer, upload_items

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OWN = "Object.keys(localStorage).filter((name) => name.startsWith('assay-draft-'))"


def let_expire():
    Lease.objects.filter(state="live").update(until="2020-01-01T00:00:00Z")
    expire_leases()


def second_tab(page):
    other = page.context.new_page()
    other.goto("/desk/")
    expect(other.get_by_test_id("task")).to_be_visible()
    return other


def test_two_tabs_show_one_task_and_the_other_goes_on_when_one_submits(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("item-000")
    other = second_tab(page)
    expect(other.get_by_test_id("task")).to_contain_text("item-000")
    page.get_by_test_id("response-1").click()
    page.get_by_test_id("submit").click()
    expect(other.get_by_test_id("banner")).to_contain_text("You submitted this task in another window.")
    expect(other.get_by_test_id("task")).to_contain_text("item-001")
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    assert (Annotation.objects.count(), UnplacedAnswer.objects.count()) == (1, 0)


def test_what_was_typed_in_the_other_tab_can_become_the_correction(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("item-000")
    other = second_tab(page)
    other.get_by_test_id("response-2").click()
    other.get_by_test_id("rationale").fill("Mine, from the other tab")
    page.get_by_test_id("response-1").click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    expect(other.get_by_test_id("banner")).to_contain_text("You submitted this task in another window.")
    expect(other.get_by_test_id("task")).to_contain_text("item-000")
    expect(other.get_by_test_id("rationale")).to_have_value("Mine, from the other tab")
    other.get_by_role("button", name="Correct that answer with what is here").click()
    correction = other.get_by_test_id("correction")
    expect(correction.get_by_test_id("rationale")).to_have_value("Mine, from the other tab")
    other.get_by_test_id("save-correction").click()
    expect(other.get_by_test_id("banner")).to_have_text("Your answer is corrected.")
    expect(other.get_by_test_id("task")).to_contain_text("item-001")
    first, second = Annotation.objects.order_by("id")
    assert second.supersedes == first
    assert (second.answers, second.rationale) == (prefer(first.presented[1]), "Mine, from the other tab")


def test_another_browser_learns_of_the_submit_from_the_heartbeat(page, cast, chromium, live_server):
    upload_items(cast.project, cast.mira, 2)
    page.clock.install()
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("item-000")
    elsewhere = chromium.new_context(base_url=live_server.url).new_page()
    log_in(elsewhere, "anna")
    elsewhere.get_by_test_id("response-1").click()
    elsewhere.get_by_test_id("submit").click()
    expect(elsewhere.get_by_test_id("task")).to_contain_text("item-001")
    elsewhere.context.close()
    page.clock.run_for("00:46")
    expect(page.get_by_test_id("banner")).to_contain_text("This task was submitted already.")
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    assert Annotation.objects.count() == 1


def test_typed_text_is_kept_here_while_the_line_is_broken_and_sent_when_it_is_back(page, cast):
    upload_items(cast.project, cast.mira)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_test_id("rationale").fill("Typed in a tunnel")
    expect(page.get_by_test_id("saved")).to_have_text("Kept in this browser")
    assert not Draft.objects.exists()
    page.context.set_offline(False)
    expect(page.get_by_test_id("saved")).to_have_text("Saved")
    assert Draft.objects.get().answers == {"rationale": "Typed in a tunnel"}


def test_what_never_reached_the_server_survives_a_reload(page, cast):
    upload_items(cast.project, cast.mira)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    page.route("**/draft", lambda route: route.abort())
    page.get_by_test_id("rationale").fill("Only here")
    expect(page.get_by_test_id("saved")).to_have_text("Kept in this browser")
    page.unroute("**/draft")
    page.reload()
    expect(page.get_by_test_id("rationale")).to_have_value("Only here")
    expect(page.get_by_test_id("saved")).to_have_text("Saved")


def test_a_submit_whose_answer_was_lost_is_sent_again_and_is_one_annotation(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("item-000")
    sent = []

    def lose_the_first_answer(route):
        sent.append(route.fetch().status)
        if len(sent) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/submit", lose_the_first_answer)
    page.get_by_test_id("response-1").click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    assert sent == [201, 200]
    assert (Annotation.objects.count(), UnplacedAnswer.objects.count()) == (1, 0)


def test_who_wakes_a_dead_laptop_in_time_submits_as_if_nothing_were(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    page.get_by_test_id("response-1").click()
    let_expire()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_test_id("banner")).to_contain_text("what you typed is kept")
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    assert Annotation.objects.count() == 1


def test_what_a_dead_laptop_held_is_offered_to_be_sent_once_it_is_back(page, cast):
    """The lease ran out, others have done the task, and what was typed had never left the browser."""
    upload_items(cast.project, cast.mira, 1)
    log_in(page, "anna")
    page.route("**/draft", lambda route: route.abort())
    page.get_by_test_id("response-1").click()
    page.get_by_test_id("rationale").fill("Before the battery died")
    expect(page.get_by_test_id("saved")).to_have_text("Kept in this browser")
    page.goto("about:blank")
    let_expire()
    for reviewer in (cast.bela, cast.cleo, cast.dido):
        judge(reviewer)
    page.goto("/desk/")
    expect(page.get_by_test_id("banner")).to_contain_text("did not send it")
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_test_id("banner")).to_contain_text("Your answer is kept")
    assert UnplacedAnswer.objects.get().answers["rationale"] == "Before the battery died"
    assert page.evaluate(OWN) == []


def test_what_a_dead_laptop_held_comes_back_into_the_same_task_under_a_new_lease(page, cast):
    upload_items(cast.project, cast.mira)
    log_in(page, "anna")
    page.route("**/draft", lambda route: route.abort())
    page.get_by_test_id("rationale").fill("Before the battery died")
    expect(page.get_by_test_id("saved")).to_have_text("Kept in this browser")
    page.goto("about:blank")
    page.unroute("**/draft")
    let_expire()
    page.goto("/desk/")
    expect(page.get_by_test_id("rationale")).to_have_value("Before the battery died")
    expect(page.get_by_test_id("saved")).to_have_text("Saved")
    assert Lease.objects.count() == 2


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_wrong_changes_nothing_of_what_is_left(page, cast, hours):
    upload_items(cast.project, cast.mira)
    page.clock.install(time=dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours))
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    page.clock.run_for("00:02")
    expect(page.get_by_test_id("left")).to_have_text("")
    page.route("**/heartbeat", lambda route: route.abort())
    page.clock.fast_forward(800 * 1000)
    expect(page.get_by_test_id("left")).to_have_text(re.compile(r"Yours for 1:3\d more"))


def test_more_time_is_offered_when_it_is_short_and_given_once(page, cast):
    upload_items(cast.project, cast.mira)
    page.clock.install()
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    expect(page.get_by_test_id("more")).to_be_hidden()
    page.route("**/heartbeat", lambda route: route.abort())
    page.clock.fast_forward(700 * 1000)
    expect(page.get_by_test_id("more")).to_be_visible()
    page.keyboard.press("+")
    expect(page.get_by_test_id("more")).to_be_hidden()
    page.clock.run_for("00:01")
    assert Lease.objects.get().extended_at is not None
    page.clock.fast_forward(1700 * 1000)
    expect(page.get_by_test_id("left")).to_have_text(re.compile(r"Yours for 1:\d\d more"))
    expect(page.get_by_test_id("more")).to_be_hidden()


def test_the_next_task_is_taken_ahead_and_shown_when_its_turn_comes(page, cast):
    upload_items(cast.project, cast.mira, 2)
    page.clock.install()
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("item-000")
    with page.expect_response("**/prefetch"):
        page.clock.run_for("00:06")
    assert list(Lease.objects.order_by("id").values_list("is_prefetched", flat=True)) == [False, True]
    page.get_by_test_id("response-1").click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    page.get_by_test_id("response-1").click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("empty")).to_be_visible()
    assert Annotation.objects.count() == 2
    assert Lease.objects.count() == 2


def test_drafts_are_kept_under_their_owner_and_go_with_the_log_out(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    page.get_by_test_id("rationale").fill("Anna's thought")
    expect(page.get_by_test_id("saved")).to_have_text("Saved")
    [name] = page.evaluate(OWN)
    assert str(cast.anna.user.public_id) in name
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/desk/login/")
    assert page.evaluate(OWN) == []
    log_in(page, "bela")
    expect(page.get_by_test_id("rationale")).to_have_value("")
    expect(page.get_by_test_id("banner")).to_be_hidden()


def test_a_half_answer_that_was_left_behind_is_kept_until_its_author_throws_it_away(page, cast):
    upload_items(cast.project, cast.mira, 1)
    log_in(page, "anna")
    page.get_by_test_id("rationale").fill("Not yet chosen")
    expect(page.get_by_test_id("saved")).to_have_text("Saved")
    page.goto("about:blank")
    let_expire()
    for reviewer in (cast.bela, cast.cleo, cast.dido):
        judge(reviewer)
    page.goto("/desk/")
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_test_id("banner")).to_contain_text("needs an answer")
    assert len(page.evaluate(OWN)) == 1
    page.reload()
    page.get_by_role("button", name="Throw it away").click()
    assert page.evaluate(OWN) == []
