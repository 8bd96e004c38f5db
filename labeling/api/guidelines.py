"""Guidelines: what is in force, what was, and the drafts that a customer proposes."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.idempotency import answer_json_once
from config.kernel.requests import person
from config.kernel.types import Scope
from labeling import selectors
from labeling.api.serializers import ChangesSerializer, GuidelineDraftSerializer, GuidelineSerializer
from labeling.api.views import IDEMPOTENCY_KEY, CustomerView
from labeling.guidelines import changes_of, get_guideline, shown_to_customers
from labeling.models import GuidelineVersion
from labeling.services.guidelines import propose_guideline, revise_draft


class ProjectGuidelines(CustomerView, generics.ListAPIView[GuidelineVersion]):
    """The published versions of the guideline and your own drafts, newest first; and the door for a new draft."""

    queryset = GuidelineVersion.objects.none()
    serializer_class = GuidelineSerializer
    scopes = {**CustomerView.scopes, "POST": Scope.UPLOAD}

    def get_queryset(self) -> QuerySet[GuidelineVersion]:
        project = selectors.get_project(user=person(self.request), public_id=self.kwargs["project"])
        return GuidelineVersion.objects.filter(shown_to_customers(), project=project)

    @extend_schema(request=GuidelineDraftSerializer, responses={201: GuidelineSerializer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request, project: UUID) -> Response:
        """Propose the next version. It is a draft until the operator publishes or declines it."""
        found = selectors.get_project(user=person(request), public_id=project, permission="upload_batch")
        given = _given(request)

        def act() -> Response:
            draft = propose_guideline(project=found, actor=person(request), **given)
            return Response(GuidelineSerializer(draft).data, status=201)

        return answer_json_once(request, act)


class GuidelineDetail(CustomerView):
    scopes = {**CustomerView.scopes, "PUT": Scope.UPLOAD}

    @extend_schema(responses=GuidelineSerializer)
    def get(self, request: Request, project: UUID, number: int) -> Response:
        """One version, or one of your drafts."""
        found = get_guideline(user=person(request), project=project, number=number)
        return Response(GuidelineSerializer(found).data)

    @extend_schema(request=GuidelineDraftSerializer, responses=GuidelineSerializer)
    def put(self, request: Request, project: UUID, number: int) -> Response:
        """Put another content in the place of your draft's, as long as nobody has decided on it."""
        found = get_guideline(
            user=person(request), project=project, number=number, permission="upload_batch", is_draft=True
        )
        revised = revise_draft(guideline=found, actor=person(request), **_given(request))
        return Response(GuidelineSerializer(revised).data)


class GuidelineChanges(CustomerView):
    @extend_schema(responses=ChangesSerializer)
    def get(self, request: Request, project: UUID, number: int) -> Response:
        """What the version changes of the published one before it."""
        found = get_guideline(user=person(request), project=project, number=number)
        return Response(ChangesSerializer(changes_of(found)).data)


def _given(request: Request) -> dict[str, Any]:
    serializer = GuidelineDraftSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
