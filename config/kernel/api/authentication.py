"""Keys and sessions. A key says what it may be used for; which objects, only the person's own permissions say."""

from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from config.kernel.models import ApiKey, User
from config.kernel.prepared import fetch
from config.kernel.requests import address_of
from config.kernel.tries import count_try
from config.kernel.types import GuessedDoor, Surface

if TYPE_CHECKING:  # the views themselves import this module, by the settings
    from rest_framework.views import APIView


KEY_FIELDS = [field.attname for field in ApiKey._meta.concrete_fields]
USER_FIELDS = [field.attname for field in User._meta.concrete_fields]
# Asked by every call of the API.
KEYS = (
    f"SELECT {', '.join(f'k.{name}' for name in KEY_FIELDS)}, {', '.join(f'u.{name}' for name in USER_FIELDS)}"
    f" FROM {ApiKey._meta.db_table} k JOIN {User._meta.db_table} u ON u.id = k.user_id WHERE k.token_key = %(start)s"
)


class UnknownKey(exceptions.AuthenticationFailed):
    """What was sent is nobody's key."""


class KeyAuthentication(TokenAuthentication):
    """`Authorization: Bearer <key>`. One statement; an expired or revoked key is refused, and kept for the record.

    Unknown keys are counted by address, and too many are answered with TooManyTries. A good key is good from everywhere:
    nobody guesses 256 bits, and one program with a wrong key must not stop the others behind its address.
    """

    def authenticate(self, request: Request) -> Any:
        try:
            return super().authenticate(request)
        except UnknownKey:
            count_try(door=GuessedDoor.KEY, address=address_of(request))
            raise

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiKey]:
        try:
            text = token.decode("ascii")
        except UnicodeDecodeError:
            raise UnknownKey(_("This is not an API key.")) from None
        digest = hash_token(text)
        for row in fetch(KEYS, {"start": text[: CONSTANTS.TOKEN_KEY_LENGTH]}):
            key = ApiKey.from_db("default", KEY_FIELDS, row[: len(KEY_FIELDS)])
            key.user = User.from_db("default", USER_FIELDS, row[len(KEY_FIELDS) :])
            if compare_digest(digest, key.digest):
                return self._valid(key)
        raise UnknownKey(_("This API key is not known."))

    def _valid(self, key: ApiKey) -> tuple[User, ApiKey]:
        if key.revoked_at is not None:
            raise exceptions.AuthenticationFailed(_("This API key was revoked; ask for a new one."))
        if key.expiry is not None and key.expiry < timezone.now():
            raise exceptions.AuthenticationFailed(_("This API key has expired; ask for a new one."))
        if not key.user.is_active:
            raise exceptions.AuthenticationFailed(_("The person behind this API key is no longer active."))
        return key.user, key


class DeskOrPortalSession(SessionAuthentication):
    """The cookie of the desk or the portal, with its CSRF token."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _lacks(scope: str | None) -> Any:
    if scope is None:
        return _("This call is not for API keys; log in.")
    return _("This API key lacks the scope %(scope)s; make a key with it.") % {"scope": scope}


class OnSurface(BasePermission):
    """The person works on this surface and, where they came with a key, the key has the view's scope for the verb.

    A view states `surface`, and `scopes`: the scope each HTTP method needs.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user: Any = request.user
        if not user.is_authenticated or user.surface != getattr(view, "surface", Surface.PORTAL):
            self.message = _("This address is for people of another surface.")
            return False
        if not hasattr(view, str(request.method).lower()):
            return True  # there is no such method here, and 405 says so
        if isinstance(request.auth, ApiKey):
            needed = getattr(view, "scopes", {}).get(request.method)
            if needed is None or needed not in request.auth.scopes:
                self.message = _lacks(needed)
                return False
        return True
