"""What django-q2 runs for routing."""

from routing.services.leases import expire_leases


def return_abandoned() -> int:
    """Every minute: open the tasks whose leases have expired."""
    return expire_leases()
