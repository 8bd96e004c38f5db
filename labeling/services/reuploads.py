"""Items whose content was uploaded anew: what was said of the version before does not count for the new one."""

import time
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from config.kernel.locks import lock_rows
from labeling.models import Item, Round
from labeling.services.rounds import SLICE, reopen_items
from labeling.types import ItemState, RoundReason, RoundState, VersionReason


def revised_items(batch: Any) -> QuerySet[Item]:
    """Return the items whose current version came with this batch as a later one, and that are judged by an older one."""
    judged = Round.objects.filter(item=OuterRef("pk"), item_version=OuterRef("current_version")).exclude(
        state=RoundState.HISTORY
    )
    return Item.objects.filter(
        ~Exists(judged),
        current_version__batch=batch,
        current_version__reason=VersionReason.REUPLOAD,
        state__in=[ItemState.IN_PROGRESS, ItemState.RESOLVED],
    )


def reopen_revised(*, batch_id: int, until: float = float("inf")) -> int:
    """Open the next round of every item that this batch brought a new version of; return how many.

    Works in slices, each a transaction of its own, until the time (monotonic) is up; run again, or twice at once, it
    does only what is left.
    """
    done = 0
    while time.monotonic() < until and (reopened := _reopen_slice(batch_id)):
        done += reopened
    return done


@transaction.atomic
def _reopen_slice(batch_id: int) -> int:
    revised = revised_items(batch_id)
    ids = list(revised.order_by("pk").values_list("pk", flat=True)[:SLICE])
    lock_rows(Item.objects.filter(pk__in=ids))
    return reopen_items(
        item_ids=list(revised.filter(pk__in=ids).values_list("pk", flat=True)),
        reason=RoundReason.REVISION,
        actor=None,
    )
