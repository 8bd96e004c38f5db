"""The gallery shows every type of question, and the generator answers it the same for the same seed."""

from config import sample
from config.sample.answers import answer_form
from labeling.forms import ItemShape, check_answers, check_form

PROJECT = next(each for each in sample.load("projects.json") if each["slug"] == "question-gallery")


def test_the_gallery_has_a_dozen_items_of_one_and_of_several_turns():
    rows = list(sample.lines("gallery.ndjson"))
    turns = [sum(message["role"] == "assistant" for message in row["messages"]) for row in rows]
    assert len(rows) == len({row["external_id"] for row in rows}) == 12
    assert (turns.count(0), turns.count(1), turns.count(2)) == (8, 3, 1)
    assert {len(row["responses"]) for row in rows} == {2, 3}
    assert {row["messages"][-1]["role"] for row in rows} == {"user"}


def test_every_question_of_the_gallery_is_answered_by_somebody():
    check_form(PROJECT["form"])
    answered = set()
    for row in sample.lines("gallery.ndjson"):
        for seed in ("1", "2", "3"):
            answers = answer_form(PROJECT["form"], row, seed=seed)
            check_answers(PROJECT["form"], ItemShape.of(row), answers)
            assert answer_form(PROJECT["form"], row, seed=seed) == answers
            answered |= answers.keys()
    assert answered == {question["id"] for question in PROJECT["form"]["questions"]}


def test_the_generators_answer_does_not_depend_on_the_order_on_the_screen():
    row = next(sample.lines("gallery.ndjson"))
    turned = {**row, "responses": row["responses"][::-1]}
    assert answer_form(PROJECT["form"], turned, seed="7") == answer_form(PROJECT["form"], row, seed="7")
    assert answer_form(PROJECT["form"], row, seed="8") != answer_form(PROJECT["form"], row, seed="7")
