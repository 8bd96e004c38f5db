"""Reads about pauses: what a reviewer is told of their own, and how pauses, passes and overturns fall on groups of people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from config.kernel.models import User
from labeling.models import Project
from quality.models import Pause, Standing
from quality.proportions import Share, share_of
from quality.types import PauseState, StandingState

TOLD_AT_ONCE = 20
IS_OVERDUE = Q(state=PauseState.PROVISIONAL, due_at__lt=Now())
WAY_BACK_CONFIRMED = (
    "A person has looked at this and confirmed it. Ask your operator what would let you go on: they can end the pause at any"
    " time; if you think that an answer of yours was right, appeal against what you were told of it."
)
WAY_BACK_FROM_RETIREMENT = "Ask your operator, if you would like to work there again."

# A group of fewer people says who they are, and nothing about groups: these are shown together.
PEOPLE_LEAST = 5

# People of a project by a group, how many of them were paused, and how that ended; how many passed their tests. Who left
# counts on: who is paused leaves more often. A pause that a person confirmed and ended later was not overturned.
BY_GROUP = """
WITH people AS (
    SELECT DISTINCT e.reviewer_id, {group} AS name FROM routing_enrolment e JOIN labeling_reviewer r ON r.id = e.reviewer_id
    {more} WHERE e.project_id = %(project)s)
SELECT p.name, count(*), count(*) FILTER (WHERE g.paused > 0), COALESCE(sum(g.decided), 0), COALESCE(sum(g.overturned), 0),
    COALESCE(sum(x.sat), 0), COALESCE(sum(x.passed), 0)
FROM people p
CROSS JOIN LATERAL (SELECT count(*) AS paused, count(u.decided_by_id) AS decided,
        count(*) FILTER (WHERE u.state = 'lifted' AND u.decided_by_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM kernel_event v WHERE v.subject = 'quality.pause' AND v.subject_id = u.id
                AND v.kind = 'pause.confirmed')) AS overturned
    FROM quality_pause u JOIN quality_standing s ON s.id = u.standing_id
    WHERE s.project_id = %(project)s AND s.reviewer_id = p.reviewer_id AND u.is_automatic) g
CROSS JOIN LATERAL (SELECT count(*) AS sat, count(*) FILTER (WHERE t.state = 'passed') AS passed
    FROM quality_sitting t WHERE t.project_id = %(project)s AND t.reviewer_id = p.reviewer_id AND t.state <> 'open') x
GROUP BY p.name ORDER BY p.name
"""
COUNTRY = BY_GROUP.format(group="r.country", more="")
LANGUAGE = BY_GROUP.format(group="spoken.name", more="CROSS JOIN LATERAL unnest(r.languages) AS spoken(name)")


COUNTS = ("people", "paused", "decided", "overturned", "sittings", "passed")


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
    def pause_rate(self) -> Share:
        return share_of(self.paused, self.people)

    @property
    def overturn_rate(self) -> Share:
        return share_of(self.overturned, self.decided)

    @property
    def pass_rate(self) -> Share:
        return share_of(self.passed, self.sittings)


@dataclass(frozen=True, slots=True)
class GroupedRates:
    """The groups that are large enough to be shown, and how many are not; `others` are these together, where they are
    large enough, and None otherwise."""

    groups: list[GroupRates]
    small_count: int
    others: GroupRates | None


def rates_of_groups(project: Project) -> dict[str, GroupedRates]:
    """Return the rates by country and by language of the people; whoever judges in two languages is in both groups.

    Groups of fewer than PEOPLE_LEAST are put together; and where those together are still too few, nothing is said of them.
    """
    rates = {}
    with connection.cursor() as cursor:
        for name, statement in (("country", COUNTRY), ("language", LANGUAGE)):
            cursor.execute(statement, {"project": project.pk})
            rates[name] = _grouped([GroupRates(row[0], *map(int, row[1:])) for row in cursor.fetchall()])
    return rates


def _grouped(rows: Sequence[GroupRates]) -> GroupedRates:
    large = [row for row in rows if row.people >= PEOPLE_LEAST]
    small = [row for row in rows if row.people < PEOPLE_LEAST]
    sums = [sum(getattr(row, name) for row in small) for name in COUNTS]
    others = GroupRates("", *sums)
    return GroupedRates(large, len(small), others if len(small) > 1 and others.people >= PEOPLE_LEAST else None)


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
            "why": _why(pause),
            "way_back": WAY_BACK_CONFIRMED if pause.is_automatic and pause.decided_at else pause.way_back,
            "is_provisional": pause.state == PauseState.PROVISIONAL,
            "is_retired": False,
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
            "is_retired": True,
        }
        for each in standing.filter(state=StandingState.RETIRED).select_related("project").order_by("pk")[:TOLD_AT_ONCE]
    ]
    return {"pauses": told}


def _why(pause: Pause) -> str:
    """Why it began, and what the person said who confirmed it."""
    if pause.decision_reason in ("", pause.reason):
        return pause.reason
    return f"{pause.reason} Confirmed: {pause.decision_reason}"
