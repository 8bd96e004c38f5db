"""One id for each request, in the logs, the events and the answer's X-Request-Id header; and one log line a request."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")

logger = logging.getLogger("assay.requests")

ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,36}")


class RequestIdMiddleware:
    """Take the caller's X-Request-Id where it is a plain word, else make one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        token = request_id.set(given if ACCEPTABLE.fullmatch(given) else str(uuid.uuid4()))
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id.get()
            fields = {
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "milliseconds": round((time.perf_counter() - began) * 1000, 1),
            }
            logger.info("answered", extra={"fields": fields})
            return response
        finally:
            request_id.reset(token)
