"""One spelling for every JSON value, so that a digest means the same today, after PostgreSQL, and in ten years."""

import hashlib
import json
from typing import Any

from config.kernel.errors import DomainError

LARGEST_EXACT_FLOAT = 2.0**53

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class NotCanonical(DomainError):
    code = "not_canonical"


def canonical_bytes(value: Any) -> bytes:
    """Return `value` as UTF-8 JSON: keys sorted by code point, no spaces, no NaN, whole floats written as integers.

    The result survives a round trip through a jsonb column unchanged. Raises NotCanonical for what cannot: NaN and
    infinities, floats of 2**53 or more (jsonb would spell them otherwise), lone surrogates and NUL characters.
    """
    try:
        text = _ENCODER.encode(_whole(value))
        data = text.encode("utf-8")
    except (ValueError, TypeError, RecursionError) as error:
        raise NotCanonical(f"This value cannot be written as JSON: {_reason(error)}.") from error
    if b"\\u0000" in data and "\x00" in _all_text(value):
        raise NotCanonical("The text contains a NUL character; remove it.")
    return data


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical bytes, in hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def _whole(value: Any) -> Any:
    if isinstance(value, str):  # first, as most values are
        return value
    if isinstance(value, float):
        if abs(value) >= LARGEST_EXACT_FLOAT:
            raise NotCanonical(f"The number {value!r} is too large to be exact; send it as text.")
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(inner) for inner in value]
    return value


def _all_text(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"{key}{_all_text(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return "".join(map(_all_text, value))
    return value if isinstance(value, str) else ""


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "it contains half of a surrogate pair, which is not text"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error).rstrip(".").lower()
