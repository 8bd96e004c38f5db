"""What answers a question of each kind, and what does not: a fault is a sentence and a place."""

import json
import timeit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from config.sample.answers import answer_form
from labeling.forms import (
    InvalidAnswers,
    ItemShape,
    answers_schema,
    check_answers,
    check_expected,
    kept_answers,
    kept_schema,
    split_rationale,
)
from labeling.forms.answers import _validator
from tests.questions import CHECKS, FORMS, GALLERY, ITEM, OPTIONS, SCALE, SHAPE, ask, form


def fault(document, answers, *, item=SHAPE, partial=False):
    with pytest.raises(InvalidAnswers) as refused:
        check_answers(document, item, answers, partial=partial)
    return refused.value.field, refused.value.message


EACH_X = {"a": "x", "b": "x"}


@pytest.mark.parametrize(
    ("question", "answer", "field", "message"),
    [
        (ask("preference"), {"choice": "tie"}, "q", "Choose one of a, b."),
        (ask("preference"), {"choice": "a", "strength": "very"}, "q", 'A preference is {"choice": …}, with a strength where one is asked for and a response is chosen.'),
        (ask("preference", tie=True, strength=["bit", "lot"]), {"choice": "a"}, "q", "Say how strongly: bit, lot."),
        (ask("preference", tie=True, strength=["bit", "lot"]), {"choice": "a", "strength": 1}, "q", "Say how strongly: bit, lot."),
        (ask("preference", tie=True, strength=["bit", "lot"]), {"choice": "tie", "strength": "bit"}, "q", "No strength goes with this answer; leave it out."),
        (ask("ranking"), [["a", "b"]], "q", "Place every response exactly once, the best first: a, b. None may share a place."),
        (ask("ranking", ties=True), [["a"]], "q", "Place every response exactly once: a, b."),
        (ask("ranking", ties=True), [["a", "b"], ["a"]], "q", "Place every response exactly once: a, b."),
        (ask("ranking", ties=True), [["a"], ["c"]], "q", "Place every response exactly once, the best first: a, b."),
        (ask("ranking", ties=True), [["a"], []], "q", None),
        (ask("ranking", ties=True), "a>b", "q", None),
        (ask("choice", options=OPTIONS), "w", "q", "Choose one of x, y, z."),
        (ask("choice", options=OPTIONS), ["x"], "q", "Choose one of x, y, z."),
        (ask("choice", options=OPTIONS, each_response=True), {"a": "x"}, "q", "Answer for each response: a, b."),
        (ask("choice", options=OPTIONS, each_response=True), {"a": "x", "b": "w"}, "q.b", "Choose one of x, y, z."),
        (ask("choice", options=OPTIONS, each_response=True), {**EACH_X, "c": "x"}, "q", "Answer for each response: a, b."),
        (ask("choice", options=OPTIONS, per_turn=True), {"0": "x"}, "q", "Answer for each message of the assistant: 1."),
        (ask("choice", options=OPTIONS, per_turn=True), {"1": "w"}, "q.1", "Choose one of x, y, z."),
        (ask("choices", options=OPTIONS), ["x", "x"], "q", "Choose 0 to 3 of x, y, z, each once."),
        (ask("choices", options=OPTIONS, least=1, most=1), [], "q", "Choose 1 of x, y, z, each once."),
        (ask("choices", options=OPTIONS, most=1), ["x", "y"], "q", "Choose 0 to 1 of x, y, z, each once."),
        (ask("choices", options=OPTIONS, each_response=True), {"a": [], "b": ["w"]}, "q.b[0]", "Choose 0 to 3 of x, y, z, each once."),
        (ask("rating", scale=SCALE), 3, "q", "Choose one of 1, 2."),
        (ask("rating", scale=SCALE), True, "q", "Choose one of 1, 2."),
        (ask("rating", scale=SCALE, each_response=True), {"a": 1, "b": 0}, "q.b", "Choose one of 1, 2."),
        (ask("rating", scale=SCALE, rubric=CHECKS), {"one": 1}, "q", "Rate each of one, two."),
        (ask("rating", scale=SCALE, rubric=CHECKS, each_response=True), {"a": {"one": 1, "two": 9}, "b": {"one": 1, "two": 1}}, "q.a.two", "Choose one of 1, 2."),
        (ask("checks", checks=CHECKS), {"one": True}, "q", "Check each of one, two."),
        (ask("checks", checks=CHECKS), {"one": True, "two": 1}, "q.two", "Answer true or false."),
        (ask("edit"), {"response": "a"}, "q", 'An edit is {"response": key, "text": the whole text as it should be}.'),
        (ask("edit"), {"response": "c", "text": "x"}, "q.response", "Choose one of a, b."),
        (ask("edit"), {"response": "a", "text": ""}, "q.text", "Write text here."),
        (ask("critique"), [], "q", "Write at least one comment."),
        (ask("critique"), [{"response": "a"}], "q[0].text", "A comment is an object with response, text."),
        (ask("critique"), [{"response": "a", "text": "x", "start": 0, "end": 1}], "q[0]", "A comment is an object with response, text."),
        (ask("critique", spans=True), [{"response": "a", "text": "x", "start": 0}], "q[0].end", "A comment is an object with response, text, start, end."),
        (ask("critique", spans=True), [{"response": "a", "text": "x", "start": 4, "end": 4}], "q[0].end", "A mark ends after it begins."),
        (ask("critique", spans=True), [{"response": "a", "text": "x", "start": 4, "end": 9}], "q[0].end", "The text has 8 characters; end within it."),
        (ask("critique", spans=True, per_turn=True), {"1": [{"text": "x", "start": 0, "end": 5}]}, "q.1[0].end", "The text has 4 characters; end within it."),
        (ask("critique", spans=True), [{"response": "a", "text": "x", "start": -1, "end": 4}], "q[0].start", "The start is a place in the text."),
        (ask("critique", each_response_required=True), [{"response": "a", "text": "x"}], "q", "Comment on each response: a, b."),
        (ask("writing", what="response", min_length=5), "  four    ", "q", "Write at least 5 characters."),
        (ask("writing", what="response"), "   ", "q", "Write text here."),
        (ask("writing", what="response"), 7, "q", "Write text here."),
        (ask("spans", of="responses", labels=OPTIONS), [{"response": "a", "start": 0, "end": 1}], "q[0].label", "A mark is an object with response, start, end, label."),
        (ask("spans", of="responses", labels=OPTIONS), [{"response": "a", "start": 0, "end": 1, "label": "w"}], "q[0].label", "Choose one of x, y, z."),
        (ask("spans", of="messages", labels=OPTIONS), [{"message": 3, "start": 0, "end": 1, "label": "x"}], "q[0].message", "Name a message by its place, the first is 0."),
        (ask("spans", of="messages", labels=OPTIONS), [{"message": 1, "start": 0, "end": 5, "label": "x"}], "q[0].end", "The text has 4 characters; end within it."),
    ],
)  # fmt: skip
def test_what_does_not_answer_a_question_is_told_in_a_sentence_at_its_place(question, answer, field, message):
    found, sentence = fault(form(question), {"q": answer})
    assert found == field
    assert message is None or sentence == message


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (ask("preference", tie=True, strength=["bit", "lot"]), {"choice": "tie"}),
        (ask("preference", strength=None), {"choice": "b"}),
        (ask("ranking", ties=True), [["b", "a"]]),
        (ask("choice", options=OPTIONS, per_turn=True), {"1": "x"}),
        (ask("choices", options=OPTIONS), []),
        (ask("choices", options=OPTIONS), ["z", "x"]),
        (ask("rating", scale=SCALE, rubric=CHECKS, per_turn=True), {"1": {"one": 1, "two": 2}}),
        (
            ask("edit"),
            {"response": "a", "text": "Something.", "diff": [["-", "Nothing"], ["+", "Something"], ["=", "."]]},
        ),
        (
            ask("critique", spans=True),
            [{"response": "a", "text": "x", "start": 0, "end": 8}, {"response": "b", "text": "y"}],
        ),
        (ask("critique", spans=True, per_turn=True), {"1": [{"text": "x", "start": 0, "end": 4}]}),
        (ask("writing", what="response", per_turn=True), {"1": "Hello!"}),
        (ask("spans", of="messages", labels=OPTIONS), []),
        (ask("spans", of="messages", labels=OPTIONS), [{"message": 1, "start": 3, "end": 4, "label": "x"}]),
    ],
)
def test_what_answers_a_question_is_let_pass(question, answer):
    document = form(question)
    check_answers(document, SHAPE, {"q": answer})
    assert Draft202012Validator(answers_schema(document, SHAPE)).is_valid({"q": answer})
    assert Draft202012Validator(answers_schema(document)).is_valid({"q": answer})


