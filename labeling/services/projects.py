"""Projects and their forms. Guidelines have rooms of their own (`labeling.services.guidelines`)."""

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from config.kernel.canonical import digest
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.transitions import transition
from labeling.answer_mapping import check_mapping
from labeling.forms import check_form
from labeling.models import Customer, FormVersion, Project
from labeling.services.people import derive_permissions
from labeling.types import PROJECT_MACHINE, DocumentState, ProjectState


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
def publish_form(
    *,
    project: Project,
    document: dict[str, Any],
    actor: User | None,
    answer_mapping: dict[str, Any] | None = None,
) -> FormVersion:
    """Publish the next version of the project's form. The same form as now is not published twice.

    Rounds that are open keep their form; with an `answer_mapping` (`labeling.answer_mapping`) the answers there are carry
    over into new rounds, by a job. Raises InvalidForm, and InvalidMapping for a mapping of which not every test holds.
    """
    check_form(document)
    project = lock_row(Project.objects.filter(pk=project.pk))
    latest = project.forms.filter(state=DocumentState.PUBLISHED).order_by("-number").first()
    if latest and latest.digest == digest(document):
        return latest
    if answer_mapping is not None:
        if latest is None:
            raise Invalid("There is no form yet whose answers could carry over.", field="answer_mapping")
        check_mapping(answer_mapping, latest.document, document)
    form = FormVersion.objects.create(
        customer_id=project.customer_id,
        project=project,
        number=(project.forms.aggregate(last=Max("number"))["last"] or 0) + 1,
        document=document,
        answer_mapping=answer_mapping,
        digest=digest(document),
        state=DocumentState.PUBLISHED,
        published_at=Now(),
        carried_out_at=Now() if answer_mapping is None else None,
    )
    form.refresh_from_db()
    record("form.published", subject=form, actor_id=actor.pk if actor else None, data={"number": form.number})
    return form


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
