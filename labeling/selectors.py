"""Reads that other apps and the doors use. Fetching for a person always goes through visible_to(user)."""

import hashlib
import hmac
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from config.kernel.errors import NotFound
from config.kernel.models import User
from labeling.languages import UNDETERMINED
from labeling.models import (
    Annotation,
    Batch,
    Customer,
    Erasure,
    Flag,
    FormVersion,
    Item,
    ItemVersion,
    LegalHold,
    Project,
    ProjectCount,
    RejectedRow,
    Round,
    Tombstone,
    UnplacedAnswer,
)
from labeling.reading.rows import sent_back
from labeling.types import (
    ASIDE,
    WORKED_ON,
    DocumentState,
    ErasureKind,
    FlagKind,
    FlagState,
    ItemState,
    Progress,
    RoundState,
)

REJECTS_AT_ONCE = 500
MESSAGES_AT_ONCE = 20

# Projects of more items are counted by a job.
COUNTED_WHEN_ASKED = 10_000


def get_project(*, user: User, public_id: UUID, permission: str = "see_project") -> Project:
    """Return the project if this person holds the permission on it; NotFound otherwise, whether or not it exists."""
    try:
        return Project.objects.visible_to(user, permission).select_related("customer").get(public_id=public_id)
    except Project.DoesNotExist:
        raise NotFound("There is no such project.") from None


def get_batch(*, user: User, public_id: UUID) -> Batch:
    try:
        return Batch.objects.visible_to(user).select_related("project", "mapping").get(public_id=public_id)
    except Batch.DoesNotExist:
        raise NotFound("There is no such batch.") from None


def rejected_lines(batch: Batch) -> Iterator[bytes]:
    """Yield the batch's rejected rows as NDJSON, oldest first, a few at a time (`labeling.reading.rows.sent_back`)."""
    after = 0
    while rows := list(RejectedRow.objects.filter(batch=batch, pk__gt=after).order_by("pk")[:REJECTS_AT_ONCE]):
        for row in rows:
            yield sent_back(row.raw, row.excerpt, line=row.line, field=row.field, reason=row.reason)
        after = rows[-1].pk


def get_item(*, user: User, public_id: UUID, permission: str = "see_project") -> Item:
    try:
        return (
            Item.objects.visible_to(user, permission)
            .select_related("current_version", "project__customer")
            .get(public_id=public_id)
        )
    except Item.DoesNotExist:
        raise NotFound("There is no such item.") from None


def form_in_use(project: Project) -> FormVersion:
    """Return the project's latest published form; NotFound where there is none yet."""
    form = project.forms.filter(state=DocumentState.PUBLISHED).order_by("-number").first()
    if form is None:
        raise NotFound("The project has no published form yet.")
    return form


def get_item_to_erase(*, user: User, public_id: UUID) -> Item:
    """Return the item if this person sees it and manages its customer; NotFound otherwise."""
    item = get_item(user=user, public_id=public_id)
    if not Customer.objects.visible_to(user, "manage_customer").filter(pk=item.customer_id).exists():
        raise NotFound("There is no such item.")
    return item


def get_flag(*, user: User, public_id: UUID, permission: str = "see_project") -> Flag:
    try:
        return Flag.objects.visible_to(user, permission).select_related("item_version__item").get(public_id=public_id)
    except Flag.DoesNotExist:
        raise NotFound("There is no such flag.") from None


def open_flags_count(project: Project, *, most: int) -> int:
    """Return how many flags of the project wait for somebody, counted no further than `most`."""
    return Flag.objects.filter(project=project, state=FlagState.OPEN).order_by()[:most].count()


# From one batch to the next along the index, whatever the number of their items.
WITHOUT_TASKS = """
WITH RECURSIVE found AS (
    (SELECT batch_id FROM labeling_item WHERE state = 'accepted' ORDER BY batch_id LIMIT 1)
    UNION ALL
    SELECT (SELECT i.batch_id FROM labeling_item i WHERE i.state = 'accepted' AND i.batch_id > found.batch_id
            ORDER BY i.batch_id LIMIT 1)
    FROM found WHERE found.batch_id IS NOT NULL
)
SELECT batch_id FROM found WHERE batch_id IS NOT NULL
"""


