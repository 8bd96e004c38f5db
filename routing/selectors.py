"""Reads about who may serve what, and what they hold."""

import json
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from config.kernel.life import newest
from config.kernel.models import User
from config.kernel.types import LifeMoment
from labeling.guidelines import guideline_to_read
from labeling.models import Item, Reviewer
from routing.errors import NotAReviewer
from routing.models import Enrolment, Lease
from routing.open_projects import guidelines_to_read
from routing.types import LeasedTask, NothingToDo, PoolChoice, Trust

# The pools that hold a task for this reviewer and whose requirement they meet. Languages match by RFC 4647 basic
# filtering: the range "en" takes "en" and "en-GB", "*" takes all. Whether they have read the guideline is asked once a
# project: a version at least as new as the latest one that is not editorial, or the first if all the others are.
SERVABLE = """
WITH mine AS MATERIALIZED (
    SELECT j.id AS project_id, r.id AS reviewer_id, r.clearance, r.languages,
           EXISTS (SELECT FROM labeling_guidelineacknowledgement a
                   WHERE a.reviewer_id = r.id AND a.project_id = j.id AND a.number >= (
                       SELECT COALESCE(max(g.number) FILTER (WHERE g.change_kind <> 'editorial'), min(g.number))
                       FROM labeling_guidelineversion g WHERE g.project_id = j.id AND g.state = 'published'
                         AND lower(g.in_force) <= statement_timestamp())) AS is_read
    FROM routing_enrolment e
    JOIN labeling_reviewer r ON r.id = e.reviewer_id
    JOIN labeling_project j ON j.id = e.project_id AND j.state = 'open'
    WHERE e.reviewer_id = %(reviewer)s AND e.ended_at IS NULL AND e.trust <> 'paused'
      AND (%(project)s::uuid IS NULL OR j.public_id = %(project)s::uuid)
      AND EXISTS (SELECT FROM labeling_projectuserpermission may
                  JOIN auth_permission named ON named.id = may.permission_id
                  WHERE may.user_id = %(user)s AND may.content_object_id = j.id AND named.codename = 'judge_items')
)
SELECT p.id, p.project_id, p.priority, p.due_at, LEAST(waiting.position, reserved.position), mine.is_read
FROM mine
JOIN labeling_pool p ON p.project_id = mine.project_id
LEFT JOIN LATERAL (SELECT t.position FROM labeling_task t
    WHERE t.pool_id = p.id AND t.state = 'open' AND t.reserved_for_id IS NULL
    ORDER BY t.position LIMIT 1) waiting ON true
LEFT JOIN LATERAL (SELECT t.position FROM labeling_task t
    WHERE t.reserved_for_id = mine.reviewer_id AND t.pool_id = p.id AND t.state = 'open'
    ORDER BY t.position LIMIT 1) reserved ON true
WHERE (waiting.position IS NOT NULL OR reserved.position IS NOT NULL)
  AND p.clearance <= mine.clearance
  AND EXISTS (SELECT FROM unnest(mine.languages) AS spoken
              WHERE spoken = '*' OR lower(p.language) = lower(spoken)
                 OR starts_with(lower(p.language), lower(spoken) || '-'))
  AND NOT EXISTS (SELECT FROM unnest(p.skills) AS needed WHERE NOT EXISTS (
        SELECT FROM routing_qualification q WHERE q.reviewer_id = mine.reviewer_id
          AND q.skill = split_part(needed, ':', 1) AND q.level >= split_part(needed, ':', 2)::int
          AND (q.expires_at IS NULL OR q.expires_at > statement_timestamp())))
"""

LEASED = """
SELECT l.token, l.until, EXTRACT(epoch FROM l.until - statement_timestamp())::float, l.task_id, r.item_version_id,
       l.project_id, l.customer_id, p.public_id, p.name, g.number, g.clauses, f.document, v.language, v.payload, d.answers
FROM routing_lease l
JOIN labeling_round r ON r.id = l.round_id
JOIN labeling_project p ON p.id = l.project_id
JOIN labeling_guidelineversion g ON g.id = l.guideline_id
JOIN labeling_formversion f ON f.id = r.form_id
JOIN labeling_itemversion v ON v.id = r.item_version_id
LEFT JOIN labeling_draft d ON d.task_id = l.task_id AND d.reviewer_id = l.reviewer_id
WHERE l.token = %s AND l.reviewer_id = %s
"""

