"""What opens over the task: last answers and their correction, reports, questions, what waits to be read, projects, keys."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from labeling.models import Annotation, Flag, GuidelineAcknowledgement
from labeling.services.guidelines import publish_guideline
from labeling.services.settings import change_project
from quality.models import Ruling, RulingReading
from quality.services.rulings import answer_ruling
from routing.api import views
from routing.models import Lease
from routing.services.submits import submit_task
from routing.types import NothingToDo
from tests.browser.logins import log_in
from tests.cast import CLAUSES
from tests.factories import judge, let_answers_age, prefer, upload_items

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_answer_is_corrected_with_keys_and_the_task_at_hand_waits(page, cast):
    upload_items(cast.project, cast.mira, 2)
    judge(cast.anna, "a", rationale="At first")
    log_in(page, "anna")
    task = page.get_by_test_id("task")
    expect(task).to_contain_text("item-001")
    page.get_by_test_id("rationale").first.fill("Half a thought")
    page.locator("#title").focus()
    page.keyboard.press("a")
    dialog = page.get_by_test_id("answers-dialog")
    expect(dialog).to_contain_text("item-000")
    expect(dialog).to_contain_text("You can correct it for 30 minutes after you gave it.")
    dialog.get_by_test_id("correct").focus()
    page.keyboard.press("Enter")
    correction = page.get_by_test_id("correction")
    expect(correction).to_contain_text("item-000")
    expect(task).to_be_hidden()
    expect(correction.get_by_test_id("rationale")).to_have_value("At first")
    correction.get_by_test_id("rationale").fill("At second thought")
    page.reload()
    expect(task).to_be_visible()
    page.keyboard.press("a")
    dialog.get_by_test_id("correct").click()
    expect(correction.get_by_test_id("rationale")).to_have_value("At second thought")
    page.locator("#correction-title").focus()
    page.keyboard.press("0")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("banner")).to_have_text("Your answer is corrected.")
    expect(task).to_contain_text("item-001")
    expect(task.get_by_test_id("rationale")).to_have_value("Half a thought")
    first, second = Annotation.objects.order_by("id")
    assert (second.supersedes, second.answers, second.rationale) == (first, prefer("tie"), "At second thought")


def test_escape_leaves_an_answer_as_it_is_and_what_was_said_long_ago_has_no_button(page, cast):
    upload_items(cast.project, cast.mira, 2)
    judge(cast.anna, "a")
    let_answers_age(dt.timedelta(minutes=30))
    judge(cast.anna, "a")
    log_in(page, "anna")
    expect(page.get_by_test_id("empty")).to_be_visible()
    page.get_by_test_id("show-answers").click()
    dialog = page.get_by_test_id("answers-dialog")
    expect(dialog.locator("li")).to_have_count(2)
    expect(dialog).to_contain_text("The time for corrections is over; what was said stands.")
    expect(dialog.get_by_test_id("correct")).to_have_count(1)
    dialog.get_by_test_id("correct").click()
    expect(page.get_by_test_id("correction")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("correction")).to_be_hidden()
    expect(page.get_by_test_id("empty")).to_be_visible()
    assert Annotation.objects.count() == 2


def test_a_correction_that_comes_too_late_says_so(page, cast):
    upload_items(cast.project, cast.mira)
    judge(cast.anna, "a")
    log_in(page, "anna")
    page.keyboard.press("a")
    page.get_by_test_id("correct").click()
    expect(page.get_by_test_id("correction")).to_be_visible()
    let_answers_age(dt.timedelta(minutes=30))
    page.keyboard.press("0")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("banner")).to_contain_text("The time for corrections is over")
    page.get_by_role("button", name="Leave it as it is").first.click()
    expect(page.get_by_test_id("correction")).to_be_hidden()
    assert Annotation.objects.filter(supersedes__isnull=False).count() == 0


def test_a_report_leaves_the_task_and_a_held_one_brings_the_next(page, cast):
    upload_items(cast.project, cast.mira, 2)
    log_in(page, "anna")
    task = page.get_by_test_id("task")
    expect(task).to_contain_text("item-000")
    page.keyboard.press("f")
    dialog = page.get_by_test_id("flag-dialog")
    dialog.get_by_text("It is broken or incomplete").click()
    dialog.get_by_test_id("flag-note").fill("The end is missing")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("banner")).to_contain_text("You can still answer this task")
    expect(task).to_contain_text("item-000")
    assert (Flag.objects.get().note, Flag.objects.get().detail) == ("The end is missing", {"problem": "broken"})
    change_project(project=cast.project, changes={"hold_flagged": ["reported"]}, actor=cast.mira)
    page.get_by_test_id("flag").click()
    dialog.get_by_text("It is unsafe to read").click()
    dialog.get_by_test_id("flag-confirm").click()
    expect(page.get_by_test_id("banner")).to_contain_text("The item waits until somebody has looked at it")
    expect(task).to_contain_text("item-001")


def test_a_question_is_asked_and_its_answer_comes_beside_the_clause_and_is_read(page, cast):
    upload_items(cast.project, cast.mira)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    page.keyboard.press("q")
    page.get_by_test_id("ask-question").fill("Does Lyon count?")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("banner")).to_contain_text("Your question is on its way")
    answer_ruling(ruling=Ruling.objects.get(), answer="No, it is <b>no</b> capital.", actor=cast.mira)
    page.reload()
    expect(page.locator("#waiting")).to_have_text("1")
    page.keyboard.press("g")
    expect(page.get_by_test_id("guideline").get_by_test_id("ruling")).to_contain_text("No, it is <b>no</b> capital.")
    page.keyboard.press("r")
    inbox = page.get_by_test_id("inbox-dialog")
    expect(inbox).to_contain_text("You asked: Does Lyon count?")
    inbox.get_by_test_id("read").click()
    expect(inbox.get_by_test_id("ruling")).to_have_count(0)
    expect(page.locator("#waiting")).to_be_hidden()
    assert RulingReading.objects.get().reviewer == cast.anna


def test_a_late_answer_is_told_among_what_waits_to_be_read(page, cast):
    upload_items(cast.project, cast.mira, 1)
    judge(cast.anna, "a")
    submit_task(user=cast.anna.user, token=Lease.objects.get().token, answers=prefer("b"), seconds=1.0)
    log_in(page, "anna")
    page.get_by_test_id("show-inbox").click()
    inbox = page.get_by_test_id("inbox-dialog")
    expect(inbox).to_contain_text("Your answer to a task of Pairs could not be placed")
    inbox.get_by_test_id("read").click()
    expect(inbox.locator("li")).to_have_count(0)
    page.reload()
    expect(page.get_by_test_id("today")).to_contain_text("1")
    expect(page.locator("#waiting")).to_be_hidden()


def test_the_projects_open_to_me_say_what_they_pay(page, cast):
    upload_items(cast.project, cast.mira)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    page.keyboard.press("p")
    shown = page.get_by_test_id("open-project")
    expect(shown).to_contain_text("Pairs")
    expect(shown).to_contain_text("$0.25 a judgment")
    expect(shown).to_contain_text("Work waits")


def test_the_list_of_keys_names_them_all_and_each_does_what_it_says(page, cast):
    upload_items(cast.project, cast.mira)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_be_visible()
    page.keyboard.press("?")
    keys = page.get_by_test_id("keys")
    for words in (
        "submit",
        "guideline",
        "ask about",
        "report",
        "give the task back",
        "more time",
        "last answers",
        "read",
        "projects",
    ):
        expect(keys).to_contain_text(words)
    page.keyboard.press("Escape")
    for key, opened in (
        ("a", "answers"), ("r", "inbox"), ("p", "projects"), ("f", "flag"), ("q", "ask"), ("s", "skip")
    ):  # fmt: skip
        page.locator("#title").focus()
        page.keyboard.press(key)
        expect(page.locator(f"#{opened}-dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
    page.get_by_test_id("rationale").press("a")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_until_when_there_is_nothing_is_said_in_local_time_and_waited_for(
    chromium, page, cast, live_server, monkeypatch
):
    """The reader is in Tokyo, with a clock that is an hour fast; the server says the seconds."""
    until = dt.datetime.now(dt.UTC).replace(hour=15, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    asked = []

    def nothing(**_):
        asked.append(dt.datetime.now(dt.UTC))
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=90) if len(asked) > 1 else until
        return NothingToDo("limit", "You have reached your limit of today.", until=soon)

    monkeypatch.setattr(views, "next_task", nothing)
    tokyo = chromium.new_context(base_url=live_server.url, timezone_id="Asia/Tokyo", locale="en-GB")
    page = tokyo.new_page()
    page.clock.install(time=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    log_in(page, "anna")
    expect(page.get_by_test_id("empty")).to_contain_text("You have reached your limit of today.")
    expect(page.get_by_test_id("until")).to_contain_text("00:00")
    page.clock.run_for("10:00")
    assert len(asked) == 1
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_test_id("until")).not_to_contain_text("00:00")
    assert len(asked) == 2
    page.clock.run_for("01:00")
    assert len(asked) == 2
    page.clock.run_for("00:45")
    page.wait_for_timeout(0)
    expect(page.get_by_test_id("empty")).to_be_visible()
    assert len(asked) >= 3
    tokyo.close()


def test_without_a_known_time_it_is_looked_for_ever_less_often(page, cast):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/next") else None)
    page.clock.install()
    log_in(page, "anna")
    expect(page.get_by_test_id("empty")).to_be_visible()
    for _ in range(60):
        page.clock.run_for(10_000)
        page.wait_for_timeout(20)  # what was asked for is answered before the clock goes on
    assert 3 <= len(asked) <= 8
    upload_items(cast.project, cast.mira)
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_test_id("task")).to_be_visible()


def test_ctrl_enter_over_a_dialog_acknowledges_nothing_below(page, cast):
    upload_items(cast.project, cast.mira)
    publish_guideline(project=cast.project, clauses=CLAUSES, change_kind="breaking", actor=cast.mira)
    log_in(page, "anna")
    expect(page.get_by_test_id("reading")).to_be_visible()
    page.keyboard.press("p")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("projects-dialog")).to_contain_text("Its guideline comes before the next task there.")
    assert not GuidelineAcknowledgement.objects.filter(number=2).exists()
