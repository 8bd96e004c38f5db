"""DATABASE_URL, read strictly: what is wrong with it is said in one sentence, and its password never repeated."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES = ("postgres", "postgresql")
EXAMPLE = "postgres://owner:password@host:5432/assay"


class BrokenUrl(ValueError):
    """The URL cannot be used; the message says why and what one looks like."""


def parse(url: str) -> dict[str, Any]:
    """Return Django's connection settings for a PostgreSQL URL.

    The host may be a folder of sockets, percent-encoded or given as ?host=. What else follows the question mark goes to
    libpq as it is (sslmode, connect_timeout …). Raises BrokenUrl.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BrokenUrl(f"DATABASE_URL cannot be read ({error}); it looks like {EXAMPLE}.") from None
    if parts.scheme not in SCHEMES:
        raise BrokenUrl(
            f"DATABASE_URL begins with {parts.scheme or 'no scheme'!r}; Assay runs on PostgreSQL only: {EXAMPLE}."
        )
    name = unquote(parts.path.removeprefix("/"))
    if not name or "/" in name:
        raise BrokenUrl(f"DATABASE_URL names no database after the host; it looks like {EXAMPLE}.")
    if not parts.username:
        raise BrokenUrl(f"DATABASE_URL names no user; it looks like {EXAMPLE}.")
    try:
        options = dict(parse_qsl(parts.query, strict_parsing=True, keep_blank_values=True)) if parts.query else {}
    except ValueError:
        raise BrokenUrl("What follows the question mark in DATABASE_URL must be key=value pairs.") from None
    return {
        "NAME": name,
        "USER": unquote(parts.username),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": {"connect_timeout": "10", **options},
    }
