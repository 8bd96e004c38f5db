"""The desk: the projects open to me, and reporting what I was given."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.choices import ChoiceField
from config.kernel.requests import person
from labeling.types import Problem
from routing.api.views import DeskView
from routing.models import Enrolment
from routing.open_projects import open_enrolments, projects_with_work, shown_project
from routing.selectors import reviewer_of, servable_pools
from routing.services.reports import flag_task


class PaySerializer(serializers.Serializer[Any]):
    amount = serializers.CharField(help_text="For one judgment.")
    currency = serializers.CharField()
    an_hour = serializers.CharField(
        allow_null=True, help_text="At the expected minutes; null where these are not known."
    )


class OpenProjectSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    domains = serializers.ListField(child=serializers.CharField())
    languages = serializers.ListField(child=serializers.CharField())
    pay = PaySerializer()
    expected_minutes = serializers.FloatField(allow_null=True, help_text="Of one judgment, measured; null before that.")
    guideline = serializers.DictField(help_text="The version in force, and whether I have read what changed up to it.")
    has_open_work = serializers.BooleanField(help_text="Whether a task waits that I could be given.")


class OpenProjects(DeskView, generics.ListAPIView[Enrolment]):
    """The projects that I am enrolled in and may judge: what they are about, what they pay, whether work waits there."""

    queryset = Enrolment.objects.none()
    serializer_class = OpenProjectSerializer

    def get_queryset(self) -> QuerySet[Enrolment]:
        return open_enrolments(person(self.request))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        user = person(request)
        page: Any = self.paginate_queryset(self.get_queryset())
        reviewer = reviewer_of(user)
        pools, _ = servable_pools(reviewer_id=reviewer.pk, project=None)
        with_work = projects_with_work(reviewer_id=reviewer.pk, pool_ids=[pool.pool_id for pool in pools])
        return self.get_paginated_response(
            [shown_project(each, has_work=each.project_id in with_work) for each in page]
        )


class FlagRequestSerializer(serializers.Serializer[Any]):
    kind = ChoiceField(choices=Problem.choices)
    note = serializers.CharField(
        max_length=300, required=False, allow_blank=True, default="", help_text="Needed where it is something else."
    )


class FlaggedSerializer(serializers.Serializer[Any]):
    flag = serializers.UUIDField()
    held = serializers.BooleanField(help_text="Whether the task waits for somebody to look, and is yours no more.")


class Flag(DeskView):
    @extend_schema(request=FlagRequestSerializer, responses={201: FlaggedSerializer, 200: FlaggedSerializer})
    def post(self, request: Request, token: UUID) -> Response:
        """Report the item, for a person to look at; 201 when it is new, 200 for the same again."""
        given = self.given(request, FlagRequestSerializer)
        made = flag_task(user=person(request), token=token, problem=given["kind"], note=given["note"])
        return Response({"flag": made.flag_public_id, "held": made.is_held}, status=201 if made.is_new else 200)