def batches_without_tasks() -> list[int]:
    """Return the batches with accepted items whose tasks are still to be made."""
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT_TASKS)
        return [row[0] for row in cursor.fetchall()]


def waits_for_flags(batch: Batch) -> bool:
    """Whether the batch's tasks are made once its flags have been looked for: some may hold items, or give a language."""
    if batch.flagged_at is not None:
        return False
    return bool(batch.project.hold_flagged) or batch.versions.filter(language=UNDETERMINED).exists()


def holding_flags() -> QuerySet[Flag]:
    """Return the flags that keep their items from work: of the kinds the project holds, and of language while undetermined.

    An open one holds, whichever version it is about; a confirmed one holds too, but for personal data and languages that
    a later version no longer has.
    """
    is_speechless = Q(kind=FlagKind.LANGUAGE, item_version__item__current_version__language=UNDETERMINED)
    still_so = Q(item_version__item__current_version=F("item_version")) | Q(kind=FlagKind.NEAR_DUPLICATE)
    return Flag.objects.filter(
        Q(project__hold_flagged__contains=[F("kind")]) | is_speechless,
        Q(state=FlagState.OPEN) | (Q(state=FlagState.CONFIRMED) & still_so),
        item_version__isnull=False,
    )


def free_items() -> QuerySet[Item]:
    """Return the items that no flag holds, and none can that is still to be looked for."""
    return Item.objects.filter(
        ~Exists(holding_flags().filter(item_version__item=OuterRef("pk"))),
        ~Exists(unseen_versions().filter(item=OuterRef("pk"))),
    )


def unseen_versions() -> QuerySet[ItemVersion]:
    """Return the uploaded versions whose flags are still to be looked for, and may hold their items."""
    may_hold = Q(batch__project__hold_flagged__len__gt=0) | Q(item__current_version__language=UNDETERMINED)
    return ItemVersion.objects.filter(may_hold, batch__isnull=False, batch__flagged_at=None)


def judged_rounds() -> QuerySet[Round]:
    """Return the rounds that reviewers were asked to judge: all but imported history."""
    return Round.objects.exclude(state=RoundState.HISTORY)


def is_waiting() -> Q:
    """Whether an item is worked on, or was, on an earlier version: its current one waits for a round."""
    judged = judged_rounds().filter(item=OuterRef("pk"), item_version=OuterRef("current_version"))
    return Q(~Exists(judged), state__in=WORKED_ON)


def judged_instead(item_ids: Collection[int]) -> dict[int, int]:
    """Return the version that was judged last, by item, of those of these whose current version waits for its flags."""
    waiting = Item.objects.filter(is_waiting(), pk__in=item_ids).exclude(pk__in=free_items())
    last = judged_rounds().filter(item__in=waiting).order_by("item_id", "-number").distinct("item_id")
    return dict(last.values_list("item_id", "item_version_id"))


def progress_of(project: Project) -> Progress:
    """Return where the project stands, gold kept apart.

    A project of at most COUNTED_WHEN_ASKED items is counted when somebody asks, and exact. A larger one is counted by a
    job each minute, or as often as counting takes a twentieth of the time: what is returned is exact as of `counted_at`.
    Before it was counted so for the first time, within a minute of growing large, it is counted when somebody asks.
    """
    kept = ProjectCount.objects.filter(project=project).first()
    states, judgments, needed = (kept.states, kept.judgments, kept.judgments_needed) if kept else count_project(project)
    return Progress(
        items=sum(states.values()),
        in_progress=states.get(ItemState.IN_PROGRESS, 0),
        resolved=states.get(ItemState.RESOLVED, 0),
        gold=states.get(ItemState.GOLD, 0),
        judgments=judgments,
        judgments_needed=needed,
        states=states,
        counted_at=kept.counted_at if kept else None,
    )


