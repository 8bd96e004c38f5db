"""Which pool first: a pure choice on plain values. Weights live here, in one place."""

from collections.abc import Sequence
from datetime import datetime

from routing.types import PoolChoice


def ranked(choices: Sequence[PoolChoice], *, now: datetime) -> list[PoolChoice]:
    """Return the pools in the order in which to try them: priority, then the nearest due time, then the oldest work.

    A pool without a due time comes after those with one; `waiting_since` is the position of its first open task, which
    grows with time, so that older work of equal urgency goes first.
    """

    def key(choice: PoolChoice) -> tuple[int, float, int, int]:
        slack = (choice.due_at - now).total_seconds() if choice.due_at else float("inf")
        return (-choice.priority, slack, choice.waiting_since, choice.pool_id)

    return sorted(choices, key=key)


def reason(choice: PoolChoice, *, rank: int, of: int) -> dict[str, object]:
    """Say why this pool was chosen; kept on the lease."""
    return {
        "priority": choice.priority,
        "due_at": choice.due_at.isoformat() if choice.due_at else None,
        "rank": rank,
        "of": of,
    }
