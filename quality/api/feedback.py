"""The desk: what became of my answers, and appealing against it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.choices import ChoiceField
from config.kernel.requests import person
from quality.feedback import feedback_for, get_feedback, told_as
from quality.models import Appeal, Feedback
from quality.services.appeals import make_appeal
from quality.services.feedback import mark_feedback_read
from quality.types import FeedbackKind
from routing.answers import log_answers_read
from routing.api.views import DeskView


class AppealSerializer(serializers.ModelSerializer[Appeal]):
    id = serializers.UUIDField(source="public_id", read_only=True)

    class Meta:
        model = Appeal
        fields = ["id", "state", "words", "created_at", "due_at", "answer", "decided_at"]
        read_only_fields = fields


class FeedbackSerializer(serializers.ModelSerializer[Feedback]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    project = serializers.SerializerMethodField()
    kind = serializers.SerializerMethodField()
    title = serializers.SerializerMethodField()
    clause = serializers.SerializerMethodField(help_text="The clause that it rests on; null where none is named.")
    answer = serializers.UUIDField(source="annotation.public_id", read_only=True, help_text="Which of my answers.")
    at = serializers.DateTimeField(source="tell_from", read_only=True)
    is_read = serializers.SerializerMethodField()
    can_be_appealed = serializers.SerializerMethodField()
    appeal = serializers.SerializerMethodField()

    class Meta:
        model = Feedback
        fields = [
            "id", "project", "kind", "title", "clause", "words", "answer", "at", "is_read", "can_be_appealed",
            "appeal_until", "appeal",
        ]  # fmt: skip
        read_only_fields = fields

    def get_project(self, feedback: Feedback) -> dict[str, str]:
        return {"id": str(feedback.project.public_id), "name": feedback.project.name}

    @extend_schema_field(
        ChoiceField(choices=[(each.value, each.label) for each in FeedbackKind if told_as(each) == each])
    )
    def get_kind(self, feedback: Feedback) -> str:
        return told_as(feedback.kind).value

    def get_title(self, feedback: Feedback) -> str:
        return str(told_as(feedback.kind).label)

    def get_clause(self, feedback: Feedback) -> dict[str, str] | None:
        if not feedback.clause:
            return None
        titles = {each["id"]: each.get("title") for each in feedback.annotation.guideline.clauses}
        return {"id": feedback.clause, "title": titles.get(feedback.clause) or feedback.clause}

    def get_is_read(self, feedback: Feedback) -> bool:
        return feedback.read_at is not None

    def get_can_be_appealed(self, feedback: Feedback) -> bool:
        until = feedback.appeal_until
        return until is not None and until > timezone.now() and not hasattr(feedback, "appeal")

    @extend_schema_field(AppealSerializer(allow_null=True))
    def get_appeal(self, feedback: Feedback) -> dict[str, Any] | None:
        return AppealSerializer(feedback.appeal).data if hasattr(feedback, "appeal") else None


class WordsSerializer(serializers.Serializer[Any]):
    words = serializers.CharField(max_length=Appeal.WORDS_LONGEST, help_text="Why you think otherwise.")


class FeedbackList(DeskView, generics.ListAPIView[Feedback]):
    """What I am told of my answers, newest first, each with the reason and the clause. The read is logged."""

    queryset = Feedback.objects.none()
    serializer_class = FeedbackSerializer

    def get_queryset(self) -> QuerySet[Feedback]:
        return feedback_for(person(self.request))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page: Any = self.paginate_queryset(self.get_queryset())
        log_answers_read(user=person(request), answers=[each.annotation for each in page])
        return self.get_paginated_response(FeedbackSerializer(page, many=True).data)


class ReadFeedback(DeskView):
    @extend_schema(request=None, responses=OpenApiResponse(description="It is remembered."))
    def post(self, request: Request, feedback: UUID) -> Response:
        """Say that you have read it."""
        mark_feedback_read(feedback=get_feedback(user=person(request), public_id=feedback))
        return Response({})


class MakeAppeal(DeskView):
    @extend_schema(request=WordsSerializer, responses={201: AppealSerializer, 200: AppealSerializer})
    def post(self, request: Request, feedback: UUID) -> Response:
        """Appeal: somebody who had no part in it decides by `due_at`. 201 when it is new, 200 for the same again."""
        found = get_feedback(user=person(request), public_id=feedback)
        words = self.given(request, WordsSerializer)["words"]
        appeal, is_new = make_appeal(feedback=found, words=words, actor=person(request))
        return Response(AppealSerializer(appeal).data, status=201 if is_new else 200)
