"""What judgments come to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import sample
from config.sample.answers import answer_form
from labeling.forms import ItemShape, check_answers
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


# --- every kind of question ------------------------------------------------------------------------------------------

OPTIONS = [{"value": value, "text": value} for value in ("x", "y", "z")]
LINES = [{"id": name, "text": name} for name in ("one", "two")]
SCALE = [{"value": value, "text": str(value)} for value in (1, 2, 3, 10)]


def ask(kind, name="q", **more):
    return {"id": name, "type": kind, "text": "?", "nature": "objective", **more}


def come_to(question, *answers):
    return resolve({"title": "t", "questions": [question]}, [{question["id"]: answer} for answer in answers])


def test_a_choice_of_several_is_voted_on_option_by_option():
    resolved = come_to(ask("choices", options=OPTIONS), ["x", "y"], ["x"], ["y", "z"])
    assert resolved.answers == {"q": ["x", "y"]}
    assert resolved.distribution == {
        "q.x": {"false": 1, "true": 2},
        "q.y": {"false": 1, "true": 2},
        "q.z": {"false": 2, "true": 1},
    }
    assert (resolved.outcome, resolved.confidence) == ("agreed", 2 / 3)


def test_half_an_option_is_no_majority_and_nothing_chosen_is_an_answer():
    assert come_to(ask("choices", options=OPTIONS), ["x"], []).outcome == "no_agreement"
    assert come_to(ask("choices", options=OPTIONS), [], [], ["x"]).answers == {"q": []}


def test_a_choice_of_several_is_agreed_only_with_as_many_as_are_asked_for():
    given = (["x", "y"], ["y", "z"], ["x", "z"])
    assert come_to(ask("choices", options=OPTIONS), *given).answers == {"q": ["x", "y", "z"]}
    assert come_to(ask("choices", options=OPTIONS, most=2), *given).outcome == "no_agreement"
    assert come_to(ask("choices", options=OPTIONS, least=1), ["x"], ["y"], ["z"]).outcome == "no_agreement"


def test_a_rating_comes_to_its_lower_median_and_keeps_its_votes():
    resolved = come_to(ask("rating", scale=SCALE), 10, 2, 3, 1)
    assert (resolved.outcome, resolved.answers, resolved.confidence) == ("agreed", {"q": 2}, 1 / 4)
    assert resolved.distribution == {"q": {"1": 1, "10": 1, "2": 1, "3": 1}}
    assert come_to(ask("rating", scale=SCALE), 10, 2, 10).answers == {"q": 10}


def test_a_rating_by_a_rubric_of_each_response_has_a_median_for_each():
    question = ask("rating", scale=SCALE, rubric=LINES, each_response=True)
    low, high = {"one": 1, "two": 2}, {"one": 3, "two": 10}
    resolved = come_to(question, {"a": low, "b": high}, {"a": high, "b": high})
    assert resolved.answers == {"q": {"a": {"one": 1, "two": 2}, "b": {"one": 3, "two": 10}}}
    assert resolved.distribution["q.a.two"] == {"10": 1, "2": 1}
    assert sorted(resolved.distribution) == ["q.a.one", "q.a.two", "q.b.one", "q.b.two"]


def test_checks_are_voted_on_one_by_one():
    question = ask("checks", checks=LINES)
    resolved = come_to(question, {"one": True, "two": False}, {"one": True, "two": True}, {"one": True, "two": False})
    assert resolved.answers == {"q": {"one": True, "two": False}}
    assert resolved.distribution == {"q.one": {"true": 3}, "q.two": {"false": 2, "true": 1}}
    assert come_to(question, {"one": True, "two": False}, {"one": True, "two": True}).outcome == "no_agreement"


def test_a_ranking_comes_to_the_order_that_more_than_half_hold():
    question = ask("ranking", ties=True)
    resolved = come_to(question, [["a"], ["b"], ["c"]], [["b"], ["a"], ["c"]], [["a"], ["b", "c"]])
    assert resolved.answers == {"q": [["a"], ["b"], ["c"]]}
    assert resolved.distribution == {
        "q.a>b": {"a>b": 2, "b>a": 1},
        "q.a>c": {"a>c": 3},
        "q.b>c": {"b=c": 1, "b>c": 2},
    }
    assert (resolved.outcome, resolved.confidence) == ("agreed", 2 / 3)


def test_responses_that_no_majority_puts_apart_share_a_place():
    split = ([["a"], ["b"], ["c"]], [["b"], ["a"], ["c"]])
    assert come_to(ask("ranking", ties=True), *split).answers == {"q": [["a", "b"], ["c"]]}
    assert come_to(ask("ranking"), *split).outcome == "no_agreement"


def test_majorities_in_a_circle_are_no_order():
    circle = ([["a"], ["b"], ["c"]], [["b"], ["c"], ["a"]], [["c"], ["a"], ["b"]])
    resolved = come_to(ask("ranking", ties=True), *circle)
    assert (resolved.outcome, resolved.answers) == ("no_agreement", {})
    assert resolved.distribution["q.a>b"] == {"a>b": 2, "b>a": 1}


def test_ties_that_do_not_carry_over_are_no_order():
    """a and b share a place, and b and c, yet a stands before c: no tiers say that."""
    resolved = come_to(
        ask("ranking", ties=True),
        [["a"], ["b"], ["c"]],
        [["b"], ["a"], ["c"]],
        [["a"], ["c"], ["b"]],
        [["a", "c", "b"]],
    )
    assert resolved.distribution["q.a>c"] == {"a=c": 1, "a>c": 3}
    assert resolved.outcome == "no_agreement"


def test_turns_are_resolved_one_by_one():
    question = ask("choice", options=OPTIONS, per_turn=True)
    resolved = come_to(question, {"1": "x", "11": "y"}, {"1": "x", "11": "y"}, {"1": "z", "11": "y"})
    assert resolved.answers == {"q": {"1": "x", "11": "y"}}
    assert resolved.distribution == {"q.1": {"x": 2, "z": 1}, "q.11": {"y": 3}}
    assert come_to(question, {"1": "x"}, {"1": "z"}).outcome == "no_agreement"


def test_an_item_without_turns_is_not_disagreed_on():
    form = {"title": "t", "questions": [PREFERENCE, ask("choice", options=OPTIONS, per_turn=True)]}
    assert resolve(form, prefer("a", "a")).answers == {"preference": {"choice": "a"}}
    assert resolve(form, prefer("a", "a")).outcome == "agreed"


WRITTEN = {
    "edit": {"response": "a", "text": "Better."},
    "writing": "My own.",
    "critique": [{"text": "Hm."}],
    "spans": [],
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_is_written_is_taken_from_the_only_judgment_and_never_voted_on(kind):
    form = {"title": "t", "questions": [PREFERENCE, ask(kind)]}
    one = {"preference": {"choice": "a"}, "q": WRITTEN[kind]}
    assert resolve(form, [one]).answers == one
    for others in ([one, one], [one, {**one, "q": "else"}]):
        resolved = resolve(form, others)
        assert (resolved.outcome, resolved.answers) == ("agreed", {"preference": {"choice": "a"}})
        assert list(resolved.distribution) == ["preference"]


def test_a_form_of_written_questions_only_is_agreed_on_by_one_and_by_nobody_else():
    resolved = come_to(ask("writing", what="response"), "Mine.")
    assert (resolved.outcome, resolved.answers, resolved.confidence) == ("agreed", {"q": "Mine."}, 1.0)
    assert come_to(ask("writing", what="response"), "Mine.", "Yours.").outcome == "no_agreement"


def test_a_question_that_the_agreed_answers_rule_out_is_left_out_and_its_votes_are_kept():
    form = {
        "title": "t",
        "questions": [
            ask("choice", name="pick", options=OPTIONS),
            ask("choice", name="why", options=OPTIONS, when=[{"question": "pick", "in": ["x"]}]),
        ],
    }
    resolved = resolve(form, [{"pick": "y"}, {"pick": "y"}, {"pick": "x", "why": "z"}])
    assert (resolved.outcome, resolved.answers, resolved.confidence) == ("agreed", {"pick": "y"}, 2 / 3)
    assert resolved.distribution["why"] == {"z": 1}
    asked = resolve(form, [{"pick": "y"}, {"pick": "x", "why": "z"}, {"pick": "x", "why": "y"}])
    assert (asked.outcome, asked.answers) == ("no_agreement", {"pick": "x"})


def gallery():
    return next(each for each in sample.load("projects.json") if each["slug"] == "question-gallery")["form"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(0, 11), st.randoms())
def test_whatever_the_gallery_is_answered_its_resolution_is_an_answer_in_any_order(seeds, number, random):
    form, item = gallery(), list(sample.lines("gallery.ndjson"))[number]
    judgments = [answer_form(form, item, seed=str(seed)) for seed in seeds]
    resolved = resolve(form, judgments)
    random.shuffle(judgments)
    assert resolve(form, judgments) == resolved
    check_answers(form, ItemShape.of(item), resolved.answers, partial=True)
    assert all(sum(counts.values()) <= len(judgments) for counts in resolved.distribution.values())
    assert 0.0 <= resolved.confidence <= 1.0
