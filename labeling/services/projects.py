"""Projects and their documents: made as drafts, published once, never changed after."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Max
from django.db.models.functions import Now

from config.kernel.canonical import digest
from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.transitions import transition
from labeling.forms import check_form
from labeling.models import Customer, FormVersion, GuidelineVersion, Project
from labeling.services.people import derive_permissions
from labeling.types import PROJECT_MACHINE, ChangeKind, DocumentState, ProjectState


@transaction.atomic
def create_project(*, customer: Customer, slug: str, name: str, actor: User | None, **settings: Any) -> Project:
    """Create a draft project and let the customer's members reach it; raises Conflict when the slug is taken."""
    if Project.objects.filter(customer=customer, slug=slug).exists():
        raise Conflict(f"{customer} has a project called {slug!r} already; choose another.", field="slug")
    project = Project(customer=customer, slug=slug, name=name, **settings)
    project.full_clean(exclude=["customer"])
    project.save()
    record("project.created", subject=project, actor_id=actor.pk if actor else None)
    for user in User.objects.filter(memberships__customer=customer, memberships__project=None).distinct():
        derive_permissions(user=user)
    return project


@transaction.atomic
def publish_form(*, project: Project, document: dict[str, Any], actor: User | None) -> FormVersion:
    """Publish the next version of the project's form. Raises InvalidForm; the same form as now is not published twice."""
    check_form(document)
    project = lock_row(Project.objects.filter(pk=project.pk))
    latest = project.forms.filter(state=DocumentState.PUBLISHED).order_by("-number").first()
    if latest and latest.digest == digest(document):
        return latest
    form = FormVersion.objects.create(
        customer_id=project.customer_id,
        project=project,
        number=_next_number(project.forms),
        document=document,
        digest=digest(document),
        state=DocumentState.PUBLISHED,
        published_at=Now(),
    )
    form.refresh_from_db()
    record("form.published", subject=form, actor_id=actor.pk if actor else None, data={"number": form.number})
    return form


@transaction.atomic
def publish_guideline(
    *,
    project: Project,
    clauses: list[dict[str, Any]],
    actor: User | None,
    examples: list[dict[str, Any]] | None = None,
    change_kind: str = ChangeKind.EDITORIAL,
    summary: str = "",
    effective_from: datetime | None = None,
) -> GuidelineVersion:
    """Publish the next version of the guideline, in force from now or from `effective_from`; the one before ends then.

    Raises Invalid for clauses without stable, unique ids, and for a date before the version that it follows.
    """
    _check_clauses(clauses)
    project = lock_row(Project.objects.filter(pk=project.pk))
    begins = effective_from or database_now()
    latest = project.guidelines.filter(state=DocumentState.PUBLISHED).order_by("-number").first()
    if latest is not None:
        if begins <= latest.in_force.lower:
            raise Invalid(
                "A guideline takes effect after the version before it; choose a later time.",
                field="effective_from",
            )
        latest.in_force = DateTimeTZRange(latest.in_force.lower, begins)
        latest.save(update_fields=["in_force"])
    examples = examples or []
    guideline = GuidelineVersion.objects.create(
        customer_id=project.customer_id,
        project=project,
        number=_next_number(project.guidelines),
        change_kind=change_kind,
        summary=summary,
        clauses=clauses,
        examples=examples,
        digest=digest({"clauses": clauses, "examples": examples}),
        in_force=DateTimeTZRange(begins, None),
        state=DocumentState.PUBLISHED,
        published_at=Now(),
    )
    guideline.refresh_from_db()
    record(
        "guideline.published",
        subject=guideline,
        actor_id=actor.pk if actor else None,
        data={"number": guideline.number},
    )
    return guideline


@transaction.atomic
def open_project(*, project: Project, actor: User | None) -> None:
    """Open (or reopen) the project for uploads and work. Raises Conflict while it has no published form or guideline."""
    project = lock_row(Project.objects.filter(pk=project.pk))
    if not project.forms.filter(state=DocumentState.PUBLISHED).exists():
        raise Conflict("Publish a form first: without one there is nothing to ask.")
    if not project.guidelines.filter(state=DocumentState.PUBLISHED).exists():
        raise Conflict("Publish a guideline first: without one there is nothing to judge by.")
    _move(project, ProjectState.OPEN, actor)


@transaction.atomic
def pause_project(*, project: Project, actor: User | None) -> None:
    """Hand out no more tasks and take no uploads until it is opened again; work in hand can still be submitted."""
    _move(lock_row(Project.objects.filter(pk=project.pk)), ProjectState.PAUSED, actor)


@transaction.atomic
def close_project(*, project: Project, actor: User | None) -> None:
    """End the project for good."""
    _move(lock_row(Project.objects.filter(pk=project.pk)), ProjectState.CLOSED, actor)


def _move(project: Project, target: str, actor: User | None) -> None:
    transition(project, target, machine=PROJECT_MACHINE, actor_id=actor.pk if actor else None)


def _next_number(versions: Any) -> int:
    return (versions.aggregate(last=Max("number"))["last"] or 0) + 1


def _check_clauses(clauses: list[dict[str, Any]]) -> None:
    ids = [clause.get("id") for clause in clauses]
    if not clauses or not all(isinstance(name, str) and name for name in ids):
        raise Invalid("A guideline needs at least one clause, and every clause an id.", field="clauses")
    if len(set(ids)) != len(ids):
        raise Invalid("Two clauses share an id; give each its own.", field="clauses")
