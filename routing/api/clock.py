"""The project's clock, for its customer."""

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
from routing.clock import shown_clock
from routing.types import ClockStopKind, Outlook


class PromisedSerializer(serializers.Serializer[Any]):
    batch = serializers.UUIDField()
    name = serializers.CharField()
    accepted_at = serializers.DateTimeField(source="began_at")
    due_at = serializers.DateTimeField(allow_null=True)
    forecast_at = serializers.DateTimeField(
        allow_null=True, help_text="Null until work of this kind has been measured."
    )


class StoppedSerializer(serializers.Serializer[Any]):
    kind = ChoiceField(choices=ClockStopKind.choices)
    reason = serializers.CharField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True, help_text="Null while the clock stands for it.")


class ToldSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    message = serializers.CharField()


class ClockSerializer(serializers.Serializer[Any]):
    is_stopped = serializers.BooleanField(help_text="Whether the clock stands: the work waits for you.")
    outlook = ChoiceField(choices=Outlook.values)
    due_at = serializers.DateTimeField(allow_null=True, help_text="When the oldest unfinished batch is due.")
    forecast_at = serializers.DateTimeField(allow_null=True, help_text="When all that is at work now will be done.")
    judgments_left = serializers.IntegerField()
    turnaround_hours = serializers.FloatField(allow_null=True, help_text="Business hours promised for each batch.")
    time_zone = serializers.CharField()
    hours = serializers.ListField(child=serializers.DictField(), help_text="The business hours; none: every hour.")
    batches = PromisedSerializer(many=True, help_text="The unfinished ones, the oldest first.")
    stops = StoppedSerializer(many=True, help_text="Those it stands for first, then the latest.")
    messages = ToldSerializer(many=True, help_text="What you were told about delays, the latest first.")


class Clock(CustomerView):
    @extend_schema(responses=ClockSerializer)
    def get(self, request: Request, project: UUID) -> Response:
        """What is due when, when it will be done as things stand, and what stopped the clock."""
        found = get_project(user=person(request), public_id=project)
        return Response(ClockSerializer(shown_clock(found)).data)
