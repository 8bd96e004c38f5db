"""Runs of every policy on every scenario and seed, and what they come to: means over seeds with standard errors."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.simulation.bound import bound_of, worth_of
from config.simulation.events import Served, simulate
from config.simulation.handling import HandlingTimes
from config.simulation.policies import OURS, POLICIES, SIMPLE, chooser
from config.simulation.workforce import SCARCE
from config.simulation.workload import HORIZON_HOURS, PRIORITIES, SCENARIOS, Scenario, Trace, make_trace

# How far below the best simple policy is noise: so many standard errors of the difference, seed by seed.
NOISE = 2.0


@dataclass(frozen=True)
class Outcome:
    """One policy on one trace. Shares are of tasks; `worth` counts a hit by its priority (`worth_of`).

    `scarce_use` is how much of the arrival days' hours of those who alone can do the scarcest work went into it.
    """

    hit: float
    worth: float
    hit_by_priority: dict[int, float]
    p95_hours: float
    scarce_use: float
    cost_per_task: float


@dataclass(frozen=True)
class ScenarioResult:
    """`outcomes[policy]` and `bounds` by seed; a bound's shares are those of an outcome."""

    scenario: Scenario
    task_count: int
    outcomes: dict[str, list[Outcome]]
    bound_hits: list[float]
    bound_worths: list[float]

    def hits(self, policy: str) -> list[float]:
        return [each.hit for each in self.outcomes[policy]]

    @property
    def best_simple(self) -> str:
        return max(SIMPLE, key=lambda policy: statistics.fmean(self.hits(policy)))

    @property
    def advantage(self) -> tuple[float, float]:
        """Return the mean of ours over the best simple policy, seed by seed, and its standard error."""
        pairs = zip(self.hits(OURS), self.hits(self.best_simple), strict=True)
        return mean_and_error([ours - simple for ours, simple in pairs])

    @property
    def is_never_below(self) -> bool:
        mean, error = self.advantage
        return mean >= -NOISE * error


def run_scenario(
    scenario: Scenario, *, seeds: int, times: HandlingTimes, step: Callable[[], object] = lambda: None
) -> ScenarioResult:
    """Run every policy and the bound on so many traces of the scenario; calls `step` after each."""
    outcomes: dict[str, list[Outcome]] = {policy: [] for policy in POLICIES}
    hits, worths, count = [], [], 0
    for seed in range(seeds):
        trace = make_trace(scenario, seed, times)
        count += trace.task_count
        for policy in POLICIES:
            outcomes[policy].append(outcome_of(trace, simulate(trace, chooser(policy, seed=seed))))
        bound = bound_of(trace)
        hits.append(bound.hits / trace.task_count)
        worths.append(bound.worth / _total_worth(trace))
        step()
    return ScenarioResult(scenario, count, outcomes, hits, worths)


def run_all(*, seeds: int, times: HandlingTimes, step: Callable[[], object]) -> list[ScenarioResult]:
    return [run_scenario(scenario, seeds=seeds, times=times, step=step) for scenario in SCENARIOS]


def outcome_of(trace: Trace, served: Sequence[Served]) -> Outcome:
    by_priority = {
        priority: [each.is_hit for each in served if each.delivery.priority == priority] for priority in PRIORITIES
    }
    few = [person for person in trace.people if person.may(SCARCE)]
    theirs = sum(person.hours_between(0.0, HORIZON_HOURS) for person in few)
    scarce = [each for each in served if each.delivery.needs == SCARCE]
    used = sum(max(min(each.finished, HORIZON_HOURS) - each.started, 0.0) for each in scarce)
    turnarounds = sorted(each.finished - each.delivery.arrives for each in served)
    return Outcome(
        hit=statistics.fmean(each.is_hit for each in served),
        worth=sum(worth_of(each.delivery.priority) for each in served if each.is_hit) / _total_worth(trace),
        hit_by_priority={key: statistics.fmean(hits) if hits else 1.0 for key, hits in by_priority.items()},
        p95_hours=turnarounds[math.ceil(0.95 * len(turnarounds)) - 1],
        scarce_use=used / theirs if theirs else 0.0,
        cost_per_task=statistics.fmean((each.finished - each.started) * each.person.rate for each in served),
    )


def _total_worth(trace: Trace) -> float:
    return sum(worth_of(each.priority) * len(each.handling) for each in trace.deliveries)


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error; of one value, an error of nought."""
    if len(values) < 2:
        return statistics.fmean(values), 0.0
    return statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values))


def figures_of(results: Sequence[ScenarioResult]) -> dict[str, float]:
    """Return the flat figures of all scenarios, snake_case, rounded."""
    figures: dict[str, float] = {}
    for result in results:
        name, bound = result.scenario.name, statistics.fmean(result.bound_hits)
        for policy in POLICIES:
            figures |= _figures_of_policy(result, policy)
        ours = statistics.fmean(result.hits(OURS))
        worth = statistics.fmean(each.worth for each in result.outcomes[OURS])
        figures[f"sla_hit_bound_{name}"] = bound
        figures[f"ratio_to_bound_{name}"] = ours / bound if bound else 1.0
        figures[f"worth_hit_bound_{name}"] = statistics.fmean(result.bound_worths)
        figures[f"worth_ratio_to_bound_{name}"] = worth / statistics.fmean(result.bound_worths) if bound else 1.0
        figures[f"advantage_over_best_simple_{name}"], figures[f"advantage_error_{name}"] = result.advantage
    return {name: round(value, 5) for name, value in figures.items()}


def _figures_of_policy(result: ScenarioResult, policy: str) -> dict[str, float]:
    name, outcomes = f"{policy}_{result.scenario.name}", result.outcomes[policy]
    hit, error = mean_and_error(result.hits(policy))
    by_priority = {
        f"sla_hit_p{priority}_{name}": statistics.fmean(each.hit_by_priority[priority] for each in outcomes)
        for priority in PRIORITIES
    }
    return {
        f"sla_hit_{name}": hit,
        f"sla_hit_error_{name}": error,
        f"worth_hit_{name}": statistics.fmean(each.worth for each in outcomes),
        **by_priority,
        f"p95_turnaround_hours_{name}": statistics.fmean(each.p95_hours for each in outcomes),
        f"scarce_use_{name}": statistics.fmean(each.scarce_use for each in outcomes),
        f"cost_per_task_{name}": statistics.fmean(each.cost_per_task for each in outcomes),
    }
