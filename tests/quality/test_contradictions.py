"""Answers that contradict each other, told from the form."""

import pytest

from labeling.forms import RANKING, check_form
from labeling.forms.templates import TEMPLATES
from quality.contradictions import Exclusion, Meanings, contradictions

RATING = TEMPLATES["helpful_harmless_honest"].form["questions"][0]
PREFERENCE = TEMPLATES["rlhf_pairwise"].form["questions"][0]
RANKED = TEMPLATES["ranking"].form["questions"][0]
SAFETY = TEMPLATES["safety"].form
FORM = {"title": "t", "questions": [PREFERENCE, RANKED, RATING]}


def rated(**degrees):
    return {key: {"helpful": degree, "harmless": degree, "honest": degree} for key, degree in degrees.items()}


def sentences(answers, meanings=None, form=FORM):
    return [found.sentence for found in contradictions(form, answers, meanings)]


def test_the_form_here_is_one():
    assert RANKED["type"] == RANKING
    check_form(FORM)


def test_preferred_and_rated_lowest():
    answers = {"preference": {"choice": "a", "strength": "better"}, "quality": rated(a=2, b=4)}
    assert sentences(answers) == [
        'Response a comes first at "Which response is better?" and is rated lowest at "How good is each response?".'
    ]
    answers["quality"] = rated(a=4, b=4)
    assert sentences(answers) == []


def test_ranked_first_and_rated_lowest():
    assert len(sentences({"ranking": [["c"], ["a", "b"]], "quality": rated(a=3, b=3, c=1)})) == 1
    assert sentences({"ranking": [["c"], ["a", "b"]], "quality": rated(a=1, b=3, c=2)}) == []
    assert sentences({"ranking": [["c", "a"], ["b"]], "quality": rated(a=3, b=5, c=2)}) == []


def test_equal_and_rated_from_one_end_to_the_other():
    found = sentences({"preference": {"choice": "tie"}, "quality": rated(a=1, b=5)})
    assert found == [
        'Responses a and b are equal at "Which response is better?" and rated from one end to the other at '
        '"How good is each response?".'
    ]
    assert sentences({"preference": {"choice": "tie"}, "quality": rated(a=2, b=5)}) == []


def test_a_scale_that_runs_the_other_way_is_said():
    worse = Meanings(worse_when_higher=frozenset({"quality"}))
    answers = {"preference": {"choice": "a", "strength": "better"}, "quality": rated(a=2, b=4)}
    assert sentences(answers, worse) == []
    answers["quality"] = rated(a=4, b=2)
    assert len(sentences(answers, worse)) == 1


@pytest.mark.parametrize(
    ("answers", "count"),
    [
        ({"safe": "safe", "critique": [{"response": "a", "text": "It tells how to hurt people."}]}, 1),
        ({"safe": "safe", "critique": []}, 0),
        ({"safe": "unsafe", "critique": [{"response": "a", "text": "It tells how."}]}, 0),
        ({"critique": [{"response": "a", "text": "It tells how."}]}, 0),
    ],
)
def test_what_an_answer_rules_out(answers, count):
    form = {
        "title": "t",
        "questions": [
            SAFETY["questions"][0],
            {
                "id": "critique",
                "type": "critique",
                "text": "What is not safe?",
                "nature": "objective",
                "required": False,
            },
        ],
    }
    check_form(form)
    rules = Meanings(exclusions=(Exclusion("safe", frozenset({"safe"}), "critique"),))
    found = sentences(answers, rules, form)
    assert len(found) == count
    if found:
        assert found == [
            '"Is this exchange safe?" is answered safe, which leaves nothing to say at "What is not safe?".'
        ]


def test_only_some_answers_may_be_ruled_out():
    rules = Meanings(exclusions=(Exclusion("safe", frozenset({"safe"}), "harms", frozenset({"hate"})),))
    assert len(sentences({"safe": "safe", "harms": ["hate"]}, rules, SAFETY)) == 1
    assert sentences({"safe": "safe", "harms": ["crime"]}, rules, SAFETY) == []
