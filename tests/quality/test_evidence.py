"""What gold, audits and consensus together say of an accuracy."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.evidence import CONSENSUS_AT_MOST, Piece, Source, believe, reliability_of_experts, remaining, weight_of
from quality.proportions import beta_quantile

pieces = st.builds(
    Piece,
    source=st.sampled_from(Source),
    agreed=st.booleans(),
    age=st.floats(0, 400),
    reliability=st.floats(0.4, 1),
    answers=st.integers(2, 5),
)


def gold(right, wrong, age=0.0):
    return [Piece(Source.GOLD, True, age)] * right + [Piece(Source.GOLD, False, age)] * wrong


@given(st.integers(0, 40), st.integers(0, 40))
def test_fresh_gold_alone_is_the_posterior_of_counts(right, wrong):
    found = believe(gold(right, wrong))
    assert (found.alpha, found.beta, found.weight) == pytest.approx((1 + right, 1 + wrong, right + wrong))
    assert found.low == pytest.approx(beta_quantile(0.05, 1 + right, 1 + wrong), abs=1e-7)
    assert found.high == pytest.approx(beta_quantile(0.95, 1 + right, 1 + wrong), abs=1e-7)


def test_nothing_is_the_uniform_prior():
    found = believe([])
    assert (found.alpha, found.beta, found.weight) == (1, 1, 0)
    assert (found.low, found.high) == pytest.approx((0.05, 0.95), abs=1e-7)


def test_half_the_weight_is_left_after_a_half_life():
    assert remaining(60, half_life=60) == 0.5
    assert believe(gold(8, 2, age=60), half_life=60).weight == pytest.approx(5)
    assert remaining(-3, half_life=60) == 1


def test_the_weight_of_a_reference_has_its_known_values():
    assert weight_of(reliability=1, answers=2, accuracy=0.9) == pytest.approx(1)
    assert weight_of(reliability=0.5, answers=2, accuracy=0.9) == 0
    assert weight_of(reliability=0.9, answers=2, accuracy=0.5) == pytest.approx((2 * 0.9 - 1) ** 2)


@given(st.floats(0.55, 0.99), st.integers(2, 6), st.floats(0.5, 0.95))
def test_the_weight_is_the_ratio_of_informations(reliability, answers, accuracy):
    """Fisher's information about the accuracy, by numerical differentiation of the chance to agree."""

    def agrees(a):
        return a * reliability + (1 - a) * (1 - reliability) / (answers - 1)

    slope = (agrees(accuracy + 1e-6) - agrees(accuracy - 1e-6)) / 2e-6
    q = agrees(accuracy)
    blurred, sure = slope**2 / (q * (1 - q)), 1 / (accuracy * (1 - accuracy))
    assert weight_of(reliability=reliability, answers=answers, accuracy=accuracy) == pytest.approx(blurred / sure)


@given(st.lists(pieces, max_size=30))
def test_the_bounds_are_in_order_and_hold_the_mean_of_any_evidence(evidence):
    found = believe(evidence)
    assert 0 <= found.low < found.high <= 1
    assert found.alpha > 1 - 1e-9
    assert found.beta > 1 - 1e-9
    assert found.weight <= len(evidence) + 1e-9
    again = believe(list(reversed(evidence)))
    assert again.low == pytest.approx(found.low, abs=1e-6)


@given(st.lists(pieces, max_size=20))
def test_agreeing_with_gold_once_more_never_lowers_the_mean(evidence):
    more = believe([*evidence, Piece(Source.GOLD, True, 0)])
    assert more.weight > 0
    only_gold = [piece for piece in evidence if piece.source == Source.GOLD and piece.reliability == 1]
    assert believe([*only_gold, Piece(Source.GOLD, True, 0)]).mean >= believe(only_gold).mean


@given(st.floats(0.51, 1), st.integers(2, 6))
def test_how_often_experts_are_right_follows_from_how_often_they_agree(reliability, answers):
    agreed = reliability**2 + (1 - reliability) ** 2 / (answers - 1)
    assert reliability_of_experts(agreed, answers=answers) == pytest.approx(reliability)
    assert reliability_of_experts(0.2 / answers, answers=answers) == 1 / answers


def test_consensus_never_outweighs_its_cap_and_chance_says_nothing():
    crowd = [Piece(Source.CONSENSUS, True, 0, 0.95)] * 500
    assert believe(crowd).weight == pytest.approx(CONSENSUS_AT_MOST)
    assert believe([Piece(Source.AUDIT, True, 0, 0.5)] * 50).weight == 0


@pytest.mark.parametrize(("accuracy", "reliability", "answers"), [(0.7, 0.9, 2), (0.85, 0.9, 2), (0.9, 0.8, 4)])
def test_the_bounds_hold_the_accuracy_behind_blurred_references(accuracy, reliability, answers):
    """The lower bound is passed once in twenty, as stated; the upper one up to three times that near certainty, where the
    prior pulls few effective answers down. The share of agreements itself would lie far below."""
    chance = random.Random(20_260)
    under, over, runs, means = 0, 0, 500, []
    for _ in range(runs):
        evidence = []
        for _ in range(80):
            is_right, is_reference_right = chance.random() < accuracy, chance.random() < reliability
            same_mistake = not is_right and not is_reference_right and chance.random() < 1 / (answers - 1)
            agreed = (is_right and is_reference_right) or same_mistake
            evidence.append(Piece(Source.AUDIT, agreed, 0, reliability, answers))
        found = believe(evidence)
        under += accuracy < found.low
        over += accuracy > found.high
        means.append((found.alpha - 1) / found.weight)
    assert sum(means) / runs == pytest.approx(accuracy, abs=0.025)
    assert under / runs < 0.08
    assert over / runs < 0.15
