"""Exclusions: somebody may never judge a round, whatever else they may."""

from collections.abc import Collection, Iterable

from django.db import transaction

from config.kernel.events import record, record_many
from config.kernel.locks import ADVISORY_REVIEWER, advisory_lock
from config.kernel.models import User
from labeling.models import Reviewer, Round, Task
from routing.models import Exclusion, Lease
from routing.services.withdrawals import take_work_from
from routing.types import ExclusionReason


@transaction.atomic
def exclude(*, round: Round, reviewer: Reviewer, reason: str, actor: User | None) -> Exclusion:
    """Never give the reviewer this round; what they hold of it goes to others. Again is the same.

    Authors whom an item's metadata names need no exclusion: the claim itself passes them by.
    """
    if reviewer.user_id is not None:
        advisory_lock(ADVISORY_REVIEWER, reviewer.user_id)
    exclusion, is_new = Exclusion.objects.get_or_create(
        round=round,
        reviewer=reviewer,
        defaults={"customer_id": round.customer_id, "reason": ExclusionReason(reason)},
    )
    if is_new:
        actor_id = actor.pk if actor else None
        take_work_from(
            reviewer=reviewer,
            leases=Lease.objects.filter(round=round),
            reserved=Task.objects.filter(round=round),
            actor_id=actor_id,
        )
        record(
            "exclusion.made", subject=exclusion, actor_id=actor_id, data={"round": round.pk, "reviewer": reviewer.pk}
        )
    return exclusion


@transaction.atomic
def exclude_from_new(*, rounds: Iterable[Round], reviewers: Collection[Reviewer], reason: str) -> None:
    """Never give these reviewers any of these rounds, opened in this transaction: nobody can hold any of them yet. What
    was reserved for them there is anybody's."""
    rounds = list(rounds)
    made = Exclusion.objects.bulk_create(
        [
            Exclusion(customer_id=round.customer_id, round=round, reviewer=reviewer, reason=ExclusionReason(reason))
            for round in rounds
            for reviewer in {each.pk: each for each in reviewers}.values()
        ]
    )
    rows = [(each.pk, each.customer_id, {"round": each.round_id, "reviewer": each.reviewer_id}) for each in made]
    record_many("exclusion.made", subject="routing.exclusion", rows=rows, actor_id=None)
    Task.objects.filter(round__in=rounds, reserved_for__in=reviewers).update(reserved_for=None)
