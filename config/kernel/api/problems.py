"""Every refusal as application/problem+json (RFC 9457), decided in this one place."""

import errno
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from config.kernel.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, OutOfSpace
from config.kernel.tries import TooManyTries

CONTENT_TYPE = "application/problem+json"

# What the database says to somebody whose erasure their request met on its way.
AUTHOR_ERASED = "author_erased"

STATUSES: tuple[tuple[type[DomainError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (Invalid, 422),
    (TooManyTries, 429),
    (OutOfSpace, 507),
    (DomainError, 422),
)


class ProblemRenderer(JSONRenderer):
    media_type = CONTENT_TYPE
    charset = None


def problem(status: int, code: str, detail: str, errors: list[dict[str, Any]] | None = None, **more: Any) -> Response:
    """Build the response; `errors` names each field at fault with its own sentence."""
    body: dict[str, Any] = {
        "type": f"urn:assay:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    if errors:
        body["errors"] = errors
    return Response(body, status=status, content_type=CONTENT_TYPE)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: domain errors by their class, DRF's own by their kind, anything else is a 500."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        error = OutOfSpace("The disk is full, so nothing was kept; ask the operator for space, and try again.")
    if isinstance(error, IntegrityError) and _constraint(error) == AUTHOR_ERASED:
        error = NotAllowed("Your account was erased, so nothing is kept of what you sent.")
    if isinstance(error, DomainError):
        set_rollback()
        status = next(status for kind, status in STATUSES if isinstance(error, kind))
        status = getattr(error, "status", status)
        errors = [{"field": error.field, "message": error.message}] if error.field else None
        told = problem(status, error.code, error.message, errors, **_plain(error.details))
        if isinstance(error, TooManyTries):
            told.headers["Retry-After"] = str(error.seconds)
        return told
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    plain = exception_handler(error, context)
    if plain is None or not isinstance(error, exceptions.APIException):
        return plain
    made = problem(plain.status_code, _code(error), _detail(error), _fields(error))
    for header in ("WWW-Authenticate", "Retry-After", "Allow"):
        if header in plain.headers:
            made.headers[header] = plain.headers[header]
    return made


def _constraint(error: IntegrityError) -> str | None:
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)


def _plain(details: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in details.items() if key not in {"type", "title", "status", "detail", "code"}}


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else "invalid"


def _detail(error: exceptions.APIException) -> str:
    return str(error.detail) if isinstance(error.detail, str) else "Some fields are not valid; each is named in errors."


def _fields(error: exceptions.APIException) -> list[dict[str, Any]] | None:
    if isinstance(error.detail, str):
        return None
    return list(_walk(error.detail, ""))


def _walk(detail: Any, path: str) -> Any:
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _walk(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from _walk(inner, path if isinstance(inner, str) else f"{path}[{index}]")
    else:
        yield {"field": path, "message": str(detail)}
