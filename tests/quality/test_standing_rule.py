"""Which state follows, and what may be done in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.evidence import Piece, Source, believe
from quality.gold_rate import GoldBounds, gold_share
from quality.standing_rule import Bars, State, daily_cap, decide_state


def gold(right, wrong, age=0.0):
    return believe([Piece(Source.GOLD, True, age)] * right + [Piece(Source.GOLD, False, age)] * wrong)


def decided(right, wrong, current, **more):
    return decide_state(gold(right, wrong), current=current, **more).state


def test_training_ends_when_it_is_passed_and_retirement_never_by_itself():
    assert decided(50, 0, State.TRAINING) == State.TRAINING
    assert decided(0, 0, State.TRAINING, is_trained=True) == State.PROBATION
    assert decided(50, 0, State.RETIRED, alarm="Errors rose.") == State.RETIRED
    assert decided(0, 50, State.RETIRED) == State.RETIRED


@pytest.mark.parametrize("current", [State.PROBATION, State.TRUSTED, State.CONSENSUS_ONLY, State.PAUSED])
def test_nobody_is_judged_on_three_answers(current):
    assert decided(0, 3, current) == current
    assert decided(3, 0, current, alarm="Errors rose.") == current


def test_the_way_up_and_down():
    assert decided(5, 0, State.PROBATION) == State.TRUSTED
    assert decided(6, 3, State.PROBATION) == State.PROBATION
    assert decided(40, 25, State.PROBATION) == State.CONSENSUS_ONLY
    assert decided(6, 1, State.TRUSTED) == State.TRUSTED
    assert decided(6, 3, State.TRUSTED) == State.PROBATION
    assert decided(40, 30, State.TRUSTED) == State.CONSENSUS_ONLY
    assert decided(6, 3, State.CONSENSUS_ONLY) == State.CONSENSUS_ONLY
    assert decided(16, 3, State.CONSENSUS_ONLY) == State.TRUSTED
    assert decided(0, 4, State.TRUSTED) == State.PAUSED


def test_a_pause_ends_by_better_evidence_and_never_by_age():
    assert decided(8, 6, State.PAUSED) == State.PAUSED
    assert decided(30, 4, State.PAUSED) == State.PROBATION
    for age in (0, 60, 300, 3000):
        assert decide_state(gold(2, 30, age), current=State.PAUSED).state == State.PAUSED


def test_an_alarm_takes_trust_at_once():
    found = decide_state(gold(40, 2), current=State.TRUSTED, alarm="More errors since the 12th judgment")
    assert found.state == State.CONSENSUS_ONLY
    assert found.reason.startswith("More errors since the 12th judgment. Accuracy 86% to 98% (42 gold")


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_state_stays_where_nothing_changes(right, wrong):
    """No state leads by the same evidence to another and back: what is decided twice is decided alike."""
    for current in (State.PROBATION, State.TRUSTED, State.CONSENSUS_ONLY):
        first = decide_state(gold(right, wrong), current=current)
        assert decide_state(gold(right, wrong), current=first.state).state == first.state
        assert first.reason.endswith(".")


def test_one_more_miss_does_not_flip_somebody_who_was_just_trusted():
    bars = Bars(trusted_from=0.8, trusted_until=0.72, paused_below=0.6)
    right = next(
        n for n in range(100) if decide_state(gold(n, 1), current=State.PROBATION, bars=bars).state == "trusted"
    )
    assert decide_state(gold(right, 2), current=State.TRUSTED, bars=bars).state == State.TRUSTED


def test_the_cap_begins_low_and_ends_at_trust():
    assert daily_cap(gold(0, 0)) == 20
    assert daily_cap(gold(5, 0)) == 200
    assert daily_cap(gold(0, 9)) == 20
    caps = [daily_cap(gold(n, 1)) for n in range(12)]
    assert caps == sorted(caps)


@given(st.floats(0, 0.95), st.floats(0, 0.95))
def test_the_less_is_known_the_more_gold(one, other):
    low, high = sorted((one, other))
    assert 0.05 <= gold_share(low) <= gold_share(high) <= 0.30 + 1e-12


def test_the_share_of_gold_has_its_ends():
    assert gold_share(gold(0, 0).width) == pytest.approx(0.30)
    assert gold_share(0.1) == 0.05
    assert gold_share(0.5, bounds=GoldBounds(lowest=0.1, highest=0.5, settled_width=0.1)) == pytest.approx(0.3)
