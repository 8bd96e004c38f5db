"""The audit's plan, its draw, and what it says of everything."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.sampling import Verdict, draw, estimate, estimate_by_stratum, expert_agreement, plan_audit, sample_size

populations = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3000), min_size=1)


def verdicts(*counts):
    """(stratum, chance, right, wrong) for each stratum."""
    return [
        Verdict(stratum, chance, place < right)
        for stratum, chance, right, wrong in counts
        for place in range(right + wrong)
    ]


def test_cochrans_sizes():
    """Cochran 1977, section 4.4: p near 50 %, 5 % either way with z = 1.96 takes 384.1; of 4,000 items 350.5 (n0 = 384)."""
    assert sample_size(10**9, half_width=0.05) == 385
    assert sample_size(4000, half_width=0.05) == 351
    assert sample_size(10, half_width=0.05) == 10
    assert sample_size(0, half_width=0.05) == 0


@given(populations, st.floats(0.02, 0.2), st.integers(1, 30))
def test_a_plan_keeps_what_it_promises(counts, half_width, least):
    plan = plan_audit(counts, half_width=half_width, least=least)
    for stratum, size in plan.sizes.items():
        assert min(least, counts[stratum]) <= size <= counts[stratum]
        assert 0 < plan.chance(stratum) <= 1
    assert plan.half_width <= half_width + 1e-9 or plan.sizes == plan.populations
    assert plan.populations == {stratum: count for stratum, count in counts.items() if count}


def test_more_is_drawn_where_more_is_feared():
    even = plan_audit({"a": 500, "b": 500}, half_width=0.05)
    uneven = plan_audit({"a": 500, "b": 500}, half_width=0.05, risks={"b": 3})
    assert even.sizes["a"] == even.sizes["b"]
    assert uneven.sizes["b"] == pytest.approx(3 * uneven.sizes["a"], rel=0.02)


def test_a_draw_is_the_same_again_and_another_with_another_seed():
    strata = {f"item-{n}": "a" if n % 3 else "b" for n in range(300)}
    plan = plan_audit({"a": 200, "b": 100}, half_width=0.1)
    once, again, other = (
        draw(plan, dict(reversed(strata.items())) if turn else strata, seed=seed)
        for turn, seed in ((0, "s"), (1, "s"), (0, "t"))
    )
    assert once == again
    assert {each.key for each in once} != {each.key for each in other}
    assert len({each.key for each in once}) == len(once) == sum(plan.sizes.values())
    assert sum(each.is_double for each in once) == -(-len(once) // 10)
    assert all(each.chance == plan.chance(each.stratum) for each in once)


def test_a_plan_for_other_items_is_not_drawn_from():
    plan = plan_audit({"a": 3}, half_width=0.1)
    with pytest.raises(ValueError, match="Stratum a has 2 items; the plan was made for 3"):
        draw(plan, {"x": "a", "y": "a"}, seed="s")


def test_every_item_is_drawn_as_often_as_its_chance_says():
    strata = {f"{n}": "a" if n < 40 else "b" for n in range(60)}
    plan = plan_audit({"a": 40, "b": 20}, half_width=0.15, risks={"b": 2})
    seen = dict.fromkeys(strata, 0)
    for seed in range(800):
        for each in draw(plan, strata, seed=str(seed)):
            seen[each.key] += 1
    for key, count in seen.items():
        chance = plan.chance(strata[key])
        assert count / 800 == pytest.approx(chance, abs=4.5 * (chance * (1 - chance) / 800) ** 0.5 + 1e-9)


def test_the_estimate_weighs_by_the_chance_to_be_drawn():
    """1,000 items of which 50 were drawn, 40 right; 100 of which 50 were drawn, 25 right: (800 + 50) / 1,100."""
    counts = {"a": 1000, "b": 100}
    found = estimate(verdicts(("a", 0.05, 40, 10), ("b", 0.5, 25, 25)), counts)
    assert found.value == pytest.approx(850 / 1100)
    assert found.method == "weighted"
    spread = ((10 / 11) ** 2 * 0.95 * 0.16 / 49 + (1 / 11) ** 2 * 0.5 * 0.25 / 49) ** 0.5
    assert found.interval.width == pytest.approx(2 * 1.959964 * spread, rel=1e-6)
    by_stratum = estimate_by_stratum(verdicts(("a", 0.05, 40, 10), ("b", 0.5, 25, 25)), counts)
    assert (by_stratum["a"].value, by_stratum["b"].value) == (0.8, 0.5)


def test_drawn_items_that_were_not_audited_do_not_tilt_the_estimate():
    found = estimate(verdicts(("a", 0.1, 80, 20), ("b", 0.1, 6, 14)), {"a": 1000, "b": 1000})
    assert found.value == pytest.approx((0.8 + 0.3) / 2)


def test_experts_are_compared_where_two_audited():
    found = expert_agreement([("right", "right")] * 7 + [("right", "wrong")] * 1 + [("wrong", "wrong")] * 2)
    assert found.agreed.value == 0.9
    assert found.kappa.value == pytest.approx((0.9 - 0.62) / 0.38)
    assert (expert_agreement([]).agreed.value, expert_agreement([]).kappa.value) == (None, None)


def test_all_right_is_not_certainty():
    found = estimate(verdicts(("a", 0.1, 60, 0)), {"a": 600})
    assert (found.value, found.method) == (1.0, "exact")
    assert found.interval.low == pytest.approx(0.025 ** (1 / 60), abs=1e-7)
    assert found.interval.high == 1
    assert estimate(verdicts(("a", 0.1, 58, 2)), {"a": 600}).method == "wilson"
    assert estimate([], {"a": 600}) is None


@pytest.mark.parametrize(("good", "bad"), [(0.9, 0.6), (0.97, 0.85), (0.995, 0.99)])
def test_the_interval_holds_the_truth_as_often_as_it_says(good, bad):
    chance = random.Random(1977)
    is_right = {f"{n}": chance.random() < (good if n < 900 else bad) for n in range(1000)}
    strata = {key: "a" if int(key) < 900 else "b" for key in is_right}
    truth = sum(is_right.values()) / 1000
    plan = plan_audit({"a": 900, "b": 100}, half_width=0.06, risks={"b": 3})
    held, values = 0, []
    for seed in range(400):
        drawn = draw(plan, strata, seed=str(seed))
        found = estimate([Verdict(each.stratum, each.chance, is_right[each.key]) for each in drawn], plan.populations)
        held += truth in found.interval
        values.append(found.value)
    assert held / 400 >= 0.93
    assert sum(values) / 400 == pytest.approx(truth, abs=0.004)
