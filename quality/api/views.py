"""The desk: ask about a clause and the item at hand, and read what was ruled on my projects."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters.filters import UUIDFilter
from django_filters.rest_framework.backends import DjangoFilterBackend
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.requests import person
from quality.models import Ruling
from quality.rulings import get_ruling, rulings_for
from quality.services.rulings import ask_for_ruling, mark_ruling_read
from routing.answers import lease_of
from routing.api.views import DeskView
from routing.selectors import reviewer_of


class RulingSerializer(serializers.ModelSerializer[Ruling]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    project = serializers.UUIDField(source="project.public_id", read_only=True)
    guideline = serializers.IntegerField(source="guideline.number", read_only=True)
    is_mine = serializers.BooleanField(read_only=True, default=True)
    is_read = serializers.BooleanField(read_only=True, default=False)

    class Meta:
        model = Ruling
        fields = [
            "id", "project", "guideline", "clause", "question", "answer", "asked_at", "answered_at", "is_mine", "is_read",
        ]  # fmt: skip
        read_only_fields = fields


class QuestionSerializer(serializers.Serializer[Any]):
    clause = serializers.CharField(max_length=100, help_text="The clause's id.")
    question = serializers.CharField(max_length=Ruling.QUESTION_LONGEST)


class RulingFilter(FilterSet):
    project = UUIDFilter(field_name="project__public_id")

    class Meta:
        model = Ruling
        fields = ["project"]


class Rulings(DeskView, generics.ListAPIView[Ruling]):
    """What was ruled on my projects, newest first, and what I asked that has no answer yet."""

    queryset = Ruling.objects.none()
    serializer_class = RulingSerializer
    filter_backends = (DjangoFilterBackend,)
    filterset_class = RulingFilter

    def get_queryset(self) -> QuerySet[Ruling]:
        return rulings_for(person(self.request)).select_related("project", "guideline")


class Ask(DeskView):
    @extend_schema(request=QuestionSerializer, responses={201: RulingSerializer, 200: RulingSerializer})
    def post(self, request: Request, token: UUID) -> Response:
        """Ask an operator about a clause of the guideline and this item; 201 when it is new, 200 for the same again."""
        given = self.given(request, QuestionSerializer)
        lease = lease_of(user=person(request), token=token)
        ruling, is_new = ask_for_ruling(lease=lease, actor=person(request), **given)
        return Response(RulingSerializer(ruling).data, status=201 if is_new else 200)


class ReadRuling(DeskView):
    @extend_schema(request=None, responses=OpenApiResponse(description="It is remembered."))
    def post(self, request: Request, ruling: UUID) -> Response:
        """Say that you have read the answer."""
        found = get_ruling(user=person(request), public_id=ruling)
        mark_ruling_read(ruling=found, reviewer=reviewer_of(person(request)))
        return Response({})
