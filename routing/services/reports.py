"""A reviewer reports the item they were given."""

from uuid import UUID

from config.kernel.models import User
from labeling.models import Task
from labeling.services.reports import report_item
from labeling.types import TaskState
from routing.answers import lease_of
from routing.services.leases import withdraw_leases
from routing.types import Flagged


def flag_task(*, user: User, token: UUID, problem: str, note: str) -> Flagged:
    """Flag the item of the task for a person to look at; the same again is the same flag.

    Where the project holds what is reported, the task is theirs no more: drafts stay, and an answer that still comes is
    kept. Raises NoSuchLease for a token that is not this person's, Invalid as `report_item` does.
    """
    lease = lease_of(user=user, token=token)
    made = report_item(task=lease.task, token=token, reviewer=lease.reviewer, problem=problem, note=note, actor=user)
    withdraw_leases(task_ids=made.stopped)
    is_held = Task.objects.filter(pk=lease.task_id, state=TaskState.CANCELLED).exists()
    return Flagged(made.flag.public_id, is_new=made.is_new, is_held=is_held)
