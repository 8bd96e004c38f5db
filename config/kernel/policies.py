"""The Content-Security-Policy of every answer."""

from functools import cache

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


class PolicyMiddleware(CSPMiddleware):
    """django-csp's, which spells the house's policy once: most answers have no other."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        has_own = HEADER in response or any(name.startswith("_csp") for name in vars(response))
        if has_own or hasattr(request, "_csp_nonce") or settings.DEBUG:
            return super().process_response(request, response)
        response[HEADER] = _usual_policy()
        return response


@cache
def _usual_policy() -> str:
    return build_policy()
