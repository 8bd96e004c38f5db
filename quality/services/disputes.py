"""What is in question goes to an adjudicator, who sees the sides without names."""

from collections.abc import Sequence

from django.db import transaction

from config.kernel.errors import Conflict
from config.kernel.events import record
from config.kernel.locks import lock_row, lock_rows
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from labeling.models import Item, Round
from labeling.services.rounds import last_rounds
from labeling.services.stages import add_tasks, open_next_rounds
from labeling.types import RoundReason, RoundState, TaskKind, Work
from quality.models import Dispute, Resolution
from quality.types import DisputeReason, DisputeState


@transaction.atomic
def open_dispute(
    *,
    opened: Round,
    reason: str,
    sides: Sequence[int],
    resolution: Resolution | None = None,
    actor_id: int | None = None,
) -> Dispute:
    """Ask an adjudicator about this round; one that is in dispute already stays so, and is returned.

    `sides` are the annotations to be seen. In an open round the adjudicator's is one more task of it; after a resolved one
    another round follows, and the item is in progress again.
    """
    lock_row(Item.objects.filter(pk=opened.item_id))
    opened = lock_rows(Round.objects.filter(pk=opened.pk).select_related(None))[0]
    return open_dispute_locked(opened=opened, reason=reason, sides=sides, resolution=resolution, actor_id=actor_id)


def open_dispute_locked(
    *,
    opened: Round,
    reason: str,
    sides: Sequence[int],
    resolution: Resolution | None = None,
    actor_id: int | None = None,
) -> Dispute:
    """Do what `open_dispute` does for a round that the caller has locked, and its item."""
    known = Dispute.objects.filter(round=opened, state=DisputeState.OPEN).first()
    if known is not None:
        return known
    if opened.state == RoundState.OPEN:
        add_tasks(rounds=[opened], kind=TaskKind.ADJUDICATE, work=Work.EXPERT, beside={opened.pk: sides})
        where: Round | None = opened
    else:
        following = open_next_rounds(
            after=[opened],
            reason=RoundReason.DISPUTE,
            kind=TaskKind.ADJUDICATE,
            work=Work.EXPERT,
            needed=1,
            beside={opened.pk: sides},
        )
        where = following[0] if following else None
    dispute = Dispute.objects.create(
        customer_id=opened.customer_id,
        project_id=opened.project_id,
        reason=reason,
        round=opened,
        resolution=resolution,
        annotations=list(sides),
        adjudicated_in=where,
    )
    record("dispute.opened", subject=dispute, actor_id=actor_id, data={"round": opened.pk, "reason": reason})
    return dispute


@transaction.atomic
def question_resolution(*, resolution: Resolution, reason: str, actor: User) -> Dispute:
    """Have what a round came to adjudicated, and say why. Raises Invalid without a reason, Conflict for what is no longer
    what its item came to, and while it is in dispute."""
    reason = checked_reason(reason, ask="Say why this result is in question.")
    item = lock_row(Item.objects.filter(pk=resolution.round.item_id))
    latest = last_rounds([item]).get(item.pk)
    is_current = not Resolution.objects.filter(supersedes=resolution).exists()
    if latest is None or latest.pk != resolution.round_id or not is_current:
        raise Conflict("The item came to something else since, or is judged anew; look at its latest result.")
    if Dispute.objects.filter(round=latest, state=DisputeState.OPEN).exists():
        raise Conflict("This result is in dispute already; an adjudicator decides.")
    dispute = open_dispute(
        opened=latest,
        reason=DisputeReason.OPERATOR,
        sides=resolution.annotation_ids,
        resolution=resolution,
        actor_id=actor.pk,
    )
    record("dispute.asked_for", subject=dispute, actor_id=actor.pk, data={"reason": reason})
    return dispute
