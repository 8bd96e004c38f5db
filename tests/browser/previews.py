"""Forms in the form editor's preview, which shows any form that the desk knows and the answers that it would submit."""

import json
import time

from playwright.sync_api import Locator, Page, expect

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
