"""Legal holds: while one stands, nothing of the customer, or of one project of it, is erased."""

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from labeling.models import Customer, LegalHold, Project


@transaction.atomic
def place_legal_hold(*, customer: Customer, reason: str, actor: User, project: Project | None = None) -> LegalHold:
    """Keep everything of the customer, or of one project, until the hold is lifted by name.

    Raises Invalid without a reason, or for a project of another customer.
    """
    reason = checked_reason(reason, ask="Say why nothing may be erased; whoever asks for an erasure is told.")
    if project is not None and project.customer_id != customer.pk:
        raise Invalid("This project belongs to another customer.", field="project")
    customer = lock_row(Customer.objects.filter(pk=customer.pk))
    hold = LegalHold.objects.create(customer=customer, project=project, reason=reason, placed_by=actor)
    record("legal_hold.placed", subject=hold, actor_id=actor.pk, data={"project": project.pk if project else None})
    return hold


@transaction.atomic
def lift_legal_hold(*, hold: LegalHold, reason: str, actor: User) -> None:
    """End the hold; why is kept with the event. Raises Invalid without a reason, Conflict when it was lifted before."""
    reason = checked_reason(reason, ask="Say why the hold is lifted.")
    hold = lock_row(LegalHold.objects.filter(pk=hold.pk))
    if hold.lifted_at is not None:
        raise Conflict("This legal hold was lifted before.")
    LegalHold.objects.filter(pk=hold.pk).update(lifted_at=Now(), lifted_by=actor)
    record("legal_hold.lifted", subject=hold, actor_id=actor.pk, data={"reason": reason})
