"""The desk: next, prefetch, heartbeat, extend, draft, submit, skip."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.crypto import salted_hmac
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from config.kernel.requests import person
from config.kernel.types import Scope, Surface
from labeling.presentation import Beside, rendered, shown_item
from labeling.selectors import get_project
from labeling.services.acknowledgements import acknowledge_guideline
from routing.api.serializers import (
    AcknowledgeSerializer,
    LeaseSerializer,
    NextAnswerSerializer,
    NextSerializer,
    SkipSerializer,
    SubmitSerializer,
    SubmittedSerializer,
    ValueSerializer,
)
from routing.selectors import reviewer_of
from routing.services.claims import next_task, prefetch_task
from routing.services.leases import extend_lease, keep_draft, renew_lease, skip_task
from routing.services.submits import submit_task
from routing.types import LeasedTask, NothingToDo


class DeskView(APIView):
    """The base of the desk's views: reviewers with a session, or with a key for the desk."""

    surface = Surface.DESK
    scopes: Mapping[str, str] = dict.fromkeys(("GET", "POST", "PUT", "HEAD", "OPTIONS"), Scope.DESK)
    filter_backends: Any = ()

    def given(self, request: Request, kind: type[Serializer[Any]]) -> dict[str, Any]:
        try:
            return dict(_shape(kind).run_validation(request.data))
        except ValidationError:
            serializer = kind(data=request.data)  # names each field at fault
            serializer.is_valid(raise_exception=True)
            raise


@cache
def _shape(kind: type[Serializer[Any]]) -> Serializer[Any]:
    """Return one such serializer for all requests: making its fields takes longer than looking at what was sent."""
    return kind()


class Next(DeskView):
    @extend_schema(request=NextSerializer, responses=NextAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Lease the next task; while you hold one, the same again. Without one, the reason."""
        given = self.given(request, NextSerializer)
        leased = next_task(user=person(request), project=given.get("project"))
        if isinstance(leased, NothingToDo):
            return Response({"task": None, "reason": shown_reason(leased)})
        return Response({"task": shown_task(leased, is_rendered=given["render"])})


class Prefetch(DeskView):
    @extend_schema(request=NextSerializer, responses=NextAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Take the task after the one in hand ahead, under a short lease that your heartbeats renew; `next` hands it over."""
        given = self.given(request, NextSerializer)
        leased = prefetch_task(user=person(request), project=given.get("project"))
        if isinstance(leased, NothingToDo):
            return Response({"task": None, "reason": shown_reason(leased)})
        return Response({"task": shown_task(leased, is_rendered=given["render"])})


def shown_reason(nothing: NothingToDo) -> dict[str, Any]:
    reason: dict[str, Any] = {"code": nothing.code, "message": nothing.message}
    if nothing.until is not None:
        seconds = max(0.0, (nothing.until - timezone.now()).total_seconds())
        reason |= {"until": nothing.until, "seconds": seconds}
    if nothing.guideline is not None:
        shown = asdict(nothing.guideline)
        project = {"id": shown.pop("project_public_id"), "name": shown.pop("project_name")}
        reason["guideline"] = {"project": project, **shown}
    return reason


def shown_task(leased: LeasedTask, *, is_rendered: bool) -> dict[str, Any]:
    """Return what the desk shows of a leased task: no kind, no authors, nothing that can be counted."""
    item = shown_item(leased.payload, language=leased.language, seed=leased.token)
    return {
        "id": leased.token,
        "key": salted_hmac("desk.task", f"{leased.task_id}", algorithm="sha256").hexdigest()[:32],
        "project": {"id": leased.project_public_id, "name": leased.project_name},
        "guideline": {"number": leased.guideline_number, "clauses": leased.clauses},
        "form": leased.form,
        "item": rendered(item) if is_rendered else item,
        "beside": [in_words(each) for each in leased.beside],
        "lease": {"token": leased.token, "until": leased.until, "seconds": leased.seconds_left},
        "draft": leased.draft,
    }


def in_words(each: Beside) -> dict[str, Any]:
    said = [{"question": question, "lines": lines} for question, lines in each.said]
    return {"title": each.title, "said": said, "is_by_model": each.is_by_model}


class Acknowledge(DeskView):
    @extend_schema(request=AcknowledgeSerializer, responses=OpenApiResponse(description="It is remembered."))
    def post(self, request: Request, project: UUID) -> Response:
        """Say that you have read a version of the project's guideline; your next task follows."""
        found = get_project(user=person(request), public_id=project, permission="judge_items")
        number = self.given(request, AcknowledgeSerializer)["number"]
        acknowledge_guideline(reviewer=reviewer_of(person(request)), project=found, number=number)
        return Response({"number": number})


class Heartbeat(DeskView):
    @extend_schema(request=None, responses=LeaseSerializer)
    def post(self, request: Request, token: UUID) -> Response:
        """Keep the task for another full lease from now."""
        until, seconds = renew_lease(user=person(request), token=token)
        return Response({"token": token, "until": until, "seconds": seconds})


class Extend(DeskView):
    @extend_schema(request=None, responses=LeaseSerializer)
    def post(self, request: Request, token: UUID) -> Response:
        """Take as much time again for this task, once."""
        until, seconds = extend_lease(user=person(request), token=token)
        return Response({"token": token, "until": until, "seconds": seconds})


class KeepDraft(DeskView):
    @extend_schema(request=ValueSerializer, responses=OpenApiResponse(description="When it was saved."))
    def put(self, request: Request, token: UUID) -> Response:
        """Keep what has been answered so far; it need not be complete."""
        saved_at = keep_draft(user=person(request), token=token, answers=self.given(request, ValueSerializer)["value"])
        return Response({"saved_at": saved_at})


class Submit(DeskView):
    @extend_schema(
        request=SubmitSerializer,
        responses={201: SubmittedSerializer, 200: SubmittedSerializer, 202: SubmittedSerializer},
    )
    def post(self, request: Request, token: UUID) -> Response:
        """Submit: 201 when it is placed, 200 for the same again, 202 when it came too late and is kept for an operator."""
        given = self.given(request, SubmitSerializer)
        done = submit_task(
            user=person(request),
            token=token,
            answers=given["value"],
            seconds=given.get("seconds"),
            pasted=given["pasted"],
        )
        if not done.is_placed:
            return Response({"annotation": None, "placed": False, "message": done.message}, status=202)
        return Response(
            {"annotation": done.annotation_public_id, "placed": True}, status=200 if done.is_repeat else 201
        )


class Skip(DeskView):
    @extend_schema(request=SkipSerializer, responses=OpenApiResponse(description="It is given back."))
    def post(self, request: Request, token: UUID) -> Response:
        """Give the task back with a reason."""
        skip_task(user=person(request), token=token, reason=self.given(request, SkipSerializer)["reason"])
        return Response({})
