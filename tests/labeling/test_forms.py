"""Forms: what may be asked. A fault is a sentence and a place."""

import copy

import pytest
from jsonschema import Draft202012Validator

from labeling.forms import KINDS, InvalidForm, ItemShape, answers_schema, check_form, responses_needed
from tests.questions import CHECKS, FORMS, GALLERY, OPTIONS, SCALE, SHAPE, ask, form


def broken(change, base=GALLERY):
    document = copy.deepcopy(base)
    change(document)
    with pytest.raises(InvalidForm) as refused:
        check_form(document)
    return refused.value.field, refused.value.message


@pytest.mark.parametrize("name", FORMS)
def test_ready_forms_are_forms_and_their_answers_have_a_sound_schema(name):
    check_form(FORMS[name])
    for shape in (None, SHAPE, SHAPE.outline(), ItemShape.of_keys(["a", "b"])):
        Draft202012Validator.check_schema(answers_schema(FORMS[name], shape))


def test_the_gallery_asks_every_kind_of_question_one_of_each_turn_and_one_that_depends():
    assert {question["type"] for question in GALLERY["questions"]} == set(KINDS)
    assert any(question.get("per_turn") for question in GALLERY["questions"])
    assert any(question.get("when") for question in GALLERY["questions"])


@pytest.mark.parametrize(
    ("question", "field", "message"),
    [
        ({"id": "q", "type": "essay", "text": "?"}, "questions[0].type", "A question's type is one of preference, ranking, choice, choices, rating, checks, edit, critique, writing, spans, rationale."),
        ({"id": "q", "type": ["choice"]}, "questions[0].type", None),
        ({"id": "q", "type": "choice", "text": "?", "nature": "objective"}, "questions[0].options", "A question of type choice needs 'options' here; add it."),
        (ask("ranking", tie=True), "questions[0].tie", "A question of type ranking has no 'tie' here; take it out."),
        (ask("ranking", name="Q 1"), "questions[0].id", "A name has small letters, digits and _, begins with a letter and has at most 40 characters."),
        (ask("choice", options=OPTIONS[:1]), "questions[0].options", "List at least 2 here."),
        (ask("choice", options=[*OPTIONS, {"value": 7, "text": "7"}]), "questions[0].options[3].value", "This must be text."),
        (ask("choice", options=[*OPTIONS, OPTIONS[0]]), "questions[0].options", "Two options have the same value; give each its own."),
        (ask("checks", checks=[CHECKS[0], CHECKS[0]]), "questions[0].checks", "Two checks have the same id; give each its own."),
        (ask("rating", scale=SCALE[::-1]), "questions[0].scale", "List the degrees of the scale from low to high."),
        (ask("rating", scale=[SCALE[0], SCALE[0]]), "questions[0].scale", "Two degrees of the scale have the same value; give each its own."),
        (ask("choices", options=OPTIONS, most=4), "questions[0].most", "most lies between 1 and the 3 options, and is not below least."),
        (ask("choices", options=OPTIONS, least=2, most=1), "questions[0].most", None),
        (ask("choice", options=OPTIONS, each_response=True, per_turn=True), "questions[0].per_turn", "A question is asked of each response or of each turn, not of both; take one out."),
        (ask("edit", per_turn=True), "questions[0].per_turn", "A question of type edit has no 'per_turn' here; take it out."),
        (ask("writing", what="poem"), "questions[0].what", "This is one of response, prompt."),
        (ask("rationale"), "questions", "A form asks at least one question besides the rationale."),
        (ask("ranking", required="yes"), "questions[0].required", "This must be true or false."),
        (ask("ranking", when=[{"question": "later", "in": ["x"]}]), "questions[0].when[0].question", "No earlier question is called 'later'; a condition looks back."),
    ],
)  # fmt: skip
def test_what_is_not_a_question_is_refused_by_its_place(question, field, message):
    with pytest.raises(InvalidForm) as refused:
        check_form({"title": "t", "questions": [question]})
    assert refused.value.field == field
    assert message is None or refused.value.message == message


def test_what_is_not_a_form_at_all_is_refused():
    for document, field in (
        ([], "form"),
        ({"title": "t"}, "questions"),
        ({"title": "", "questions": [{}]}, "title"),
        ({"title": "t", "questions": []}, "questions"),
        ({"title": "t", "questions": [7]}, "questions[0]"),
        ({"title": "t", "questions": [{}], "x": 1}, "x"),
    ):
        with pytest.raises(InvalidForm) as refused:
            check_form(document)
        assert refused.value.field == field, document


def test_a_form_names_a_question_once_and_has_one_rationale():
    assert broken(lambda each: each["questions"].append(each["questions"][0])) == (
        "questions[12].id",
        "Two questions are called 'preference'; name each once.",
    )
    assert broken(lambda each: each["questions"].append(ask("rationale", name="more"))) == (
        "questions",
        "A form has one rationale at most.",
    )


@pytest.mark.parametrize(
    ("condition", "field", "message"),
    [
        ({"question": "pick", "in": ["w"]}, "in[0]", "pick is never answered with this."),
        ({"question": "pick.x", "in": ["x"]}, "question", None),
        ({"question": "checks", "in": [True]}, "question", None),
        ({"question": "checks.three", "in": [True]}, "question", None),
        ({"question": "checks.one", "in": [1]}, "in[0]", "checks is never answered with this."),
        ({"question": "rate", "in": [True]}, "in[0]", "rate is never answered with this."),
        ({"question": "rate", "in": [3]}, "in[0]", "rate is never answered with this."),
        ({"question": "each", "in": ["x"]}, "question", None),
        ({"question": "rank", "in": ["x"]}, "question", None),
        ({"question": "best", "in": ["both_bad"]}, "in[0]", "best is never answered with this."),
        ({"question": "best", "in": []}, "in", "List at least 1 here."),
    ],
)
def test_a_condition_looks_at_an_answer_that_there_can_be(condition, field, message):
    document = form(
        ask("choice", name="pick", options=OPTIONS),
        ask("checks", name="checks", checks=CHECKS),
        ask("rating", name="rate", scale=SCALE),
        ask("choice", name="each", options=OPTIONS, each_response=True),
        ask("ranking", name="rank"),
        ask("preference", name="best", tie=True),
    )
    found, sentence = broken(
        lambda each: each["questions"].append(ask("writing", what="response", when=[condition])), document
    )
    assert found == f"questions[6].when[0].{field}"
    assert message is None or sentence == message
    sound = [
        {"question": "checks.one", "in": [True]},
        {"question": "rate", "in": [1, 2]},
        {"question": "best", "in": ["tie", "a"]},
    ]
    form(*document["questions"], ask("writing", what="response", when=sound))


def test_a_form_says_how_many_responses_an_item_must_have():
    assert responses_needed(form(ask("ranking"))) == (2, "ranking")
    assert responses_needed(form(ask("edit"))) == (1, "edit")
    assert responses_needed(form(ask("choice", options=OPTIONS, each_response=True))) == (1, "choice")
    assert responses_needed(form(ask("critique", per_turn=True))) == (0, "")
    assert responses_needed(form(ask("spans", of="messages", labels=OPTIONS))) == (0, "")
    assert responses_needed(form(ask("writing", what="prompt"))) == (0, "")