def count_project(project: Project) -> tuple[dict[str, int], int, int]:
    """Count the project's items by state, and the judgments given and needed: as long as it is large."""
    states = dict(Item.objects.filter(project=project).values_list("state").annotate(n=Count("id")))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(sum(needed), 0), COALESCE(sum(given), 0) FROM ("
            " SELECT r.judgments_needed AS needed,"
            "  (SELECT count(*) FROM labeling_task t WHERE t.round_id = r.id AND t.state = 'completed') AS given"
            " FROM labeling_round r WHERE r.project_id = %s AND r.reason <> ALL(%s) AND r.state <> ALL(%s)) counted",
            [project.pk, list(ASIDE), [RoundState.CANCELLED, RoundState.CLOSED, RoundState.HISTORY]],
        )
        needed, given = cursor.fetchone()
    return states, int(given), int(needed)


def erased_items(item_ids: Collection[int]) -> set[int]:
    """Return those of these items whose content was erased."""
    erased = Erasure.objects.filter(kind=ErasureKind.ITEM, subject_id__in=item_ids)
    return set(erased.values_list("subject_id", flat=True))


def is_erased_since(*, project_id: int, at: datetime) -> bool:
    """Whether any item of the project was erased at that time or later."""
    later = Erasure.objects.filter(kind=ErasureKind.ITEM, customer__projects=project_id, created_at__gte=at)
    return later.filter(Exists(Item.objects.filter(pk=OuterRef("subject_id"), project=project_id))).exists()


def standing_hold(*, customer_id: int, project_id: int | None = None) -> LegalHold | None:
    """Return the oldest legal hold that stands on the customer, on this project, or (without one) on any project of it."""
    standing = LegalHold.objects.filter(customer=customer_id, lifted_at=None)
    if project_id is not None:
        standing = standing.filter(Q(project=None) | Q(project=project_id))
    return standing.order_by("pk").first()


def verify_tombstone(*, customer: Customer, digest: str) -> Tombstone | None:
    """Return the tombstone that answers a content digest which somebody holds, from a release say; None if none does.

    An item version's is its `item_digest`; an annotation's is the digest of {"answers", "rationale"} in canonical JSON.
    """
    keyed = hmac.new(bytes(customer.pseudonym_key), digest.encode(), hashlib.sha256).hexdigest()
    found = Tombstone.objects.filter(customer=customer, keyed_digest=keyed)
    return found.select_related("erasure").order_by("pk").first()


def annotations_beside(annotation_ids: Collection[int]) -> QuerySet[Annotation]:
    """Return these annotations with what they are put into words by."""
    return Annotation.objects.filter(pk__in=annotation_ids).select_related("form", "guideline", "task__pool")


def counting_annotations_of(round_ids: Collection[int]) -> QuerySet[Annotation]:
    """Return the annotations of these rounds that count: not superseded, not invalidated; oldest first."""
    return Annotation.objects.filter(
        round__in=round_ids, superseded_by__isnull=True, invalidation__isnull=True
    ).order_by("id")


def desk_me(user: User) -> dict[str, Any]:
    """The record's part of "me": what this reviewer has submitted today, by the database's calendar (UTC), and which of
    their late answers were kept without their having read of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), COALESCE(percentile_cont(0.5) WITHIN GROUP (ORDER BY a.seconds), 0)"
            " FROM labeling_annotation a JOIN labeling_reviewer r ON r.id = a.reviewer_id"
            " WHERE r.user_id = %s AND a.origin = 'human' AND a.supersedes_id IS NULL"
            " AND a.created_at >= date_trunc('day', statement_timestamp(), 'UTC')",
            [user.pk],
        )
        submitted, seconds = cursor.fetchone()
    return {
        "name": user.name,
        "today": {"submitted": submitted, "seconds": round(float(seconds), 1)},
        "messages": [
            {
                "id": kept.submission,
                "at": kept.created_at,
                "text": f"Your answer to a task of {kept.round.project.name} could not be placed any more. It is kept, and"
                " an operator can still use it.",
            }
            for kept in UnplacedAnswer.objects.filter(reviewer__user=user, read_at=None)
            .select_related("round__project")
            .defer("answers")
            .order_by("-pk")[:MESSAGES_AT_ONCE]
        ],
    }
