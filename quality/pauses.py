"""Reads about pauses: what a reviewer is told of their own, and how pauses, passes and overturns fall on groups of people."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from config.kernel.models import User
from labeling.models import Project
from quality.models import Pause, Standing
from quality.types import PauseState, StandingState

TOLD_AT_ONCE = 20
IS_OVERDUE = Q(state=PauseState.PROVISIONAL, due_at__lt=Now())
WAY_BACK_FROM_RETIREMENT = "Ask your operator, if you would like to work there again."

# People of a project by a group, how many of them were paused, and how that ended; how many passed their tests.
BY_GROUP = """
WITH people AS (
    SELECT DISTINCT e.reviewer_id, {group} AS name FROM routing_enrolment e JOIN labeling_reviewer r ON r.id = e.reviewer_id
    {more} WHERE e.project_id = %(project)s AND e.ended_at IS NULL)
SELECT p.name, count(*), count(*) FILTER (WHERE g.paused > 0), COALESCE(sum(g.decided), 0), COALESCE(sum(g.overturned), 0),
    COALESCE(sum(x.sat), 0), COALESCE(sum(x.passed), 0)
FROM people p
CROSS JOIN LATERAL (SELECT count(*) AS paused, count(u.decided_by_id) AS decided,
        count(*) FILTER (WHERE u.state = 'lifted' AND u.decided_by_id IS NOT NULL) AS overturned
    FROM quality_pause u JOIN quality_standing s ON s.id = u.standing_id
    WHERE s.project_id = %(project)s AND s.reviewer_id = p.reviewer_id AND u.is_automatic) g
CROSS JOIN LATERAL (SELECT count(*) AS sat, count(*) FILTER (WHERE t.state = 'passed') AS passed
    FROM quality_sitting t WHERE t.project_id = %(project)s AND t.reviewer_id = p.reviewer_id AND t.state <> 'open') x
GROUP BY p.name ORDER BY p.name
"""
COUNTRY = BY_GROUP.format(group="r.country", more="")
LANGUAGE = BY_GROUP.format(group="spoken.name", more="CROSS JOIN LATERAL unnest(r.languages) AS spoken(name)")


@dataclass(frozen=True, slots=True)
class GroupRates:
    """One group of a project's people: how many, how many automatic pauses befell any of them, what persons decided of
    these, and their tests."""

    name: str
    people: int
    paused: int
    decided: int
    overturned: int
    sittings: int
    passed: int

    @property
    def pause_rate(self) -> float:
        return self.paused / self.people

    @property
    def overturn_rate(self) -> float | None:
        return self.overturned / self.decided if self.decided else None

    @property
    def pass_rate(self) -> float | None:
        return self.passed / self.sittings if self.sittings else None


def rates_of_groups(project: Project) -> dict[str, list[GroupRates]]:
    """Return the rates by country and by language of the people; whoever judges in two languages is in both groups."""
    rates = {}
    with connection.cursor() as cursor:
        for name, statement in (("country", COUNTRY), ("language", LANGUAGE)):
            cursor.execute(statement, {"project": project.pk})
            rates[name] = [GroupRates(row[0], *map(int, row[1:])) for row in cursor.fetchall()]
    return rates


def overdue_pauses() -> QuerySet[Pause]:
    """Return those that a person should have confirmed or lifted by now."""
    return Pause.objects.filter(IS_OVERDUE)


def desk_me(user: User) -> dict[str, Any]:
    """The part of "me" that says where this person is paused or retired, why, and the way back."""
    standing = Standing.objects.filter(reviewer__user=user, skill="")
    pauses = Pause.objects.filter(standing__in=standing).exclude(state=PauseState.LIFTED).select_related("project")
    told = [
        {
            "project": pause.project.name,
            "since": pause.created_at,
            "why": pause.decision_reason or pause.reason,
            "way_back": pause.way_back,
            "is_provisional": pause.state == PauseState.PROVISIONAL,
        }
        for pause in pauses.order_by("-pk")[:TOLD_AT_ONCE]
    ]
    told += [
        {
            "project": each.project.name,
            "since": each.changed_at,
            "why": each.reason,
            "way_back": WAY_BACK_FROM_RETIREMENT,
            "is_provisional": False,
        }
        for each in standing.filter(state=StandingState.RETIRED).select_related("project").order_by("pk")[:TOLD_AT_ONCE]
    ]
    return {"pauses": told}
