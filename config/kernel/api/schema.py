"""How the API's description tells of keys and sessions. Found by drf-spectacular once it is imported, at start-up."""

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "config.kernel.api.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key; its scopes say what it opens."}


class SurfaceSessionScheme(SessionScheme):
    target_class = "config.kernel.api.authentication.DeskOrPortalSession"
    name = "session"
