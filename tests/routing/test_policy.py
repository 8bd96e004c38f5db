"""Which pool first: properties of the choice, and exact scores where they can be worked out by hand."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.kernel.errors import Invalid
from routing.policy import ranked, reason, weighed
from routing.slack import Demand, levels_of, spare_hours
from routing.types import PoolChoice
from routing.weights import HOUSE, Weights, weights_from

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = 3600.0
# How long an example takes says more about the machine than about the choice.
UNHURRIED = settings(deadline=None)


def pool(pool_id=1, *, due=None, **more):
    """A pool that is due in so many hours; twelve judgments an hour a person, by default."""
    due_at = None if due is None else NOW + timedelta(hours=due)
    people = more.setdefault("present_people", 4)
    more.setdefault("throughput_per_hour", 12.0 * people)
    return PoolChoice(
        **{"pool_id": pool_id, "project_id": 1, "priority": 0, "due_at": due_at, "waiting_since": pool_id} | more
    )


def order(*choices, **more):
    return [each.pool_id for each in ranked(choices, now=NOW, **more)]


@st.composite
def choices_of(draw, first_id=100):
    """Other pools, of any kind: due or not, late or not, measured or not, starving or not."""
    made = []
    for number in range(draw(st.integers(0, 6))):
        due = draw(st.none() | st.floats(-50, 200))
        people = draw(st.none() | st.integers(0, 20))
        made.append(
            PoolChoice(
                pool_id=first_id + number,
                project_id=draw(st.integers(1, 3)),
                priority=draw(st.integers(-2, 3)),
                due_at=None if due is None else NOW + timedelta(hours=due),
                waiting_since=draw(st.integers(0, 50)),
                open_count=draw(st.integers(0, 500)),
                throughput_per_hour=draw(st.none() | st.floats(0, 500)),
                present_people=people,
                difficulty=draw(st.integers(1, 5)),
                pay_amount=draw(st.none() | st.floats(0, 10)),
                customer_share=draw(st.none() | st.floats(0, 1)),
                oldest_waiting_seconds=draw(st.floats(0, 100 * HOUR)),
                trust=draw(st.sampled_from(["trusted", "probation"])),
                standing=draw(st.floats(0, 1)),
            )
        )
    return made


@UNHURRIED
@given(choices_of(), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_the_input(choices, chance):
    shuffled = list(choices)
    chance.shuffle(shuffled)
    found = ranked(choices, now=NOW)
    assert ranked(shuffled, now=NOW) == found
    assert sorted(found, key=lambda each: each.pool_id) == sorted(choices, key=lambda each: each.pool_id)


@UNHURRIED
@given(choices_of(), st.floats(1, 100), st.floats(0.01, 50), st.integers(1, 200), st.integers(1, 6))
def test_of_two_pools_alike_the_one_due_earlier_goes_first_while_its_due_time_can_be_met(
    others, due, later, count, people
):
    twin = {"open_count": count, "present_people": people}
    late, early = pool(1, due=due + later, **twin), pool(2, due=due, **twin)
    found = order(*others, late, early)
    assert found.index(2) < found.index(1)


@UNHURRIED
@given(choices_of(), st.none() | st.floats(-20, 100), st.integers(-2, 3), st.integers(1, 3), st.integers(1, 6))
def test_of_two_pools_alike_the_one_of_higher_priority_goes_first(others, due, priority, more, people):
    low = pool(1, due=due, priority=priority, present_people=people)
    high = replace(low, pool_id=2, waiting_since=2, priority=priority + more)
    found = order(*others, low, high)
    assert found.index(2) < found.index(1)


@UNHURRIED
@given(choices_of(), st.floats(1, 100), st.integers(1, 6), st.integers(1, 6), st.integers(1, 50))
def test_of_two_pools_alike_the_one_that_fewer_could_do_goes_first(others, due, people, more, count):
    many = pool(1, due=due, present_people=people + more, open_count=count)
    few = pool(2, due=due, present_people=people, open_count=count)
    found = order(*others, many, few)
    assert found.index(2) < found.index(1)


@UNHURRIED
@given(choices_of())
def test_every_score_is_a_number_and_the_sum_of_its_terms(choices):
    for rank, each in enumerate(weighed(choices, now=NOW), start=1):
        assert math.isfinite(each.score)
        assert each.score == pytest.approx(math.fsum(each.terms.values()))
        why = reason(each, rank=rank, of=len(choices))
        assert json.loads(json.dumps(why, allow_nan=False)) == why
        assert why["text"].startswith(f"Choice {rank} of {len(choices)}: ")


@UNHURRIED
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5)), min_size=1, max_size=5),
    st.lists(st.integers(0, 4), min_size=0, max_size=40),
)
def test_once_starving_only_older_work_goes_first(waiting, urgent_arrivals):
    """One reviewer asks once an hour; urgent work keeps coming. Work that waits `limit` hours is then served within as
    many asks as there were tasks before it when it came."""
    limit = 10.0
    weights = replace(HOUSE, starving_after_hours=limit)
    queues = {number: [0.0] * count for number, (count, _) in enumerate(waiting, start=1)}
    priorities = {number: priority for number, (_, priority) in enumerate(waiting, start=1)}
    before = sum(len(arrivals) for arrivals in queues.values())
    longest, hour = 0.0, 0.0
    arrivals = list(urgent_arrivals)
    while any(queues.values()):
        if arrivals:
            queues.setdefault(99, []).extend([hour] * arrivals.pop())
            priorities[99] = 9
        first, *_ = ranked(
            [
                pool(
                    number,
                    due=1.0 if number == 99 else 500.0,
                    priority=priorities[number],
                    open_count=len(tasks),
                    oldest_waiting_seconds=(hour - tasks[0]) * HOUR,
                )
                for number, tasks in queues.items()
                if tasks
            ],
            now=NOW,
            weights=weights,
        )
        came = queues[first.pool_id].pop(0)
        if came == 0.0 and first.pool_id != 99:
            longest = max(longest, hour - came)
        hour += 1.0
    first_urgent = urgent_arrivals[-1] if urgent_arrivals else 0
    assert longest <= limit + before + first_urgent


def test_where_there_are_more_priorities_than_are_told_apart_the_higher_still_goes_first():
    choices = [pool(number, due=30, priority=number) for number in range(1, 41)]
    assert order(*choices) == list(range(40, 0, -1))


def test_late_work_waits_for_what_can_still_be_in_time_and_goes_before_what_has_plenty():
    late, near, far, never = pool(1, due=-3), pool(2, due=5), pool(3, due=40), pool(4)
    assert order(never, far, near, late) == [2, 1, 3, 4]


def test_work_that_only_this_person_can_do_goes_before_work_due_sooner_that_many_can_do():
    common = pool(1, due=4, present_people=12, open_count=20)
    alone = pool(2, due=8, present_people=1, open_count=90)
    assert order(common, alone) == [2, 1]
    assert order(common, replace(alone, present_people=12)) == [1, 2]


def test_important_work_lets_urgent_work_go_first_only_while_it_has_time_to_spare():
    urgent = pool(1, due=1.5, open_count=30)
    important = pool(2, due=20, priority=1, open_count=50)
    assert order(important, urgent) == [1, 2]
    assert order(replace(important, due_at=NOW + timedelta(hours=2), open_count=90), urgent) == [2, 1]


def test_hard_work_is_left_to_those_of_standing():
    easy, hard = pool(2, due=8, difficulty=1), pool(1, due=8, difficulty=5)
    assert order(easy, hard) == [1, 2]
    assert order(easy, replace(hard, standing=0.4)) == [2, 1]
    assert order(easy, replace(hard, trust="probation")) == [2, 1]


def test_the_cheaper_and_the_customer_who_had_less_go_first_where_all_else_is_equal():
    assert order(pool(1, due=8, pay_amount=3.0), pool(2, due=8, pay_amount=1.0)) == [2, 1]
    assert order(pool(1, due=8, customer_share=0.9), pool(2, due=8, customer_share=0.1)) == [2, 1]


def test_a_project_may_weigh_otherwise():
    choices = [pool(1, due=8, difficulty=5, project_id=7, standing=0.0), pool(2, due=8)]
    assert order(*choices) == [2, 1]
    assert order(*choices, by_project={7: weights_from({"standing": 0})}) == [1, 2]


def test_the_reason_says_each_term():
    [each] = weighed([pool(1, due=3, priority=2, difficulty=5, open_count=24, standing=0.5)], now=NOW)
    why = reason(each, rank=1, of=1)
    assert why == {
        "text": "Choice 1 of 1: it is due in 3.0 h.",
        "priority": 2,
        "due_at": "2026-03-02T12:00:00+00:00",
        "timing": "in time",
        "left_hours": 3.0,
        "spare_hours": 2.5,
        "score": -2.25,
        "terms": {
            "urgency": -2.0,
            "scarcity": 0.0,
            "protection": 0.0,
            "priority": 0.0,
            "standing": -0.25,
            "cost": -0.0,
            "fairness": -0.0,
        },
        "rank": 1,
        "of": 1,
    }


def test_spare_hours_are_those_of_the_tightest_chain():
    alone = Demand(due_hours=8.0, work_hours=6.0, people=1, priority=0)
    common = Demand(due_hours=4.0, work_hours=14.0, people=4, priority=0)
    first, second = spare_hours([alone, common])
    assert first.by_people == (2.0,)
    assert first.least == 2.0
    assert second.by_people == ()
    assert second.least == 0.5
    high = Demand(due_hours=6.0, work_hours=4.0, people=4, priority=1)
    low = Demand(due_hours=3.0, work_hours=12.0, people=4, priority=0)
    above, below = spare_hours([high, low])
    assert (above.by_priority, above.least) == ((5.0,), 2.0)
    assert (below.by_priority, below.least) == ((), 0.0)


def test_a_thousand_pools_take_few_passes():
    """Of any number of circles and priorities only so many are looked at, so the work grows with the pools alone."""
    assert levels_of(set(range(1000))) == [0, 200, 400, 599, 799, 999]
    assert levels_of({5, 1, 3}) == [1, 3, 5]
    assert levels_of(set()) == []


def test_settings_of_a_project_are_put_over_the_house():
    assert weights_from({}) == HOUSE
    assert weights_from({"scarcity": 2}) == replace(Weights(), scarcity=2.0)
    assert weights_from({"cost": 0.5}, base=replace(HOUSE, scarcity=1.0)) == replace(HOUSE, scarcity=1.0, cost=0.5)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"scarcty": 1}, "'scarcty' is no weight of routing; the weights are cost, "),
        ({"cost": -1}, "The weight cost must be a number of at least 0."),
        ({"cost": "much"}, "The weight cost must be a number of at least 0."),
        ({"cost": True}, "The weight cost must be a number of at least 0."),
        ({"cost": math.nan}, "The weight cost must be a number of at least 0."),
        ({"spare_hours": 0}, "The weight spare_hours must be above 0."),
    ],
)
def test_settings_that_are_none_are_refused(settings, sentence):
    with pytest.raises(Invalid) as refused:
        weights_from(settings)
    assert refused.value.message.startswith(sentence)
    assert refused.value.field == next(iter(settings))
