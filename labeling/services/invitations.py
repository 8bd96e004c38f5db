"""Invitations: somebody is asked to join a customer by a link that is shown once, and joins with it once."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.tries import count_try, take_back_try
from config.kernel.types import GuessedDoor, Surface
from labeling.models import Customer, Invitation, Membership, Project
from labeling.permissions import OWN_PEOPLE
from labeling.services.people import SURFACE_OF_ROLE, add_member
from labeling.types import Role

LONGEST_DAYS = 90
WRONG_PASSWORD = (
    "This password will not do. If you have an account here, give its password; otherwise choose one of ten characters or"
    " more that is not common and not like your name or e-mail."
)
NO_LONGER = "The person who invited you does not manage this customer any more; ask for a new invitation."


@transaction.atomic
def invite_member(
    *, customer: Customer, email: str, role: str, actor: User, project: Project | None = None, days: int = 14
) -> tuple[Invitation, str]:
    """Invite somebody and return the invitation with its token, which is kept nowhere.

    A customer's admins invite their own people; who operates the customer invites for any role. Raises NotAllowed for
    anybody else, Invalid for what is not an e-mail, role or project of this customer, Conflict for a member and for
    somebody who has an open invitation to the same.
    """
    _check_may_invite(customer, role, actor)
    email = _checked_email(email)
    if project is not None and project.customer_id != customer.pk:
        raise Invalid("This project belongs to another customer.", field="project")
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"An invitation holds for 1 to {LONGEST_DAYS} days.", field="days")
    same = {"customer": customer, "role": role, "project": project}
    if Membership.objects.filter(user__email=email, **same).exists():
        raise Conflict(f"{email} is a member already.", field="email")
    Invitation.objects.filter(email=email, **same, accepted_at=None, withdrawn_at=None, expires_at__lte=Now()).update(
        withdrawn_at=Now()
    )
    token = secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                **same,
                email=email,
                token_digest=_digest(token),
                invited_by=actor,
                expires_at=database_now() + timedelta(days=days),
            )
    except IntegrityError:
        raise Conflict(f"{email} has an open invitation; withdraw it to make another.", field="email") from None
    record("invitation.made", subject=invitation, actor_id=actor.pk, data={"role": role})
    return invitation, token


def open_invitation(*, token: str, address: str) -> Invitation:
    """Return the invitation that this link opens, to somebody who asks from `address`.

    Raises NotFound for a link that was never made, TooManyTries after many of these, and Conflict with a sentence for one
    that opens nothing any more.
    """
    invitation = (
        Invitation.objects.select_related("customer", "project", "invited_by")
        .filter(token_digest=_digest(token))
        .first()
    )
    if invitation is None:
        count_try(door=GuessedDoor.INVITATION, address=address)
        raise NotFound("There is no such invitation; see whether the link was copied whole.")
    _check_opens(invitation)
    return invitation


def accept_invitation(*, token: str, name: str, password: str, address: str, logged_in: User | None = None) -> User:
    """Make the invited person a member, and an account on the right surface where they have none; return them.

    Who has an account proves it with its password, and keeps it; a password that will not do is refused in the same words
    whether there is an account or not, and is a wrong try at its login. Raises as `open_invitation` does; NotAllowed for
    somebody who is `logged_in` as another person; TooManyTries; Invalid for a name or password that will not do, and for
    an account of another surface.
    """
    invitation = open_invitation(token=token, address=address)
    if logged_in is not None and logged_in.email != invitation.email:
        raise NotAllowed(
            f"This invitation is for {invitation.email}, and you are logged in as {logged_in.email}; log out first."
        )
    if not name.strip():
        raise Invalid("Say what you are called.", field="name")
    tried = {"door": GuessedDoor.LOGIN, "address": address, "account": invitation.email}
    count_try(**tried)
    user = _join(invitation, name, password)
    take_back_try(**tried)
    return user


@transaction.atomic
def _join(invitation: Invitation, name: str, password: str) -> User:
    invitation = lock_row(
        Invitation.objects.filter(pk=invitation.pk).select_related("customer", "project", "invited_by")
    )
    _check_opens(invitation)
    user = User.objects.filter(email=invitation.email).first()
    if user is None:
        user = _new_person(invitation, name, password)
    elif not user.check_password(password) or not user.is_active:
        raise Invalid(WRONG_PASSWORD, field="password")
    elif user.surface != SURFACE_OF_ROLE[Role(invitation.role)]:
        raise Invalid("Your account works on another surface; ask for an invitation to another e-mail.", field="email")
    add_member(
        user=user,
        customer=invitation.customer,
        project=invitation.project,
        role=invitation.role,
        actor=invitation.invited_by,
    )
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=Now())
    record("invitation.accepted", subject=invitation, actor_id=user.pk)
    return user


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, actor: User) -> None:
    """Let the link open nothing any more. Raises Conflict when it was used or withdrawn before."""
    invitation = lock_row(Invitation.objects.filter(pk=invitation.pk).select_related(None))
    if invitation.accepted_at or invitation.withdrawn_at:
        raise Conflict("This invitation was used or withdrawn before.")
    Invitation.objects.filter(pk=invitation.pk).update(withdrawn_at=Now())
    record("invitation.withdrawn", subject=invitation, actor_id=actor.pk)


def _check_opens(invitation: Invitation) -> None:
    if invitation.accepted_at:
        raise Conflict("This invitation was used before; log in instead.")
    if invitation.withdrawn_at:
        raise Conflict("This invitation was withdrawn; ask for a new one.")
    if invitation.expires_at <= database_now():
        raise Conflict("This invitation has expired; ask for a new one.")
    if not _manages(invitation.invited_by, invitation.customer):
        raise Conflict(NO_LONGER)


def _check_may_invite(customer: Customer, role: str, actor: User) -> None:
    if role not in Role.values:
        raise Invalid(f"The role is one of {', '.join(Role.values)}.", field="role")
    if not _manages(actor, customer):
        raise NotAllowed("You do not manage this customer's people.")
    if actor.surface == Surface.PORTAL and role not in OWN_PEOPLE:
        raise NotAllowed(f"You can invite {' and '.join(sorted(OWN_PEOPLE))}; ask us for others.", field="role")


def _manages(user: User, customer: Customer) -> bool:
    return user.is_active and Customer.objects.visible_to(user, "manage_customer").filter(pk=customer.pk).exists()


def _checked_email(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid("This is not an e-mail address.", field="email") from None
    return email


def _new_person(invitation: Invitation, name: str, password: str) -> User:
    """Make their account. A password is hashed in any case: where there is an account, it is hashed to be compared."""
    surface = SURFACE_OF_ROLE[Role(invitation.role)]
    user = User(email=invitation.email, name=name.strip()[:150], surface=surface)
    user.set_password(password)
    try:
        validate_password(password, user)
    except ValidationError:
        raise Invalid(WRONG_PASSWORD, field="password") from None
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:  # somebody made the account at the same time, by another invitation
        raise Invalid(WRONG_PASSWORD, field="password") from None
    record("person.created", subject=user, actor_id=invitation.invited_by_id, data={"surface": surface})
    return user


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
