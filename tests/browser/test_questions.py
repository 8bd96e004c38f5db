"""Every kind of question in a real Chromium: answered with keys or a pointer, read back, and put back as a draft is.

The form editor's preview shows any form that the desk knows, and the answers that it would submit.
"""

import json
import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.logins import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GRADES = [
    {"value": "right", "text": "Right"},
    {"value": "partly", "text": "Partly"},
    {"value": "wrong", "text": "Wrong"},
]
SCALE = [{"value": number, "text": text} for number, text in enumerate(["Poor", "Fair", "Good"])]
RUBRIC = [{"id": "correct", "text": "Correctness"}, {"id": "clear", "text": "Clarity"}]
CHECKS = [{"id": "safe", "text": "Is safe"}, {"id": "short", "text": "Is short"}]
LABELS = [{"value": "person", "text": "Person"}, {"value": "place", "text": "Place"}]
PREFERENCE = {"tie": True, "both_bad": True, "strength": ["slightly", "clearly"]}


@pytest.fixture
def preview(page, cast):
    log_in(page, "mira", "/admin/")
    page.goto("/admin/form-preview/")
    expect(page.get_by_test_id("example")).to_be_visible()
    return page


def question(kind, name="q", **more):
    return {"id": name, "type": kind, "text": f"About {name}?", "nature": "objective", **more}


def show(page: Page, *questions, example="two", title="A form") -> None:
    page.get_by_test_id("example").select_option(example)
    page.evaluate(
        "document => postMessage({ document }, location.origin)", {"title": title, "questions": list(questions)}
    )
    expect(page.locator("#title")).to_have_text(title)
    page.questions = questions
    page.example = example


def answered(page: Page, expected) -> None:
    """The form reads `expected`, and still does once it is built anew and filled as from a draft."""
    settles(page, expected)
    show(page, *page.questions, example=page.example, title=f"Anew {time.monotonic_ns()}")
    settles(page, expected)


def settles(page: Page, expected) -> None:
    """Wait for what follows an event, such as a selection; then the answers must be these."""
    deadline = time.monotonic() + 3
    while (found := json.loads(page.get_by_test_id("answers").text_content())) != expected:
        assert time.monotonic() < deadline, f"{found} is not {expected}"
        page.wait_for_timeout(20)


def pick(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).or_(page.get_by_role("checkbox", name=name, exact=True)).check(
        force=True
    )


def select(view: Locator, words: str) -> dict[str, int]:
    """Select the words in a text as written, and return their place in code points."""
    text = view.text_content()
    view.evaluate(
        """(view, [words, place]) => {
          view.focus();
          const texts = document.createTreeWalker(view, NodeFilter.SHOW_TEXT);
          const at = (units) => {
            texts.currentNode = view;
            while (texts.nextNode() && units > texts.currentNode.length) units -= texts.currentNode.length;
            return [texts.currentNode, units];
          };
          const from = view.textContent.indexOf(words);
          getSelection().setBaseAndExtent(...at(from), ...at(from + words.length));
        }""",
        [words, 0],
    )
    start = text.index(words)
    return {"start": start, "end": start + len(words)}


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


def test_an_edit_takes_over_the_preferred_response_and_shows_what_changed(preview):
    show(preview, question("preference", "better", **PREFERENCE), question("edit"))
    preview.keyboard.press("2")
    area = preview.get_by_test_id("text-q")
    before = area.input_value()
    assert "Mrs Alder" in before
    settles(preview, {"better": {"choice": "b"}, "q": {"response": "b", "text": before}})
    area.fill(before.replace("Mrs Alder", "someone"))
    changes = preview.get_by_test_id("diff-q")
    expect(changes.locator("del")).to_have_text("Mrs Alder ")
    expect(changes.locator("ins")).to_have_text("someone ")
    preview.locator("[data-question=better]").get_by_text("Response 1").click()
    after = {"response": "b", "text": before.replace("Mrs Alder", "someone")}
    answered(preview, {"better": {"choice": "a"}, "q": after})
    preview.get_by_role("button", name="Undo all changes").click()
    expect(changes).to_have_text("Nothing yet.")
    assert preview.get_by_test_id("text-q").input_value() == before


def test_a_difference_is_exact_and_quick_on_long_texts(preview):
    found = preview.evaluate(
        """async () => {
          const { diff } = await import("/static/desk/diff.js");
          let seed = 7;
          const random = (n) => { seed = (seed * 48271) % 2147483647; return seed % n; };
          const words = (n, kinds) => Array.from({ length: n }, () => `w${random(kinds)}`);
          const pair = (n, kinds, every) => {
            const before = words(n, kinds);
            const after = before.flatMap((word) => (random(every) ? [word] : [[], ["new"], [word, "more"]][random(3)]));
            return [before.join(" "), after.join(" \\n")];
          };
          const joined = (pieces, ops) => pieces.filter(([op]) => ops.includes(op)).map(([, text]) => text).join("");
          const pairs = [["", ""], ["", "a b"], ["a", ""], pair(40, 6, 3), pair(300, 20, 5), pair(5000, 900, 8),
            [words(5000, 900).join(" "), words(5000, 900).join(" ")], pair(5000, 1e9, 2)];
          const before = performance.now();
          const exact = pairs.every(([one, other]) => {
            const pieces = diff(one, other);
            return joined(pieces, "=-") === one && joined(pieces, "=+") === other;
          });
          const small = diff("the cat sat on the mat.", "the dog sat on a mat, purring.");
          return { exact, seconds: (performance.now() - before) / 1000, small };
        }"""
    )
    assert found["exact"]
    assert found["seconds"] < 3
    assert found["small"] == [
        ["=", "the"],
        ["-", " cat"],
        ["+", " dog"],
        ["=", " sat on"],
        ["-", " the"],
        ["+", " a"],
        ["=", " mat"],
        ["+", ", purring"],
        ["=", "."],
    ]


