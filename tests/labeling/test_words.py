"""Answers said to people."""

import pytest

from labeling.forms import answers_in_words
from tests.questions import CHECKS, OPTIONS, SCALE, ask, form


@pytest.mark.parametrize(
    ("question", "answer", "lines"),
    [
        (ask("preference"), {"choice": "b"}, ["b"]),
        (ask("preference", tie=True), {"choice": "tie"}, ["a tie"]),
        (ask("preference", strength=["bit", "lot"]), {"choice": "b", "strength": "lot"}, ["b, lot"]),
        (ask("ranking", ties=True), [["b"], ["a", "c"]], ["b > a = c"]),
        (ask("choice", options=OPTIONS), "x", ["X"]),
        (ask("choice", options=OPTIONS), "gone", ["gone"]),
        (ask("choice", options=OPTIONS, each_response=True), {"a": "x", "b": "y"}, ["a: X", "b: Y"]),
        (ask("choices", options=OPTIONS), ["x", "z"], ["X, Z"]),
        (ask("choices", options=OPTIONS), [], ["none"]),
        (ask("rating", scale=SCALE, per_turn=True), {"1": 2}, ["message 1: High"]),
        (ask("rating", scale=SCALE, rubric=CHECKS), {"one": 1, "two": 2}, ["One: Low", "Two: High"]),
        (ask("checks", checks=CHECKS), {"one": True, "two": False}, ["One: yes", "Two: no"]),
        (ask("edit"), {"response": "a", "text": "Better.", "diff": []}, ["a: Better."]),
        (ask("critique", spans=True), [{"response": "a", "text": "No.", "start": 1, "end": 4}], ["a 1–4: No."]),
        (ask("critique", per_turn=True), {"1": [{"text": "No."}]}, ["message 1: No."]),
        (ask("writing", what="response"), "Mine.", ["Mine."]),
        (
            ask("spans", of="messages", labels=OPTIONS),
            [{"message": 0, "start": 0, "end": 2, "label": "x"}],
            ["message 0 0–2: X"],
        ),
        (ask("spans", of="messages", labels=OPTIONS), [], ["none"]),
    ],
)
def test_an_answer_is_said_line_by_line(question, answer, lines):
    assert answers_in_words(form(question), {"q": answer}) == [("?", lines)]
    assert answers_in_words(form(question), {}) == []


@pytest.mark.parametrize(
    ("question", "answer", "lines"),
    [
        (ask("preference", tie=True), {"choice": "b"}, ["Response 1"]),
        (ask("preference", tie=True), {"choice": "tie"}, ["a tie"]),
        (ask("ranking", ties=True), [["b"], ["a", "c"]], ["Response 1 > Response 2 = c"]),
        (ask("choice", options=OPTIONS, each_response=True), {"a": "x"}, ["Response 2: X"]),
        (ask("edit"), {"response": "a", "text": "Better.", "diff": []}, ["Response 2: Better."]),
        (
            ask("critique", spans=True),
            [{"response": "a", "text": "No."}, {"text": "All."}],
            ["Response 2: No.", "All."],
        ),
        (ask("writing", what="response"), "a", ["a"]),
    ],
)
def test_responses_go_by_the_names_they_are_shown_under(question, answer, lines):
    assert answers_in_words(form(question), {"q": answer}, {"a": "Response 2", "b": "Response 1"}) == [("?", lines)]
