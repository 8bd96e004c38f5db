"""What the API has of no single app: the reviewer's "me", the schema, and its pages, served from this machine."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from config.contributions import desk_me
from config.kernel.requests import person
from routing.api.views import DeskView


class DeskMe(DeskView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Who you are, what you did today, and which projects you work on."""
        return Response(desk_me(person(request)))


class Schema(SpectacularAPIView):
    """The OpenAPI 3.1 document of both APIs."""


class Docs(SpectacularSwaggerSplitView):
    """The document as pages, with script and style in files, as the page's policy wants them."""

    url_name = "schema"
    template_name = "docs.html"
