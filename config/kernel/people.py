"""People: made with a password that is shown once, or given a new one."""

import secrets

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.events import record
from config.kernel.models import ApiKey, User
from config.kernel.types import Surface


@transaction.atomic
def create_person(*, name: str, email: str, surface: str, actor: User | None) -> tuple[User, str]:
    """Make a person of one surface and return them with a made-up password, which is kept nowhere.

    Raises Conflict when the e-mail is taken, Invalid for a surface that does not exist.
    """
    if surface not in Surface.values:
        raise Invalid(f"The surface is one of {', '.join(Surface.values)}.", field="surface")
    if User.objects.filter(email=email.lower()).exists():
        raise Conflict("Somebody has this e-mail already.", field="email")
    password = secrets.token_urlsafe(12)
    user = User.objects.create_user(email, password, name=name, surface=Surface(surface))
    record("person.created", subject=user, actor_id=actor.pk if actor else None, data={"surface": surface})
    return user, password


@transaction.atomic
def renew_password(*, user: User, actor: User) -> str:
    """Give the person another made-up password and return it; the old one and its sessions end.

    Raises NotAllowed for a superuser's, unless a superuser gives it.
    """
    if user.is_superuser and not actor.is_superuser:
        raise NotAllowed("Only a superuser can give a superuser another password.")
    password = secrets.token_urlsafe(12)
    user.set_password(password)
    user.save(update_fields=["password"])
    record("person.password_renewed", subject=user, actor_id=actor.pk)
    return password


@transaction.atomic
def take_back_account(*, user: User, actor: User) -> str:
    """As `renew_password`, and every key ends: somebody else may have had the account, and made some. Raises as it does."""
    password = renew_password(user=user, actor=actor)
    revoked = ApiKey.objects.filter(user=user, revoked_at=None).update(revoked_at=Now())
    record("person.taken_back", subject=user, actor_id=actor.pk, data={"keys": revoked})
    return password
