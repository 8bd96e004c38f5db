"""Idempotency-Key: the same key with the same body gets the same answer; with another body, a refusal."""

import hashlib
import json
import zlib
from collections.abc import Callable, Collection
from typing import Any

from django.db import connection, transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.canonical import digest
from config.kernel.errors import Invalid
from config.kernel.locks import ADVISORY_IDEMPOTENCY, advisory_lock
from config.kernel.models import IdempotencyAnswer, User
from config.kernel.requests import person

KEPT_HOURS = 48


class KeyReused(Invalid):
    code = "idempotency_key_reused"


def answer_json_once(request: Request, act: Callable[[], Response], *, shown_once: Collection[str] = ()) -> Response:
    """Return what `answer_once` does for a request whose body is JSON."""
    return answer_once(
        user=person(request),
        key=request.headers.get("Idempotency-Key"),
        request_digest=digest_of(str(request.method), request.path, digest(request.data)),
        act=act,
        shown_once=shown_once,
    )


def answer_once(
    *,
    user: User,
    key: str | None,
    request_digest: str,
    act: Callable[[], Response],
    shown_once: Collection[str] = (),
) -> Response:
    """Return act()'s response; if `key` was used before by this person, return what was answered then.

    `request_digest` stands for method, path and body. The act and its remembered answer commit together, and two
    requests with one key wait for each other. `shown_once` names fields that hold a secret: they are not remembered, and
    null in the answer that is given again. Raises KeyReused when the key came with another request before.
    """
    if not key:
        return act()
    if len(key) > 200:
        raise Invalid("The Idempotency-Key is longer than 200 characters; use a shorter one.", field="Idempotency-Key")
    with transaction.atomic():
        advisory_lock(ADVISORY_IDEMPOTENCY, zlib.crc32(f"{user.pk}:{key}".encode()))
        earlier = IdempotencyAnswer.objects.filter(user=user, key=key).first()
        if earlier is None:
            response = act()
            IdempotencyAnswer.objects.create(
                user=user,
                key=key,
                request_digest=request_digest,
                status=response.status_code,
                body=_remembered(response.data, shown_once),
            )
            return response
    if earlier.request_digest != request_digest:
        raise KeyReused("This Idempotency-Key was used for another request; use a new one.", field="Idempotency-Key")
    return Response(earlier.body, status=earlier.status, headers={"Idempotency-Replayed": "true"})


def _remembered(data: Any, shown_once: Collection[str]) -> Any:
    """Return the answer as it was sent, in plain JSON, without what is shown once."""
    sent = json.loads(JSONRenderer().render(data) or "null")
    return {**sent, **dict.fromkeys(shown_once)} if shown_once else sent


def digest_of(method: str, path: str, body_digest: str) -> str:
    """Return one digest for a request, given the SHA-256 of its body."""
    return hashlib.sha256(f"{method} {path} {body_digest}".encode()).hexdigest()


def forget_old() -> int:
    """Forget answers older than KEPT_HOURS; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM kernel_idempotencyanswer WHERE created_at < statement_timestamp() - make_interval(hours => %s)",
            [KEPT_HOURS],
        )
        return cursor.rowcount
