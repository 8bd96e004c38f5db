"""Items whose content was uploaded anew: what was said of the version before does not count for the new one."""

import time
from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from config.kernel.locks import lock_rows
from labeling.models import Batch, Item, ItemVersion, Project
from labeling.selectors import free_items, is_waiting, waits_for_flags
from labeling.services.rounds import SLICE, reopen_items
from labeling.types import BatchState, RoundReason, VersionReason


def unrevised_batches() -> QuerySet[Batch]:
    """Return the batches whose later versions of items are not all sent to work yet, but for those that flags hold."""
    return Batch.objects.filter(state=BatchState.ACCEPTED, versions_created__gt=0, revised_at=None)


def revise_again(*, project: Project) -> None:
    """See that what the project's batches brought anew is looked through once more, as what holds it has changed."""
    brought = Batch.objects.filter(project=project, state=BatchState.ACCEPTED, versions_created__gt=0)
    brought.update(revised_through=0, revised_at=None)


def reopen_revised(*, batch_id: int, until: float = float("inf")) -> int:
    """Open the next round of every item that this batch brought a new version of; return how many.

    Works in slices, each a transaction of its own with how far it came, until the time (monotonic) is up; run again, or
    twice at once, it does only what is left. What a flag holds is passed by: the decision on the flag sends it to work.
    A batch that waits for its flags is left for their job.
    """
    done = 0
    while time.monotonic() < until and (reopened := _reopen_slice(batch_id)) is not None:
        done += reopened
    return done


@transaction.atomic
def _reopen_slice(batch_id: int) -> int | None:
    """Look at the batch's next later versions; return how many rounds were opened, None where no version is left."""
    batch = unrevised_batches().select_related("project").filter(pk=batch_id).first()
    if batch is None or waits_for_flags(batch):
        return None
    versions = ItemVersion.objects.filter(batch=batch, reason=VersionReason.REUPLOAD, pk__gt=batch.revised_through)
    next_ones = list(versions.order_by("pk").values_list("pk", "item")[:SLICE])
    if not next_ones:
        Batch.objects.filter(pk=batch.pk).update(revised_at=Now())
        return None
    reopened = _reopen([item_id for _, item_id in next_ones])
    Batch.objects.filter(pk=batch.pk).update(revised_through=next_ones[-1][0], worked_at=Now())
    return reopened


def _reopen(item_ids: Collection[int]) -> int:
    """Open the next round of those of these items that are judged by an older version so far and held by no flag."""
    lock_rows(Item.objects.filter(pk__in=item_ids))
    revised = free_items().filter(is_waiting(), pk__in=item_ids)
    return reopen_items(item_ids=list(revised.values_list("pk", flat=True)), reason=RoundReason.REVISION, actor=None)
