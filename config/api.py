"""What the API has of no single app: the reviewer's "me", the schema, and its pages, served from this machine."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.contributions import blast_radius, desk_me
from config.kernel.requests import person
from labeling.api.views import CustomerView
from labeling.guidelines import get_guideline
from routing.api.views import DeskView


class DeskMe(DeskView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Who you are, what you did today, and which projects you work on."""
        return Response(desk_me(person(request)))


class TouchedSerializer(serializers.Serializer[Any]):
    app = serializers.CharField()
    what = serializers.CharField()
    count = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=18, decimal_places=6, allow_null=True)
    currency = serializers.CharField()
    examples = serializers.ListField(child=serializers.CharField())


class BlastRadius(CustomerView):
    @extend_schema(responses=TouchedSerializer(many=True))
    def get(self, request: Request, project: UUID, number: int) -> Response:
        """What the version touches once it is in force: work in flight, judgments, resolutions, releases, money."""
        found = get_guideline(user=person(request), project=project, number=number)
        return Response(TouchedSerializer(blast_radius(found), many=True).data)


class Schema(SpectacularAPIView):
    """The OpenAPI 3.1 document of both APIs."""


class Docs(SpectacularSwaggerSplitView):
    """The document as pages, with script and style in files, as the page's policy wants them."""

    url_name = "schema"
    template_name = "docs.html"
