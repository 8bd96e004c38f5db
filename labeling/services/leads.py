"""Vendors' leads: they see their own people in the console, and nothing else."""

from django.db import transaction

from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.events import record
from config.kernel.models import User
from config.kernel.types import Surface
from labeling.models import Organisation, OrganisationLead
from labeling.types import OrganisationKind

SUPERUSERS_ONLY = "Only a superuser appoints and dismisses vendors' leads."


@transaction.atomic
def appoint_lead(*, user: User, organisation: Organisation, actor: User) -> OrganisationLead:
    """Let a person of the console see a vendor's people. Again is the same.

    Raises NotAllowed for anybody but a superuser, Invalid for a person of another surface and an in-house organisation,
    Conflict for somebody who operates: they would see more than a vendor may.
    """
    if not actor.is_superuser:
        raise NotAllowed(SUPERUSERS_ONLY)
    if user.surface != Surface.CONSOLE:
        raise Invalid(f"{user} does not work in the console; make an account there for them.", field="user")
    if organisation.kind != OrganisationKind.VENDOR:
        raise Invalid("Only a vendor's people are led; in-house people are everybody's.", field="organisation")
    if user.is_superuser or user.memberships.exists():
        raise Conflict(
            f"{user} operates projects and sees more than a vendor may; choose another person.", field="user"
        )
    lead, is_new = OrganisationLead.objects.get_or_create(
        user=user, organisation=organisation, defaults={"granted_by": actor}
    )
    if is_new:
        record("lead.appointed", subject=organisation, actor_id=actor.pk, data={"user": user.pk})
    return lead


@transaction.atomic
def dismiss_lead(*, lead: OrganisationLead, actor: User) -> None:
    """Let the person see this vendor's people no more. Raises NotAllowed for anybody but a superuser."""
    if not actor.is_superuser:
        raise NotAllowed(SUPERUSERS_ONLY)
    record("lead.dismissed", subject=lead.organisation, actor_id=actor.pk, data={"user": lead.user_id})
    lead.delete()
