"""The simulation of routing: traces worked out by hand, conservation, determinism, and the bound."""

import json
import random
from collections import Counter

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from config.management.commands import simulate as command
from config.simulation.bound import bound_of, worth_of
from config.simulation.events import simulate
from config.simulation.handling import handling_times, log_normal, read_seconds
from config.simulation.policies import POLICIES, chooser
from config.simulation.report import mean_and_error, outcome_of, run_scenario
from config.simulation.workforce import Person, capacity_hours
from config.simulation.workload import HORIZON_HOURS, SCENARIOS, Delivery, Trace, make_trace

EN, MED = frozenset({"en"}), frozenset({"med"})
GENERAL = Person("general", EN, 0.0, 8.0, 20.0, 1.0)
PHYSICIAN = Person("physician", EN | MED, 0.0, 8.0, 80.0, 1.0)


def delivery(number, *handling, needs=EN, priority=0, arrives=0.0, due=100.0):
    return Delivery(number, needs, priority, arrives, due, customer=0, difficulty=1, handling=handling)


def story(trace, policy):
    """Who did what, and when: (delivery, position, person, started, finished)."""
    return [
        (each.delivery.number, each.position, each.person.name, each.started, each.finished)
        for each in simulate(trace, chooser(policy, seed=0))
    ]


def test_first_in_first_out_by_hand():
    trace = Trace((delivery(0, 1.0, 1.0), delivery(1, 0.5, arrives=0.5, due=1.5)), (GENERAL,))
    assert story(trace, "fifo") == [
        (0, 0, "general", 0.0, 1.0),
        (0, 1, "general", 1.0, 2.0),
        (1, 0, "general", 2.0, 2.5),
    ]
    assert story(trace, "deadline") == [
        (0, 0, "general", 0.0, 1.0),
        (1, 0, "general", 1.0, 1.5),
        (0, 1, "general", 1.5, 2.5),
    ]
    assert [each.is_hit for each in simulate(trace, chooser("fifo", seed=0))] == [True, True, False]
    assert [each.is_hit for each in simulate(trace, chooser("deadline", seed=0))] == [True, True, True]


def test_ours_leaves_to_the_physician_what_only_they_can_do():
    trace = Trace(
        (delivery(0, 1.0, 1.0, 1.0, 1.0, due=4.0), delivery(1, 1.0, 1.0, 1.0, 1.0, needs=MED, due=4.5)),
        (GENERAL, PHYSICIAN),
    )
    assert {(number, who) for number, _, who, _, _ in story(trace, "ours")} == {(0, "general"), (1, "physician")}
    hits = {
        policy: sum(each.is_hit for each in simulate(trace, chooser(policy, seed=0))) for policy in ("ours", "deadline")
    }
    assert hits == {"ours": 8, "deadline": 6}


def test_people_begin_within_their_hours_and_finish_what_they_have_begun():
    trace = Trace((delivery(0, 5.0, 5.0, 1.0),), (GENERAL,))
    assert story(trace, "ours") == [
        (0, 0, "general", 0.0, 5.0),
        (0, 1, "general", 5.0, 10.0),
        (0, 2, "general", 12.0, 13.0),
    ]


def test_work_that_nobody_may_do_is_refused():
    with pytest.raises(ValueError, match="Nobody may serve delivery 3"):
        simulate(Trace((delivery(3, 1.0, needs=MED),), (GENERAL,)), chooser("fifo", seed=0))


hours = st.integers(1, 40).map(lambda tenths: tenths / 10)


@st.composite
def traces(draw):
    people = draw(st.lists(st.sampled_from([GENERAL, PHYSICIAN]), max_size=2))
    made = []
    for number in range(draw(st.integers(1, 4))):
        arrives = draw(st.integers(0, 40)) / 4
        made.append(
            delivery(
                number,
                *draw(st.lists(hours, min_size=1, max_size=4)),
                needs=draw(st.sampled_from([EN, MED])),
                priority=draw(st.integers(0, 2)),
                arrives=arrives,
                due=arrives + draw(hours),
            )
        )
    return Trace(tuple(made), (*people, PHYSICIAN))


@given(traces(), st.sampled_from(POLICIES))
@settings(deadline=None)
def test_every_task_is_served_once_by_one_who_may_and_never_two_at_once(trace, policy):
    served = simulate(trace, chooser(policy, seed=1))
    counts = Counter((each.delivery.number, each.position) for each in served)
    assert counts == {(each.number, place): 1 for each in trace.deliveries for place in range(len(each.handling))}
    for each in served:
        assert each.started >= each.delivery.arrives
        assert each.finished == each.started + each.delivery.handling[each.position]
        assert each.person.may(each.delivery.needs)
        assert each.person.is_at_work(each.started)
    at_once = Counter()
    for time, step in sorted(
        [(each.started, 1) for each in served] + [(each.finished, -1) for each in served], key=lambda it: (it[0], it[1])
    ):
        at_once["all"] += step
        assert 0 <= at_once["all"] <= len(trace.people), time


