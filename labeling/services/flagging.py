"""Looking through accepted items for what a person should see: in slices, each committed with how far it came.

For jobs only: what it looks with needs numpy.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from config.kernel.events import record, record_many
from config.kernel.jobs import enqueue
from config.kernel.locks import ADVISORY_FLAGS, lock_rows, session_lock
from config.kernel.transitions import transition_many
from labeling.item_texts import texts_of
from labeling.language_identification import disagrees, identify, text_to_identify
from labeling.languages import UNDETERMINED
from labeling.models import Annotation, Batch, Flag, Item, ItemVersion
from labeling.personal_data import counts_in
from labeling.selectors import judged_rounds, waits_for_flags
from labeling.services.free_text import flag_annotations
from labeling.services.linking import link_near_duplicates
from labeling.services.revisions import successor
from labeling.services.rounds import reopen_items
from labeling.types import ITEM_MACHINE, BatchState, FlagKind, ItemState, Origin, RoundReason, VersionReason

SLICE = 500
SECONDS = 20.0


def flag_batch(*, batch_id: int, seconds: float = SECONDS) -> int:
    """Look for flags in what the batch brought, and in what others of its project wait with; return how many versions.

    After `seconds` the rest is queued. Run again after a crash it goes on where it was; run twice at once for a project,
    the second returns, and the first does its work: so every item is compared with all that came before it.
    """
    project_id = Batch.objects.values_list("project_id", flat=True).get(pk=batch_id)
    done, ends = 0, time.monotonic() + seconds
    while (waiting := _first_waiting(project_id)) is not None:
        if time.monotonic() > ends:
            enqueue("labeling.jobs.flag", waiting, queue="bulk")
            return done
        with session_lock(ADVISORY_FLAGS, project_id) as is_alone:
            if not is_alone:
                return done
            Batch.objects.filter(pk=waiting).update(flagging_since=Now())
            try:
                while time.monotonic() <= ends and (looked := _flag_slice(waiting)):
                    done += looked
            finally:
                Batch.objects.filter(pk=waiting).update(flagging_since=None)
    return done


def forsaken_batches() -> list[int]:
    """Return the batches whose flags somebody looks for, as they say, who is no longer there: their worker was killed.

    Whoever works on one holds its project's lock, which went with a dead worker's connection. What is returned counts as
    looked at by nobody.
    """
    forsaken = []
    for batch_id, project_id in Batch.objects.filter(flagging_since__isnull=False).values_list("pk", "project_id"):
        with session_lock(ADVISORY_FLAGS, project_id) as is_free:
            if is_free and Batch.objects.filter(pk=batch_id, flagging_since__isnull=False).update(flagging_since=None):
                forsaken.append(batch_id)
    return forsaken


def flag_imported(*, batch_id: int, after: int = 0, seconds: float = SECONDS) -> int | None:
    """Look for personal data in the annotations that came with the batch's versions after `after`, for a while.

    For batches whose flags were looked for before imported annotations were. Return the version to go on after, None at
    the end. Again, it adds no flags.
    """
    ends = time.monotonic() + seconds
    while time.monotonic() <= ends:
        versions = list(ItemVersion.objects.filter(batch=batch_id, pk__gt=after).order_by("pk").only("item")[:SLICE])
        if not versions:
            return None
        flag_annotations(annotation_ids=_imported_with(versions))
        after = versions[-1].pk
    return after


def measure_flagging(*, batch_id: int) -> float:
    """Look through an accepted batch to its end, however long it takes; return versions a second (0 where none waited)."""
    began = time.monotonic()
    done = flag_batch(batch_id=batch_id, seconds=float("inf"))
    return done / max(time.monotonic() - began, 1e-9)


def _first_waiting(project_id: int) -> int | None:
    waiting = Batch.objects.filter(project=project_id, state=BatchState.ACCEPTED, flagged_at=None)
    return waiting.order_by("pk").values_list("pk", flat=True).first()


@transaction.atomic
def _flag_slice(batch_id: int) -> int:
    """Look at the batch's next versions; return how many, 0 once it is finished."""
    batch = Batch.objects.select_related("project").get(pk=batch_id)
    if batch.flagged_at is not None:
        return 0
    versions = list(ItemVersion.objects.filter(batch=batch, pk__gt=batch.flagged_through).order_by("pk")[:SLICE])
    if not versions:
        _finish(batch)
        return 0
    heads = Item.objects.in_bulk([version.item_id for version in versions])
    current = _current(versions, heads)
    made = _identify_languages(batch, [version for version in current if version.language == UNDETERMINED])
    looked_at = [made.get(version.item_id, version) for version in current]
    flags = [flag for version in looked_at for flag in _flags_of(batch, version)]
    flags += _links(batch, looked_at)
    Flag.objects.bulk_create(flags, ignore_conflicts=True)
    _hold(batch, flags)
    if made:
        _reopen_worked_on(made, replaced=current)
    flag_annotations(annotation_ids=_imported_with(versions))
    Batch.objects.filter(pk=batch.pk).update(
        flagged_through=versions[-1].pk, flagged_count=F("flagged_count") + len(versions), worked_at=Now()
    )
    return len(versions)


def _current(versions: Sequence[ItemVersion], heads: Mapping[int, Item]) -> list[ItemVersion]:
    """Return those that are still their item's current version, and the redactions that took the others' place.

    What a later upload brought is looked at with that upload.
    """
    moved = [version.item_id for version in versions if not _is_head(version, heads)]
    redactions = ItemVersion.objects.filter(item__in=moved, batch=None) if moved else []
    return [
        version
        for version in sorted([*versions, *redactions], key=lambda each: each.item_id)
        if _is_head(version, heads)
    ]