def test_the_exact_schema_knows_the_lengths_of_the_texts():
    exact = Draft202012Validator(answers_schema(form(ask("critique", spans=True)), SHAPE))
    comment = {"response": "a", "text": "x", "start": 0}
    assert exact.is_valid({"q": [{**comment, "end": 8}]})
    assert not exact.is_valid({"q": [{**comment, "end": 9}]})
    assert exact.is_valid({"q": [{**comment, "response": "b", "end": 9}]})


def test_unknown_missing_and_oversized_answers_are_refused():
    document = form(ask("choice", options=OPTIONS), ask("ranking", name="r"))
    assert fault(document, {"q": "x"}) == ("r", "This question needs an answer.")
    assert fault(document, {"q": "x", "r": None}) == ("r", "This question needs an answer.")
    assert fault(document, {"z": 1}) == ("z", "The form has no question 'z'.")
    assert fault(document, []) == ("value", "The answers must be an object with one entry a question.")
    assert fault(document, {"q": "x" * 100_001})[0] == "value"
    check_answers(document, SHAPE, {"q": "x"}, partial=True)


def test_the_first_question_at_fault_is_named():
    document = form(ask("choice", name="one", options=OPTIONS), ask("choice", name="two", options=OPTIONS))
    assert fault(document, {"two": "w"})[0] == "one"
    assert fault(document, {"one": "w", "two": "w"})[0] == "one"


