"""The policies that are compared: three simple ones, and the product's own with what the product would know."""

import random
from datetime import UTC, datetime, timedelta

from config.simulation.events import Chooser, Office, OpenPool
from config.simulation.workforce import Person
from config.simulation.workload import CUSTOMERS
from routing.policy import ranked
from routing.types import PoolChoice
from routing.weights import HOUSE, Weights

SIMPLE = ("fifo", "random", "deadline")
OURS = "ours"
POLICIES = (*SIMPLE, OURS)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def chooser(name: str, *, seed: int, weights: Weights = HOUSE) -> Chooser:
    """Return the policy of this name, made anew for one run."""
    if name == "fifo":
        return _first_in
    if name == "random":
        chance = random.Random(f"choice/{seed}")
        return lambda person, pools, office: chance.choice(pools)
    if name == "deadline":
        return _earliest_due
    return _Ours(weights)


def _first_in(person: Person, pools: list[OpenPool], office: Office) -> OpenPool:
    return min(pools, key=lambda pool: (pool.delivery.arrives, pool.delivery.number))


def _earliest_due(person: Person, pools: list[OpenPool], office: Office) -> OpenPool:
    return min(pools, key=lambda pool: (pool.delivery.due, pool.delivery.number))


class _Ours:
    """`routing.policy` on plain values: paces measured in the run, people counted at the time."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    def __call__(self, person: Person, pools: list[OpenPool], office: Office) -> OpenPool:
        by_number = {pool.delivery.number: pool for pool in pools}
        eligible = {needs: office.eligible(needs) for needs in {pool.delivery.needs for pool in pools}}
        paces = {needs: office.pace(needs) for needs in eligible}
        latest = list(office.latest_customers)
        shares = [latest.count(customer) / max(len(latest), 1) for customer in range(CUSTOMERS)]
        first, *_ = ranked(
            [_choice(pool, person, office.now, eligible, paces, shares) for pool in pools],
            now=EPOCH + timedelta(hours=office.now),
            weights=self.weights,
        )
        return by_number[first.pool_id]


def _choice(
    pool: OpenPool,
    person: Person,
    now: float,
    eligible: dict[frozenset[str], int],
    paces: dict[frozenset[str], float | None],
    shares: list[float],
) -> PoolChoice:
    delivery = pool.delivery
    pace = paces[delivery.needs]
    return PoolChoice(
        standing=person.standing,
        pool_id=delivery.number,
        project_id=delivery.customer,
        priority=delivery.priority,
        due_at=EPOCH + timedelta(hours=delivery.due),
        waiting_since=delivery.number,
        open_count=pool.open_count,
        throughput_per_hour=None if pace is None else pace * eligible[delivery.needs],
        present_people=eligible[delivery.needs],
        difficulty=delivery.difficulty,
        customer_id=delivery.customer,
        pay_amount=None if pace is None else person.rate / pace,
        customer_share=shares[delivery.customer],
        oldest_waiting_seconds=(now - delivery.arrives) * 3600.0,
    )
