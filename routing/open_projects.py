"""Reads about the projects that are open to a reviewer: what they pay, what they ask, and what is still to be read."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, F, OuterRef, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from config.kernel.models import User
from config.kernel.prepared import fetch
from labeling.models import FormVersion, GuidelineVersion
from labeling.types import DocumentState
from routing.eligibility import ENROLLED, HAS_READ, OF_OPEN, OF_TASK, all_of
from routing.models import Enrolment

CENT = Decimal("0.01")

# So far behind the reviewer's place in a queue is looked for something that is theirs.
LOOKED_AT = 1000

# Which of these pools' projects hold a task that the reviewer could be given: behind their place, or kept for them.
WITH_WORK = f"""
SELECT DISTINCT p.project_id FROM labeling_pool p
LEFT JOIN routing_cursor k ON k.pool_id = p.id AND k.reviewer_id = %(reviewer)s::bigint
CROSS JOIN LATERAL (
    (SELECT t.id, t.round_id, t.kind FROM labeling_task t WHERE t.pool_id = p.id AND t.state = 'open'
       AND t.reserved_for_id IS NULL AND t.returned_xid IS NULL AND t.position > COALESCE(k.position, -1)
     ORDER BY t.position LIMIT {LOOKED_AT})
    UNION ALL
    (SELECT t.id, t.round_id, t.kind FROM labeling_task t WHERE t.pool_id = p.id AND t.state = 'open'
       AND t.reserved_for_id IS NULL AND t.returned_xid IS NOT NULL ORDER BY t.returned_xid, t.position LIMIT {LOOKED_AT})
    UNION ALL
    (SELECT t.id, t.round_id, t.kind FROM labeling_task t WHERE t.reserved_for_id = %(reviewer)s::bigint
       AND t.pool_id = p.id AND t.state = 'open' LIMIT {LOOKED_AT})) t
WHERE p.id = ANY(%(pools)s::bigint[]) AND {all_of(OF_TASK)}
"""


def open_enrolments(user: User) -> QuerySet[Any]:
    """Return this person's enrolments on open projects that they may judge and are not paused on.

    Each carries the `guideline` in force, `is_read` (as a claim asks it), and the `median_seconds` of a judgment by the
    form in use, None where that is not measured.
    """
    begun = GuidelineVersion.objects.filter(
        project=OuterRef("project"), state=DocumentState.PUBLISHED, in_force__startswith__lte=Now()
    )
    forms = FormVersion.objects.filter(project=OuterRef("project"), state=DocumentState.PUBLISHED).order_by("-number")
    is_open = RawSQL(f"SELECT e.id FROM {ENROLLED} WHERE r.user_id = %s AND {all_of(OF_OPEN)}", [user.pk])
    is_read = f"EXISTS (SELECT FROM {ENROLLED} WHERE e.id = routing_enrolment.id AND {HAS_READ})"
    return (
        Enrolment.objects.filter(pk__in=is_open)
        .select_related("project")
        .annotate(
            guideline=Subquery(begun.order_by("-number").values("number")[:1]),
            median_seconds=Subquery(forms.values("handling_time__median_seconds")[:1]),
            is_read=RawSQL(is_read, [], output_field=BooleanField()),
        )
    )


def projects_with_work(*, reviewer_id: int, pool_ids: Sequence[int]) -> set[int]:
    """Return the projects of these pools, which the reviewer may serve, that hold a task for them: nothing that they have
    judged, skipped or written."""
    return {row[0] for row in fetch(WITH_WORK, {"reviewer": reviewer_id, "pools": list(pool_ids)})}


def guidelines_to_read(user: User) -> list[dict[str, Any]]:
    """Return the guidelines that this person has to read before they are given more of their projects."""
    unread = open_enrolments(user).filter(is_read=False, guideline__isnull=False)
    return [
        {"project": shown_name(each), "number": each.guideline} for each in unread.order_by(F("project__name"), "pk")
    ]


def shown_name(enrolment: Any) -> dict[str, str]:
    return {"id": str(enrolment.project.public_id), "name": enrolment.project.name}


def shown_project(enrolment: Any, *, has_work: bool) -> dict[str, Any]:
    """Return what a reviewer sees of a project that is open to them; the pay an hour is at the expected minutes."""
    project, seconds = enrolment.project, enrolment.median_seconds
    hourly = (project.pay_amount * 3600 / Decimal(seconds)).quantize(CENT) if seconds else None
    return {
        **shown_name(enrolment),
        "description": project.description,
        "domains": sorted(project.skills_by_domain),
        "languages": project.languages,
        "pay": {"amount": str(project.pay_amount), "currency": project.currency, "an_hour": hourly and str(hourly)},
        "expected_minutes": round(seconds / 60, 1) if seconds else None,
        "guideline": {"number": enrolment.guideline, "is_read": enrolment.is_read},
        "has_open_work": has_work,
    }
