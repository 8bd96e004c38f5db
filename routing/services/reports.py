"""A reviewer reports the item they were given."""

from uuid import UUID

from django.db import transaction

from config.kernel.locks import lock_row
from config.kernel.models import User
from labeling.models import Flag, Round
from labeling.services.reports import report_item, stop_reported
from routing.answers import lease_of
from routing.models import Lease
from routing.services.leases import withdraw_leases
from routing.types import Flagged, LeaseState


def flag_task(*, user: User, token: UUID, problem: str, note: str) -> Flagged:
    """Flag the item of the task for a person to look at; the same again is the same flag.

    Where the project holds what is reported, a task in hand is theirs no more: drafts stay, and an answer that still
    comes is kept. A lease that is over stops nothing. What the answer says of that is the same for gold and for other
    work. Raises NoSuchLease for a token that is not this person's, Invalid as `report_item` does.
    """
    lease = lease_of(user=user, token=token)
    stopped: tuple[int, ...] = ()
    with transaction.atomic():
        made = report_item(
            task=lease.task, token=token, reviewer=lease.reviewer, problem=problem, note=note, actor=user
        )
        lease.task.round = lock_row(Round.objects.filter(pk=lease.round_id))
        kept = lock_row(Lease.objects.filter(pk=lease.pk))
        if made.is_new and kept.state == LeaseState.LIVE:
            stopped = stop_reported(task=lease.task, actor=user)
    withdraw_leases(task_ids=stopped)
    is_repeat_of_a_stop = not made.is_new and kept.state == LeaseState.WITHDRAWN and _is_before(made.flag, kept)
    return Flagged(made.flag.public_id, is_new=made.is_new, is_held=kept.task_id in stopped or is_repeat_of_a_stop)


def _is_before(flag: Flag, lease: Lease) -> bool:
    return lease.ended_at is not None and flag.created_at < lease.ended_at
