"""Projects, batches, items: parse, ask permission, call, render."""

import io
import tempfile
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters.filters import CharFilter, ChoiceFilter, IsoDateTimeFilter
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.kernel.api.idempotency import answer_once, digest_of
from config.kernel.api.pages import OldestFirst
from config.kernel.errors import Invalid
from config.kernel.models import User
from config.kernel.requests import person
from config.kernel.types import Scope, Surface
from labeling import selectors
from labeling.api.serializers import (
    AccessSerializer,
    BatchSerializer,
    FormSerializer,
    FormTemplateSerializer,
    ItemContentSerializer,
    ItemSerializer,
    ProgressSerializer,
    ProjectSerializer,
    RejectSerializer,
    UploadSerializer,
)
from labeling.forms.templates import TEMPLATES
from labeling.models import AccessLog, Batch, Item, Project, RejectedRow
from labeling.services.access import log_read
from labeling.services.batches import CHUNK, keep_source, receive_batch
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


class LinesParser(BaseParser):
    """An NDJSON body, spooled to a temporary file as it comes."""

    media_type = "application/x-ndjson"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        spooled = tempfile.TemporaryFile()  # noqa: SIM115 - the view closes it
        while chunk := stream.read(CHUNK):
            spooled.write(chunk)
        spooled.seek(0)
        return spooled


class OctetsParser(LinesParser):
    media_type = "application/octet-stream"


class ProjectBatches(CustomerView, generics.ListAPIView[Batch]):
    """The project's batches, and the door for a new one."""

    queryset = Batch.objects.none()
    serializer_class = BatchSerializer
    parser_classes = [MultiPartParser, LinesParser, OctetsParser]
    scopes = {**CustomerView.scopes, "POST": Scope.UPLOAD}

    def get_queryset(self) -> QuerySet[Batch]:
        project = selectors.get_project(user=person(self.request), public_id=self.kwargs["project"])
        return Batch.objects.filter(project=project).select_related("project")

    @extend_schema(
        request={"multipart/form-data": UploadSerializer, "application/x-ndjson": bytes},
        responses={202: BatchSerializer, 200: BatchSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, project: UUID) -> Response:
        """Upload a batch: 202 when it is new and being read, 200 with the batch of before for the same bytes."""
        found = selectors.get_project(user=person(request), public_id=project, permission="upload_batch")
        name, stream = _uploaded(request)
        with stream:
            source = keep_source(project=found, source=stream)

        def act() -> Response:
            batch, is_new = receive_batch(project=found, name=name, source=source, actor=person(request))
            return Response(BatchSerializer(batch).data, status=202 if is_new else 200)

        return answer_once(
            user=person(request),
            key=request.headers.get("Idempotency-Key"),
            request_digest=digest_of("POST", request.path, source.digest),
            act=act,
        )


def _uploaded(request: Request) -> tuple[str, Any]:
    data: Any = request.data
    if not (request.content_type or "").startswith("multipart/"):
        # An empty body is not parsed at all; it is an empty file.
        data = io.BytesIO() if isinstance(data, Mapping) else data
        return request.headers.get("X-File-Name", "upload.ndjson"), data
    file = request.FILES.get("file")
    if file is None:
        raise Invalid("Send the items as a file in the field named file, or as the body itself.", field="file")
    return file.name or "upload.ndjson", file


class BatchDetail(CustomerView):
    @extend_schema(responses=BatchSerializer)
    def get(self, request: Request, batch: UUID) -> Response:
        """The batch and how far it has been read."""
        return Response(BatchSerializer(selectors.get_batch(user=person(request), public_id=batch)).data)


class BatchRejects(CustomerView, generics.ListAPIView[RejectedRow]):
    """The rows that were not taken, each with its line and the reason."""

    queryset = RejectedRow.objects.none()
    serializer_class = RejectSerializer
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[RejectedRow]:
        batch = selectors.get_batch(user=person(self.request), public_id=self.kwargs["batch"])
        return RejectedRow.objects.filter(batch=batch).select_related("batch")

    def paginate_queryset(self, queryset: Any) -> Any:
        """A rejected row is shown as it begins: a read of content, which is logged."""
        page = super().paginate_queryset(queryset)
        if page:
            log_read(
                user_id=person(self.request).pk,
                customer_id=page[0].customer_id,
                project_id=page[0].batch.project_id,
                door="api",
                object_type="labeling.rejectedrow",
                object_ids=[row.pk for row in page],
            )
        return page


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


class AccessFilter(FilterSet):
    door = ChoiceFilter(choices=[(door, door) for door in DOORS])
    since = IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    until = IsoDateTimeFilter(field_name="at", lookup_expr="lt")

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
