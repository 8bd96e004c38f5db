"""What django-q2 runs for routing."""

from config.kernel.types import Fact
from routing.services.leases import expire_leases, withdraw_leases


def return_abandoned() -> int:
    """Every minute: open the tasks whose leases have expired."""
    return expire_leases()


def withdraw_cancelled(facts: list[Fact]) -> None:
    """Hears task.cancelled: whoever held the task holds it no more."""
    withdraw_leases(task_ids=[fact.subject_id for fact in facts])
