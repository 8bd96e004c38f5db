"""What django-q2 runs for routing."""

from config.kernel.types import Fact
from routing.services.leases import expire_leases, withdraw_leases
from routing.services.rollups import roll_up
from routing.services.watching import watch_service_levels


def return_abandoned() -> int:
    """Every minute: open the tasks whose leases have expired."""
    return expire_leases()


def withdraw_cancelled(facts: list[Fact]) -> None:
    """Hears task.cancelled: whoever held the task holds it no more."""
    withdraw_leases(task_ids=[fact.subject_id for fact in facts])


def roll_up_pools() -> int:
    """Every minute: count, forecast and keep the figures of every pool."""
    return roll_up()


def renew_due_times(facts: list[Fact]) -> None:
    """Hears what moves due times: accepted batches, changed projects and service levels, stops of the clock."""
    roll_up()


def watch() -> int:
    """Every minute: escalate what will be late, is late, or can be done by nobody."""
    return watch_service_levels()
