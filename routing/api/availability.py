"""The desk: when a reviewer works, how much at most, and their leave."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.errors import NotFound
from config.kernel.requests import person
from config.kernel.types import Scope
from routing.api.views import DeskView
from routing.models import Leave
from routing.selectors import coming_leaves, reviewer_of, working_time_of
from routing.services.availability import (
    LONGEST_LEAVE_DAYS,
    add_leave,
    offer_availability,
    remove_leave,
)

LIMIT_HELP = "null: no limit of your own. Never above your operator's ceiling."


class HoursSerializer(serializers.Serializer[Any]):
    day = serializers.IntegerField(help_text="0 to 6; Monday is 0.")
    to = serializers.CharField(help_text="17:00. At or before `from`, it is the next day's; 24:00 ends a day.")

    def get_fields(self) -> dict[str, Any]:
        begins = serializers.CharField(help_text="09:00, by the clock of the time zone.")
        return {"from": begins, **super().get_fields()}


class OfferSerializer(serializers.Serializer[Any]):
    """What you leave out stays as it is."""

    is_on = serializers.BooleanField(required=False, help_text="Whether you take new work.")
    time_zone = serializers.CharField(required=False, max_length=60, help_text="IANA, such as Europe/Berlin.")
    hours = HoursSerializer(required=False, many=True, help_text="Your weekly working times; empty: any time.")
    daily_limit = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=100_000, help_text=LIMIT_HELP
    )
    weekly_limit = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=100_000, help_text=LIMIT_HELP
    )
    distressing_daily_limit = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=100_000, help_text=LIMIT_HELP
    )


class StopSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="off, leave, weekly_limit, daily_limit, off_hours or break.")
    message = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True, help_text="When there may be work again; null: not known.")


class AvailabilitySerializer(OfferSerializer):
    """When you work, what your operator allows at most, and whether anything stands in the way now."""

    daily_ceiling = serializers.IntegerField(allow_null=True)
    weekly_ceiling = serializers.IntegerField(allow_null=True)
    distressing_daily_ceiling = serializers.IntegerField(allow_null=True)
    break_after_minutes = serializers.IntegerField(allow_null=True)
    break_minutes = serializers.IntegerField()
    stop = StopSerializer(allow_null=True, help_text="Why you get no work now, and until when; null: you may.")


class NewLeaveSerializer(serializers.Serializer[Any]):
    first = serializers.DateField(help_text="The first day, by the calendar of your time zone.")
    last = serializers.DateField(help_text=f"The last day, included; at most {LONGEST_LEAVE_DAYS} days.")
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200)


class LeaveSerializer(NewLeaveSerializer):
    id = serializers.UUIDField()


def shown_leave(leave: Leave) -> dict[str, Any]:
    first, after = leave.during.lower, leave.during.upper
    last = after.fromordinal(after.toordinal() - 1)
    return {"id": leave.public_id, "first": first, "last": last, "reason": leave.reason}


class OwnAvailability(DeskView):
    @extend_schema(responses=AvailabilitySerializer)
    def get(self, request: Request) -> Response:
        """When you work and how much at most; and whether anything stands in the way now."""
        availability, stop = working_time_of(reviewer_of(person(request)))
        return Response(AvailabilitySerializer({**vars(availability), "stop": stop}).data)

    @extend_schema(request=OfferSerializer, responses=AvailabilitySerializer)
    def put(self, request: Request) -> Response:
        """Change when you work and how much at most. What you leave out stays."""
        reviewer = reviewer_of(person(request))
        changes = self.given(request, OfferSerializer)
        if "hours" in changes:
            changes["hours"] = [dict(each) for each in changes["hours"]]
        offer_availability(reviewer=reviewer, changes=changes)
        return self.get(request)


class OwnLeaves(DeskView):
    @extend_schema(responses=LeaveSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Your leave that is not over yet, soonest first."""
        leaves = coming_leaves(reviewer_of(person(request)))
        return Response(LeaveSerializer([shown_leave(leave) for leave in leaves], many=True).data)

    @extend_schema(request=NewLeaveSerializer, responses={201: LeaveSerializer})
    def post(self, request: Request) -> Response:
        """Take leave: on these days there is no new work for you."""
        given = self.given(request, NewLeaveSerializer)
        leave = add_leave(reviewer=reviewer_of(person(request)), actor=person(request), **given)
        return Response(LeaveSerializer(shown_leave(leave)).data, status=201)


class OwnLeave(DeskView):
    scopes = {"DELETE": Scope.DESK, "OPTIONS": Scope.DESK}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, leave: UUID) -> Response:
        """Take a leave back."""
        found = Leave.objects.filter(reviewer=reviewer_of(person(request)), public_id=leave).first()
        if found is None:
            raise NotFound("There is no such leave of yours.")
        remove_leave(leave=found, actor=person(request))
        return Response(status=204)
