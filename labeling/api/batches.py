"""Batches and column mappings: files come in, rejects go out. Nothing is read into memory whole."""

import io
import tempfile
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.idempotency import answer_once, digest_of
from config.kernel.api.pages import OldestFirst
from config.kernel.api.parsers import BoundedJSONParser, TooLarge
from config.kernel.canonical import digest
from config.kernel.errors import Invalid
from config.kernel.requests import person
from config.kernel.types import Scope
from labeling import selectors
from labeling.api.descriptions import MAPPING, UPLOAD
from labeling.api.serializers import (
    BatchSerializer,
    ColumnMappingSerializer,
    ImportSerializer,
    NewMappingSerializer,
    PreviewRequestSerializer,
    PreviewSerializer,
    RejectSerializer,
    UploadSerializer,
    WaySerializer,
)
from labeling.api.views import IDEMPOTENCY_KEY, CustomerView
from labeling.models import Batch, ColumnMapping, Project, RejectedRow
from labeling.reading.rows import shown
from labeling.services.access import log_read
from labeling.services.batches import CHUNK, forget_source, keep_source, receive_batch
from labeling.services.imports import import_batch
from labeling.services.mappings import get_mapping, preview_mapping, save_mapping

# What a request may be larger than its file: the other fields of a form.
ENVELOPE = 64 * 1024

WAY = ("format", "mapping", "on_conflict")
WAY_PARAMETERS = [OpenApiParameter(name, str, description=f"As the form field {name}.") for name in WAY]


class LinesParser(BaseParser):
    """A file as the body itself, spooled to a temporary file as it comes."""

    media_type = "application/x-ndjson"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        spooled = tempfile.TemporaryFile()  # noqa: SIM115 - the view closes it
        size = 0
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > settings.UPLOADED_BYTES_MOST:
                spooled.close()
                raise too_large()
            spooled.write(chunk)
        spooled.seek(0)
        return spooled


class OctetsParser(LinesParser):
    media_type = "application/octet-stream"


class TableParser(LinesParser):
    media_type = "text/csv"


# What a body is called that comes without a name.
NAMES = {"application/x-ndjson": "upload.ndjson", "text/csv": "upload.csv"}


def too_large() -> TooLarge:
    most = settings.UPLOADED_BYTES_MOST / 1024**3
    return TooLarge(f"The file is larger than {most:g} GB; split it into several, or pack it.")


def check_length(request: Request) -> None:
    """Refuse a body that says it is too large before any of it is read."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > settings.UPLOADED_BYTES_MOST + ENVELOPE:
        raise too_large()


class JsonOnly(DefaultContentNegotiation):
    """Answers are JSON; `format` in the address is the file's, not the answer's."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ProjectBatches(CustomerView, generics.ListAPIView[Batch]):
    """The project's batches, and the door for a new one."""

    queryset = Batch.objects.none()
    serializer_class = BatchSerializer
    content_negotiation_class = JsonOnly
    parser_classes = [MultiPartParser, BoundedJSONParser, LinesParser, TableParser, OctetsParser]
    scopes = {**CustomerView.scopes, "POST": Scope.UPLOAD}

    def get_queryset(self) -> QuerySet[Batch]:
        project = selectors.get_project(user=person(self.request), public_id=self.kwargs["project"])
        return Batch.objects.filter(project=project).select_related("project", "mapping")

    @extend_schema(
        description=UPLOAD,
        request={
            "multipart/form-data": UploadSerializer,
            "application/json": ImportSerializer,
            "application/x-ndjson": bytes,
            "text/csv": bytes,
            "application/octet-stream": bytes,
        },
        responses={202: BatchSerializer, 200: BatchSerializer},
        parameters=[IDEMPOTENCY_KEY, *WAY_PARAMETERS],
    )
    def post(self, request: Request, project: UUID) -> Response:
        """Upload a batch, or name a file under a granted path: 202 when it is new and being read, 200 with the batch of
        before for the same bytes read in the same way."""
        found = selectors.get_project(user=person(request), public_id=project, permission="upload_batch")
        check_length(request)
        if (request.content_type or "").startswith("application/json"):
            return _import(request, found)
        return _upload(request, found)


def _upload(request: Request, project: Project) -> Response:
    name, stream = _uploaded(request)
    with stream:
        way = _way(request)
        mapping = get_mapping(project=project, public_id=way["mapping"])
        source = keep_source(project=project, source=stream, name=name, said=way["format"])
    is_used = False

    def act() -> Response:
        nonlocal is_used
        batch, is_new = receive_batch(
            project=project, name=name, source=source, actor=person(request), mapping=mapping,
            on_conflict=way["on_conflict"],
        )  # fmt: skip
        is_used = True
        return _answer(batch, is_new)

    try:
        return answer_once(
            user=person(request),
            key=request.headers.get("Idempotency-Key"),
            request_digest=digest_of("POST", request.path, digest([source.digest, way])),
            act=act,
        )
    finally:
        if not is_used:
            forget_source(source)


def _import(request: Request, project: Project) -> Response:
    asked = ImportSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    way = asked.validated_data
    mapping = get_mapping(project=project, public_id=way["mapping"])

    def act() -> Response:
        batch, is_new = import_batch(
            project=project, path=way["path"], actor=person(request), said=way["format"], mapping=mapping,
            on_conflict=way["on_conflict"],
        )  # fmt: skip
        return _answer(batch, is_new)

    return answer_once(
        user=person(request),
        key=request.headers.get("Idempotency-Key"),
        request_digest=digest_of("POST", request.path, digest(dict(way))),
        act=act,
    )


