"""The customers' side of calibration: their own verdicts, and how far reviewers and experts agree with them."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.requests import person
from config.kernel.types import Scope
from labeling.api.views import CustomerView
from labeling.selectors import get_project
from quality.services.verdicts import give_verdicts
from quality.verdicts import calibration_of


class OwnVerdictSerializer(serializers.Serializer[Any]):
    external_id = serializers.CharField(max_length=200)
    answers = serializers.DictField(help_text="As the form asks, question by question.")


class OwnVerdictsSerializer(serializers.Serializer[Any]):
    verdicts = OwnVerdictSerializer(many=True, allow_empty=False)


class KeptSerializer(serializers.Serializer[Any]):
    kept = serializers.IntegerField(help_text="How many were new or other than before.")


class WithCustomerSerializer(serializers.Serializer[Any]):
    question = serializers.CharField()
    items = serializers.IntegerField()
    compared = serializers.IntegerField(help_text="Answers, to these items.")
    agreeing = serializers.IntegerField()
    agreement = serializers.FloatField()
    agreement_interval = serializers.ListField(
        child=serializers.FloatField(), help_text="Of 95 %, each item counted as one observation."
    )
    kappa = serializers.FloatField(allow_null=True, help_text="Cohen's; null where only one value was ever given.")
    interval = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="Kappa's.")


class BarSerializer(serializers.Serializer[Any]):
    agreement = serializers.FloatField(allow_null=True)
    items = serializers.IntegerField(allow_null=True)
    measured_agreement = serializers.FloatField(allow_null=True, help_text="The lowest of all questions.")
    measured_items = serializers.IntegerField()
    is_met = serializers.BooleanField()
    sentence = serializers.CharField()


class CalibrationSerializer(serializers.Serializer[Any]):
    verdicts = serializers.IntegerField()
    items = serializers.IntegerField(help_text="Items with a verdict of yours and an answer by a reviewer.")
    reviewers = WithCustomerSerializer(many=True)
    experts = WithCustomerSerializer(many=True)
    bar = BarSerializer()


class CalibrationView(CustomerView):
    scopes = {**CustomerView.scopes, "PUT": Scope.DECIDE}

    @extend_schema(operation_id="projects_calibration", responses=CalibrationSerializer)
    def get(self, request: Request, project: UUID) -> Response:
        """How far reviewers and experts agree with your own verdicts, by question, and what that means for the next stage."""
        found = get_project(user=person(request), public_id=project)
        return Response(CalibrationSerializer(calibration_of(found)).data)

    @extend_schema(operation_id="projects_calibration_give", request=OwnVerdictsSerializer, responses=KeptSerializer)
    def put(self, request: Request, project: UUID) -> Response:
        """Give your own verdicts on items, by their external ids: all or none. The same again changes nothing."""
        found = get_project(user=person(request), public_id=project, permission="decide_release")
        serializer = OwnVerdictsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        kept = give_verdicts(project=found, verdicts=serializer.validated_data["verdicts"], actor=person(request))
        return Response({"kept": kept})
