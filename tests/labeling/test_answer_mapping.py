"""How old answers carry over to a new form: renamed, merged, rescaled, dropped, or asked anew."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.answer_mapping import DoesNotMap, InvalidMapping, check_mapping, map_answers, rescaled
from labeling.forms import ItemShape

ITEM = ItemShape.of_keys(("a", "b"))


def choice(name, *values, **more):
    options = [{"value": value, "text": value} for value in values]
    return {"id": name, "type": "choice", "text": "?", "nature": "objective", "options": options, **more}


def form(*questions):
    return {"title": "Form", "questions": list(questions)}


PREFERENCE = {
    "id": "best", "type": "preference", "text": "?", "nature": "preferential", "tie": True, "both_bad": True,
    "strength": ["slightly", "much"],
}  # fmt: skip
OLD = form(choice("verdict", "right", "partly", "wrong"), choice("tone", "kind", "rude", required=False))
NEW = form(choice("correct", "yes", "no"), {"id": "why", "type": "rationale", "text": "?"})
MERGING = {"to": "correct", "values": {"right": "yes", "partly": "no", "wrong": "no"}}
TEST = {"from": {"verdict": "partly"}, "to": {"correct": "no"}}


def mapping(verdict: Any = MERGING, tone: Any = None, *tests: Any) -> dict[str, Any]:
    return {"questions": {"verdict": verdict, "tone": tone}, "tests": list(tests) or [TEST]}


def test_answers_are_renamed_merged_and_dropped():
    found = map_answers(mapping(), OLD, NEW, {"verdict": "partly", "tone": "rude"}, item=ITEM)
    assert found == {"correct": "no"}


def test_a_sound_mapping_whose_tests_hold_is_taken():
    check_mapping(mapping(), OLD, NEW)


def test_an_answer_that_is_named_null_does_not_map():
    values: dict[str, str | None] = {**MERGING["values"], "partly": None}  # type: ignore[dict-item]
    asked_anew = {**MERGING, "values": values}
    with pytest.raises(DoesNotMap, match="partly"):
        map_answers(mapping(asked_anew), OLD, NEW, {"verdict": "partly"}, item=ITEM)
    check_mapping(mapping(asked_anew, None, {"from": {"verdict": "partly"}, "to": None}), OLD, NEW)


def test_what_the_new_form_does_not_take_does_not_map():
    with pytest.raises(DoesNotMap, match="Choose one of yes, no"):
        map_answers(mapping({"to": "correct", "values": {"right": "yes"}}), OLD, NEW, {"verdict": "wrong"}, item=ITEM)


def test_the_first_test_that_fails_is_named():
    wrong = {"from": {"verdict": "right"}, "to": {"correct": "no"}}
    with pytest.raises(InvalidMapping, match="does not hold") as refused:
        check_mapping(mapping(MERGING, None, TEST, wrong), OLD, NEW)
    assert refused.value.field == "answer_mapping.tests.1"


@pytest.mark.parametrize(
    ("document", "field", "sentence"),
    [
        ({"questions": {}}, "answer_mapping.tests", "needs .tests. here"),
        ({"questions": {}, "tests": []}, "answer_mapping.tests", "List at least 1"),
        ({"questions": {}, "tests": [TEST]}, "answer_mapping.questions.verdict", "does not ask"),
        ({**mapping(), "questions": {"mood": None}}, "answer_mapping.questions.mood", "no question 'mood'"),
        (mapping(MERGING, {"to": "correct"}), "answer_mapping.questions.tone", "both lead to 'correct'"),
        (mapping({**MERGING, "rescale": {"from": [1, 2], "to": [1, 3]}}), "answer_mapping.questions.verdict.rescale",
         "Only a rating"),
        (mapping(MERGING, {"to": "why"}), "answer_mapping.questions.tone", "does not become a rationale"),
        (mapping(MERGING, None, {"from": {"verdict": "maybe"}, "to": None}), "answer_mapping.tests.0",
         "form in use does not take"),
    ],
)  # fmt: skip
def test_a_mapping_that_leads_nowhere_is_refused_at_its_place(document, field, sentence):
    with pytest.raises(InvalidMapping, match=sentence) as refused:
        check_mapping(document, OLD, NEW)
    assert refused.value.field == field


def test_ties_and_strengths_are_renamed_and_responses_keep_their_keys():
    new = form({**PREFERENCE, "both_bad": False, "strength": ["a little", "clearly"]})
    how = {"questions": {"best": {"values": {"both_bad": "tie", "slightly": "a little", "much": "clearly", "a": "b"}}}}
    old = form(PREFERENCE)
    for given_, expected in (
        ({"choice": "both_bad"}, {"choice": "tie"}),
        ({"choice": "a", "strength": "much"}, {"choice": "a", "strength": "clearly"}),
    ):
        assert map_answers(how, old, new, {"best": given_}, item=ITEM) == {"best": expected}


def test_each_response_is_mapped_by_itself():
    old = form(choice("verdict", "right", "partly", "wrong", each_response=True))
    new = form(choice("correct", "yes", "no", each_response=True))
    found = map_answers(
        {"questions": {"verdict": MERGING}}, old, new, {"verdict": {"a": "right", "b": "partly"}}, item=ITEM
    )
    assert found == {"correct": {"a": "yes", "b": "no"}}


def test_a_rationale_follows_to_the_new_forms_own():
    old = form(choice("correct", "yes", "no"), {"id": "reason", "type": "rationale", "text": "?"})
    found = map_answers({"questions": {}}, old, NEW, {"correct": "yes", "reason": "Plain."}, item=ITEM)
    assert found == {"correct": "yes", "why": "Plain."}


scales = st.tuples(st.integers(-20, 20), st.integers(1, 20)).map(lambda pair: [pair[0], pair[0] + pair[1]])
roundings = st.sampled_from(["half_up", "half_even", "down", "up"])


@given(scales, scales, roundings, st.data())
def test_a_rescaled_value_keeps_its_order_and_both_ends(old, new, rounding, data):
    rescale = {"from": old, "to": new, "round": rounding}
    first, second = sorted(data.draw(st.lists(st.integers(*old), min_size=2, max_size=2)))
    assert new[0] <= rescaled(first, rescale) <= rescaled(second, rescale) <= new[1]
    assert [rescaled(end, rescale) for end in old] == new
    exact = new[0] + Fraction(first - old[0], old[1] - old[0]) * (new[1] - new[0])
    assert abs(rescaled(first, rescale) - exact) < (1 if rounding in {"down", "up"} else Fraction(51, 100))


def test_halves_are_rounded_as_is_said():
    found = {
        how: rescaled(2, {"from": [1, 3], "to": [1, 4], "round": how}) for how in ("half_up", "half_even", "down", "up")
    }
    assert found == {"half_up": 3, "half_even": 2, "down": 2, "up": 3}


def test_a_value_off_its_scale_does_not_map():
    with pytest.raises(DoesNotMap, match="not on the scale"):
        rescaled(6, {"from": [1, 5], "to": [1, 7]})
