"""API keys: made once and shown once, revoked by name, kept for the record."""

from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.models import ApiKey, User
from config.kernel.types import Scope, Surface

SCOPES_OF = {
    Surface.DESK: frozenset({Scope.DESK}),
    Surface.PORTAL: frozenset({Scope.READ, Scope.UPLOAD, Scope.DECIDE, Scope.MANAGE}),
    Surface.CONSOLE: frozenset[Scope](),
}


@transaction.atomic
def issue_key(
    *,
    user: User,
    name: str,
    scopes: Collection[str],
    actor: User | None,
    days: int | None = 90,
    within: Collection[str] | None = None,
) -> tuple[ApiKey, str]:
    """Make a key for `user` and return it with its text, which is kept nowhere. Without `days` it does not expire.

    Raises Invalid for scopes that do not belong to the person's surface, and for those beyond `within`: what the key
    that asks for it may do itself.
    """
    allowed = SCOPES_OF[Surface(user.surface)]
    if not scopes or not set(scopes) <= allowed:
        words = ", ".join(sorted(allowed)) or "none: the console has no API"
        raise Invalid(f"A key for {user} may have these scopes: {words}.", field="scopes")
    if within is not None and not set(scopes) <= set(within):
        raise Invalid("A key makes no key that may do more than it may itself.", field="scopes")
    key, text = ApiKey.objects.create(
        user, expiry=timedelta(days=days) if days else None, name=name[:100], scopes=sorted(scopes)
    )
    record("key.issued", subject=user, actor_id=actor.pk if actor else None, data={"scopes": sorted(scopes)})
    return key, text


@transaction.atomic
def revoke_key(*, key: ApiKey, actor: User) -> None:
    """Let the key open nothing from now on. Raises Conflict when it was revoked before."""
    if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
        raise Conflict("This key was revoked before.")
    record("key.revoked", subject=key.user, actor_id=actor.pk, data={"key": key.pk})
