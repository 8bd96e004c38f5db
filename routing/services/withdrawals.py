"""Work that is taken from somebody who may not do it any more, and given to others."""

from collections.abc import Sequence

from django.db.models import QuerySet

from config.kernel.events import record_many
from config.kernel.locks import lock_rows
from config.kernel.transitions import transition_many
from labeling.models import Reviewer, Task
from labeling.types import MADE_FOR_ONE, TASK_MACHINE, TaskState
from routing.models import Lease
from routing.types import LEASE_MACHINE, LeaseState


def take_work_from(
    *, reviewer: Reviewer, leases: QuerySet[Lease], reserved: QuerySet[Task], actor_id: int | None
) -> int:
    """End these live leases of the reviewer, and free these tasks that wait for them alone; return how many leases.

    The tasks go to whoever is free; gold, which was made for this reviewer, is cancelled. Drafts stay, and an answer
    that still comes is kept unplaced. The caller has seen to it that the reviewer is offered none of it again, under
    their advisory lock: no claim of theirs runs at the same time.
    """
    held = lock_rows(leases.filter(reviewer=reviewer, state=LeaseState.LIVE).select_related(None))
    in_hand = Task.objects.filter(pk__in=[lease.task_id for lease in held], state=TaskState.LEASED)
    waiting = reserved.filter(reserved_for=reviewer, state=TaskState.OPEN)
    tasks = lock_rows(
        Task.objects.filter(pk__in=[*in_hand.values_list("pk", flat=True), *waiting.values_list("pk", flat=True)])
    )
    transition_many(held, LeaseState.WITHDRAWN, machine=LEASE_MACHINE, actor_id=actor_id)
    _give_on(tasks, actor_id)
    return len(held)


def _give_on(tasks: Sequence[Task], actor_id: int | None) -> None:
    """Cancel the gold (training, tests) among these locked tasks and open the rest to anybody."""
    for state in (TaskState.OPEN, TaskState.LEASED):
        personal = [task for task in tasks if task.kind in MADE_FOR_ONE and task.state == state]
        transition_many(personal, TaskState.CANCELLED, machine=TASK_MACHINE, actor_id=actor_id)
    others = [task for task in tasks if task.kind not in MADE_FOR_ONE]
    leased = [task for task in others if task.state == TaskState.LEASED]
    transition_many(leased, TaskState.OPEN, machine=TASK_MACHINE, actor_id=actor_id, reserved_for=None)
    kept = [task for task in others if task.state == TaskState.OPEN]
    Task.objects.filter(pk__in=[task.pk for task in kept]).update(reserved_for=None)
    rows = [(task.pk, task.customer_id, {"how": "freed"}) for task in kept]
    record_many("task.freed", subject="labeling.task", rows=rows, actor_id=actor_id)