def _is_head(version: ItemVersion, heads: Mapping[int, Item]) -> bool:
    head = heads[version.item_id]
    return head.current_version_id == version.pk and head.state != ItemState.WITHDRAWN


def _finish(batch: Batch) -> None:
    waited = waits_for_flags(batch)
    if not Batch.objects.filter(pk=batch.pk, flagged_at=None).update(flagged_at=Now()):
        return
    record("batch.flagged", subject=batch, actor_id=None, data={"versions": batch.flagged_count})
    if waited:
        again = ItemVersion.objects.filter(batch=batch, reason=VersionReason.REUPLOAD).values("item")
        waiting = Item.objects.filter(pk__in=again, state=ItemState.ACCEPTED).values_list("batch", flat=True)
        for batch_id in sorted({batch.pk, *waiting.distinct()}):
            enqueue("labeling.jobs.generate", batch_id, queue="bulk")


def _identify_languages(batch: Batch, undetermined: Sequence[ItemVersion]) -> dict[int, ItemVersion]:
    """Write a new version with its language for each whose language is certain; return those by item."""
    found = {
        version.item_id: each
        for version in undetermined
        if (each := identify(text_to_identify(version.payload))) is not None
    }
    items = {item.pk: item for item in lock_rows(Item.objects.filter(pk__in=found))} if found else {}
    made = {
        version.item_id: successor(version, reason=VersionReason.IDENTIFIED, language=each.language)
        for version in undetermined
        if (each := found.get(version.item_id)) and _is_head(version, items)
    }
    ItemVersion.objects.bulk_create(made.values())
    for item_id, version in made.items():
        items[item_id].current_version = version
    Item.objects.bulk_update([items[item_id] for item_id in made], ["current_version"])
    record_many(
        "item.identified",
        subject="labeling.item",
        rows=[
            (item_id, batch.customer_id, {"language": version.language, "probability": found[item_id].probability})
            for item_id, version in made.items()
        ],
        actor_id=None,
    )
    return made


def _reopen_worked_on(made: Mapping[int, ItemVersion], *, replaced: Iterable[ItemVersion]) -> None:
    """Judge anew the items that are worked on without their language. A later upload waits until its flags are all looked for."""
    about = judged_rounds().filter(item__in=made.keys(), item_version__in=[version.pk for version in replaced])
    worked_on = list(about.order_by("item_id").values_list("item_id", flat=True).distinct())
    reopen_items(item_ids=worked_on, reason=RoundReason.REVISION, actor=None)


def _imported_with(versions: Sequence[ItemVersion]) -> list[int]:
    """Return the annotations that came with these versions from an earlier tool: no event tells of them."""
    imported = Annotation.objects.filter(
        origin=Origin.IMPORTED,
        round__item__in={version.item_id for version in versions},
        item_version__in=[version.pk for version in versions],
    )
    return list(imported.order_by("pk").values_list("pk", flat=True))


def _flags_of(batch: Batch, version: ItemVersion) -> Iterable[Flag]:
    """Yield what this version's own text shows: its language, and personal data by field."""
    if version.language == UNDETERMINED:
        yield _flag(batch, version, FlagKind.LANGUAGE, "language", {"uploaded": UNDETERMINED})
    elif version.reason != VersionReason.IDENTIFIED:
        found = identify(text_to_identify(version.payload))
        if found is not None and disagrees(version.language, found):
            detail = {"uploaded": version.language, "found": found.language, "probability": found.probability}
            yield _flag(batch, version, FlagKind.LANGUAGE, "language", detail)
    for field, text in texts_of(version.payload, version.metadata):
        for pattern, count in counts_in(text).items():
            yield _flag(batch, version, FlagKind.PERSONAL_DATA, field, {"pattern": pattern, "count": count})


def _links(batch: Batch, versions: Sequence[ItemVersion]) -> list[Flag]:
    """Return a flag for each version that is like an earlier item."""
    by_id = {version.pk: version for version in versions}
    return [
        _flag(batch, by_id[version_id], FlagKind.NEAR_DUPLICATE, "", {"similarity": round(share, 2)}, item_id)
        for version_id, (share, item_id) in link_near_duplicates(batch=batch, versions=versions).items()
    ]


def _flag(
    batch: Batch, version: ItemVersion, kind: str, field: str, detail: dict[str, Any], other_item: int | None = None
) -> Flag:
    return Flag(
        customer_id=batch.customer_id,
        project_id=batch.project_id,
        item_version=version,
        kind=kind,
        field=field[: Flag.FIELD_LONGEST],
        detail=detail,
        other_item_id=other_item,
    )


def _hold(batch: Batch, flags: Iterable[Flag]) -> None:
    """Keep from work the accepted items that these new flags are a reason to: by the project's choice, or for want of a language."""
    kinds = set(batch.project.hold_flagged)
    held = {
        flag.item_version.item_id
        for flag in flags
        if flag.item_version is not None and (flag.kind in kinds or _is_speechless(flag))
    }
    if not held:
        return
    items = lock_rows(Item.objects.filter(pk__in=held))
    accepted = [item for item in items if item.state == ItemState.ACCEPTED]
    transition_many(accepted, ItemState.HELD, machine=ITEM_MACHINE, actor_id=None)


def _is_speechless(flag: Flag) -> bool:
    assert flag.item_version is not None
    return flag.kind == FlagKind.LANGUAGE and flag.item_version.language == UNDETERMINED
