"""What is measured of a project's quality, for its customer: figures of the work, and of no person."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.choices import ChoiceField
from config.kernel.requests import person
from labeling.api.views import CustomerView
from labeling.selectors import get_project
from quality.selectors import figures_of_work
from quality.types import Segment


class FigureSerializer(serializers.Serializer[Any]):
    question = serializers.CharField(help_text="The question's id; empty: all questions together.")
    segment = ChoiceField(choices=Segment.values)
    segment_value = serializers.CharField()
    guideline = serializers.IntegerField(
        source="guideline.number", allow_null=True, default=None, help_text="The guideline version; null: under any."
    )
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="Where the 95 % interval begins.")
    high = serializers.FloatField(allow_null=True, help_text="Where the 95 % interval ends.")
    units = serializers.IntegerField(help_text="How many units, answers or audits it was measured on.")
    why_undefined = serializers.CharField(help_text="Why there is no value; empty where there is one.")
    measured_at = serializers.DateTimeField()


class QualitySerializer(serializers.Serializer[Any]):
    agreement = FigureSerializer(many=True, help_text="Krippendorff's alpha of the latest rounds.")
    gold_accuracy = FigureSerializer(many=True, help_text="How often items whose answer is known are answered right.")
    audit_accuracy = FigureSerializer(
        many=True, help_text="How often results are right, as experts' audits estimate it."
    )


class Quality(CustomerView):
    @extend_schema(responses=QualitySerializer)
    def get(self, request: Request, project: UUID) -> Response:
        """How far reviewers agree, and how often they and the results are right; each with its interval, or why there is none."""
        found = get_project(user=person(request), public_id=project)
        return Response(QualitySerializer(figures_of_work(project_id=found.pk)).data)
