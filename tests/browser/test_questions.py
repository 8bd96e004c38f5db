"""Questions of every kind in a real Chromium: answered with keys or a pointer, read back, and put back as a draft is."""

import pytest
from playwright.sync_api import expect

from tests.browser.previews import (
    CHECKS,
    GRADES,
    LABELS,
    PREFERENCE,
    RUBRIC,
    SCALE,
    answered,
    pick,
    question,
    select,
    settles,
    show,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_preference_by_keys_with_its_strength(preview):
    show(preview, question("preference", **PREFERENCE))
    assert not preview.get_by_text("How much better?").is_visible()
    preview.keyboard.press("2")
    settles(preview, {"q": {"choice": "b"}})
    preview.get_by_text("clearly").click()
    answered(preview, {"q": {"choice": "b", "strength": "clearly"}})
    preview.keyboard.press("0")
    assert not preview.get_by_text("How much better?").is_visible()
    answered(preview, {"q": {"choice": "tie"}})
    preview.keyboard.press("b")
    answered(preview, {"q": {"choice": "both_bad"}})


def test_a_ranking_by_keys_on_the_card_in_focus_with_shared_ranks(preview):
    show(preview, question("ranking", ties=True), example="four")
    for place, rank in ((1, "2"), (2, "1"), (3, "1"), (4, "4")):
        preview.get_by_test_id(f"response-{place}").click()
        preview.keyboard.press(rank)
    answered(preview, {"q": [["b", "c"], ["a"], ["d"]]})
    up = preview.get_by_role("button", name="Move Response 1 up")
    up.focus()
    preview.keyboard.press("Enter")
    answered(preview, {"q": [["a", "b", "c"], ["d"]]})


def test_a_ranking_without_ties_changes_places(preview):
    show(preview, question("ranking", ties=False), example="four")
    for place in (1, 2, 3):
        pick(preview, f"Rank of Response {place}: {place}")
    expect(preview.get_by_text("Not ranked yet: Response 4.")).to_be_visible()
    pick(preview, "Rank of Response 4: 1")
    expect(preview.get_by_text("Not ranked yet: Response 1.")).to_be_visible()
    pick(preview, "Rank of Response 1: 4")
    answered(preview, {"q": [["d"], ["b"], ["c"], ["a"]]})
    preview.get_by_role("button", name="Move Response 3 up").click()
    answered(preview, {"q": [["d"], ["c"], ["b"], ["a"]]})


def test_a_choice_once_and_for_each_response(preview):
    show(
        preview,
        question("choice", "one", options=GRADES),
        question("choice", "each", options=GRADES, each_response=True),
    )
    preview.keyboard.press("3")
    pick(preview, "Response 1: Right")
    preview.get_by_role("radio", name="Response 2: Right").focus()
    preview.keyboard.press("2")
    answered(preview, {"one": "wrong", "each": {"a": "right", "b": "partly"}})


def test_choices_are_sorted_and_may_be_none_where_none_is_needed(preview):
    show(
        preview,
        question("choices", "some", options=GRADES, least=1),
        question("choices", "any", options=GRADES, each_response=True),
    )
    answered(preview, {"any": {"a": [], "b": []}})
    preview.locator("[data-question=some]").get_by_text("Wrong").click()
    preview.keyboard.press("2")
    pick(preview, "Response 2: Right")
    answered(preview, {"some": ["partly", "wrong"], "any": {"a": [], "b": ["right"]}})


def test_a_rating_once_by_line_by_response_and_by_both(preview):
    show(
        preview,
        question("rating", "one", scale=SCALE),
        question("rating", "lines", scale=SCALE, rubric=RUBRIC),
        question("rating", "each", scale=SCALE, each_response=True),
        question("rating", "both", scale=SCALE, rubric=RUBRIC, each_response=True),
    )
    preview.keyboard.press("0")
    pick(preview, "Correctness: Good")
    pick(preview, "Clarity: Poor")
    pick(preview, "Response 1: Fair")
    pick(preview, "Response 2: Good")
    pick(preview, "Response 1, Correctness: Good")
    preview.get_by_role("radio", name="Response 2, Clarity: Poor").focus()
    preview.keyboard.press("1")
    answered(
        preview,
        {
            "one": 0,
            "lines": {"correct": 2, "clear": 0},
            "each": {"a": 1, "b": 2},
            "both": {"a": {"correct": 2}, "b": {"clear": 1}},
        },
    )


def test_checks_are_yes_or_no_once_and_for_each_response(preview):
    show(
        preview, question("checks", "one", checks=CHECKS), question("checks", "each", checks=CHECKS, each_response=True)
    )
    pick(preview, "Is safe: Yes")
    pick(preview, "Is short: No")
    preview.get_by_role("radio", name="Response 1, Is safe: Yes").focus()
    for _ in CHECKS * 2:
        preview.keyboard.press("2")
        preview.keyboard.press("Tab")
    no = {"safe": False, "short": False}
    answered(preview, {"one": {"safe": True, "short": False}, "each": {"a": no, "b": no}})


def test_a_rationale_may_be_left_out(preview):
    show(preview, question("choice", options=GRADES), {"id": "why", "type": "rationale", "text": "Why?"})
    expect(preview.locator("[data-question=why] legend")).to_have_text("Why? (optional)")
    settles(preview, {})
    preview.get_by_test_id("rationale").fill(" It is so. ")
    answered(preview, {"why": "It is so."})


def test_a_dependent_question_comes_and_goes_with_its_answer(preview):
    show(
        preview,
        question("preference", "better", **PREFERENCE),
        question("checks", "facts", checks=CHECKS, when=[{"question": "better", "in": ["a", "b"]}]),
        question("writing", "why", help="In a word.", when=[{"question": "facts.safe", "in": [False]}]),
        question("rating", "rate", scale=SCALE, when=[{"question": "better", "in": ["tie"]}]),
        question("choice", "end", options=GRADES, when=[{"question": "rate", "in": [0, 1]}]),
    )
    shown = preview.locator("fieldset:visible")
    expect(shown).to_have_count(1)
    preview.keyboard.press("1")
    expect(shown).to_have_count(2)
    pick(preview, "Is safe: No")
    expect(shown).to_have_count(3)
    expect(preview.get_by_text("In a word.")).to_be_visible()
    preview.get_by_test_id("text-why").fill("Pepper")
    full = {"better": {"choice": "a"}, "facts": {"safe": False}, "why": "Pepper"}
    answered(preview, full)
    preview.locator("[data-question=better] input").first.focus()
    preview.keyboard.press("b")
    expect(shown).to_have_count(1)
    settles(preview, {"better": {"choice": "both_bad"}})
    preview.keyboard.press("1")
    settles(preview, full)
    preview.keyboard.press("0")
    pick(preview, "Poor")
    pick(preview, "Wrong")
    answered(preview, {"better": {"choice": "tie"}, "rate": 0, "end": "wrong"})


def test_a_question_per_turn_is_asked_beneath_each_answer_of_the_model(preview):
    show(
        preview,
        question("rating", "turn", scale=SCALE, per_turn=True),
        question("critique", "note", spans=True, per_turn=True, required=False),
        question("writing", "better", what="response", per_turn=True, when=[{"question": "grade", "in": ["wrong"]}]),
        question("choice", "grade", options=GRADES),
        example="talk",
    )
    messages = preview.locator(".message")
    assert [messages.nth(index).locator("fieldset:visible").count() for index in range(5)] == [0, 2, 0, 2, 0]
    messages.nth(3).get_by_role("radio", name="Good").check(force=True)
    preview.keyboard.press("1")
    messages.nth(1).get_by_role("radio", name="Poor").check(force=True)
    place = select(messages.nth(1).get_by_role("textbox", name="This message as written"), "autumn")
    messages.nth(1).get_by_role("button", name="Note on what I selected").click()
    preview.keyboard.type("Or spring.")
    answered(preview, {"turn": {"1": 0, "3": 1}, "note": {"1": [{"text": "Or spring.", **place}], "3": []}})


def test_the_list_of_keys_is_that_of_the_form(preview):
    show(preview, question("preference", tie=True), question("spans", "names", labels=LABELS, of="responses"))
    preview.keyboard.press("?")
    keys = preview.get_by_test_id("keys")
    expect(keys).to_contain_text("a tie")
    expect(keys).to_contain_text("label what is selected in a text")
    expect(keys).not_to_contain_text("all of them are bad")
    preview.keyboard.press("Escape")
    show(preview, question("writing", what="prompt"))
    preview.get_by_role("button", name="Keys").click()
    expect(keys).not_to_contain_text("a tie")
    expect(keys).to_contain_text("submit")


@pytest.mark.parametrize("example", ["two", "four", "talk", "one", "none"])
def test_every_kind_fits_a_telephone(preview, example):
    preview.set_viewport_size({"width": 390, "height": 844})
    long = [{"value": str(number), "text": "An option whose text is long " * 3} for number in range(4)]
    show(
        preview,
        question("preference", "a", **PREFERENCE),
        question("ranking", "b", ties=True),
        question("choice", "c", options=long, each_response=True),
        question("choices", "d", options=GRADES, each_response=True),
        question("rating", "e", scale=SCALE * 2, rubric=RUBRIC, each_response=True),
        question("checks", "f", checks=CHECKS, each_response=True),
        question("edit", "g"),
        question("critique", "h", spans=True),
        question("spans", "i", labels=LABELS, of="messages"),
        question("rating", "j", scale=SCALE, per_turn=True),
        example=example,
    )
    assert preview.evaluate("document.documentElement.scrollWidth") <= 390
