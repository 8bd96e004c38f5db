"""Projects, items, the access log: parse, ask permission, call, render. Batches have a module of their own."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters.fields import IsoDateTimeField
from django_filters.filters import CharFilter, IsoDateTimeFilter
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.kernel.api.choices import ChoiceFilter
from config.kernel.models import User
from config.kernel.requests import person
from config.kernel.types import Scope, Surface
from labeling import selectors
from labeling.api.serializers import (
    AccessSerializer,
    FormSerializer,
    FormTemplateSerializer,
    ItemContentSerializer,
    ItemSerializer,
    ProgressSerializer,
    ProjectSerializer,
)
from labeling.forms.templates import TEMPLATES
from labeling.models import AccessLog, Item, Project
from labeling.services.access import log_read
from labeling.types import ItemState

# By what a read came.
DOORS = ("api", "console", "desk", "portal")

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key with the same request is answered alike.",
)


class CustomerView(APIView):
    """The base of the customers' views: the portal's people, and keys with the scope that the verb needs."""

    surface = Surface.PORTAL
    scopes: Mapping[str, str] = {"GET": Scope.READ, "HEAD": Scope.READ, "OPTIONS": Scope.READ}


class Projects(CustomerView, generics.ListAPIView[Project]):
    """The projects you may see."""

    queryset = Project.objects.none()
    serializer_class = ProjectSerializer

    def get_queryset(self) -> QuerySet[Project]:
        return Project.objects.visible_to(person(self.request)).select_related("customer")


class ProjectDetail(CustomerView):
    @extend_schema(responses=ProjectSerializer)
    def get(self, request: Request, project: UUID) -> Response:
        return Response(ProjectSerializer(selectors.get_project(user=person(request), public_id=project)).data)


class ProjectProgress(CustomerView):
    @extend_schema(responses=ProgressSerializer)
    def get(self, request: Request, project: UUID) -> Response:
        """Where the project stands, in items and judgments."""
        found = selectors.get_project(user=person(request), public_id=project)
        return Response(ProgressSerializer(selectors.progress_of(found)).data)


class ProjectForm(CustomerView):
    @extend_schema(responses=FormSerializer)
    def get(self, request: Request, project: UUID) -> Response:
        """The form in use, and what answers to it look like."""
        found = selectors.get_project(user=person(request), public_id=project)
        return Response(FormSerializer(selectors.form_in_use(found)).data)


class FormTemplates(CustomerView):
    @extend_schema(responses=FormTemplateSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Ready forms to start from."""
        return Response(FormTemplateSerializer(TEMPLATES.values(), many=True).data)


class ItemFilter(FilterSet):
    state = ChoiceFilter(choices=ItemState.choices)
    external_id = CharFilter()

    class Meta:
        model = Item
        fields = ["state", "external_id"]


class ProjectItems(CustomerView, generics.ListAPIView[Item]):
    """The project's items, newest first, without their content."""

    queryset = Item.objects.none()
    serializer_class = ItemSerializer
    filterset_class = ItemFilter

    def get_queryset(self) -> QuerySet[Item]:
        project = selectors.get_project(user=person(self.request), public_id=self.kwargs["project"])
        return (
            Item.objects.filter(project=project)
            .select_related("current_version")
            .defer("current_version__payload", "current_version__expected", "current_version__metadata")
        )


class ItemDetail(CustomerView):
    @extend_schema(responses=ItemContentSerializer)
    def get(self, request: Request, item: UUID) -> Response:
        """One item with its content. The read is logged."""
        found = selectors.get_item(user=person(request), public_id=item)
        log_read(
            user_id=person(request).pk,
            customer_id=found.customer_id,
            project_id=found.project_id,
            door="api",
            object_type="labeling.item",
            object_ids=[found.pk],
        )
        return Response(ItemContentSerializer(found).data)


class MomentField(IsoDateTimeField):
    """A time that is one in UTC too, as the database keeps it."""

    def to_python(self, value: Any) -> Any:
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(IsoDateTimeFilter):
    field_class = MomentField


class AccessFilter(FilterSet):
    door = ChoiceFilter(choices=[(door, door) for door in DOORS])
    since = MomentFilter(field_name="at", lookup_expr="gte")
    until = MomentFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = AccessLog
        fields = ["door"]


class Accesses(CustomerView, generics.ListAPIView[AccessLog]):
    """Who read your content, newest first. For those who manage the customer."""

    queryset = AccessLog.objects.none()
    serializer_class = AccessSerializer
    filterset_class = AccessFilter

    def get_queryset(self) -> QuerySet[AccessLog]:
        return AccessLog.objects.visible_to(person(self.request))

    def get_serializer_context(self) -> dict[str, Any]:
        customers = person(self.request).memberships.values("customer")
        colleagues = User.objects.filter(surface=Surface.PORTAL, memberships__customer__in=customers)
        return {**super().get_serializer_context(), "people": dict(colleagues.values_list("pk", "email"))}
