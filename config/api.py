"""What the API has of no single app: the reviewer's "me", retention, the schema, and its pages, served from this machine."""

from datetime import UTC, date, datetime, time
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.contributions import blast_radius, desk_me, life_of_item
from config.erasures import what_would_go
from config.kernel.api.problems import CONTENT_TYPE
from config.kernel.errors import Invalid
from config.kernel.models import User
from config.kernel.request_ids import request_id
from config.kernel.requests import person
from config.kernel.types import LifeMoment, Surface
from labeling.api.serializers import MomentSerializer
from labeling.api.views import CustomerView
from labeling.guidelines import get_guideline
from labeling.models import Customer, Item, Reviewer
from labeling.pseudonyms import pseudonym
from labeling.selectors import get_item
from labeling.services.access import log_read
from labeling.services.retention import MOST_COUNTED
from routing.api.views import DeskView


class DeskMe(DeskView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Who you are, what you did today, which projects you work on, and what waits to be read."""
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


class ItemLife(CustomerView):
    @extend_schema(responses=MomentSerializer(many=True))
    def get(self, request: Request, item: UUID) -> Response:
        """All that happened to one item, oldest first; reviewers under their pseudonyms. The read is logged."""
        found = get_item(user=person(request), public_id=item)
        told = _told_to_customer(found, life_of_item(found))
        log_read(
            user_id=person(request).pk,
            customer_id=found.customer_id,
            project_id=found.project_id,
            door="api",
            object_type="labeling.item",
            object_ids=[found.pk],
        )
        return Response(MomentSerializer(told, many=True).data)


def _told_to_customer(item: Item, moments: list[LifeMoment]) -> list[dict[str, object]]:
    """Name the customer's own people by e-mail, reviewers by pseudonym, and everybody else by their surface only."""
    reviewers = {
        key: pseudonym(key=bytes(item.project.customer.pseudonym_key), reviewer=public_id)
        for key, public_id in Reviewer.objects.filter(
            pk__in={each.reviewer_id for each in moments if each.reviewer_id}
        ).values_list("pk", "public_id")
    }
    people = User.objects.filter(pk__in={each.user_id for each in moments if each.user_id})
    own = set(people.filter(memberships__customer=item.customer_id).values_list("pk", flat=True))
    names = {
        user.pk: user.email if user.pk in own and user.surface == Surface.PORTAL else user.surface for user in people
    }
    return [
        {
            "at": each.at,
            "app": each.app,
            "kind": each.kind,
            "what": each.what,
            "who": reviewers.get(each.reviewer_id or 0) or names.get(each.user_id or 0, ""),
        }
        for each in moments
    ]


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
    files_searched = serializers.IntegerField(
        help_text="More files, with rows that became no item: read first, and deleted if they name one of the items."
    )
    releases = serializers.IntegerField(help_text="Releases that would be written anew without the items.")
    oldest = serializers.DateTimeField(allow_null=True)
    is_more = serializers.BooleanField(
        help_text=f"The oldest {MOST_COUNTED:,} items were counted, with what is theirs, and there are more."
    )


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


def _refusal(request: HttpRequest, status: HTTPStatus, sentence: str) -> HttpResponse:
    """Say it as the API says it where the address is the API's, else on a page."""
    if not request.path_info.startswith("/api/"):
        return render(request, "refusal.html", {"title": status.phrase, "sentence": sentence}, status=status)
    code = status.phrase.lower().replace(" ", "_")
    body = {
        "type": f"urn:assay:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": sentence,
        "code": code,
    }
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Any) -> HttpResponse:
    return _refusal(request, HTTPStatus.BAD_REQUEST, "The request cannot be read; look at how it is made.")


def missing(request: HttpRequest, exception: Any) -> HttpResponse:
    return _refusal(request, HTTPStatus.NOT_FOUND, "There is nothing at this address.")


def failed(request: HttpRequest) -> HttpResponse:
    """Name the request's id, so that the operator finds it in the logs."""
    sentence = f"Something went wrong here; it is in the logs under {request_id.get() or 'this time'}. Try again."
    return _refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR, sentence)
