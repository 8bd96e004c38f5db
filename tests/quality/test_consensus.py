"""What judgments come to."""

from hypothesis import given
from hypothesis import strategies as st

from quality.consensus import resolve

PREFERENCE = {
    "id": "preference",
    "type": "preference",
    "text": "Which?",
    "nature": "preferential",
    "tie": True,
}
FORM = {"title": "Pairs", "questions": [PREFERENCE, {"id": "why", "type": "rationale", "text": "Why?"}]}


def prefer(*choices):
    return [{"preference": {"choice": choice}} for choice in choices]


def test_two_of_three_agree():
    resolved = resolve(FORM, prefer("a", "b", "a"))
    assert resolved.outcome == "agreed"
    assert resolved.answers == {"preference": {"choice": "a"}}
    assert resolved.distribution == {"preference": {"a": 2, "b": 1}}
    assert resolved.confidence == 2 / 3


def test_a_tie_is_an_answer_like_any_other():
    assert resolve(FORM, prefer("tie", "b", "tie")).answers == {"preference": {"choice": "tie"}}


def test_three_different_answers_are_no_agreement():
    resolved = resolve(FORM, prefer("a", "b", "tie"))
    assert (resolved.outcome, resolved.answers, resolved.confidence) == ("no_agreement", {}, 1 / 3)


def test_half_the_votes_are_no_majority():
    assert resolve(FORM, prefer("a", "b", "a", "b")).outcome == "no_agreement"
    assert resolve(FORM, prefer("a", "a", "b", "tie", "c")).outcome == "no_agreement"


def test_the_strength_is_the_middle_of_those_who_agree_the_weaker_of_two():
    form = {"title": "t", "questions": [{**PREFERENCE, "strength": ["slightly", "clearly", "vastly"]}]}
    given = [{"preference": {"choice": "a", "strength": s}} for s in ("slightly", "vastly", "clearly", "clearly")]
    assert resolve(form, given).answers == {"preference": {"choice": "a", "strength": "clearly"}}
    assert resolve(form, given[:2]).answers["preference"]["strength"] == "slightly"


def test_every_question_and_every_response_must_be_agreed():
    options = [{"value": "yes", "text": "Yes"}, {"value": "no", "text": "No"}]
    safe = {
        "id": "safe",
        "type": "choice",
        "text": "?",
        "nature": "objective",
        "each_response": True,
        "options": options,
    }
    form = {"title": "t", "questions": [PREFERENCE, safe]}
    one = {"preference": {"choice": "a"}, "safe": {"a": "yes", "b": "no"}}
    other = {"preference": {"choice": "a"}, "safe": {"a": "yes", "b": "yes"}}
    agreed = resolve(form, [one, one, other])
    assert agreed.answers == {"preference": {"choice": "a"}, "safe": {"a": "yes", "b": "no"}}
    assert agreed.distribution["safe.b"] == {"no": 2, "yes": 1}
    half = resolve(form, [one, other])
    assert (half.outcome, half.answers) == ("no_agreement", {"preference": {"choice": "a"}})


def test_an_optional_question_that_nobody_answered_changes_nothing():
    form = {"title": "t", "questions": [PREFERENCE, {**PREFERENCE, "id": "other", "required": False}]}
    assert resolve(form, prefer("a", "a")).outcome == "agreed"


@given(st.lists(st.sampled_from(["a", "b", "tie"]), min_size=1, max_size=9), st.randoms())
def test_the_order_of_judgments_does_not_matter(choices, random):
    shuffled = list(choices)
    random.shuffle(shuffled)
    assert resolve(FORM, prefer(*choices)) == resolve(FORM, prefer(*shuffled))
