"""What an item's judgments come to so far, and what an expert costs: exact values."""

import pytest

from quality.calibration import Recalibration
from quality.consensus import Taken
from quality.online import Inferred, Known, Queue, expert_price, infer, next_step, recalibrated, taken
from quality.overlap import Action, Terms

EVEN = {"no": 0.5, "yes": 0.5}


def matrix(right):
    return {truth: {answer: right if answer == truth else 1 - right for answer in EVEN} for truth in EVEN}


def test_each_judgment_weighs_what_is_known_of_who_gave_it():
    known = Known(EVEN, confusions={1: matrix(0.9)}, accuracies={2: 0.8}, accuracy=0.6)
    for reviewer, right in ((1, 0.9), (2, 0.8), (3, 0.6)):
        assert infer([(reviewer, "yes")], known).confidence == pytest.approx(right)
    both = infer([(1, "yes"), (2, "no")], known)
    assert both.answer == "yes"
    assert both.confidence == pytest.approx(0.9 * 0.2 / (0.9 * 0.2 + 0.1 * 0.8))


def test_an_answer_that_was_never_seen_before_has_a_chance_and_none_is_certain():
    found = infer([(1, "maybe")], Known(EVEN, confusions={1: matrix(0.9)}, accuracy=0.9))
    assert found.answer == "maybe"
    assert set(found.posterior) == {"maybe", "no", "yes"}
    assert infer([(1, "only")], Known({"only": 1.0})).confidence < 1


def test_an_answer_that_nobody_gave_is_not_taken():
    contrary = Known(EVEN, confusions={1: matrix(0.1)})
    found = infer([(1, "yes")], contrary)
    assert found.answer == "yes"
    assert found.confidence == pytest.approx(0.1)
    terms = Terms(target=0.85, judgment_cost=1, expert_cost=5, least=1, most=2)
    assert next_step([found], given=1, terms=terms).action == Action.ONE_MORE
    assert next_step([found], given=2, terms=terms).action == Action.ESCALATE


def test_confidence_is_read_as_it_has_proved_and_the_leader_goes_on_leading():
    mended = recalibrated({"a": 0.9, "b": 0.08, "c": 0.02}, Recalibration((0.0,), (0.7,)))
    assert mended == pytest.approx({"a": 0.7, "b": 0.24, "c": 0.06})
    least = recalibrated({"a": 0.6, "b": 0.4}, Recalibration((0.0,), (0.1,)))
    assert least == pytest.approx({"a": 0.5, "b": 0.5})
    assert recalibrated({"a": 1.0, "b": 0.0}, Recalibration((0.0,), (0.7,))) == {"a": 1.0, "b": 0.0}


def test_what_is_not_likelier_than_all_others_is_no_answer():
    found = {"q": Inferred("a", 0.5, {}), "r": Inferred("a", 0.51, {})}
    assert taken(found) == {"q": Taken(None, 0.5), "r": Taken("a", 0.51)}


def test_the_least_certain_part_decides():
    sure, unsure = Inferred("yes", 0.99, {"yes": 0.99, "no": 0.01}), Inferred("no", 0.6, {"yes": 0.4, "no": 0.6})
    terms = Terms(target=0.95, judgment_cost=1, expert_cost=None, least=1, most=3)
    assert next_step([sure], given=1, terms=terms).action == Action.RESOLVE
    assert next_step([sure, unsure], given=1, terms=terms).action == Action.ONE_MORE


def test_an_experts_minute_is_priced_at_its_queue():
    assert expert_price(None, judgment_cost=0.25) == 1.25
    assert expert_price(Queue(0, None, 2), judgment_cost=0.25) == 1.25
    assert expert_price(Queue(40, 5.0, 2), judgment_cost=0.25) == 2.5
    assert expert_price(Queue(0, 5.0, 0), judgment_cost=0.25) is None
