"""How much time there is to spare, seen over all the work that rests on the same people. Plain numbers, in hours.

Alone, a pool may seem to have all day; but its people have other work, due before it. The hours to spare of a piece of
work are those of the tightest chain it belongs to. A chain is all the work due by some time, that no more than so many
people could do, and of at least some priority. Those people spend (work / people) hours on it, so that

    to spare = time until it is due - work of the chain / people

which is the demand criterion of earliest-due-first scheduling (Baruah, Rosier and Howell 1990, for one machine), asked
of every circle of people in turn. Skills nest, as a rule: what fewer can do, is done by some of those who can do more;
where they do not nest, the chain counts work that others could take, and errs on the side of urgency.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

# More circles than these, or more levels of priority, tell nothing more: the smallest, the largest and some between.
MOST_LEVELS = 6


@dataclass(frozen=True, slots=True)
class Demand:
    """Work that is due: hours until then, person-hours of work, how many people could do it, its priority."""

    due_hours: float
    work_hours: float
    people: int
    priority: int


@dataclass(frozen=True, slots=True)
class Spare:
    """The hours to spare of one demand, which may be negative.

    `by_people`: one for each circle of people it rests on, the smallest first, but for the largest circle, on which all
    work rests. `by_priority`: one for each level of priority up to its own, the lowest first, but for the lowest.
    `least`: the least of all.
    """

    by_people: tuple[float, ...]
    by_priority: tuple[float, ...]
    least: float


def spare_hours(demands: Sequence[Demand]) -> list[Spare]:
    """Return the hours to spare of each demand, in the order given. At most 36 passes over them, after sorting."""
    circles = levels_of({demand.people for demand in demands})
    floors = levels_of({demand.priority for demand in demands})
    order = sorted(range(len(demands)), key=lambda place: demands[place].due_hours)
    by_people: list[list[float]] = [[] for _ in demands]
    by_priority: list[list[float]] = [[] for _ in demands]
    least = [math.inf] * len(demands)
    for floor in floors:
        above = [place for place in order if demands[place].priority >= floor]
        tightest = [math.inf] * len(demands)
        for circle in circles:
            members = [place for place in above if demands[place].people <= circle]
            for place, spare in zip(members, _tightest_after(members, demands, circle), strict=True):
                if spare < tightest[place]:
                    tightest[place] = spare
                if floor == floors[0] and circle != circles[-1]:
                    by_people[place].append(spare)
        for place in above:
            least[place] = min(least[place], tightest[place])
            if floor != floors[0]:
                by_priority[place].append(tightest[place])
    return [
        Spare(tuple(people), tuple(priority), spare)
        for people, priority, spare in zip(by_people, by_priority, least, strict=True)
    ]


def _tightest_after(members: Sequence[int], demands: Sequence[Demand], people: int) -> list[float]:
    """Return, for each member in order of due time, the least to spare at any due time from its own on."""
    work = accumulate(demands[place].work_hours for place in members)
    spares = [demands[place].due_hours - done / people for place, done in zip(members, work, strict=True)]
    return list(accumulate(reversed(spares), min))[::-1]


def levels_of(values: set[int]) -> list[int]:
    """Return the values in order; of more than MOST_LEVELS the smallest, the largest and some between, evenly."""
    ordered = sorted(values)
    if len(ordered) <= MOST_LEVELS:
        return ordered
    last = len(ordered) - 1
    return [ordered[round(step * last / (MOST_LEVELS - 1))] for step in range(MOST_LEVELS)]
