"""What the API has of no single app: the reviewer's "me", retention, the schema, and its pages, served from this machine."""

from datetime import UTC, date, datetime, time
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.contributions import desk_me
from config.erasures import what_would_go
from config.kernel.errors import Invalid
from config.kernel.requests import person
from labeling.api.views import CustomerView
from labeling.models import Customer
from routing.api.views import DeskView


class DeskMe(DeskView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Who you are, what you did today, and which projects you work on."""
        return Response(desk_me(person(request)))


class RetentionSerializer(serializers.Serializer[Any]):
    customer = serializers.CharField()
    project = serializers.CharField()
    project_id = serializers.UUIDField()
    days = serializers.IntegerField(help_text="Content is kept for so many days after it was accepted.")
    held_by = serializers.CharField(help_text="The legal hold that keeps everything, if one stands.")
    items = serializers.IntegerField(help_text="Items whose content would go.")
    in_work = serializers.IntegerField(help_text="Items past their time that stay until the work on them has ended.")
    versions = serializers.IntegerField()
    annotations = serializers.IntegerField()
    files = serializers.IntegerField(help_text="Uploaded files that would be deleted whole.")
    releases = serializers.IntegerField(help_text="Releases that would be written anew without the items.")
    oldest = serializers.DateTimeField(allow_null=True)


class Retention(CustomerView):
    @extend_schema(
        responses=RetentionSerializer(many=True),
        parameters=[OpenApiParameter("by", OpenApiTypes.DATE, description="Count what would go by this day.")],
    )
    def get(self, request: Request) -> Response:
        """How long content is kept, and what would go now or by a later day. For those who manage the customer."""
        by = _day(request.query_params.get("by"))
        managed = Customer.objects.visible_to(person(request), "manage_customer").order_by("name")
        rows = [row for customer in managed for row in what_would_go(customer=customer, by=by)]
        return Response(RetentionSerializer(rows, many=True).data)


def _day(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid("Write the day as 2026-01-31.", field="by") from None
    return datetime.combine(day, time.max, tzinfo=UTC)


class Schema(SpectacularAPIView):
    """The OpenAPI 3.1 document of both APIs."""


class Docs(SpectacularSwaggerSplitView):
    """The document as pages, with script and style in files, as the page's policy wants them."""

    url_name = "schema"
    template_name = "docs.html"
