"""New versions of an item that no upload brings: a redaction, a language that was found."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from django.db import transaction

from config.kernel.canonical import digest
from config.kernel.errors import Conflict, DomainError, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row, lock_rows
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition_many
from labeling.forms import check_answers
from labeling.item_texts import with_texts
from labeling.models import Flag, Item, ItemVersion, Project
from labeling.personal_data import counts_in, redacted
from labeling.selectors import judged_rounds
from labeling.services.rounds import documents_in_force, reopen_locked
from labeling.services.triage import let_go
from labeling.types import FLAG_MACHINE, WORKED_ON, FlagKind, FlagState, ItemState, RoundReason, VersionReason


def successor(before: ItemVersion, *, reason: str, made_by: User | None = None, **changes: Any) -> ItemVersion:
    """Return the version after `before`, not saved yet: the same but for `changes`, with its digest as if uploaded so."""
    content = {
        name: changes.get(name, getattr(before, name))
        for name in ("payload", "expected", "language", "domain", "difficulty", "provenance", "metadata")
    }
    return ItemVersion(
        customer_id=before.customer_id,
        item_id=before.item_id,
        number=before.number + 1,
        reason=reason,
        made_by=made_by,
        digest=digest(content),
        **content,
    )


@transaction.atomic
def redact_item(*, item: Item, actor: User, reason: str, fields: Collection[str] | None = None) -> ItemVersion:
    """Write the item's next version without the personal data found in it (in these fields only, or all), and route it.

    Its open flags for what was replaced are confirmed. An item in work or resolved is judged anew on the new version; a
    held one, or an upload of it that waits for its flags, goes to work once nothing else holds it. The raw version stays
    as it was. Raises Invalid without a reason and where nothing is found in `fields`, Conflict for gold and withdrawn items
    and where nothing is found at all.
    """
    reason = checked_reason(reason, ask="Say why the item is redacted.")
    locked = lock_row(Item.objects.filter(pk=item.pk))
    if locked.state == ItemState.GOLD:
        raise Conflict("A gold item is not redacted: retire it, and upload it again without the personal data.")
    if locked.state == ItemState.WITHDRAWN:
        raise Conflict("This item was withdrawn; there is nothing to route.")
    before = locked.current_version
    assert before is not None
    made, places, found = _redaction(before, actor, fields)
    if not found and fields is not None:
        raise Invalid(
            "No personal data was found in these places; leave them out to redact the whole item.", field="places"
        )
    if not found:
        raise Conflict("No personal data was found in this item; upload it again with the text as it should be.")
    made.save()
    Item.objects.filter(pk=locked.pk).update(current_version=made)
    locked.current_version = made
    _confirm_flags(locked, places, reason, actor)
    data = {"version": made.number, "found": dict(found)}
    record("item.redacted", subject=locked, actor_id=actor.pk, data=data)
    if locked.state in WORKED_ON and judged_rounds().filter(item=locked, item_version=before).exists():
        reopen_locked(items=[locked], reason=RoundReason.REVISION, actor=actor)
    else:
        let_go(item=locked, actor=actor)
    return made


def redact_flagged(*, flag: Flag, actor: User, reason: str) -> ItemVersion:
    """Redact the item that the flag is about, in every field. Raises Conflict for a flag that is decided or about an answer."""
    if flag.item_version is None:
        raise Conflict("What a reviewer wrote is never changed; invalidate the annotation or have the words erased.")
    if flag.kind != FlagKind.PERSONAL_DATA or flag.state != FlagState.OPEN:
        raise Conflict("Only an open flag for personal data can be answered by a redaction.")
    return redact_item(item=flag.item_version.item, actor=actor, reason=reason)


def _redaction(
    before: ItemVersion, actor: User, fields: Collection[str] | None
) -> tuple[ItemVersion, list[str], Counter[str]]:
    """Return the redacted version, the places that changed, and how many of each pattern were found there."""
    places: list[str] = []
    found: Counter[str] = Counter()

    def replace(place: str, text: str) -> str:
        counts = counts_in(text) if fields is None or place in fields else Counter[str]()
        if not counts:
            return text
        places.append(place)
        found.update(counts)
        return redacted(text)

    payload, metadata = with_texts(before.payload, before.metadata, replace)
    made = successor(
        before,
        reason=VersionReason.REDACTION,
        made_by=actor,
        payload=payload,
        metadata=metadata,
        expected=_still_fitting(before, payload),
    )
    return made, places, found


def _still_fitting(before: ItemVersion, payload: dict[str, Any]) -> Any:
    """Return the expected answer, or None where it no longer answers the form for this content."""
    if before.expected is None:
        return None
    project = Project.objects.get(items=before.item_id)
    keys = [response["key"] for response in payload["responses"]]
    try:
        check_answers(documents_in_force(project).form.document, keys, before.expected["answer"], partial=True)
    except DomainError:
        return None
    return before.expected


def _confirm_flags(item: Item, places: Collection[str], reason: str, actor: User) -> None:
    """Confirm the open flags for personal data in these places of any of the item's versions."""
    fields = [place[: Flag.FIELD_LONGEST] for place in places]
    about = Flag.objects.filter(item_version__item=item, kind=FlagKind.PERSONAL_DATA, field__in=fields)
    open_flags = [flag for flag in lock_rows(about.filter(state=FlagState.OPEN)) if flag.state == FlagState.OPEN]
    transition_many(
        open_flags, FlagState.CONFIRMED, machine=FLAG_MACHINE, actor_id=actor.pk, reason=reason, decided_by=actor
    )
