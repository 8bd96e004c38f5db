"""Items whose content was uploaded anew: what was said of the version before does not count for the new one."""

import time

from django.db import transaction
from django.db.models import QuerySet

from config.kernel.locks import lock_rows
from labeling.models import Item, ItemVersion
from labeling.selectors import free_items, is_waiting
from labeling.services.rounds import SLICE, reopen_items
from labeling.types import RoundReason, VersionReason


def revised_versions() -> QuerySet[ItemVersion]:
    """Return the later uploads of items that are to be judged anew: by an older version so far, and held by no flag."""
    return ItemVersion.objects.filter(reason=VersionReason.REUPLOAD, item__in=free_items().filter(is_waiting()))


def revised_items(batch_id: int) -> QuerySet[Item]:
    """Return the items that this batch brought a later version of and that are to be judged anew."""
    return Item.objects.filter(pk__in=revised_versions().filter(batch=batch_id).values("item"))


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
