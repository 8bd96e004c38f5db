"""Open escalations, as the dashboard and a project's page show them: what is failing, for whom, what to do next."""

from dataclasses import dataclass

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.urls import reverse

from config.kernel.models import User
from labeling.models import Customer, Membership, Project
from labeling.types import Role
from routing.ladder import NEXT_STEPS, Audience, asked
from routing.models import Escalation
from routing.selectors import ladders_of
from routing.types import EscalationKind, EscalationState, Severity

MOST = 20
GRAVEST_FIRST = Case(
    When(severity=Severity.URGENT, then=Value(0)),
    When(severity=Severity.WARNING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One escalation on a page; `is_yours`: its ladder asks this person by now, or they own it."""

    escalation: Escalation
    todo: str
    link: str
    is_yours: bool


def escalations(user: User, *, project: Project | None = None, most: int = MOST) -> list[Shown]:
    """Return the unresolved escalations of what this person operates: theirs first, then the gravest, then the oldest."""
    rows: QuerySet[Escalation] = Escalation.objects.visible_to(user, "operate_project")
    if project is not None:
        rows = rows.filter(project=project)
    found = list(
        rows.exclude(state=EscalationState.RESOLVED)
        .select_related("project", "customer", "owner")
        .order_by(GRAVEST_FIRST, "pk")[:most]
    )
    audiences = _audiences(user, found)
    ladders = ladders_of({each.project_id for each in found})
    shown = [
        Shown(
            each,
            str(NEXT_STEPS[EscalationKind(each.kind)]),
            reverse("admin:routing_escalation_change", args=[each.pk]),
            is_yours=each.owner_id == user.pk
            or (
                each.state == EscalationState.OPEN
                and bool(audiences[each.pk] & set(asked(ladders[each.project_id], each.rung)))
            ),
        )
        for each in found
    ]
    return sorted(shown, key=lambda each: not each.is_yours)


def _audiences(user: User, found: list[Escalation]) -> dict[int, set[str]]:
    """Return, for each escalation, the audiences of its project that this person belongs to.

    Where a project has no lead, its operators are asked in the leads' place.
    """
    if not found:
        return {}
    memberships = list(Membership.objects.filter(user=user, role__in=[Role.LEAD, Role.OPERATOR]))
    managed = set(Customer.objects.visible_to(user, "manage_customer").values_list("pk", flat=True))
    led = set(
        Membership.objects.filter(role=Role.LEAD, project__in={each.project_id for each in found}).values_list(
            "project_id", flat=True
        )
    )
    return {each.pk: _audiences_of(each, memberships, managed, is_led=each.project_id in led) for each in found}


def _audiences_of(
    escalation: Escalation, memberships: list[Membership], managed: set[int], *, is_led: bool
) -> set[str]:
    roles = {
        membership.role
        for membership in memberships
        if membership.customer_id == escalation.customer_id and membership.project_id in {None, escalation.project_id}
    }
    belongs = {
        Audience.LEADS: Role.LEAD in roles or (Role.OPERATOR in roles and not is_led),
        Audience.OPERATORS: Role.OPERATOR in roles,
        Audience.MANAGERS: escalation.customer_id in managed,
    }
    return {str(audience) for audience, is_so in belongs.items() if is_so}
