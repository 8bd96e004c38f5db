"""The desk: my last answers, each with what it says, and its correction; and what I am told of answers that came too late."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.requests import person
from labeling.models import Annotation
from labeling.presentation import rendered
from labeling.services.judgments import mark_answer_read
from routing.answers import answers_of, get_answer, log_answers_read, models_on, shown_answer, shown_summary
from routing.api.serializers import BesideSerializer, ValueSerializer
from routing.api.views import DeskView, in_words
from routing.services.corrections import correct_answer


class AnswerSummarySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    project = serializers.DictField()
    title = serializers.CharField(help_text="The form's.")
    excerpt = serializers.CharField(help_text="How the item begins.")
    submitted_at = serializers.DateTimeField()
    is_correction = serializers.BooleanField()
    can_be_corrected = serializers.BooleanField()
    until = serializers.CharField(help_text="Until when it can be corrected, or why it no longer can.")
    has_models = serializers.BooleanField(help_text="Models answered the same, and you may see what.")


class AnswerSerializer(AnswerSummarySerializer):
    guideline = serializers.DictField()
    form = serializers.DictField()
    item = serializers.DictField(allow_null=True, help_text="As it was shown; null once it was erased.")
    value = serializers.DictField(help_text="The answers by question, as they can be sent again.")
    models = BesideSerializer(
        many=True, help_text="What models answered to the same: once your answer can no longer be corrected."
    )


class CorrectedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="The answer that counts now.")


class Answers(DeskView, generics.ListAPIView[Annotation]):
    """My answers on the projects I may work on, newest first; of each the latest correction. The read is logged."""

    queryset = Annotation.objects.none()
    serializer_class = AnswerSummarySerializer

    def get_queryset(self) -> QuerySet[Annotation]:
        return answers_of(person(self.request))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page: Any = self.paginate_queryset(self.get_queryset())
        log_answers_read(user=person(request), answers=page)
        return self.get_paginated_response([shown_summary(answer) for answer in page])


class Answer(DeskView):
    @extend_schema(responses=AnswerSerializer)
    def get(self, request: Request, answer: UUID) -> Response:
        """One of my answers, with the task as it was shown; texts also as HTML that is safe to show. The read is logged."""
        found = get_answer(user=person(request), public_id=answer)
        shown = shown_answer(found)
        if shown["item"] is not None:
            shown["item"] = rendered(shown["item"])
        shown["models"] = [in_words(each) for each in models_on(found)]
        log_answers_read(user=person(request), answers=[found])
        return Response(shown)


class Correct(DeskView):
    @extend_schema(request=ValueSerializer, responses={201: CorrectedSerializer, 200: CorrectedSerializer})
    def put(self, request: Request, answer: UUID) -> Response:
        """Say something else: 201 where another answer takes this one's place, 200 where it says that already."""
        given = self.given(request, ValueSerializer)
        done = correct_answer(user=person(request), public_id=answer, answers=given["value"])
        return Response({"id": done.annotation_public_id}, status=200 if done.is_repeat else 201)


class ReadMessage(DeskView):
    @extend_schema(request=None, responses=OpenApiResponse(description="It is remembered."))
    def post(self, request: Request, message: UUID) -> Response:
        """Say that you have read a message of your "me"; it is not shown again."""
        mark_answer_read(user=person(request), submission=message)
        return Response({})
