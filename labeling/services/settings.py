"""Changes of settings: of a customer, a project, a reviewer, an organisation. History keeps what they were."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models, transaction

from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.events import record
from config.kernel.jobs import enqueue
from config.kernel.locks import lock_row, lock_rows
from config.kernel.models import User
from labeling.authority import check_in_charge, check_in_charge_of_organisation
from labeling.models import Customer, Organisation, Pool, Project, Reviewer
from labeling.services.people import derive_permissions
from labeling.services.reuploads import revise_again
from labeling.types import Confidentiality, OrganisationKind, ProjectState

CUSTOMER_SETTINGS = ("name", "conflict_tags", "retention_days")
PROJECT_SETTINGS = (
    "name", "description", "confidentiality", "clearance", "languages", "skills_by_domain", "overlap", "overlap_most",
    "target_confidence", "send_backs_most", "lease_seconds", "gold_share", "gold_share_most", "is_gold_delivered", "quality_contract", "acceptance_plan", "priority", "due_at", "hold_flagged", "recheck_share",
    "retention_days", "pay_amount", "price_amount", "currency", "countries", "organisation_ids", "distressing_domains",
    "endpoints",
)  # fmt: skip
REVIEWER_SETTINGS = ("organisation", "country", "languages", "clearance", "conflict_tags", "is_active")
ORGANISATION_SETTINGS = ("name", "kind")

# Urgency moves pools and never rewrites tasks: what changes on the project is copied there.
URGENCY = ("priority", "due_at")

Row = TypeVar("Row", bound=models.Model)


@transaction.atomic
def change_customer(*, customer: Customer, changes: Mapping[str, Any], actor: User) -> Customer:
    """Change the customer's settings. Raises Invalid for what is not one, ValidationError for a value that is wrong."""
    customer = lock_row(Customer.objects.filter(pk=customer.pk))
    return _changed(customer, changes, CUSTOMER_SETTINGS, "customer.changed", actor)


@transaction.atomic
def change_project(*, project: Project, changes: Mapping[str, Any], actor: User) -> Project:
    """Change the project's settings; what waits in its pools keeps what it needs of a reviewer, and takes its urgency.

    Anybody who operates the project may make it confidential; NotAllowed when somebody who does not manage the customer
    makes it less so, or says how long content is kept. Raises Conflict for another currency once the project was opened,
    for then money may be owed in it, and Invalid for an organisation that there is not. With other flags that hold, what none holds any more goes to work.
    """
    project = lock_row(Project.objects.filter(pk=project.pk).select_related(None))
    _check_currency(project, changes)
    _check_confidentiality(project, changes, actor)
    _check_retention(project, changes, actor)
    _check_organisations(changes)
    held = set(project.hold_flagged)
    project = _changed(project, changes, PROJECT_SETTINGS, "project.changed", actor)
    if set(project.hold_flagged) != held:
        revise_again(project=project)
        enqueue("labeling.jobs.release", project.pk, queue="bulk")
    if urgency := {name: changes[name] for name in URGENCY if name in changes}:
        moved = lock_rows(Pool.objects.filter(project=project).exclude(**urgency))
        Pool.objects.filter(pk__in=[pool.pk for pool in moved]).update(**urgency)
    if "confidentiality" in changes:
        for user in User.objects.filter(
            memberships__customer=project.customer_id, memberships__project=None
        ).distinct():
            derive_permissions(user=user)
    return project


@transaction.atomic
def change_reviewer(*, reviewer: Reviewer, changes: Mapping[str, Any], actor: User) -> Reviewer:
    """Change what is known of a reviewer: who employs them, where, which languages, which clearance, active or not.

    Raises NotAllowed where the reviewer works for a customer that `actor` does not manage.
    """
    reviewer = lock_row(Reviewer.objects.filter(pk=reviewer.pk).select_related(None))
    check_in_charge(actor, reviewer.user)
    return _changed(reviewer, changes, REVIEWER_SETTINGS, "reviewer.changed", actor)


@transaction.atomic
def create_organisation(*, name: str, kind: str, actor: User | None) -> Organisation:
    """Make an organisation whose people judge. Raises Conflict when the name is taken, Invalid for an unknown kind."""
    if kind not in OrganisationKind.values:
        raise Invalid(f"The kind is one of {', '.join(OrganisationKind.values)}.", field="kind")
    if Organisation.objects.filter(name=name).exists():
        raise Conflict(f"An organisation is called {name!r} already; choose another name.", field="name")
    made = Organisation.objects.create(name=name, kind=kind)
    record("organisation.created", subject=made, actor_id=actor.pk if actor else None)
    return made


@transaction.atomic
def change_organisation(*, organisation: Organisation, changes: Mapping[str, Any], actor: User) -> Organisation:
    """Rename an organisation or change its kind. Raises Conflict for in-house while somebody leads it as a vendor's,
    NotAllowed where its people work for customers that `actor` does not manage."""
    organisation = lock_row(Organisation.objects.filter(pk=organisation.pk))
    check_in_charge_of_organisation(actor, organisation)
    if changes.get("kind") == OrganisationKind.IN_HOUSE and organisation.leads.exists():
        raise Conflict("Somebody leads this vendor's people; end that first.", field="kind")
    return _changed(organisation, changes, ORGANISATION_SETTINGS, "organisation.changed", actor)


def _check_currency(project: Project, changes: Mapping[str, Any]) -> None:
    is_other = "currency" in changes and changes["currency"] != project.currency
    if is_other and project.state != ProjectState.DRAFT:
        raise Conflict("The currency is fixed once the project was opened; begin another project.", field="currency")


def _check_confidentiality(project: Project, changes: Mapping[str, Any], actor: User) -> None:
    is_lowered = (
        project.confidentiality == Confidentiality.CONFIDENTIAL
        and changes.get("confidentiality", project.confidentiality) != Confidentiality.CONFIDENTIAL
    )
    if is_lowered and not _is_managed(project, actor):
        raise NotAllowed(
            "Only somebody who manages the customer can open a confidential project to all of its operators.",
            field="confidentiality",
        )


def _check_retention(project: Project, changes: Mapping[str, Any], actor: User) -> None:
    """What is kept for a shorter time is erased sooner, and erasing is for those who manage the customer."""
    is_other = "retention_days" in changes and changes["retention_days"] != project.retention_days
    if is_other and not _is_managed(project, actor):
        raise NotAllowed(
            "Only somebody who manages the customer says how long content is kept.", field="retention_days"
        )


def _check_organisations(changes: Mapping[str, Any]) -> None:
    wanted = set(changes.get("organisation_ids", ()))
    there = Organisation.objects.filter(pk__in=wanted).values_list("pk", flat=True)
    if unknown := sorted(wanted - set(there)):
        raise Invalid(f"There is no organisation {unknown[0]}; choose among those there are.", field="organisation_ids")


def _is_managed(project: Project, actor: User) -> bool:
    return Customer.objects.visible_to(actor, "manage_customer").filter(pk=project.customer_id).exists()


def _changed(row: Row, changes: Mapping[str, Any], known: tuple[str, ...], kind: str, actor: User) -> Row:
    if unknown := sorted(set(changes) - set(known)):
        raise Invalid(f"{unknown[0]} is not a setting that can be changed.", field=unknown[0])
    for name, value in changes.items():
        setattr(row, name, value)
    others = [field.name for field in row._meta.fields if field.name not in changes]
    row.full_clean(exclude=others)
    row.save(update_fields=list(changes))
    record(kind, subject=row, actor_id=actor.pk, data={"fields": sorted(changes)})
    return row
