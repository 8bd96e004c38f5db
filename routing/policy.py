"""Which pool first: a pure choice on plain values. The weights are in `routing.weights`.

The score of a pool is a sum, in doublings of time:

    urgency     - log2(1 + hours left until it is due)
    scarcity    + for each circle of people it rests on: how tight their time is
    protection  + for each level of priority up to its own: how tight the time of the work from there up is
    priority    + for each level of priority below its own
    standing    - how far the work is above the reviewer's standing
    cost        - what a judgment costs, against the dearest at hand
    fairness    - the share of the latest work that was its customer's

where tight is 1 with no hour to spare and falls with the hours to spare (`routing.slack`).

Why so. While everything can be done in time, the earliest due first is right, and the first term is just that. It goes
wrong in three ways. It spends the few on what many can do: so work that rests on few people gains, the more the less
time those few have left for it. It loses important work with the rest when there is too much: so work of each priority
gains as soon as the work of that priority and above leaves no time to spare, and not before, because until then lower
work that is due sooner can be done as well. And it keeps people at work that is late whatever they do, while other work
becomes late: so pools whose time is over count as if due in some hours, and wait until the rest has that much time.

Nothing starves: work that has waited `starving_after_hours` goes before everything else, the oldest first. From then on,
only work that has waited still longer goes before it: at each ask of somebody who may serve it, one piece of that fewer.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from routing.slack import Demand, Spare, levels_of, spare_hours
from routing.types import PoolChoice, Trust, Weighed
from routing.weights import HOUSE, Weights

HARDEST = 5
# Beyond this no due time is nearer than another; a pool without one counts as due then.
HORIZON_HOURS = 24.0 * 365
# What is late, or not due at all, is part of no chain.
BESIDE = Spare((), (), math.inf)

IN_TIME, DOUBTFUL, LATE, NOT_DUE = "in time", "doubtful", "late", "not due"


def ranked(
    choices: Sequence[PoolChoice],
    *,
    now: datetime,
    weights: Weights = HOUSE,
    by_project: Mapping[int, Weights] | None = None,
) -> list[PoolChoice]:
    """Return the pools in the order in which to try them."""
    return [each.choice for each in weighed(choices, now=now, weights=weights, by_project=by_project)]


def weighed(
    choices: Sequence[PoolChoice],
    *,
    now: datetime,
    weights: Weights = HOUSE,
    by_project: Mapping[int, Weights] | None = None,
) -> list[Weighed]:
    """Return the pools in the order in which to try them, each with its score and why.

    `by_project` holds the weights of projects that differ from the house's. The order does not depend on the order of
    the choices: equal scores go by due time, priority, how few could do it, the oldest work (`waiting_since`
    grows with time), and id.
    """
    own = by_project or {}
    timed = [_timing(choice, now, own.get(choice.project_id, weights)) for choice in choices]
    due = {place: left for place, (timing, left, _) in enumerate(timed) if left is not None and timing != LATE}
    demands = [_demand(choices[place], left, weights) for place, left in due.items()]
    spares = dict(zip(due, spare_hours(demands), strict=True))
    levels = levels_of({choice.priority for choice in choices})
    dearest = max((choice.pay_amount or 0.0 for choice in choices), default=0.0)
    found = []
    for place, choice in enumerate(choices):
        (timing, left, counted), spare = timed[place], spares.get(place, BESIDE)
        its = own.get(choice.project_id, weights)
        terms = {
            "urgency": -its.urgency * math.log2(1.0 + counted),
            "scarcity": its.scarcity * _tightness(spare.by_people, its),
            "protection": its.protection * _tightness(spare.by_priority, its),
            "priority": its.priority * bisect_left(levels, choice.priority),
            "standing": -its.standing * _shortfall(choice, its),
            "cost": -its.cost * ((choice.pay_amount or 0.0) / dearest if dearest > 0 else 0.0),
            "fairness": -its.fairness * (choice.customer_share or 0.0),
        }
        least = spare.least if place in spares else None
        found.append(Weighed(choice, math.fsum(terms.values()), terms, timing, least, left))
    return sorted(found, key=lambda each: _place(each, own.get(each.choice.project_id, weights)))


def reason(each: Weighed, *, rank: int, of: int) -> dict[str, Any]:
    """Say why this pool was chosen: each term, the place among the others, and one sentence. Kept on the lease."""
    choice = each.choice
    return {
        "text": _sentence(each, rank=rank, of=of),
        "priority": choice.priority,
        "due_at": choice.due_at.isoformat() if choice.due_at else None,
        "timing": each.timing,
        "left_hours": None if each.left_hours is None else round(each.left_hours, 2),
        "spare_hours": None if each.spare_hours is None else round(each.spare_hours, 2),
        "score": round(each.score, 3),
        "terms": {name: round(value, 3) + 0.0 for name, value in each.terms.items()},
        "rank": rank,
        "of": of,
    }


def _timing(choice: PoolChoice, now: datetime, weights: Weights) -> tuple[str, float | None, float]:
    """Return how the pool stands to its due time, the hours left (None without one), and the hours that count."""
    if choice.due_at is None:
        return NOT_DUE, None, HORIZON_HOURS
    left = min((choice.due_at - now).total_seconds() / 3600.0, HORIZON_HOURS)
    if left <= 0:
        return LATE, left, max(weights.late_hours, weights.doubtful_hours)
    if left < weights.safe_judgments * _judgment_hours(choice, weights):
        return DOUBTFUL, left, max(left, weights.doubtful_hours)
    return IN_TIME, left, left


def _people(choice: PoolChoice) -> int:
    """Whoever asks can serve it; where nobody counted, it is taken for work that only they can do."""
    return choice.present_people or 1


def _judgment_hours(choice: PoolChoice, weights: Weights) -> float:
    """Return how long one judgment keeps one person."""
    if choice.throughput_per_hour is None or choice.throughput_per_hour <= 0:
        return weights.unknown_seconds / 3600.0
    return min(_people(choice) / choice.throughput_per_hour, HORIZON_HOURS)


def _demand(choice: PoolChoice, left: float, weights: Weights) -> Demand:
    work = max(choice.open_count, 1) * _judgment_hours(choice, weights)
    return Demand(due_hours=left, work_hours=work, people=_people(choice), priority=choice.priority)


def _tightness(spares: Sequence[float], weights: Weights) -> float:
    """Return the sum over the chains: 1 for none to spare, half for `spare_hours`, towards nought for plenty."""
    half = weights.spare_hours
    return sum([half / (half + spare) if spare > 0 else 1.0 for spare in spares], 0.0)


def _shortfall(choice: PoolChoice, weights: Weights) -> float:
    """Return how far the work is above the reviewer's standing, 0 to 1."""
    standing = choice.standing
    if choice.trust == Trust.PROBATION:
        standing = min(standing, weights.probation_standing)
    return max((choice.difficulty - 1) / (HARDEST - 1) - standing, 0.0)


def _place(each: Weighed, weights: Weights) -> tuple[float, ...]:
    choice = each.choice
    is_starving = choice.oldest_waiting_seconds >= weights.starving_after_hours * 3600.0
    left = HORIZON_HOURS if each.left_hours is None else each.left_hours
    return (
        -choice.oldest_waiting_seconds if is_starving else 0.0,
        -each.score,
        left,
        -choice.priority,
        _people(choice),
        choice.waiting_since,
        choice.pool_id,
    )


def _sentence(each: Weighed, *, rank: int, of: int) -> str:
    when = {
        NOT_DUE: "it has no due time",
        LATE: "its due time is over",
        DOUBTFUL: "its due time is very near",
        IN_TIME: f"it is due in {each.left_hours or 0.0:.1f} h",
    }[each.timing]
    gained = {name: value for name, value in each.terms.items() if name != "urgency" and value > 0}
    lead = max(gained, key=lambda name: gained[name]) if gained else None
    because = {
        "scarcity": ", and few people could do it",
        "protection": ", and work of its priority leaves no time to spare",
        "priority": ", and its priority is high",
        None: "",
    }[lead]
    return f"Choice {rank} of {of}: {when}{because}."
