"""When errors rose, when gold leaked, and when it is wrong."""

import random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quality.drift import (
    Alarm,
    chart_for,
    disputed,
    ease_of,
    error_alarm,
    error_chart,
    expected_hit,
    last_good,
    leak_alarm,
    mean_run_length,
    odds_alarm,
    standing_alarm,
    sums,
)


@given(st.floats(0.02, 0.6), st.integers(2, 12), st.integers(1, 40))
def test_the_run_length_solves_the_whole_markov_chain(rate, steps, threshold):
    """The same equations as a dense matrix."""
    chain = np.eye(threshold)
    for value in range(threshold):
        chain[value, max(value - 1, 0)] -= 1 - rate
        if value + steps - 1 < threshold:
            chain[value, value + steps - 1] -= rate
    slow = np.linalg.solve(chain, np.ones(threshold))[0]
    assume(0 < slow < 1e8)  # past that the dense solution has no digits left
    assert mean_run_length(rate, steps=steps, threshold=threshold) == pytest.approx(slow, rel=1e-5)


def test_long_run_lengths_lose_no_digits():
    """The same chain solved in whole numbers: up and down by one, an error in four, an alarm at 22."""
    assert mean_run_length(0.25, steps=2, threshold=22) == 94_143_178_780


@given(st.floats(0.01, 0.9), st.integers(2, 30))
def test_a_threshold_of_one_waits_for_the_first_error(rate, steps):
    """Then the run length is geometric."""
    assert mean_run_length(rate, steps=steps, threshold=1) == pytest.approx(1 / rate)


def test_the_run_length_is_what_simulation_finds():
    chart = error_chart(good_rate=0.1, bad_rate=0.3, run_length=300)
    chance = random.Random(1999)

    def run(rate):
        value, length = 0, 0
        while value < chart.threshold:
            value = max(0, value + (chart.steps - 1 if chance.random() < rate else -1))
            length += 1
        return length

    assert sum(run(0.1) for _ in range(3000)) / 3000 == pytest.approx(chart.run_length, rel=0.06)
    assert sum(run(0.3) for _ in range(3000)) / 3000 == pytest.approx(chart.delay, rel=0.06)


def test_the_threshold_is_the_least_that_is_long_enough():
    for good, bad, wanted in ((0.05, 0.15, 1000), (0.1, 0.3, 500), (0.2, 0.4, 300)):
        chart = error_chart(good_rate=good, bad_rate=bad, run_length=wanted)
        assert chart.run_length >= wanted > mean_run_length(good, steps=chart.steps, threshold=chart.threshold - 1)
        assert good < 1 / chart.steps < bad


def test_the_change_is_dated_to_the_last_zero():
    chart = error_chart(good_rate=0.1, bad_rate=0.3, run_length=500)
    errors = [False] * 5 + [True] + [False] * 20 + [True] * 4
    assert sums(errors, chart)[:10] == [0, 0, 0, 0, 0, 4, 3, 2, 1, 0]
    assert error_alarm(errors, chart) == Alarm(raised_at=29, good_until=25)
    assert error_alarm([True] * 4, chart) == Alarm(raised_at=3, good_until=-1)
    assert error_alarm([False] * 1000, chart) is None


RIGHT, WRONG = [False], [True]


@pytest.mark.parametrize(
    ("errors", "alarm"),
    [
        ([], None),
        (WRONG * 3, None),
        (WRONG * 4, Alarm(raised_at=3, good_until=-1)),
        (RIGHT * 3 + WRONG * 4, Alarm(raised_at=6, good_until=2)),
        (WRONG * 4 + RIGHT * 12, Alarm(raised_at=3, good_until=-1)),
        (WRONG * 4 + RIGHT * 13, None),
        (WRONG * 100 + RIGHT * 12, Alarm(raised_at=3, good_until=-1)),
        (WRONG * 100 + RIGHT * 13, None),
        (WRONG * 4 + RIGHT * 12 + WRONG + RIGHT * 4, Alarm(raised_at=3, good_until=-1)),
        (WRONG * 4 + RIGHT * 13 + WRONG * 4, Alarm(raised_at=20, good_until=16)),
    ],
)
def test_an_alarm_stands_until_as_many_right_answers_as_the_threshold_however_long_it_was_bad(errors, alarm):
    chart = error_chart(good_rate=0.1, bad_rate=0.3, run_length=500)
    assert (chart.steps, chart.threshold) == (5, 13)
    assert standing_alarm(errors, chart) == alarm


