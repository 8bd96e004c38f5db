"""Reads about who may serve what, and what they hold."""

import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When

from config.kernel.clock import database_now
from config.kernel.errors import Invalid
from config.kernel.life import newest
from config.kernel.models import User
from config.kernel.prepared import fetch
from config.kernel.types import LifeMoment
from labeling import prelabels
from labeling.forms import form_of_stage
from labeling.guidelines import guideline_to_read
from labeling.models import Customer, Item, OrganisationLead, Reviewer
from labeling.presentation import first_draft, shown_beside
from labeling.selectors import annotations_beside
from routing.availability import Stop, facts_of, stop_of
from routing.eligibility import ENROLLED, HAS_READ, OF_POOL, OF_PROJECT, all_of
from routing.errors import NotAReviewer
from routing.ladder import Rung, ladder_from
from routing.models import Availability, Block, Enrolment, Lease, Leave, ServiceLevel
from routing.open_projects import guidelines_to_read
from routing.services.workloads import FACTS
from routing.types import STOPPED, LeasedTask, NothingToDo, PoolChoice, Trust
from routing.weights import Weights, weights_from

# The pools that this reviewer may serve and that hold work, as far as was measured lately or else is seen now. What is
# asked once a project is asked once a project. Each look for a task is at the beginning of an index, in its order.
SERVABLE = f"""
WITH mine AS MATERIALIZED (
    SELECT e.id AS enrolment_id, j.pay_amount, j.currency, {HAS_READ} AS is_read,
           (SELECT x.weights FROM routing_projectrouting x WHERE x.project_id = j.id AND x.weights <> '{{}}') AS weights
    FROM routing_enrolment e
    JOIN labeling_reviewer r ON r.id = e.reviewer_id
    JOIN labeling_project j ON j.id = e.project_id
    JOIN labeling_customer c ON c.id = j.customer_id
    WHERE e.reviewer_id = %(reviewer)s::bigint AND (%(project)s::uuid IS NULL OR j.public_id = %(project)s::uuid)
      AND {all_of(OF_PROJECT)}
)
SELECT p.id, p.project_id, p.priority, p.due_at, p.difficulty, p.customer_id, mine.is_read, e.trust, e.standing,
       mine.pay_amount::float8, mine.currency, mine.weights::text, s.open_count, s.throughput_per_hour, s.present_count,
       s.recent_share, EXTRACT(epoch FROM s.oldest_at)::float8,
       COALESCE(EXTRACT(epoch FROM statement_timestamp() - s.oldest_at), 0)::float8
FROM mine
JOIN routing_enrolment e ON e.id = mine.enrolment_id
JOIN labeling_reviewer r ON r.id = e.reviewer_id
JOIN labeling_pool p ON p.project_id = e.project_id
LEFT JOIN routing_poolstat s ON s.pool_id = p.id
WHERE {all_of(OF_POOL)}
  AND (%(may_distress)s::boolean OR NOT p.is_distressing)
  AND (s.open_count > 0
       OR (SELECT t.id FROM labeling_task t
           WHERE t.pool_id = p.id AND t.state = 'open' AND t.reserved_for_id IS NULL AND t.returned_xid IS NULL
           ORDER BY t.position LIMIT 1) IS NOT NULL
       OR (SELECT t.id FROM labeling_task t
           WHERE t.pool_id = p.id AND t.state = 'open' AND t.reserved_for_id IS NULL AND t.returned_xid IS NOT NULL
           ORDER BY t.returned_xid LIMIT 1) IS NOT NULL
       OR (SELECT t.id FROM labeling_task t
           WHERE t.reserved_for_id = r.id AND t.pool_id = p.id AND t.state = 'open'
           ORDER BY t.position LIMIT 1) IS NOT NULL)
"""

# What is shown of a leased task (`routing/migrations/0020_shown`).
LEASED = "SELECT * FROM routing_shown(%(token)s::uuid, %(reviewer)s::bigint)"

# Reasons that pass by themselves.
PASSING = frozenset({"open", "capped", "held_back", "trust"})

# Which columns of LEASED are JSON, which the driver hands over as text: clauses, form, payload and draft.
JSON_COLUMNS = (10, 11, 13, 14)


