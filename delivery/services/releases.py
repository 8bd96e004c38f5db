"""Asking for a release. The freezing itself is a job's (`delivery.services.freezing`)."""

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from config.kernel.errors import Conflict
from config.kernel.events import record
from config.kernel.jobs import enqueue
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.transitions import transition
from delivery.errors import NothingToRelease, ReleaseHeld
from delivery.models import Hold, Release
from delivery.types import RELEASE_MACHINE, ReleaseState
from labeling.models import Item, Project
from labeling.types import ItemState


@transaction.atomic
def request_release(*, project: Project, actor: User) -> Release:
    """Ask for the project's next release: everything that is resolved when it is frozen.

    Raises ReleaseHeld while a hold stands, NothingToRelease while nothing is resolved, and Conflict while another
    release of the project is being frozen.
    """
    project = lock_row(Project.objects.filter(pk=project.pk))
    refuse_if_held(project_id=project.pk)
    if not Item.objects.filter(project=project, state=ItemState.RESOLVED).exists():
        raise NothingToRelease("Nothing of the project is resolved yet; a release needs at least one resolved item.")
    if Release.objects.filter(project=project, state=ReleaseState.REQUESTED).exists():
        raise Conflict("A release of the project is being frozen; wait for it to end.")
    last = Release.objects.filter(project=project).aggregate(last=Max("number"))["last"] or 0
    release = Release.objects.create(
        customer_id=project.customer_id, project=project, number=last + 1, requested_by=actor
    )
    record("release.requested", subject=release, actor_id=actor.pk, data={"number": release.number})
    enqueue("delivery.jobs.freeze", release.pk, queue="bulk")
    release.refresh_from_db()
    return release


@transaction.atomic
def retry_release(*, release: Release, actor: User) -> None:
    """Queue a failed release again, as of now. Raises ReleaseHeld, and TransitionRefused for one that has not failed."""
    project = lock_row(Project.objects.filter(pk=release.project_id))
    refuse_if_held(project_id=project.pk)
    if Release.objects.filter(project=project, state=ReleaseState.REQUESTED).exclude(pk=release.pk).exists():
        raise Conflict("Another release of the project is being frozen; wait for it to end.")
    release = lock_row(Release.objects.filter(pk=release.pk))
    transition(release, ReleaseState.REQUESTED, machine=RELEASE_MACHINE, actor_id=actor.pk, fault="", worked_at=Now())
    enqueue("delivery.jobs.freeze", release.pk, queue="bulk")


def refuse_if_held(*, project_id: int) -> None:
    """Raise ReleaseHeld, with its reason, if a hold stands on the project."""
    hold = Hold.objects.filter(project=project_id, lifted_at=None).order_by("placed_at").first()
    if hold is not None:
        raise ReleaseHeld(f"A hold stands on the project: {hold.reason}", hold=hold.kind)
