"""What of a project's quality waits for somebody: counted no further than a page shows, in two statements."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Sum

from labeling.models import Project
from labeling.types import Work
from routing.models import PoolStat

MOST = 1000

# Each by its own partial index of what is open.
WAITING = "SELECT " + ", ".join(
    f"(SELECT count(*) FROM (SELECT FROM {table} WHERE project_id = %(project)s AND {condition} LIMIT {MOST + 1}) w)"
    for table, condition in (
        ("quality_dispute", "state = 'open'"),
        ("quality_appeal", "state = 'open'"),
        ("quality_check", "state = 'open'"),
        ("quality_pause", "state = 'provisional'"),
        ("quality_auditdraw", "state = 'waiting'"),
        ("quality_doubt", "state = 'open'"),
        ("quality_ruling", "answered_at IS NULL"),
    )
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Counts; above MOST they mean *more than that*."""

    disputes: int
    appeals: int
    checks: int
    pauses: int
    audits: int
    doubts: int
    rulings: int


@dataclass(frozen=True, slots=True)
class Queued:
    """Tasks of one kind of work, open or in hand, and how many places there are for people who may do it."""

    work: str
    open: int
    leased: int
    people: int

    @property
    def label(self) -> str:
        return str(Work(self.work).label)


def waiting_in(project: Project) -> Waiting:
    """Return what of the project waits for a decision."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING, {"project": project.pk})
        return Waiting(*cursor.fetchone())


def queued_in(project: Project) -> list[Queued]:
    """Return what waits for reviewers and experts, as the pools were measured last."""
    found = (
        PoolStat.objects.filter(pool__project=project)
        .values_list("pool__work")
        .annotate(open=Sum("open_count"), leased=Sum("leased_count"), people=Sum("eligible_count"))
        .order_by("pool__work")
    )
    return [Queued(*row) for row in found]
