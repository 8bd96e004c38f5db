"""One id for each request, in the logs, the events and the answer's X-Request-Id header."""

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")

ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,36}")


class RequestIdMiddleware:
    """Take the caller's X-Request-Id where it is a plain word, else make one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        token = request_id.set(given if ACCEPTABLE.fullmatch(given) else str(uuid.uuid4()))
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id.get()
            return response
        finally:
            request_id.reset(token)
