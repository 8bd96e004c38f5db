"""Releases: ask, fetch, check, decide."""

import hashlib
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.idempotency import answer_once, digest_of
from config.kernel.api.pages import OldestFirst
from config.kernel.canonical import digest
from config.kernel.errors import Conflict
from config.kernel.requests import person
from config.kernel.types import Scope
from delivery import selectors, signing
from delivery.api.files import file_response
from delivery.api.serializers import (
    ArtifactSerializer,
    CostSerializer,
    DecisionSerializer,
    ReleaseSerializer,
    SampledRecordSerializer,
    SampleSerializer,
    SigningKeySerializer,
    VerdictSerializer,
)
from delivery.models import Artifact, Release
from delivery.services.acceptance import decide_release, give_verdict, sample_standing
from delivery.services.releases import request_release
from labeling.api.views import IDEMPOTENCY_KEY, CustomerView
from labeling.selectors import get_project
from labeling.services.access import log_read


class ProjectReleases(CustomerView, generics.ListAPIView[Release]):
    """The project's releases, newest first."""

    queryset = Release.objects.none()
    serializer_class = ReleaseSerializer
    scopes = {**CustomerView.scopes, "POST": Scope.DECIDE}

    def get_queryset(self) -> QuerySet[Release]:
        project = get_project(user=person(self.request), public_id=self.kwargs["project"])
        return selectors.releases().filter(project=project)

    @extend_schema(request=None, responses={202: ReleaseSerializer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request, project: UUID) -> Response:
        """Ask for the next release of everything that is resolved. It is frozen by a job; look at its state."""
        found = get_project(user=person(request), public_id=project, permission="decide_release")
        return answer_once(
            user=person(request),
            key=request.headers.get("Idempotency-Key"),
            request_digest=digest_of("POST", request.path, hashlib.sha256(b"").hexdigest()),
            act=lambda: Response(_shown(request_release(project=found, actor=person(request))), status=202),
        )


def _shown(release: Release) -> Any:
    """Return a release that a service has just changed as its serializer shows it."""
    return ReleaseSerializer(selectors.releases().get(pk=release.pk)).data


class ProjectCosts(CustomerView):
    @extend_schema(responses=CostSerializer(many=True))
    def get(self, request: Request, project: UUID) -> Response:
        """What was charged so far, by currency: each item once, with the first release you accepted."""
        found = get_project(user=person(request), public_id=project)
        return Response(CostSerializer(selectors.costs_of(found), many=True).data)


class ReleaseDetail(CustomerView):
    @extend_schema(responses=ReleaseSerializer)
    def get(self, request: Request, release: UUID) -> Response:
        return Response(ReleaseSerializer(selectors.get_release(user=person(request), public_id=release)).data)


class ReleaseManifest(CustomerView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, release: UUID) -> Response:
        """The manifest as it was signed."""
        found = selectors.get_release(user=person(request), public_id=release)
        if found.manifest is None:
            raise Conflict(f"The release is {found.state}; it has a manifest once it is frozen.")
        return Response(found.manifest)


class ReleaseFiles(CustomerView, generics.ListAPIView[Artifact]):
    """The files of the release, each with its size and SHA-256."""

    queryset = Artifact.objects.none()
    serializer_class = ArtifactSerializer
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[Artifact]:
        release = selectors.get_release(user=person(self.request), public_id=self.kwargs["release"])
        return Artifact.objects.filter(release=release).prefetch_related("redactions")


class ReleaseFile(CustomerView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, release: UUID, name: str) -> HttpResponseBase:
        """One file, or a range of it. The read is logged."""
        found = selectors.get_release(user=person(request), public_id=release)
        artifact = selectors.get_artifact(release=found, name=name)
        _log(request, found, "delivery.artifact", [artifact.pk])
        return file_response(request, artifact)


class ReleaseSample(CustomerView):
    @extend_schema(responses=SampleSerializer)
    def get(self, request: Request, release: UUID) -> Response:
        """The sample to check before deciding. The read is logged."""
        found = selectors.get_release(user=person(request), public_id=release)
        sample = getattr(found, "sample", None)
        if sample is None:
            raise Conflict("There is no sample yet; it is drawn once the release is frozen.")
        records = list(selectors.sampled_records(found))
        _log(request, found, "delivery.sampleentry", [each.pk for each in records])
        standing = sample_standing(sample)
        return Response(
            SampleSerializer({"plan": sample.plan, "seed": sample.seed, **standing, "records": records}).data
        )


class SampleVerdict(CustomerView):
    scopes = {"POST": Scope.DECIDE}

    @extend_schema(request=VerdictSerializer, responses=SampledRecordSerializer)
    def post(self, request: Request, release: UUID, entry: UUID) -> Response:
        """Say whether one sampled record is good. Once."""
        found = selectors.get_release(user=person(request), public_id=release, permission="decide_release")
        given = VerdictSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        chosen = selectors.get_sample_entry(release=found, public_id=entry)
        checked = give_verdict(entry=chosen, actor=person(request), **given.validated_data)
        _log(request, found, "delivery.sampleentry", [checked.pk])
        return Response(SampledRecordSerializer(selectors.sampled_records(found).get(pk=checked.pk)).data)


class ReleaseDecision(CustomerView):
    scopes = {"POST": Scope.DECIDE}

    @extend_schema(request=DecisionSerializer, responses=ReleaseSerializer, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request, release: UUID) -> Response:
        """Accept the release, or send it back with a reason. For good."""
        found = selectors.get_release(user=person(request), public_id=release, permission="decide_release")
        given = DecisionSerializer(data=request.data)
        given.is_valid(raise_exception=True)

        def act() -> Response:
            return Response(_shown(decide_release(release=found, actor=person(request), **given.validated_data)))

        return answer_once(
            user=person(request),
            key=request.headers.get("Idempotency-Key"),
            request_digest=digest_of("POST", request.path, digest(dict(given.validated_data))),
            act=act,
        )


class SigningKeys(CustomerView):
    @extend_schema(responses=SigningKeySerializer(many=True))
    def get(self, request: Request) -> Response:
        """The public keys that releases are signed with."""
        return Response([signing.published(signing.signing_key(settings.SIGNING_KEY))])


def _log(request: Request, release: Release, kind: str, ids: list[Any]) -> None:
    log_read(
        user_id=person(request).pk,
        customer_id=release.customer_id,
        project_id=release.project_id,
        door="api",
        object_type=kind,
        object_ids=ids,
    )
