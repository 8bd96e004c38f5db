"""A training, begun and sat at the desk: each answer is explained at once, and the page says how it went."""

import pytest
from playwright.sync_api import expect

from quality.models import GoldItem, Sitting
from quality.services.exams import open_exam
from quality.services.gold_making import describe_gold
from tests.browser.logins import log_in
from tests.factories import item_row, settle, upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WHY = "The capital of France is Paris."


def test_a_training_is_begun_explained_and_passed(page, cast):
    expected = {"answer": {"preference": {"choice": "a"}}}
    upload(cast.project, cast.mira, *[item_row(f"train-{n}", expected=expected) for n in range(2)])
    for gold in GoldItem.objects.all():
        describe_gold(
            gold_item=gold, concept="", explanation=WHY, exposures_most=None, use="training", expected_hit_rate=None,
            actor=cast.mira,
        )  # fmt: skip
    open_exam(project=cast.project, kind="training", name="First steps", size=2, pass_share="0.5", actor=cast.mira)
    log_in(page, "anna")
    page.get_by_test_id("show-exams").click()
    expect(page.get_by_test_id("exam")).to_contain_text("An item that you skip counts as wrong.")
    page.get_by_test_id("begin").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/")
    for _ in range(2):
        expect(page.get_by_test_id("task")).to_be_visible()
        expect(page.get_by_test_id("submit")).to_be_enabled()  # the next one is here
        with page.expect_response("**/explanation") as told:
            page.keyboard.press("1")
            page.keyboard.press("Control+Enter")
        assert told.value.ok
        expect(page.get_by_test_id("banner")).to_contain_text(WHY)
    settle()
    sitting = Sitting.objects.get()
    page.goto("/desk/exams/")
    expect(page.get_by_test_id("result")).to_contain_text(f"{int(sitting.right)} / 2")
