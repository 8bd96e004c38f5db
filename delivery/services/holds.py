"""Holds: nothing of a project is frozen while one stands; placed and lifted by name."""

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.errors import Conflict
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from delivery.models import Hold
from labeling.models import Project


@transaction.atomic
def place_hold(*, project: Project, reason: str, actor: User) -> Hold:
    """Hold the project's releases until the hold is lifted. Raises Invalid without a reason."""
    reason = checked_reason(reason, ask="Say why the project is held; the customer will ask.")
    project = lock_row(Project.objects.filter(pk=project.pk))
    hold = Hold.objects.create(customer_id=project.customer_id, project=project, reason=reason, placed_by=actor)
    record("hold.placed", subject=hold, actor_id=actor.pk, data={"project": project.pk})
    return hold


@transaction.atomic
def lift_hold(*, hold: Hold, actor: User) -> None:
    """End the hold. Raises Conflict when it was lifted before."""
    hold = lock_row(Hold.objects.filter(pk=hold.pk))
    if hold.lifted_at is not None:
        raise Conflict("This hold was lifted before.")
    Hold.objects.filter(pk=hold.pk).update(lifted_at=Now(), lifted_by=actor)
    record("hold.lifted", subject=hold, actor_id=actor.pk, data={"project": hold.project_id})
