"""Models in a real browser: what they answered, before and after people do at the desk, and what they are worth."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from labeling.models import Annotation
from tests.browser.logins import log_in
from tests.factories import judge as answer
from tests.factories import let_answers_age, upload_items
from tests.judging import at_work, calibrated, run
from tests.quality.models import models

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def endpoint(settings):
    settings.JUDGES_MAY_CALL_PRIVATE = True
    with models() as played:
        played.answer = lambda _: {
            "answers": {"preference": {"choice": "a"}, "rationale": "Paris is the capital."},
            "confidence": 0.9,
        }
        yield played


def test_a_models_answer_is_hidden_until_mine_is_final(page, cast, endpoint):
    judge = at_work(cast, endpoint)
    upload_items(cast.project, cast.mira, 2)
    run(judge)
    log_in(page, "anna")
    expect(page.get_by_test_id("task")).to_contain_text("item-000")
    expect(page.get_by_test_id("beside")).to_be_hidden()
    answer(cast.anna, "b")
    page.reload()
    page.get_by_test_id("show-answers").click()
    dialog = page.get_by_test_id("answers-dialog")
    expect(dialog.get_by_test_id("correct")).to_be_visible()
    expect(dialog.get_by_test_id("compare")).to_have_count(0)
    page.keyboard.press("Escape")
    let_answers_age(timedelta(minutes=31))
    page.get_by_test_id("show-answers").click()
    dialog.get_by_test_id("compare").click()
    shown = dialog.get_by_test_id("models")
    expect(shown).to_contain_text("A model answered")
    expect(shown).to_contain_text("You answered")
    expect(shown).to_contain_text("(“Paris.”)")
    expect(shown).to_contain_text("No person said this. It may be wrong: judge for yourself.")
    assert Annotation.objects.get(reviewer=cast.anna).prelabel is None


def test_where_the_project_says_so_a_models_answer_stands_beside_the_task_marked_as_such(page, cast, endpoint):
    judge = at_work(cast, endpoint, is_shown_before=True)
    upload_items(cast.project, cast.mira, 2)
    run(judge)
    log_in(page, "anna")
    beside = page.get_by_test_id("beside")
    expect(beside).to_be_visible()
    expect(beside).to_contain_text("A model’s answer, shown before yours")
    expect(beside.locator(".by-model .hint")).to_have_text("No person said this. It may be wrong: judge for yourself.")
    page.locator("#title").focus()
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("task")).to_contain_text("item-001")
    given = Annotation.objects.get(reviewer=cast.anna)
    assert given.prelabel.reviewer == judge.reviewer


def test_an_operator_sees_how_far_judges_can_be_relied_on(page, cast, endpoint):
    calibrated(cast, endpoint, price_in="1", price_out="1", budget="1")
    log_in(page, "mira", "/admin/")
    page.get_by_test_id("projects").get_by_role("link", name="Quality").last.click()
    page.get_by_role("link", name="Judges", exact=True).last.click()
    shown = page.get_by_test_id("judge")
    expect(shown.get_by_test_id("facts")).to_contain_text("counts")
    expect(shown.get_by_test_id("verdict")).to_contain_text("It meets the bar on 16 items")
    expect(shown.get_by_test_id("figures")).to_contain_text("Cohen’s kappa")
    expect(shown.get_by_test_id("segments").get_by_role("row")).to_have_count(5)
    expect(shown.locator("svg").first).to_be_visible()
