"""Projects. Guidelines and forms have rooms of their own (`labeling.services.guidelines`, `labeling.services.forms`)."""

from typing import Any

from django.db import transaction

from config.kernel.errors import Conflict
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition
from labeling.models import Customer, Project
from labeling.services.people import derive_permissions
from labeling.types import PROJECT_MACHINE, DocumentState, Overlap, ProjectState, Stage

# What a quality contract calls the bar that stands before the pilot and production.
CALIBRATION_BAR = frozenset({"calibration_agreement", "calibration_items"})

ASK = "Say why; it stays with your name."


@transaction.atomic
def create_project(*, customer: Customer, slug: str, name: str, actor: User | None, **settings: Any) -> Project:
    """Create a draft project and let the customer's members reach it; raises Conflict when the slug is taken.

    Where its quality contract sets a bar before production, it begins in calibration unless a stage is named.
    """
    if Project.objects.filter(customer=customer, slug=slug).exists():
        raise Conflict(f"{customer} has a project called {slug!r} already; choose another.", field="slug")
    if settings.get("quality_contract", {}).keys() & CALIBRATION_BAR:
        settings.setdefault("stage", Stage.CALIBRATION)
    project = Project(customer=customer, slug=slug, name=name, **settings)
    project.full_clean(exclude=["customer"])
    project.save()
    record("project.created", subject=project, actor_id=actor.pk if actor else None)
    for user in User.objects.filter(memberships__customer=customer, memberships__project=None).distinct():
        derive_permissions(user=user)
    return project


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


@transaction.atomic
def change_stage(*, project: Project, stage: str, reason: str, actor: User) -> Project:
    """Move the project to the next stage, or back to an earlier one; what is uploaded from now on belongs to it.

    Whether the quality contract's bar is met is quality's to say (`quality.services.stages`), which calls this. Raises Invalid without
    a reason, Conflict for the stage it is in and for one that would be skipped.
    """
    reason = checked_reason(reason, ask=ASK)
    project = lock_row(Project.objects.filter(pk=project.pk))
    before, after = Stage.values.index(project.stage), Stage.values.index(stage)
    if before == after:
        raise Conflict(f"The project is in {Stage(stage).label.lower()} already.")
    if after > before + 1:
        raise Conflict(f"{Stage(Stage.values[before + 1]).label} comes first: no stage is skipped.")
    return _set(project, "stage", stage, reason, actor)


@transaction.atomic
def change_overlap_kind(*, project: Project, overlap_kind: str, reason: str, actor: User) -> Project:
    """Say who judges the items whose rounds are opened from now on, and how often: see `labeling.types.Overlap`.

    Raises Invalid without a reason, Conflict where it is so already.
    """
    reason = checked_reason(reason, ask=ASK)
    project = lock_row(Project.objects.filter(pk=project.pk))
    if project.overlap_kind == overlap_kind:
        raise Conflict(f"It is so already: {Overlap(overlap_kind).label.lower()}.")
    return _set(project, "overlap_kind", overlap_kind, reason, actor)


def _set(project: Project, name: str, value: str, reason: str, actor: User) -> Project:
    data = {"from": getattr(project, name), "to": value, "reason": reason}
    setattr(project, name, value)
    project.save(update_fields=[name])
    record(f"project.{name}_changed", subject=project, actor_id=actor.pk, data=data)
    return project


def _move(project: Project, target: str, actor: User | None) -> None:
    transition(project, target, machine=PROJECT_MACHINE, actor_id=actor.pk if actor else None)
