"""When work will be done, as things stand. Pure: plain numbers, in hours of work from now.

People who may serve the same pools are a crew. Everybody is taken to work on what is due first of what they may do,
the higher priority first among equals, which is the order that the choice between pools keeps while all can be done in
time (`routing.policy`): so work due earlier takes the people first, and what few can do waits for those few. Work flows:
a crew of three does a pool three times as fast as one, and goes on to the next as soon as it is done.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# Less work than that, in hours, is none: what rounding leaves.
NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Work:
    """Judgments of one pool that are due together, with `hours` of one person's work.

    `due_hours` are real hours from now, so that projects with different calendars can be compared; infinite: never due.
    """

    pool_id: int
    due_hours: float
    hours: float
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Crew:
    """So many people who may serve the same pools."""

    people: int
    pools: frozenset[int]


def crews_of(serving: Mapping[int, Iterable[int]]) -> list[Crew]:
    """Return the crews among the people who serve each pool ({pool: people})."""
    pools: dict[int, set[int]] = {}
    for pool_id, people in serving.items():
        for one in people:
            pools.setdefault(one, set()).add(pool_id)
    return [Crew(people, served) for served, people in Counter(frozenset(each) for each in pools.values()).items()]


def finish_hours(works: Sequence[Work], crews: Sequence[Crew]) -> list[float | None]:
    """Return, for each work in the order given, the hours until it is done; None for what nobody serves."""
    order = sorted(range(len(works)), key=lambda place: (works[place].due_hours, -works[place].priority, place))
    left = [work.hours for work in works]
    finish: list[float | None] = [0.0 if hours <= NOTHING else None for hours in left]
    queues = [[place for place in order if works[place].pool_id in crew.pools] for crew in crews]
    heads = [0] * len(crews)
    now = 0.0
    while True:
        rates: dict[int, int] = {}
        for number, crew in enumerate(crews):
            queue = queues[number]
            while heads[number] < len(queue) and left[queue[heads[number]]] <= NOTHING:
                heads[number] += 1
            if heads[number] < len(queue):
                place = queue[heads[number]]
                rates[place] = rates.get(place, 0) + crew.people
        step = min((left[place] / people for place, people in rates.items()), default=math.inf)
        if math.isinf(step):
            return finish
        now += step
        for place, people in rates.items():
            left[place] -= step * people
            if left[place] <= NOTHING:
                left[place], finish[place] = 0.0, now