def test_a_critique_notes_whole_responses_and_what_is_selected(preview):
    show(preview, question("critique", spans=True))
    on_selected = preview.get_by_role("button", name="Note on what I selected")
    expect(on_selected).to_be_disabled()
    place = select(preview.get_by_role("textbox", name="Response 1 as written"), "harms none")
    expect(on_selected).to_be_enabled()
    preview.keyboard.press("n")
    preview.keyboard.type("Is that so?")
    preview.get_by_test_id("note-q-b").click()
    preview.keyboard.type("Poison.")
    preview.get_by_test_id("note-q-b").click()
    preview.get_by_role("button", name="Remove: Note on Response 2").last.click()
    expect(preview.locator("mark")).to_have_text("harms none")
    answered(
        preview,
        {"q": [{"response": "a", "text": "Is that so?", **place}, {"response": "b", "text": "Poison."}]},
    )
    expect(preview.locator("mark")).to_have_text("harms none")


def test_writing_counts_towards_its_least(preview):
    show(preview, question("writing", what="response", min_length=20), example="none")
    expect(preview.get_by_text("0 characters of at least 20")).to_be_visible()
    preview.get_by_test_id("text-q").fill("  Close the gap 😺.\n")
    expect(preview.get_by_text("16 characters of at least 20")).to_be_visible()
    preview.get_by_test_id("text-q").fill("Close the gap it uses.")
    expect(preview.locator(".counter")).to_have_text("22 characters")
    answered(preview, {"q": "Close the gap it uses."})


def test_spans_are_selected_and_labelled_with_keys_alone(preview):
    show(preview, question("spans", labels=LABELS, of="responses"))
    expect(preview.get_by_role("button", name=re.compile("Person"))).to_be_disabled()
    view = preview.get_by_role("textbox", name="Response 2 as written")
    text = view.text_content()
    view.focus()
    preview.keyboard.press("Control+End")
    for _ in range(len(text) - text.index("Fenwick")):
        preview.keyboard.press("ArrowLeft")
    for _ in "Fenwick,":
        preview.keyboard.press("Shift+ArrowRight")
    preview.keyboard.press("Shift+ArrowLeft")
    expect(preview.get_by_text("Selected: “Fenwick”")).to_be_visible()
    preview.keyboard.press("2")
    start = text.index("Fenwick")
    answered(preview, {"q": [{"response": "b", "start": start, "end": start + 7, "label": "place"}]})
    expect(preview.locator("mark")).to_have_text("Fenwick")
    preview.locator(".raw").nth(1).focus()
    preview.keyboard.type("x")
    preview.keyboard.press("Backspace")
    assert preview.locator(".raw").nth(1).text_content() == text


def test_spans_by_pointer_overlap_and_are_removed(preview):
    show(preview, question("spans", labels=LABELS, of="responses"))
    box = preview.evaluate(
        """() => {
          const node = document.querySelector(".raw").firstChild;
          const range = document.createRange();
          const from = node.data.indexOf("harms");
          range.setStart(node, from);
          range.setEnd(node, from + 5);
          const { x, y, width, height } = range.getBoundingClientRect();
          return [x + width / 2, y + height / 2];
        }"""
    )
    preview.mouse.dblclick(*box)
    preview.get_by_test_id("label-person").click()
    text = preview.locator(".raw").first.text_content()
    first = {"response": "a", "start": text.index("harms"), "end": text.index("harms") + 5, "label": "person"}
    answered(preview, {"q": [first]})
    over = select(preview.locator(".raw").first, " 😾 and harms none")
    preview.get_by_test_id("label-place").click()
    trimmed = {"response": "a", "start": over["start"] + 1, "end": over["end"], "label": "place"}
    answered(preview, {"q": [trimmed, first]})
    assert preview.locator(".raw").first.text_content() == text
    preview.get_by_role("button", name=re.compile("Remove Place")).click()
    answered(preview, {"q": [first]})


def test_spans_of_messages_name_the_message(preview):
    show(preview, question("spans", labels=LABELS, of="messages"), example="talk")
    place = select(preview.locator(".raw").nth(3), "three weeks")
    preview.keyboard.press("1")
    answered(preview, {"q": [{"message": 3, **place, "label": "person"}]})


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
