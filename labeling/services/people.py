"""Customers, their people, and the object permissions that follow from memberships."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Permission
from django.db import transaction

from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.types import Surface
from labeling.models import (
    Customer,
    CustomerUserPermission,
    Membership,
    Organisation,
    Project,
    ProjectUserPermission,
    Reviewer,
)
from labeling.permissions import CUSTOMER_PERMISSIONS, OWN_PEOPLE, PROJECT_PERMISSIONS
from labeling.types import Confidentiality, OrganisationKind, Role

SURFACE_OF_ROLE = {
    Role.CUSTOMER_ADMIN: Surface.PORTAL,
    Role.CUSTOMER_VIEWER: Surface.PORTAL,
    Role.OPERATOR: Surface.CONSOLE,
    Role.LEAD: Surface.CONSOLE,
    Role.REVIEWER: Surface.DESK,
    Role.AUDITOR: Surface.DESK,
}

Grant = tuple[str, int]  # permission codename, object id


@transaction.atomic
def create_customer(*, name: str, slug: str, actor: User | None) -> Customer:
    """Create a tenant; raises Conflict when the short name is taken."""
    if Customer.objects.filter(slug=slug).exists():
        raise Conflict(f"A customer is called {slug!r} already; choose another short name.", field="slug")
    customer = Customer.objects.create(name=name, slug=slug)
    record("customer.created", subject=customer, actor_id=actor.pk if actor else None)
    return customer


@transaction.atomic
def add_member(
    *, user: User, customer: Customer, role: str, actor: User | None, project: Project | None = None
) -> Membership:
    """Make `user` a member of the customer, or of one project of it, and derive their permissions.

    Again is the same. Raises Invalid when the role belongs to another surface than the person, or the project to
    another customer.
    """
    if user.surface != SURFACE_OF_ROLE[Role(role)]:
        raise Invalid(
            f"{user} works on the {user.surface}; the role {Role(role).label} needs the {SURFACE_OF_ROLE[Role(role)]}.",
            field="role",
        )
    if project is not None and project.customer_id != customer.pk:
        raise Invalid("This project belongs to another customer.", field="project")
    membership, is_new = Membership.objects.get_or_create(
        user=user, customer=customer, project=project, role=role, defaults={"granted_by": actor}
    )
    if is_new:
        record(
            "membership.granted",
            subject=membership,
            actor_id=actor.pk if actor else None,
            data={"user": user.pk, "role": role, "project": project.pk if project else None},
        )
        derive_permissions(user=user)
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, actor: User) -> None:
    """End a membership; what it alone allowed is gone with it."""
    record(
        "membership.ended",
        subject=membership,
        actor_id=actor.pk,
        data={"user": membership.user_id, "role": membership.role, "project": membership.project_id},
    )
    user = membership.user
    membership.delete()
    derive_permissions(user=user)


@transaction.atomic
def add_colleague(
    *, email: str, role: str, customer: Customer, actor: User, project: Project | None = None
) -> Membership:
    """Give one of the customer's own people another role, at the wish of one of them.

    Raises NotAllowed for a role of ours, Invalid for somebody who is not with the customer yet.
    """
    if role not in OWN_PEOPLE:
        raise NotAllowed("You can give your own people's roles only; ask us for others.", field="role")
    colleague = User.objects.filter(
        email=email.lower(), memberships__customer=customer, memberships__role__in=OWN_PEOPLE
    ).first()
    if colleague is None:
        raise Invalid("Nobody of yours has this e-mail; invite them.", field="email")
    return add_member(user=colleague, customer=customer, project=project, role=role, actor=actor)


@transaction.atomic
def remove_colleague(*, membership: Membership, actor: User) -> None:
    """End the membership of one of the customer's own people, at the wish of one of them.

    Raises NotAllowed for a membership of ours (an operator's, a reviewer's), Conflict for the customer's last admin.
    """
    customer = lock_row(Customer.objects.filter(pk=membership.customer_id))
    if membership.role not in OWN_PEOPLE:
        raise NotAllowed("These are our people; ask us to take them off your projects.")
    admins = Membership.objects.filter(customer=customer, role=Role.CUSTOMER_ADMIN, project=None)
    if membership.role == Role.CUSTOMER_ADMIN and not admins.exclude(pk=membership.pk).exists():
        raise Conflict("This is the last admin; make somebody else an admin first.")
    remove_member(membership=membership, actor=actor)


@transaction.atomic
def derive_permissions(*, user: User) -> None:
    """Make the person's object permissions exactly what their memberships say."""
    on_customers, on_projects = permissions_due(user)
    _sync(CustomerUserPermission, user, on_customers, Customer)
    _sync(ProjectUserPermission, user, on_projects, Project)


def permissions_due(user: User) -> tuple[set[Grant], set[Grant]]:
    """Return the grants (codename, object id) on customers and on projects that the memberships call for."""
    on_customers: set[Grant] = set()
    on_projects: set[Grant] = set()
    for membership in user.memberships.select_related("project"):
        if membership.project_id is None:
            on_customers |= {(name, membership.customer_id) for name in CUSTOMER_PERMISSIONS.get(membership.role, ())}
        for project_id in _projects_reached(membership):
            on_projects |= {(name, project_id) for name in PROJECT_PERMISSIONS.get(membership.role, ())}
    return on_customers, on_projects


def _projects_reached(membership: Membership) -> Iterable[int]:
    if membership.project_id is not None:
        return [membership.project_id]
    reached = Project.objects.filter(customer_id=membership.customer_id)
    if membership.role not in OWN_PEOPLE:
        reached = reached.exclude(confidentiality=Confidentiality.CONFIDENTIAL)
    return reached.values_list("pk", flat=True)


def _sync(
    table: Any,
    user: User,
    due: set[Grant],
    model: type[Customer] | type[Project],
) -> None:
    ids = dict(
        Permission.objects.filter(
            content_type__app_label="labeling", content_type__model=model._meta.model_name
        ).values_list("codename", "pk")
    )
    held = {
        (permission.permission.codename, permission.content_object_id): permission.pk
        for permission in table.objects.filter(user=user).select_related("permission")
    }
    table.objects.filter(pk__in=[pk for grant, pk in held.items() if grant not in due]).delete()
    table.objects.bulk_create(
        [
            table(user=user, permission_id=ids[codename], content_object_id=object_id)
            for codename, object_id in sorted(due - held.keys())
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def create_reviewer(
    *,
    user: User,
    languages: list[str],
    actor: User | None,
    organisation: Organisation | None = None,
    country: str = "",
    clearance: int = 0,
    is_simulated: bool = False,
) -> Reviewer:
    """Give a person of the desk the identity under which they judge; without an organisation they are in-house."""
    if user.surface != Surface.DESK:
        raise Invalid(f"{user} does not work at the desk; only people of the desk can judge.", field="user")
    if organisation is None:
        organisation, _ = Organisation.objects.get_or_create(
            name="In-house", defaults={"kind": OrganisationKind.IN_HOUSE}
        )
    reviewer = Reviewer.objects.create(
        user=user,
        organisation=organisation,
        languages=languages,
        country=country,
        clearance=clearance,
        is_simulated=is_simulated,
    )
    record("reviewer.created", subject=reviewer, actor_id=actor.pk if actor else None)
    return reviewer