def _answer(batch: Batch, is_new: bool) -> Response:
    return Response(BatchSerializer(batch).data, status=202 if is_new else 200)


def _uploaded(request: Request) -> tuple[str, Any]:
    data: Any = request.data
    if not (request.content_type or "").startswith("multipart/"):
        # An empty body is not parsed at all; it is an empty file.
        data = io.BytesIO() if isinstance(data, Mapping) else data
        kind = (request.content_type or "").split(";")[0].strip()
        return request.headers.get("X-File-Name", NAMES.get(kind, "upload")), data
    file = request.FILES.get("file")
    if file is None:
        raise Invalid("Send the items as a file in the field named file, or as the body itself.", field="file")
    return file.name or "upload", file


def _way(request: Request) -> dict[str, str]:
    """Return how the file is to be read, by the form's fields or by the address."""
    posted: Any = request.data if isinstance(request.data, Mapping) else {}
    given = {name: posted.get(name, request.query_params.get(name)) for name in WAY}
    asked = WaySerializer(data={name: value for name, value in given.items() if value is not None})
    asked.is_valid(raise_exception=True)
    return {name: str(value) for name, value in asked.validated_data.items()}


class BatchDetail(CustomerView):
    @extend_schema(responses=BatchSerializer)
    def get(self, request: Request, batch: UUID) -> Response:
        """The batch and how far it has been read."""
        return Response(BatchSerializer(selectors.get_batch(user=person(request), public_id=batch)).data)


class BatchRejects(CustomerView, generics.ListAPIView[RejectedRow]):
    """The rows that were not taken, each with its line and the reason. The read is logged."""

    queryset = RejectedRow.objects.none()
    serializer_class = RejectSerializer
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[RejectedRow]:
        batch = selectors.get_batch(user=person(self.request), public_id=self.kwargs["batch"])
        return RejectedRow.objects.filter(batch=batch).select_related("batch").defer("raw")

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        if page:
            _log(self.request, page[0].batch, "labeling.rejectedrow", [row.pk for row in page])
        return page


class BatchRejectsFile(CustomerView):
    @extend_schema(responses={(200, "application/x-ndjson"): bytes})
    def get(self, request: Request, batch: UUID) -> StreamingHttpResponse:
        """The rows that were not taken, as they were sent, each with _rejected: its line, the field and the reason. Mend
        them and upload the file again; _rejected is then left aside. The read is logged."""
        found = selectors.get_batch(user=person(request), public_id=batch)
        _log(request, found, "labeling.batch", [found.pk])
        return StreamingHttpResponse(
            selectors.rejected_lines(found),
            content_type="application/x-ndjson",
            headers={"Content-Disposition": f'attachment; filename="rejects-{found.public_id}.ndjson"'},
        )


def _log(request: Request, batch: Batch, kind: str, ids: list[int]) -> None:
    log_read(
        user_id=person(request).pk,
        customer_id=batch.customer_id,
        project_id=batch.project_id,
        door="api",
        object_type=kind,
        object_ids=ids,
    )


class ProjectMappings(CustomerView, generics.ListAPIView[ColumnMapping]):
    """The project's column mappings, newest first; a version never changes."""

    queryset = ColumnMapping.objects.none()
    serializer_class = ColumnMappingSerializer
    scopes = {**CustomerView.scopes, "POST": Scope.UPLOAD}

    def get_queryset(self) -> QuerySet[ColumnMapping]:
        project = selectors.get_project(user=person(self.request), public_id=self.kwargs["project"])
        return ColumnMapping.objects.filter(project=project)

    @extend_schema(
        description=MAPPING,
        request=NewMappingSerializer,
        responses={201: ColumnMappingSerializer, 200: ColumnMappingSerializer},
    )
    def post(self, request: Request, project: UUID) -> Response:
        """Save a mapping: 201 with its next version, 200 with the version of before where nothing differs."""
        found = selectors.get_project(user=person(request), public_id=project, permission="upload_batch")
        asked = NewMappingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        mapping, is_new = save_mapping(project=found, actor=person(request), **asked.validated_data)
        return Response(ColumnMappingSerializer(mapping).data, status=201 if is_new else 200)


class MappingPreview(CustomerView):
    parser_classes = [MultiPartParser]
    scopes = {"POST": Scope.UPLOAD}

    @extend_schema(request={"multipart/form-data": PreviewRequestSerializer}, responses=PreviewSerializer)
    def post(self, request: Request, project: UUID) -> Response:
        """Try a mapping on a file's first rows: each as the item it would become, or with the reason why not. Nothing is
        kept."""
        found = selectors.get_project(user=person(request), public_id=project, permission="upload_batch")
        check_length(request)
        asked = PreviewRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        file = asked.validated_data["file"]
        previewed = preview_mapping(
            project=found,
            source=file,
            name=file.name or "",
            document=asked.validated_data["mapping"],
            said=asked.validated_data["format"],
        )
        rows = [shown(row) for row in previewed.rows]
        return Response(PreviewSerializer({"format": previewed.format, "rows": rows}).data)
