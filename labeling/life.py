"""The record's part of an item's line of life: from the upload to the last read, in nine statements at most."""

from collections.abc import Iterator

from django.db.models import Q, QuerySet

from config.kernel.life import newest
from config.kernel.types import LifeMoment
from config.kernel.words import counted
from labeling.models import AccessLog, Annotation, Erasure, Flag, Item, ItemVersion, Round, UnplacedAnswer
from labeling.types import ErasureKind, FlagState, Origin, RoundReason, RoundState, VersionReason

LABELING = "labeling"

SAID_OF_VERSIONS = {
    VersionReason.UPLOAD: "uploaded",
    VersionReason.REUPLOAD: "uploaded again with other content",
    VersionReason.IDENTIFIED: "language identified",
    VersionReason.REDACTION: "redacted",
}
SAID_OF_ANNOTATIONS = {
    Origin.HUMAN: "annotated",
    Origin.MODEL: "annotated by a model",
    Origin.IMPORTED: "annotation imported from an earlier tool",
    Origin.MIGRATED: "annotation carried over",
}


def life_of_item(item: Item) -> list[LifeMoment]:
    """Return what the record remembers of the item, in no order."""
    versions = list(
        ItemVersion.objects.filter(item=item)
        .select_related("batch")
        .defer("payload", "expected", "metadata")
        .order_by("number")
    )
    return [
        *_versions(item, versions),
        *_flags(item),
        *_rounds(item),
        *_annotations(item),
        *_unplaced(item),
        *_erasures(item),
        *_reads(item, versions),
    ]


def _versions(item: Item, versions: list[ItemVersion]) -> Iterator[LifeMoment]:
    for version in versions:
        said = SAID_OF_VERSIONS[VersionReason(version.reason)]
        source = f" with {version.batch.name}, line {version.line}" if version.batch and version.line else ""
        source = source or (f" with {version.batch.name}" if version.batch else "")
        yield LifeMoment(
            version.created_at,
            LABELING,
            f"{said}{source}: version {version.number}",
            kind="version",
            link=("labeling.itemversion", version.pk),
            user_id=version.made_by_id or (version.batch.uploaded_by_id if version.batch else None),
        )


def _flags(item: Item) -> Iterator[LifeMoment]:
    about = Flag.objects.filter(Q(item_version__item=item) | Q(annotation__round__item=item))
    flags, cut = newest(about, LABELING, "flags")
    yield from cut
    for flag in flags:
        link = ("labeling.flag", flag.pk)
        what = f"flagged: {flag.get_kind_display().lower()} in {flag.field or 'the item'}"
        yield LifeMoment(flag.created_at, LABELING, what, kind="flag", link=link)
        if flag.decided_at and flag.state != FlagState.OPEN:
            yield LifeMoment(
                flag.decided_at,
                LABELING,
                f"flag {flag.get_state_display().lower()}: {flag.get_kind_display().lower()}",
                kind="flag",
                detail=flag.reason,
                link=link,
                user_id=flag.decided_by_id,
            )


def _rounds(item: Item) -> Iterator[LifeMoment]:
    rounds, cut = newest(Round.objects.filter(item=item), LABELING, "rounds")
    yield from cut
    for each in rounds:
        link = ("labeling.round", each.pk)
        if each.reason == RoundReason.MODEL:
            continue  # each answer in it says the same
        if each.state == RoundState.HISTORY:
            what = f"{counted(each.judgments_needed, 'judgment', 'judgments')} of an earlier tool imported"
            yield LifeMoment(each.created_at, LABELING, what, kind="round", link=link)
            continue
        reason = each.get_reason_display().lower()
        yield LifeMoment(each.created_at, LABELING, f"round {each.number} opened: {reason}", kind="round", link=link)
        if each.closed_at:
            yield LifeMoment(each.closed_at, LABELING, f"round {each.number} {each.state}", kind="round", link=link)


def _annotations(item: Item) -> Iterator[LifeMoment]:
    given, cut = newest(
        Annotation.objects.filter(round__item=item)
        .select_related("invalidation", "round")
        .only("created_at", "origin", "supersedes_id", "reviewer_id", "round__number", "invalidation__reason",
              "invalidation__created_at", "invalidation__invalidated_by_id"),
        LABELING,
        "annotations",
    )  # fmt: skip
    yield from cut
    invalid = {annotation.pk for annotation in given if hasattr(annotation, "invalidation")}
    for annotation in given:
        link = ("labeling.annotation", annotation.pk)
        what = SAID_OF_ANNOTATIONS[Origin(annotation.origin)]
        if annotation.supersedes_id:
            is_restored = annotation.supersedes_id in invalid
            what = "annotation restored" if is_restored else "annotation corrected, the earlier one superseded"
        yield LifeMoment(
            annotation.created_at,
            LABELING,
            f"{what} in round {annotation.round.number}",
            kind="annotation",
            link=link,
            reviewer_id=annotation.reviewer_id,
        )
        invalidation = getattr(annotation, "invalidation", None)
        if invalidation is not None:
            yield LifeMoment(
                invalidation.created_at,
                LABELING,
                f"annotation in round {annotation.round.number} invalidated",
                kind="invalidation",
                detail=invalidation.reason,
                link=link,
                user_id=invalidation.invalidated_by_id,
            )


def _unplaced(item: Item) -> Iterator[LifeMoment]:
    late, cut = newest(UnplacedAnswer.objects.filter(round__item=item).defer("answers"), LABELING, "late answers")
    yield from cut
    for answer in late:
        yield LifeMoment(
            answer.created_at,
            LABELING,
            "an answer came too late for its task and was kept",
            kind="unplaced",
            link=("labeling.unplacedanswer", answer.pk),
            reviewer_id=answer.reviewer_id,
        )


def _erasures(item: Item) -> Iterator[LifeMoment]:
    for erasure in Erasure.objects.filter(kind=ErasureKind.ITEM, subject_id=item.pk, customer=item.customer_id):
        yield LifeMoment(
            erasure.created_at,
            LABELING,
            "content erased; what is left are keyed digests",
            kind="erasure",
            detail=erasure.reason,
            link=("labeling.erasure", erasure.pk),
            user_id=erasure.requested_by_id,
        )


def _reads(item: Item, versions: list[ItemVersion]) -> Iterator[LifeMoment]:
    """Reads of the content by anybody but reviewers at the desk: theirs, the leases tell."""
    yield from reads_of(
        item, {"labeling.item": [item.pk], "labeling.itemversion": [each.pk for each in versions]}, "read"
    )


def looks_at(item: Item, read: dict[str, list[int]]) -> QuerySet[AccessLog]:
    """Return the logged reads of these rows, by type, but for reviewers' at the desk. Found by what was read."""
    return AccessLog.objects.filter(
        ~Q(door="desk"),
        customer_id=item.customer_id,
        object_ids__overlap=sorted({key for keys in read.values() for key in keys}),
        object_type__in=list(read),
    )


def reads_of(item: Item, read: dict[str, list[int]], what: str) -> Iterator[LifeMoment]:
    """Return a moment for each logged read of these rows, by type, but for reviewers' at the desk."""
    found, cut = newest(looks_at(item, read), LABELING, "reads", at="at")
    yield from cut
    for access in found:
        if not set(access.object_ids) & set(read[access.object_type]):
            continue
        yield LifeMoment(
            access.at,
            LABELING,
            f"{what} ({access.door})",
            kind="read",
            link=("labeling.accesslog", access.pk),
            user_id=access.user_id,
        )
