"""What comes in: deliveries of tasks with a due time, by scenario and seed. The table is fixed; nothing is tuned to it.

Load is offered work over capacity: the person-hours of all that comes in, over the hours of all people in the two days
in which it does. A delivery is a pool: its tasks need the same skills and are due together. Its due time depends on
chance and, loosely, on its priority.
"""

import random
from dataclasses import dataclass, replace

from config.simulation.handling import HandlingTimes
from config.simulation.workforce import DAY_HOURS, SCARCE, WORKFORCE, Person, capacity_hours

HORIZON_HOURS = 2 * DAY_HOURS
FEWEST_TASKS, MOST_TASKS = 10, 40
DUE_HOURS = (4.0, 8.0, 16.0)
DUE_JITTER = 0.25
# Priority: its share of the deliveries, and how often its due times are short, middling and long.
PRIORITIES = {0: (0.5, (0.2, 0.3, 0.5)), 1: (0.3, (0.3, 0.4, 0.3)), 2: (0.2, (0.5, 0.3, 0.2))}
CUSTOMERS, DIFFICULTIES = 4, 5

EN, DE, CODE, MED = (frozenset({skill}) for skill in ("en", "de", "code", "med"))
USUAL = {EN: 0.53, DE: 0.20, CODE: 0.10, MED: 0.13, SCARCE: 0.04}
# More of what the physicians alone can do, and of what only one person can.
MEDICAL = {EN: 0.48, DE: 0.20, CODE: 0.10, MED: 0.145, SCARCE: 0.075}


@dataclass(frozen=True)
class Scenario:
    """`load` comes in evenly; `burst_load` comes on top of it within the hour from `burst_at` on."""

    name: str
    load: float
    shares: dict[frozenset[str], float]
    burst_load: float = 0.0
    burst_at: float = 8.0


SCENARIOS = (
    Scenario("load_70", 0.70, USUAL),
    Scenario("load_95", 0.95, USUAL),
    Scenario("load_120", 1.20, USUAL),
    Scenario("scarce_skill", 0.90, MEDICAL),
    Scenario("burst", 0.60, USUAL, burst_load=0.30),
)


@dataclass(frozen=True)
class Delivery:
    """Tasks that need the same, came together and are due together; `handling` holds the hours of each, by position."""

    number: int
    needs: frozenset[str]
    priority: int
    arrives: float
    due: float
    customer: int
    difficulty: int
    handling: tuple[float, ...]


@dataclass(frozen=True)
class Trace:
    """One seed of one scenario: everything that will come in, and who works."""

    deliveries: tuple[Delivery, ...]
    people: tuple[Person, ...] = WORKFORCE

    @property
    def task_count(self) -> int:
        return sum(len(each.handling) for each in self.deliveries)

    @property
    def offered_hours(self) -> float:
        return sum(sum(each.handling) for each in self.deliveries)


def make_trace(scenario: Scenario, seed: int, times: HandlingTimes) -> Trace:
    """Return the trace of this scenario and seed: the same, whenever asked."""
    chance = random.Random(f"{scenario.name}/{seed}")
    capacity = capacity_hours(WORKFORCE, HORIZON_HOURS)
    drafts: list[Delivery] = []
    for load, start, length in (
        (scenario.load, 0.0, HORIZON_HOURS),
        (scenario.burst_load, scenario.burst_at, 1.0),
    ):
        for needs, share in scenario.shares.items():
            drafts += _deliveries(needs, load * share * capacity, (start, length), times, chance)
    drafts.sort(key=lambda each: each.arrives)
    return Trace(tuple(replace(each, number=number) for number, each in enumerate(drafts)))


def _deliveries(
    needs: frozenset[str], hours: float, span: tuple[float, float], times: HandlingTimes, chance: random.Random
) -> list[Delivery]:
    """Return deliveries that come to so many hours of work, the last one cut short where they are reached."""
    made: list[Delivery] = []
    while hours > 0:
        handling: list[float] = []
        for _ in range(chance.randint(FEWEST_TASKS, MOST_TASKS)):
            if hours > 0:
                handling.append(times.draw(chance) / 3600.0)
                hours -= handling[-1]
        arrives = span[0] + chance.random() * span[1]
        [priority] = chance.choices(list(PRIORITIES), [share for share, _ in PRIORITIES.values()])
        [due] = chance.choices(DUE_HOURS, PRIORITIES[priority][1])
        due *= chance.uniform(1 - DUE_JITTER, 1 + DUE_JITTER)
        customer, difficulty = chance.randrange(CUSTOMERS), chance.randint(1, DIFFICULTIES)
        made.append(Delivery(0, needs, priority, arrives, arrives + due, customer, difficulty, tuple(handling)))
    return made