def test_a_question_is_answered_exactly_when_it_is_asked():
    document = form(
        ask("choice", name="pick", options=OPTIONS),
        ask("checks", name="c", checks=CHECKS, required=False),
        ask("writing", what="response", when=[{"question": "pick", "in": ["x"]}, {"question": "c.one", "in": [True]}]),
    )
    checks = {"one": True, "two": False}
    check_answers(document, SHAPE, {"pick": "x", "c": checks, "q": "Words"})
    check_answers(document, SHAPE, {"pick": "y", "c": checks})
    check_answers(document, SHAPE, {"pick": "x"})
    assert fault(document, {"pick": "x", "c": checks}) == ("q", "This question needs an answer.")
    for answers in (
        {"pick": "y", "c": checks, "q": "Words"},
        {"pick": "x", "c": {**checks, "one": False}, "q": "Words"},
        {"pick": "x", "q": "Words"},
    ):
        assert fault(document, answers) == ("q", "This question is not asked with these answers; leave it out.")


def test_a_preference_and_a_rating_are_looked_at_by_choice_and_degree():
    document = form(
        ask("preference", name="best", both_bad=True),
        ask("rating", name="rate", scale=SCALE),
        ask("choice", name="why", options=OPTIONS, when=[{"question": "best", "in": ["both_bad"]}]),
        ask("choice", name="low", options=OPTIONS, when=[{"question": "rate", "in": [1]}]),
    )
    check_answers(document, SHAPE, {"best": {"choice": "both_bad"}, "rate": 1, "why": "x", "low": "y"})
    check_answers(document, SHAPE, {"best": {"choice": "a"}, "rate": 2})
    assert fault(document, {"best": {"choice": "a"}, "rate": 2, "why": "x"})[0] == "why"
    assert fault(document, {"best": {"choice": "a"}, "rate": 1})[0] == "low"


def test_an_expected_answer_may_leave_open_what_a_question_depends_on():
    document = form(
        ask("choice", name="pick", options=OPTIONS),
        ask("choice", options=OPTIONS, when=[{"question": "pick", "in": ["x"]}]),
    )
    check_answers(document, SHAPE, {"q": "y"}, partial=True)
    assert fault(document, {"pick": "y", "q": "y"}, partial=True)[0] == "q"


def test_an_item_without_turns_is_not_asked_of_its_turns():
    document = form(ask("choice", options=OPTIONS, per_turn=True), ask("ranking", name="r"))
    single = ItemShape(SHAPE.responses, (("user", 5),))
    check_answers(document, single, {"r": [["a"], ["b"]]})
    check_answers(document, single, {"q": {}, "r": [["a"], ["b"]]})
    assert fault(document, {"q": {"0": "x"}, "r": [["a"], ["b"]]}, item=single)[0] == "q"
    assert fault(document, {"r": [["a"], ["b"]]})[0] == "q"


