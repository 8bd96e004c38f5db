"""The simulation: a heap of events; whoever is free takes the first task of the pool that the policy puts first."""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from config.simulation.workforce import Person
from config.simulation.workload import Delivery, Trace

# What comes at one instant comes in this order: work, then people who begin, then people who are free again.
ARRIVES, BEGINS, FREE = 0, 1, 2
LATEST_JUDGMENTS = 200
# A wait this small is rounding, and never work that is left.
INSTANT = 1e-9


@dataclass(slots=True)
class OpenPool:
    """A delivery of which some tasks are open: those from `taken` on."""

    delivery: Delivery
    taken: int = 0

    @property
    def open_count(self) -> int:
        return len(self.delivery.handling) - self.taken


@dataclass(slots=True)
class Office:
    """What the product could know at this time: who is at work, and what was measured so far. Never the future."""

    people: tuple[Person, ...]
    now: float = 0.0
    done_hours: dict[frozenset[str], float] = field(default_factory=dict)
    done_count: dict[frozenset[str], int] = field(default_factory=dict)
    latest_customers: deque[int] = field(default_factory=lambda: deque(maxlen=LATEST_JUDGMENTS))

    def eligible(self, needs: frozenset[str]) -> int:
        return sum(1 for person in self.people if person.may(needs) and person.is_at_work(self.now))

    def pace(self, needs: frozenset[str]) -> float | None:
        """Return the judgments that one person does an hour, as measured; None before the first."""
        count = self.done_count.get(needs, 0)
        return count / self.done_hours[needs] if count else None

    def measure(self, served: "Served") -> None:
        needs = served.delivery.needs
        self.done_hours[needs] = self.done_hours.get(needs, 0.0) + served.finished - served.started
        self.done_count[needs] = self.done_count.get(needs, 0) + 1
        self.latest_customers.append(served.delivery.customer)


@dataclass(frozen=True, slots=True)
class Served:
    """One task, done: by whom, from when to when."""

    delivery: Delivery
    position: int
    person: Person
    started: float
    finished: float

    @property
    def is_hit(self) -> bool:
        return self.finished <= self.delivery.due


Chooser = Callable[[Person, list[OpenPool], Office], OpenPool]


def simulate(trace: Trace, choose: Chooser) -> list[Served]:
    """Return every task of the trace, done, in the order of finishing.

    People take a task only within their hours, and finish what they have begun. Every delivery must be one that
    somebody may serve; raises ValueError otherwise.
    """
    for delivery in trace.deliveries:
        if not any(person.may(delivery.needs) for person in trace.people):
            raise ValueError(f"Nobody may serve delivery {delivery.number}.")
    return _Simulation(trace, choose).run()


class _Simulation:
    def __init__(self, trace: Trace, choose: Chooser) -> None:
        self.people, self.choose = trace.people, choose
        self.office = Office(trace.people)
        self.pools: dict[frozenset[str], list[OpenPool]] = {}
        self.idle: list[int] = []
        self.holding: dict[int, Served] = {}
        self.served: list[Served] = []
        self.left = trace.task_count
        self.events: list[tuple[float, int, int]] = [
            (delivery.arrives, ARRIVES, place) for place, delivery in enumerate(trace.deliveries)
        ]
        for place, person in enumerate(trace.people):
            self.events.append((0.0 if person.is_at_work(0.0) else person.next_start(0.0), BEGINS, place))
        heapq.heapify(self.events)
        self.deliveries = trace.deliveries

    def run(self) -> list[Served]:
        while self.left:
            now, kind, place = heapq.heappop(self.events)
            self.office.now = now
            if kind == ARRIVES:
                self._open(self.deliveries[place])
            else:
                if kind == FREE:
                    self._finish(place)
                self._ask(place)
        return self.served

    def _open(self, delivery: Delivery) -> None:
        self.pools.setdefault(delivery.needs, []).append(OpenPool(delivery))
        waiting, self.idle = self.idle, []
        for place in waiting:
            self._ask(place)

    def _finish(self, place: int) -> None:
        served = self.holding.pop(place)
        self.office.measure(served)
        self.served.append(served)
        self.left -= 1

    def _ask(self, place: int) -> None:
        """Give this person a task, or let them wait for work, or go home until their next day."""
        person, now = self.people[place], self.office.now
        if not person.is_at_work(now):
            heapq.heappush(self.events, (max(person.next_start(now), now + INSTANT), BEGINS, place))
            return
        offered = [pool for needs, pools in self.pools.items() if person.may(needs) for pool in pools]
        if not offered:
            self.idle.append(place)
            return
        pool = self.choose(person, offered, self.office)
        delivery, position = pool.delivery, pool.taken
        pool.taken += 1
        if not pool.open_count:
            self.pools[delivery.needs].remove(pool)
        finished = now + delivery.handling[position]
        self.holding[place] = Served(delivery, position, person, now, finished)
        heapq.heappush(self.events, (finished, FREE, place))