# Which columns of LEASED are JSON, which the driver hands over as text: clauses, form, payload and draft.
JSON_COLUMNS = (10, 11, 13, 14)


def servable_pools(*, user_id: int, reviewer_id: int, project: UUID | None) -> list[PoolChoice]:
    """Return the pools that have an open task and that this reviewer may serve, in no order."""
    with connection.cursor() as cursor:
        cursor.execute(SERVABLE, {"reviewer": reviewer_id, "user": user_id, "project": project})
        return [PoolChoice(*row) for row in cursor.fetchall()]


def reviewer_of(user: User) -> Reviewer:
    """Return the reviewer that this person is; raises NotAReviewer for anybody else."""
    reviewer = Reviewer.objects.filter(user=user, is_active=True).first()
    if reviewer is None:
        raise NotAReviewer("You are not set up as a reviewer, or no longer; ask your operator.")
    return reviewer


def leased_task(*, token: UUID, reviewer_id: int) -> LeasedTask:
    """Return all that the desk shows for the lease. The lease must exist and be the reviewer's."""
    with connection.cursor() as cursor:
        cursor.execute(LEASED, [token, reviewer_id])
        row = list(cursor.fetchone())
    for place in JSON_COLUMNS:
        row[place] = None if row[place] is None else json.loads(row[place])
    return LeasedTask(*row)


def guideline_first(*, project_id: int, reviewer_id: int) -> NothingToDo:
    """Say that the guideline has to be read before there is a task, and give it."""
    guideline = guideline_to_read(project_id=project_id, reviewer_id=reviewer_id)
    return NothingToDo(
        "guideline", f"Read the guideline of {guideline.project_name} first; your next task follows.", guideline
    )


def why_nothing(*, user: User, reviewer_id: int) -> NothingToDo:
    """Say why there is no task: not enrolled, paused, or nothing left that they may do."""
    live = Enrolment.objects.filter(reviewer_id=reviewer_id, ended_at=None)
    if not live.exists():
        return NothingToDo("not_enrolled", "You are not on any project yet; ask your operator to enrol you.")
    if not live.exclude(trust=Trust.PAUSED).exists():
        return NothingToDo("paused", "Your work is paused; your operator can tell you why and what comes next.")
    if not live.filter(project__state="open").exists():
        return NothingToDo("closed", "Your projects are not open at the moment; come back later.")
    return NothingToDo("nothing_left", "There is nothing waiting for you right now; new work shows up by itself.")


def projects_of(user: User) -> list[dict[str, Any]]:
    """The projects this person works on."""
    enrolments = Enrolment.objects.filter(Q(reviewer__user=user), ended_at=None, project__state="open").select_related(
        "project"
    )
    return [
        {"id": str(each.project.public_id), "name": each.project.name} for each in enrolments.order_by("project__name")
    ]


def desk_me(user: User) -> dict[str, Any]:
    """Routing's part of "me": the projects this person works on, and the guidelines they have still to read."""
    return {"projects": projects_of(user), "guidelines_to_read": guidelines_to_read(user)}


def life_of_item(item: Item) -> list[LifeMoment]:
    """Routing's part of an item's line of life: leases and how they ended."""
    leases, moments = newest(Lease.objects.filter(round__item=item).defer("why"), "routing", "leases", at="claimed_at")
    for lease in leases:
        who: dict[str, Any] = {"reviewer_id": lease.reviewer_id, "link": ("routing.lease", lease.pk), "kind": "lease"}
        moments.append(LifeMoment(lease.claimed_at, "routing", "leased", **who))
        if lease.ended_at:
            ended = f"lease {lease.get_state_display().lower()}"
            moments.append(LifeMoment(lease.ended_at, "routing", ended, detail=lease.skip_reason, **who))
    return moments