@given(st.lists(st.booleans(), max_size=60))
def test_an_alarm_stands_only_where_one_was_raised_and_is_dated_to_a_good_time_before_it(errors):
    chart = error_chart(good_rate=0.1, bad_rate=0.3, run_length=500)
    first, stands = error_alarm(errors, chart), standing_alarm(errors, chart)
    if first is None:
        assert stands is None
    if stands is not None:
        assert first.raised_at <= stands.raised_at
        assert stands.good_until < stands.raised_at
        assert sum(errors[stands.good_until + 1 : stands.raised_at + 1]) >= 4


def test_the_last_good_judgment_is_the_last_at_which_the_sum_was_nothing():
    chart = error_chart(good_rate=0.1, bad_rate=0.3, run_length=500)
    assert last_good([], chart) == (0, -1)
    assert last_good(WRONG, chart) == (4, -1)
    assert last_good(RIGHT * 2 + WRONG, chart) == (4, 1)
    assert last_good(WRONG + RIGHT * 3, chart) == (1, -1)
    assert last_good(WRONG + RIGHT * 4 + WRONG, chart) == (4, 4)


def test_false_alarms_of_unequal_odds_are_rarer_than_the_bound():
    """Lorden: the mean run is at least 200 whatever the expected rates are; a run that is cut off counts as its length."""
    chance = random.Random(1971)
    lengths = []
    for _ in range(150):
        expected = [chance.uniform(0.2, 0.9) for _ in range(1500)]
        hits = [chance.random() < p for p in expected]
        alarm = odds_alarm(hits, expected, odds_ratio=4, run_length=200)
        lengths.append(alarm.raised_at + 1 if alarm else len(hits))
    assert sum(lengths) / len(lengths) > 200


def test_a_leak_is_seen_soon_after_it_began():
    chance = random.Random(7)
    delays = []
    for _ in range(60):
        ease = -1.5
        before = [chance.random() < expected_hit(0.8, ease=ease) for _ in range(40)]
        alarm = leak_alarm(before + [True] * 40, [0.8] * 80, ease=ease)
        assert alarm is not None
        delays.append(alarm.raised_at - 39)
    assert sorted(delays)[30] <= 14


def test_what_everybody_hits_cannot_be_seen_to_leak():
    assert leak_alarm([True] * 200, [0.95] * 200, ease=2.0) is None


def test_ease_is_where_as_many_hits_are_expected_and_is_drawn_to_the_mean():
    assert expected_hit(0.8, ease=0) == pytest.approx(0.8)
    assert ease_of([], []) == 0
    hits = [True] * 200 + [False] * 200
    ease = ease_of(hits, [0.8] * 400)
    assert expected_hit(0.8, ease=ease) == pytest.approx(0.5, abs=0.01)
    assert -1.2 < ease_of([False], [0.8]) < 0


def test_gold_that_good_people_miss_is_disputed():
    found = disputed([False] * 6 + [True] * 4, [0.9] * 10)
    assert (found.answers, found.misses) == (10, 6)
    assert found.predicted == pytest.approx(1.0)
    assert found.is_disputed
    assert not disputed([False] * 6 + [True] * 4, [0.5] * 10).is_disputed
    assert not disputed([False], [0.9]).is_disputed
    assert not disputed([], []).is_disputed


# --- which chart ------------------------------------------------------------------------------------------------------


def test_who_began_well_is_held_against_a_finer_chart():
    """From 95 % to 67 % right: nothing for the common chart, and an alarm of the fine one after seven errors in nineteen."""
    assert chart_for([False] * 29) == chart_for([True] * 3 + [False] * 27)
    assert chart_for([False] * 29).good_rate == 0.20
    fine = chart_for([True] * 2 + [False] * 28)
    assert (fine.good_rate, fine.steps, fine.threshold) == (0.10, 5, 16)
    assert fine.run_length >= 1000
    errors = [False] * 30 + [True, False, False] * 7
    assert error_alarm(errors, chart_for(errors)) == Alarm(raised_at=48, good_until=29)
    assert error_alarm(errors, chart_for([])) is None


def test_nobody_has_an_alarm_when_their_chart_becomes_the_finer_one():
    assert standing_alarm([False] * 28 + [True] * 2, chart_for([])) is None