def servable_pools(
    *, reviewer_id: int, project: UUID | None, may_distress: bool = True
) -> tuple[list[PoolChoice], dict[int, Weights]]:
    """Return the pools with open work that this reviewer may serve, in no order, and the weights that projects set.

    Pay counts in the choice only where all of it is in one currency.
    """
    rows = fetch(SERVABLE, {"reviewer": reviewer_id, "project": project, "may_distress": may_distress})
    is_one_currency = len({row[10] for row in rows}) <= 1
    weights = {row[1]: weights_from(json.loads(row[11])) for row in rows if row[11] is not None}
    return [_choice(row, is_one_currency) for row in rows], weights


# Whether a reviewer may be given a pool's tasks, whatever passes by itself: a cap, a pause of the pool or the project.
LASTING = [{name: sql for name, sql in level.items() if name not in PASSING} for level in (OF_PROJECT, OF_POOL)]
MAY_SERVE = f"""
SELECT EXISTS (SELECT FROM {ENROLLED} JOIN labeling_pool p ON p.project_id = j.id
    WHERE r.id = %(reviewer)s::bigint AND p.id = %(pool)s::bigint AND {all_of(*LASTING)})
"""


def may_serve(*, reviewer_id: int, pool_id: int) -> bool:
    """Return whether the reviewer may be given this pool's tasks; what passes by itself (a cap, a pause of the pool or of
    the project) does not count against it."""
    [(may,)] = fetch(MAY_SERVE, {"reviewer": reviewer_id, "pool": pool_id})
    return bool(may)


def _choice(row: tuple[Any, ...], is_one_currency: bool) -> PoolChoice:
    pool, project, priority, due_at, difficulty, customer, is_read, trust, standing, pay, _, _, *measured = row
    open_count, throughput, present, recent_share, oldest_at, waited = measured
    return PoolChoice(
        pool_id=pool,
        project_id=project,
        priority=priority,
        due_at=due_at,
        waiting_since=int(oldest_at or 0),
        is_read=is_read,
        open_count=open_count or 1,
        throughput_per_hour=throughput,
        present_people=None if present is None else max(present, 1),
        difficulty=difficulty,
        customer_id=customer,
        pay_amount=pay if is_one_currency else None,
        customer_share=recent_share,
        oldest_waiting_seconds=waited,
        trust=trust,
        standing=standing,
    )


def reviewer_of(user: User) -> Reviewer:
    """Return the reviewer that this person is; raises NotAReviewer for anybody else."""
    reviewer = Reviewer.objects.filter(user=user, is_active=True).first()
    if reviewer is None:
        raise NotAReviewer("You are not set up as a reviewer, or no longer; ask your operator.")
    return reviewer


def reviewer_known_as(*, customer: Customer, pseudonym: str) -> Reviewer:
    """Return whom the customer knows by this name, from its projects now or before; Invalid where that is nobody."""
    known = Enrolment.objects.filter(customer=customer, pseudonym=pseudonym).select_related("reviewer").first()
    if known is None:
        raise Invalid("Nobody on your projects is known by this name.", field="reviewer")
    return known.reviewer


def blocks_of(user: User) -> QuerySet[Any]:
    """Return the blocks of the customers that this person manages, with the name by which each knows the reviewer."""
    enrolled = Enrolment.objects.filter(customer=OuterRef("customer"), reviewer=OuterRef("reviewer"))
    blocks = Block.objects.visible_to(user).select_related("customer")
    return blocks.annotate(known_as=Subquery(enrolled.values("pseudonym")[:1]))


def working_time_of(reviewer: Reviewer) -> tuple[Availability, Stop | None]:
    """Return when the reviewer works, unsaved where they never said, and why they get no work now, if so."""
    [(facts, now)] = fetch(
        f"SELECT {FACTS}, statement_timestamp() FROM labeling_reviewer r"
        " LEFT JOIN routing_availability a ON a.reviewer_id = r.id"
        " LEFT JOIN routing_workload w ON w.reviewer_id = r.id WHERE r.id = %(reviewer)s",
        {"reviewer": reviewer.pk},
    )
    said = Availability.objects.filter(reviewer=reviewer).first() or Availability(reviewer=reviewer)
    return said, stop_of(facts_of(facts), now)


