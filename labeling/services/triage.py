"""What people decide about flags, and what becomes of the items that these held."""

import time
from collections.abc import Collection, Iterator

from django.db import transaction
from django.db.models import QuerySet

from config.kernel.errors import Conflict
from config.kernel.jobs import enqueue
from config.kernel.locks import lock_row, lock_rows
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition, transition_many
from labeling.models import Flag, Item, ItemVersion
from labeling.selectors import free_items, is_waiting
from labeling.services.reports import resume
from labeling.services.rounds import reopen_locked
from labeling.types import FLAG_MACHINE, ITEM_MACHINE, FlagKind, FlagState, ItemState, RoundReason

SLICE = 1000


@transaction.atomic
def dismiss_flag(*, flag: Flag, reason: str, actor: User) -> Flag:
    """Say that the flag is no reason to act. An item that nothing else holds goes to work.

    Raises Conflict for a flag that was decided before, Invalid without a reason; then nothing has changed.
    """
    item = _item_of(flag)
    decided = _decide(flag, FlagState.DISMISSED, reason, actor)
    if item is not None:
        let_go(item=item, actor=actor)
    return decided


@transaction.atomic
def confirm_flag(*, flag: Flag, reason: str, actor: User) -> Flag:
    """Say that the flag is right. An item that it holds stays held: until a redaction, or for good.

    One that nothing holds any more, since the project's settings or its version changed, goes to work. Raises as
    `dismiss_flag` does.
    """
    item = _item_of(flag)
    decided = _decide(flag, FlagState.CONFIRMED, reason, actor)
    if item is not None:
        let_go(item=item, actor=actor)
    return decided


def let_go(*, item: Item, actor: User) -> None:
    """Send a locked item that no flag holds to work: to where its tasks are made, judged anew on a version that waited, or
    on with the round that a report had stopped."""
    free = free_items().filter(pk=item.pk)
    if item.state == ItemState.HELD and free.exists():
        transition(item, ItemState.ACCEPTED, machine=ITEM_MACHINE, actor_id=actor.pk)
    if item.state == ItemState.ACCEPTED:
        enqueue("labeling.jobs.generate", item.batch_id, queue="bulk")
    elif free.filter(is_waiting()).exists():
        reopen_locked(items=[item], reason=RoundReason.REVISION, actor=actor)
    elif item.state == ItemState.IN_PROGRESS and free.exists():
        resume(item=item)


def resume_stopped(*, project_id: int) -> int:
    """Go on with the items of the project that a report had stopped and that nothing holds any more; return how many.

    Takes a slice at most: each is a transaction of its own.
    """
    reported = Flag.objects.filter(project=project_id, kind=FlagKind.REPORTED, state=FlagState.OPEN)
    stopped = free_items().filter(pk__in=reported.values("item_version__item"), state=ItemState.IN_PROGRESS)
    done = 0
    for item_id in list(stopped.order_by("pk").values_list("pk", flat=True)[:SLICE]):
        with transaction.atomic():
            item = lock_row(Item.objects.filter(pk=item_id))
            done += bool(stopped.filter(pk=item_id).exists() and resume(item=item))
    return done


def releasable_items() -> QuerySet[Item]:
    """Return the held items that nothing holds any more."""
    return free_items().filter(state=ItemState.HELD)


def release_held(*, batch_id: int, until: float = float("inf")) -> int:
    """Let go of the held items that the batch brought a version of and that nothing holds any more; return how many.

    Works in slices, each a transaction of its own, until the time (monotonic) is up; run again, or twice at once, it
    does only what is left.
    """
    brought = ItemVersion.objects.filter(batch=batch_id).values("item")
    done = 0
    for ids in _held(Item.objects.filter(pk__in=brought), until):
        done += _release(ids, batch_id)
    return done


def releasable_batches(*, until: float = float("inf")) -> set[int]:
    """Return the batches with held items that nothing holds any more, as far as they are found by `until` (monotonic)."""
    found: set[int] = set()
    for ids in _held(Item.objects.all(), until):
        found.update(releasable_items().filter(pk__in=ids).values_list("batch_id", flat=True))
    return found


def _held(items: QuerySet[Item], until: float) -> Iterator[list[int]]:
    """Yield the ids of those of the items that are held, in order, SLICE at a time, until the time is up."""
    last = 0
    while time.monotonic() < until:
        held = items.filter(state=ItemState.HELD, pk__gt=last).order_by("pk")
        ids = list(held.values_list("pk", flat=True)[:SLICE])
        if not ids:
            return
        yield ids
        last = ids[-1]


@transaction.atomic
def _release(item_ids: Collection[int], batch_id: int) -> int:
    """Let go of those of these items that nothing holds; what came with another batch than this gets its tasks by a job."""
    locked = lock_rows(Item.objects.filter(pk__in=releasable_items().filter(pk__in=item_ids).values("pk")))
    still = set(releasable_items().filter(pk__in=[item.pk for item in locked]).values_list("pk", flat=True))
    released = [item for item in locked if item.pk in still]
    transition_many(released, ItemState.ACCEPTED, machine=ITEM_MACHINE, actor_id=None)
    for other in sorted({item.batch_id for item in released} - {batch_id}):
        enqueue("labeling.jobs.generate", other, queue="bulk")
    return len(released)


def _item_of(flag: Flag) -> Item | None:
    """Lock the item that the flag is about, so that decisions on its flags take turns.

    Its version is read after: joined, it would be that of before the wait for the lock.
    """
    if flag.item_version_id is None:
        return None
    return lock_row(Item.objects.filter(versions=flag.item_version_id))


def _decide(flag: Flag, target: str, reason: str, actor: User) -> Flag:
    reason = checked_reason(reason, ask="Say why the flag is right, or is none.")
    locked = lock_row(Flag.objects.filter(pk=flag.pk))
    if locked.state != FlagState.OPEN:
        raise Conflict(f"This flag was {locked.state} before.")
    transition(locked, target, machine=FLAG_MACHINE, actor_id=actor.pk, reason=reason, decided_by=actor)
    return locked