def test_nobody_is_expected_to_write_the_same_words():
    document = form(ask("edit"), ask("spans", name="s", of="responses", labels=OPTIONS), ask("rationale", name="why"))
    check_expected(document, SHAPE, {"s": []})
    for answers in ({"q": {"response": "a", "text": "x"}}, {"why": "Because"}):
        [name] = answers
        with pytest.raises(InvalidAnswers, match=f"leave {name} out of the expected answer") as refused:
            check_expected(document, SHAPE, answers)
        assert refused.value.field == name


def test_answers_are_kept_in_one_spelling():
    document = form(
        ask("choices", options=OPTIONS),
        ask("edit", name="e"),
        ask("choices", name="c", options=OPTIONS, each_response=True),
    )
    texts = {each["key"]: each["text"] for each in ITEM["responses"]}
    answers = {"q": ["z", "x"], "e": {"response": "a", "text": "Nothing!", "diff": []}, "c": {"a": ["y", "x"], "b": []}}
    assert kept_answers(document, texts, answers) == {
        "q": ["x", "z"],
        "e": {"response": "a", "text": "Nothing!", "diff": [["=", "Nothing"], ["-", "."], ["+", "!"]]},
        "c": {"a": ["x", "y"], "b": []},
    }


def test_items_that_differ_in_their_words_only_share_a_compiled_form():
    document = form(ask("critique", spans=True))
    _validator.cache_clear()
    for length in range(20):
        shape = ItemShape((("a", length + 1), ("b", 3)), (("user", length),))
        check_answers(document, shape, {"q": [{"response": "a", "text": "x", "start": 0, "end": length + 1}]})
    assert _validator.cache_info().currsize == 1


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
ITEMS = st.fixed_dictionaries(
    {
        "messages": st.lists(
            st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": TEXTS}),
            min_size=1,
            max_size=5,
        ),
        "responses": st.lists(TEXTS, min_size=2, max_size=4).map(
            lambda texts: [{"key": key, "text": text} for key, text in zip("dbca", texts, strict=False)]
        ),
    }
)


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(FORMS)), item=ITEMS, seed=st.integers())
def test_what_the_generator_answers_every_form_takes_and_as_kept_too(name, item, seed):
    document, shape = FORMS[name], ItemShape.of(item)
    answers = answer_form(document, item, seed=str(seed))
    check_answers(document, shape, answers)
    assert Draft202012Validator(answers_schema(document, shape)).is_valid(answers)
    judged, _ = split_rationale(document, answers)
    kept = kept_answers(document, {each["key"]: each["text"] for each in item["responses"]}, judged)
    assert Draft202012Validator(kept_schema(document)).is_valid(json.loads(json.dumps(kept)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.sampled_from(["", "a", "b", "tie", "advice", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "b", "choice", "response", "text", "start", "end", "1"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from([question["id"] for question in GALLERY["questions"]]), answer=JSON, seed=st.integers(0, 50)
)
def test_whatever_is_sent_is_taken_or_refused_in_the_forms_own_words(name, answer, seed):
    answers = {**answer_form(GALLERY, ITEM, seed=str(seed)), name: answer}
    refused = refusal(GALLERY, answers)
    if refused is None:
        given = {each: value for each, value in answers.items() if value not in (None, "")}
        assert Draft202012Validator(answers_schema(GALLERY, SHAPE)).is_valid(given)
        return
    assert refused.field.startswith(tuple(question["id"] for question in GALLERY["questions"]))
    assert refused.message[0].isupper()
    assert refused.message.endswith(".")
    assert "schema" not in refused.message
    assert "is not of type" not in refused.message


def refusal(document, answers):
    try:
        check_answers(document, SHAPE, answers)
    except InvalidAnswers as refused:
        return refused
    return None


@pytest.mark.parametrize(("name", "most"), [("rlhf_pairwise", 0.001), ("gallery", 0.005)])
def test_the_check_takes_next_to_nothing_of_a_submit(name, most):
    answers = answer_form(FORMS[name], ITEM, seed="1")
    times = timeit.repeat(lambda: check_answers(FORMS[name], SHAPE, answers), number=1, repeat=200)
    assert min(times) < most
