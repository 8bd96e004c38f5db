"""Reads that other apps and the doors use. Fetching for a person always goes through visible_to(user)."""

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet

from config.kernel.errors import NotFound
from config.kernel.models import User
from config.kernel.types import LifeMoment
from labeling.models import Annotation, Batch, Item, Project, RejectedRow, Round
from labeling.reading.rows import sent_back
from labeling.types import ItemState, Origin, Progress, RoundReason, RoundState

REJECTS_AT_ONCE = 500


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


def get_item(*, user: User, public_id: UUID) -> Item:
    try:
        return Item.objects.visible_to(user).select_related("current_version", "project").get(public_id=public_id)
    except Item.DoesNotExist:
        raise NotFound("There is no such item.") from None


def progress_of(project: Project) -> Progress:
    """Return where the project stands; counts by index, gold kept apart."""
    states = dict(Item.objects.filter(project=project).values_list("state").annotate(n=Count("id")))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(sum(needed), 0), COALESCE(sum(given), 0) FROM ("
            " SELECT r.judgments_needed AS needed,"
            "  (SELECT count(*) FROM labeling_task t WHERE t.round_id = r.id AND t.state = 'completed') AS given"
            " FROM labeling_round r WHERE r.project_id = %s AND r.reason <> %s AND r.state <> ALL(%s)) counted",
            [project.pk, RoundReason.GOLD, [RoundState.CANCELLED, RoundState.HISTORY]],
        )
        needed, given = cursor.fetchone()
    return Progress(
        items=sum(states.values()),
        in_progress=states.get(ItemState.IN_PROGRESS, 0),
        resolved=states.get(ItemState.RESOLVED, 0),
        gold=states.get(ItemState.GOLD, 0),
        judgments=int(given),
        judgments_needed=int(needed),
        states=states,
    )


def counting_annotations_of(round_ids: Collection[int]) -> QuerySet[Annotation]:
    """Return the annotations of these rounds that count: not superseded, not invalidated; oldest first."""
    return Annotation.objects.filter(
        round__in=round_ids, superseded_by__isnull=True, invalidation__isnull=True
    ).order_by("id")


def life_of_item(item: Item) -> list[LifeMoment]:
    """The record's part of an item's line of life: upload, rounds, annotations."""
    moments = [LifeMoment(item.created_at, "labeling", f"accepted with batch {item.batch.name}")]
    for opened in Round.objects.filter(item=item).order_by("number"):
        if opened.state == RoundState.HISTORY:
            what = f"{opened.judgments_needed} judgments of an earlier tool imported"
            moments.append(LifeMoment(opened.created_at, "labeling", what))
            continue
        moments.append(LifeMoment(opened.created_at, "labeling", f"round {opened.number} opened ({opened.reason})"))
        if opened.closed_at:
            moments.append(LifeMoment(opened.closed_at, "labeling", f"round {opened.number} {opened.state}"))
    annotations = Annotation.objects.filter(round__item=item).select_related("reviewer__user").order_by("id")
    for annotation in annotations:
        what = "annotation superseded an earlier one" if annotation.supersedes_id else "annotation submitted"
        if annotation.origin == Origin.IMPORTED:
            what = "annotation of an earlier tool"
        moments.append(LifeMoment(annotation.created_at, "labeling", what, str(annotation.reviewer)))
    return moments


def desk_me(user: User) -> dict[str, Any]:
    """The record's part of "me": what this reviewer has submitted today, by the database's calendar (UTC)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), COALESCE(percentile_cont(0.5) WITHIN GROUP (ORDER BY a.seconds), 0)"
            " FROM labeling_annotation a JOIN labeling_reviewer r ON r.id = a.reviewer_id"
            " WHERE r.user_id = %s AND a.created_at >= date_trunc('day', statement_timestamp(), 'UTC')",
            [user.pk],
        )
        submitted, seconds = cursor.fetchone()
    return {"name": user.name, "today": {"submitted": submitted, "seconds": round(float(seconds), 1)}}