def as_leased(row: tuple[Any, ...]) -> LeasedTask:
    """Return a row of LEASED as what the desk shows: the form of its stage, and what stands beside the item."""
    *values, beside, prelabel = row
    for place in JSON_COLUMNS:
        values[place] = None if values[place] is None else json.loads(values[place])
    leased = LeasedTask(*values)
    form = form_of_stage(leased.work, leased.form, leased.clauses, kind=leased.kind, is_of_work=beside is not None)
    if prelabel is not None:
        leased = replace(leased, beside=(prelabels.before(prelabel, payload=leased.payload, seed=leased.token),))
    if beside is None:
        return replace(leased, form=form)
    shown = shown_beside(annotations_beside(beside), payload=leased.payload, seed=leased.token, kind=leased.kind)
    return replace(leased, form=form, beside=shown, draft=leased.draft or first_draft(shown))


def guideline_first(*, project_id: int, reviewer_id: int) -> NothingToDo:
    """Say that the guideline has to be read before there is a task, and give it."""
    guideline = guideline_to_read(project_id=project_id, reviewer_id=reviewer_id)
    return NothingToDo(
        "guideline", f"Read the guideline of {guideline.project_name} first; your next task follows.", guideline
    )


def why_nothing(*, reviewer_id: int) -> NothingToDo:
    """Say why there is no task: not enrolled, paused, training comes first, or nothing left that they may do."""
    live = Enrolment.objects.filter(reviewer_id=reviewer_id, ended_at=None)
    if not live.exists():
        return NothingToDo("not_enrolled", "You are not on any project yet; ask your operator to enrol you.")
    if not live.exclude(trust__in=STOPPED).exists():
        return NothingToDo("paused", "Your work is paused; why, and the way back, is in your inbox.")
    if not live.exclude(trust__in=[*STOPPED, Trust.TRAINING]).exists():
        return NothingToDo("training", "Your training comes first; begin it under “Training and tests”.")
    if not live.filter(project__state="open").exists():
        return NothingToDo("closed", "Your projects are not open at the moment; come back later.")
    if is_capped(reviewer_id=reviewer_id):
        return NothingToDo("capped", "You have done today's share while we get to know your work; more comes tomorrow.")
    return NothingToDo("nothing_left", "There is nothing waiting for you right now; new work shows up by itself.")


def is_capped(*, reviewer_id: int) -> bool:
    """Whether the reviewer has done, somewhere open, all the judgments a day that their standing allows there."""
    done = "e.capped_count >= e.daily_cap AND e.capped_on = (statement_timestamp() AT TIME ZONE 'UTC')::date"
    rows = fetch(
        "SELECT 1 FROM routing_enrolment e JOIN labeling_project j ON j.id = e.project_id AND j.state = 'open'"
        f" WHERE e.reviewer_id = %(reviewer)s::bigint AND e.ended_at IS NULL AND {done} LIMIT 1",
        {"reviewer": reviewer_id},
    )
    return bool(rows)


def coming_leaves(reviewer: Reviewer) -> QuerySet[Leave]:
    """Return the leaves that are not over anywhere, soonest first."""
    return Leave.objects.filter(reviewer=reviewer, during__endswith__gte=database_now().date()).order_by("during", "pk")


def ladders_of(project_ids: Collection[int]) -> dict[int, tuple[Rung, ...]]:
    """Return the ladder of each project: its service level's, or the house's."""
    own = dict(ServiceLevel.objects.filter(project__in=project_ids).values_list("project_id", "ladder"))
    return {key: ladder_from(own.get(key, [])) for key in project_ids}


def with_reasons_for(user: User, leaves: QuerySet[Leave]) -> QuerySet[Any]:
    """Have each leave carry `reason_shown`: its reason where `user` is in charge of the reviewer, "" otherwise.

    In charge are superusers, operators of a project that the reviewer works on, and the lead of their organisation.
    """
    if user.is_superuser:
        return leaves.annotate(reason_shown=F("reason"))
    works = Enrolment.objects.visible_to(user, "operate_project").filter(ended_at=None, reviewer=OuterRef("reviewer"))
    led = Q(reviewer__organisation__in=OrganisationLead.objects.filter(user=user).values("organisation"))
    told = When(Exists(works) | led, then=F("reason"))
    return leaves.annotate(reason_shown=Case(told, default=Value("")))


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
