"""The desk: training and tests that are open to me, beginning one, and what an answer of training came to."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.choices import ChoiceField
from config.kernel.requests import person
from quality.exams import explanation_of_answer, get_exam, shown_exams, shown_sitting
from quality.services.exams import begin_sitting
from quality.types import ExamKind, SittingState
from routing.api.views import DeskView
from routing.selectors import reviewer_of


class ExamProjectSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class SittingSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    state = ChoiceField(choices=SittingState.choices)
    asked = serializers.IntegerField()
    left = serializers.IntegerField(help_text="Items that wait for an answer, among your tasks.")
    right = serializers.IntegerField(allow_null=True, help_text="Known once it is over.")
    finished_at = serializers.DateTimeField(allow_null=True)


class ExamSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    project = ExamProjectSerializer()
    name = serializers.CharField()
    kind = ChoiceField(choices=ExamKind.choices)
    skill = serializers.CharField(help_text="What passing grants; empty: nothing but the way into work.")
    size = serializers.IntegerField()
    pass_share = serializers.FloatField()
    attempts_left = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Until when what was passed holds.")
    refusal = serializers.CharField(help_text="Why no sitting may begin now; empty: one may.")
    sitting = SittingSerializer(allow_null=True, help_text="The latest.")
    note = serializers.CharField()


class ExpectedSerializer(serializers.Serializer[Any]):
    question = serializers.CharField()
    lines = serializers.ListField(child=serializers.CharField())


class ExplanationSerializer(serializers.Serializer[Any]):
    is_right = serializers.BooleanField()
    questions = serializers.DictField(child=serializers.BooleanField())
    expected = ExpectedSerializer(many=True)
    explanation = serializers.CharField()


class Exams(DeskView):
    @extend_schema(responses=ExamSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The training and tests of your projects: what they ask, how they went, and whether you may sit them now."""
        return Response(ExamSerializer(shown_exams(person(request)), many=True).data)


class Sittings(DeskView):
    @extend_schema(request=None, responses={201: SittingSerializer, 200: SittingSerializer})
    def post(self, request: Request, exam: UUID) -> Response:
        """Begin: its items are among your next tasks. 201 when it is new, 200 for the one that is under way."""
        found = get_exam(user=person(request), public_id=exam)
        sitting, is_new = begin_sitting(exam=found, reviewer=reviewer_of(person(request)), actor=person(request))
        return Response(SittingSerializer(shown_sitting(sitting)).data, status=201 if is_new else 200)


class Explanation(DeskView):
    @extend_schema(responses=ExplanationSerializer)
    def get(self, request: Request, answer: UUID) -> Response:
        """What an answer in a training came to: right or not, what was expected, and why. 404 for any other answer."""
        return Response(ExplanationSerializer(explanation_of_answer(user=person(request), public_id=answer)).data)
