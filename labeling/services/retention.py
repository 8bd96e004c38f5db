"""Retention: what came longer ago than its project, or else its customer, keeps content."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from config.kernel.clock import database_now
from labeling.errors import ErasedBefore, LegalHoldStands
from labeling.models import Annotation, Batch, Customer, Erasure, Item, ItemVersion, Project, Round
from labeling.selectors import standing_hold
from labeling.services.erased_files import uploads_left_over, uploads_with
from labeling.services.erasures import erase_item, erase_upload
from labeling.types import ASIDE, BatchState, ErasureKind, RoundState

# Whoever asks what would go is answered at once: of more items than these it is said that there are more.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Due:
    """What retention would erase of one project. `in_work` items are due and left until their open round has ended;
    while `held_by` names a legal hold, nothing of the project is erased.

    `files` are deleted for certain; `files_searched` are read first, and deleted if they name one of the items. The
    oldest MOST_COUNTED items are counted with what is theirs (`counted`); `is_more` says that there are more.
    """

    project: Project
    days: int
    held_by: str
    items: int
    in_work: int
    versions: int
    annotations: int
    files: int
    files_searched: int
    oldest: datetime | None
    is_more: bool
    counted: QuerySet[Item]


def retained_projects(*, customer: Customer | None = None) -> list[Project]:
    """Return the projects that keep content for a stated time, of one customer or all."""
    projects = Project.objects.select_related("customer").filter(
        Q(retention_days__isnull=False) | Q(customer__retention_days__isnull=False)
    )
    if customer is not None:
        projects = projects.filter(customer=customer)
    return list(projects.order_by("customer__name", "slug"))


def days_kept(project: Project) -> int | None:
    """Return for how many days the project keeps content: its own setting, else the customer's, else None (for ever)."""
    return project.customer.retention_days if project.retention_days is None else project.retention_days


def _past_before(project: Project, by: datetime) -> datetime | None:
    """Return since when content has to be there to stay at `by`; None where all of it stays."""
    days = days_kept(project)
    try:
        return None if days is None else by - timedelta(days=days)
    except OverflowError:
        return None


def due_items(project: Project, *, by: datetime) -> QuerySet[Item]:
    """Return the items of the project that are past their time at `by` and still hold content."""
    before = _past_before(project, by)
    if before is None:
        return Item.objects.none()
    return Item.objects.filter(project=project, created_at__lt=before, erased_at=None)


def erasable_items(project: Project, *, by: datetime) -> QuerySet[Item]:
    """Return the due items that nobody is working on. A gold item's round never ends, and does not count as work."""
    return due_items(project, by=by).exclude(Exists(_open_rounds()))


def due_uploads(project: Project, *, by: datetime) -> QuerySet[Batch]:
    """Return the uploads that are past their time and became no item, as all of their rows were refused or known."""
    before = _past_before(project, by)
    if before is None:
        return Batch.objects.none()
    brought = ItemVersion.objects.filter(batch=OuterRef("pk"))
    erased = Erasure.objects.filter(kind=ErasureKind.BATCH, subject_id=OuterRef("pk"))
    finished = Batch.objects.filter(project=project, source_erased_at=None).exclude(state=BatchState.RECEIVED)
    return finished.filter(~Exists(brought), ~Exists(erased), created_at__lt=before)


def what_would_go(*, customer: Customer | None = None, by: datetime | None = None) -> list[Due]:
    """Say what retention would erase now, or by a later day, project by project, counted so far. Nothing is changed."""
    by = by or database_now()
    return [_due(project, by) for project in retained_projects(customer=customer)]


def erase_due(*, most: int) -> int:
    """Erase up to `most` due items and uploads, oldest first in each project; return how many.

    Projects under a legal hold are passed by.
    """
    erased = 0
    by = database_now()
    for project in retained_projects():
        if held_by(project):
            continue
        reason = f"Kept for {days_kept(project)} days, as agreed."
        erased += _erase(erasable_items(project, by=by).order_by("created_at", "pk")[: most - erased], reason)
        for batch in due_uploads(project, by=by).order_by("pk")[: most - erased]:
            erase_upload(batch=batch, reason=reason)
            erased += 1
        if erased >= most:
            break
    return erased


def held_by(project: Project) -> str:
    """Return the reason of the legal hold that stands on the project or its customer, or ""."""
    hold = standing_hold(customer_id=project.customer_id, project_id=project.pk)
    return hold.reason if hold else ""


def _open_rounds() -> QuerySet[Round]:
    return Round.objects.filter(item=OuterRef("pk"), state=RoundState.OPEN).exclude(reason__in=ASIDE)


def _due(project: Project, by: datetime) -> Due:
    ids = list(
        erasable_items(project, by=by).order_by("created_at", "pk").values_list("pk", flat=True)[: MOST_COUNTED + 1]
    )
    going = Item.objects.filter(pk__in=ids[:MOST_COUNTED])
    in_work = due_items(project, by=by).filter(Exists(_open_rounds())).order_by()
    totals = going.aggregate(items=Count("pk"), oldest=Min("created_at"))
    goes = Q(pk__in=uploads_with(project.pk, going).values("pk")) | Q(pk__in=due_uploads(project, by=by).values("pk"))
    left_over = Q(pk__in=uploads_left_over(project.pk).values("pk"))
    files = Batch.objects.filter(project=project).aggregate(
        gone=Count("pk", filter=goes), searched=Count("pk", filter=left_over & ~goes)
    )
    return Due(
        project=project,
        days=days_kept(project) or 0,
        held_by=held_by(project),
        in_work=in_work[:MOST_COUNTED].count(),
        versions=ItemVersion.objects.filter(item__in=going).count(),
        annotations=Annotation.objects.filter(round__item__in=going).count(),
        files=files["gone"],
        files_searched=files["searched"] if totals["items"] else 0,
        items=totals["items"],
        oldest=totals["oldest"],
        is_more=len(ids) > MOST_COUNTED,
        counted=going,
    )


def _erase(items: Iterable[Item], reason: str) -> int:
    erased = 0
    for item in items:
        try:
            erase_item(item=item, reason=reason, actor=None)
        except (ErasedBefore, LegalHoldStands):
            continue  # somebody else was here first
        erased += 1
    return erased
