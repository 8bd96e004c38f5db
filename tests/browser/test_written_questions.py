"""Edits, critiques, writing and spans in a real Chromium: what is typed and selected is read back to the character."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.previews import LABELS, PREFERENCE, answered, question, select, settles, show

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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
