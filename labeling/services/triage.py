"""What people decide about flags, and what becomes of the items that these held."""

from django.db import transaction
from django.db.models import F, Q, QuerySet

from config.kernel.errors import Conflict, Invalid
from config.kernel.jobs import enqueue
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.transitions import transition
from labeling.languages import UNDETERMINED
from labeling.models import Flag, Item
from labeling.types import FLAG_MACHINE, ITEM_MACHINE, FlagKind, FlagState, ItemState

REASON_LONGEST = 300


def checked_reason(reason: str) -> str:
    """Return the reason as it is kept; raises Invalid for none, or one that is too long."""
    reason = reason.strip()
    if not reason or len(reason) > REASON_LONGEST:
        raise Invalid(f"Say why, in at most {REASON_LONGEST} characters.", field="reason")
    return reason


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

    Raises as `dismiss_flag` does.
    """
    _item_of(flag)
    return _decide(flag, FlagState.CONFIRMED, reason, actor)


def let_go(*, item: Item, actor: User) -> None:
    """Send a locked item that is accepted, or held by no flag any more, to where its tasks are made."""
    if item.state == ItemState.HELD and not holding_flags(item).exists():
        transition(item, ItemState.ACCEPTED, machine=ITEM_MACHINE, actor_id=actor.pk)
    if item.state == ItemState.ACCEPTED:
        enqueue("labeling.jobs.generate", item.batch_id, queue="bulk")


def holding_flags(item: Item) -> QuerySet[Flag]:
    """Return the flags that keep the item from work: of the kinds its project holds, and its language's while undetermined.

    An open one holds, whichever version it is about; a confirmed one holds too, but for personal data and languages that
    a later version no longer has.
    """
    assert item.current_version is not None
    kinds = set(item.project.hold_flagged)
    if item.current_version.language == UNDETERMINED:
        kinds.add(FlagKind.LANGUAGE)
    still_so = Q(item_version=F("item_version__item__current_version")) | Q(kind=FlagKind.NEAR_DUPLICATE)
    return Flag.objects.filter(
        Q(state=FlagState.OPEN) | (Q(state=FlagState.CONFIRMED) & still_so), item_version__item=item, kind__in=kinds
    )


def _item_of(flag: Flag) -> Item | None:
    """Lock the item that the flag is about, so that decisions on its flags take turns.

    Its version is read after: joined, it would be that of before the wait for the lock.
    """
    if flag.item_version_id is None:
        return None
    return lock_row(Item.objects.filter(versions=flag.item_version_id))


def _decide(flag: Flag, target: str, reason: str, actor: User) -> Flag:
    reason = checked_reason(reason)
    locked = lock_row(Flag.objects.filter(pk=flag.pk))
    if locked.state != FlagState.OPEN:
        raise Conflict(f"This flag was {locked.state} before.")
    transition(locked, target, machine=FLAG_MACHINE, actor_id=actor.pk, reason=reason, decided_by=actor)
    return locked