@given(traces())
@settings(deadline=None)
def test_no_policy_is_above_the_bound(trace):
    bound = bound_of(trace)
    assert 0 <= bound.hits <= trace.task_count
    for policy in POLICIES:
        served = simulate(trace, chooser(policy, seed=1))
        assert sum(each.is_hit for each in served) <= bound.hits + 1e-6
        assert sum(worth_of(each.delivery.priority) for each in served if each.is_hit) <= bound.worth + 1e-6


def test_the_bound_by_hand():
    """Two people have time for three hours of general work by hour two; of a medical hour, half is done by half past."""
    trace = Trace((delivery(0, 1.0, 1.0, 1.0, due=2.0), delivery(1, 1.0, needs=MED, due=0.5)), (GENERAL, PHYSICIAN))
    assert bound_of(trace).hits == pytest.approx(3.5)
    assert bound_of(Trace((delivery(0, 1.0, 1.0, 1.0, due=2.0),), (GENERAL,))).hits == pytest.approx(2.0)


def times():
    return handling_times(command.Path("/nowhere"))


def test_the_same_seed_is_the_same_trace_and_another_is_another():
    scenario = SCENARIOS[0]
    first = make_trace(scenario, 3, times())
    assert make_trace(scenario, 3, times()) == first
    assert make_trace(scenario, 4, times()) != first
    assert story(first, "random") == story(first, "random")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_load_is_offered_work_over_capacity(scenario):
    trace = make_trace(scenario, 0, times())
    assert capacity_hours(trace.people, HORIZON_HOURS) == 192.0
    assert trace.offered_hours / 192.0 == pytest.approx(scenario.load + scenario.burst_load, abs=0.01)
    assert sum(scenario.shares.values()) == pytest.approx(1.0)
    assert [each.number for each in trace.deliveries] == list(range(len(trace.deliveries)))


def test_times_are_read_from_the_dataset_and_said_to_be_made_up_without_it(tmp_path):
    folder = tmp_path / "ukpconvarg1"
    folder.mkdir()
    (folder / "votes.csv").write_text(
        "accept_utc,submit_utc\n"
        "2016-01-31 16:53:19.0 UTC,2016-01-31 16:54:49.0 UTC\n"
        "2016-01-31 23:59:50.0 UTC,2016-02-01 00:00:20.0 UTC\n"
        "2016-01-31 10:00:00.0 UTC,2016-01-31 10:00:00.0 UTC\n"
    )
    assert read_seconds(folder / "votes.csv") == [90.0, 30.0]
    real = handling_times(tmp_path)
    assert (real.is_real, real.source) == (True, "2 times of UKPConvArg1")
    assert not times().is_real
    assert times().source.startswith("a log-normal (median 166 s, 5 to 95 %: 53 to 540 s)")
    drawn = sorted(log_normal(random.Random(seed)) for seed in range(2000))
    assert drawn[1000] == pytest.approx(166, rel=0.1)
    assert drawn[100] == pytest.approx(53, rel=0.15)
    assert drawn[1900] == pytest.approx(540, rel=0.15)
    assert drawn[-1] <= 900


def test_an_outcome_by_hand():
    trace = Trace(
        (delivery(0, 1.0, due=1.0), delivery(1, 1.0, priority=2, arrives=0.0, due=1.5), delivery(2, 2.0, due=9.0)),
        (GENERAL,),
    )
    outcome = outcome_of(trace, simulate(trace, chooser("fifo", seed=0)))
    assert outcome.hit == pytest.approx(2 / 3)
    assert outcome.worth == pytest.approx(2 / 6)
    assert outcome.hit_by_priority == {0: 1.0, 1: 1.0, 2: 0.0}
    assert outcome.p95_hours == 4.0
    assert outcome.cost_per_task == pytest.approx(20 * 4 / 3)
    assert mean_and_error([1.0, 3.0]) == (2.0, 1.0)
    assert mean_and_error([2.0]) == (2.0, 0.0)


def test_the_command_ends_with_one_object_of_flat_figures(monkeypatch, capsys):
    monkeypatch.setattr(
        command,
        "run_all",
        lambda *, seeds, times, step: [run_scenario(SCENARIOS[0], seeds=seeds, times=times, step=step)],
    )
    monkeypatch.setattr(command, "SCENARIOS", SCENARIOS[:1])
    call_command("simulate", "--json", "--seeds", "1", "--data", "/nowhere")
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["ok"] is True
    assert said["handling_times"].startswith("a log-normal")
    figures = said["figures"]
    for name in (
        "sla_hit_ours",
        "sla_hit_bound",
        "ratio_to_bound",
        "sla_hit_fifo",
        "sla_hit_random",
        "sla_hit_deadline",
    ):
        assert 0.9 < figures[f"{name}_load_70"] <= 1.0
    assert figures["seeds"] == 1
    assert all(isinstance(value, int | float) for value in figures.values())
    with pytest.raises(CommandError, match="at least 1"):
        call_command("simulate", "--seeds", "0")
