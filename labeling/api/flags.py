"""Flags: what was noticed and where, by the machine or a reviewer; the decisions on them; and redactions."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters.rest_framework.filterset import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.choices import ChoiceField, ChoiceFilter
from config.kernel.api.idempotency import answer_json_once
from config.kernel.requests import person
from config.kernel.types import Scope
from labeling import selectors
from labeling.api.serializers import ItemSerializer
from labeling.api.views import IDEMPOTENCY_KEY, CustomerView
from labeling.models import Flag
from labeling.services.revisions import redact_item
from labeling.services.triage import confirm_flag, dismiss_flag
from labeling.types import FlagKind, FlagState

# What is shown of a flag, and no content with it.
SHOWN = (
    "public_id", "kind", "field", "detail", "note", "state", "reason", "created_at", "decided_at",
    "item_version__number", "item_version__item__public_id", "annotation__public_id",
    "annotation__item_version__number", "annotation__item_version__item__public_id", "other_item__public_id",
)  # fmt: skip


class FlagSerializer(serializers.ModelSerializer[Flag]):
    """One thing noticed. `note` is what a reviewer wrote who reported it; `annotation` is set where a reviewer wrote it; `other_item` where the item is like an earlier one."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    item = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField()
    annotation = serializers.UUIDField(source="annotation.public_id", read_only=True, allow_null=True, default=None)
    other_item = serializers.UUIDField(source="other_item.public_id", read_only=True, allow_null=True, default=None)
    detail = serializers.DictField(read_only=True)

    class Meta:
        model = Flag
        fields = [
            "id", "kind", "item", "version", "annotation", "other_item", "field", "detail", "note", "state", "reason",
            "created_at", "decided_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_item(self, flag: Flag) -> UUID:
        return _version(flag).item.public_id

    def get_version(self, flag: Flag) -> int:
        return int(_version(flag).number)


def _version(flag: Flag) -> Any:
    return flag.item_version or flag.annotation.item_version  # type: ignore[union-attr]


class FlagFilter(FilterSet):
    kind = ChoiceFilter(choices=FlagKind.choices)
    state = ChoiceFilter(choices=FlagState.choices)

    class Meta:
        model = Flag
        fields = ["kind", "state"]


class ProjectFlags(CustomerView, generics.ListAPIView[Flag]):
    """What was noticed about the project's content, newest first: languages, near-duplicates, personal data, reports."""

    queryset = Flag.objects.none()
    serializer_class = FlagSerializer
    filterset_class = FlagFilter

    def get_queryset(self) -> QuerySet[Flag]:
        project = selectors.get_project(user=person(self.request), public_id=self.kwargs["project"])
        return (
            Flag.objects.filter(project=project)
            .select_related("item_version__item", "annotation__item_version__item", "other_item")
            .only(*SHOWN)
        )


class FlagDecisionSerializer(serializers.Serializer[Any]):
    decision = ChoiceField(choices=["dismiss", "confirm"])
    reason = serializers.CharField(max_length=300)


class RedactionSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300)
    places = serializers.ListField(
        child=serializers.CharField(max_length=500),
        required=False,
        allow_empty=False,
        max_length=1000,
        help_text="The fields to redact, as flags name them; without, all of them.",
    )


class FlagDecision(CustomerView):
    """For those who upload: they know what may be in the content."""

    scopes = {"POST": Scope.UPLOAD}

    @extend_schema(request=FlagDecisionSerializer, responses=FlagSerializer, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request, flag: UUID) -> Response:
        """Dismiss the flag, or confirm that it is right. Dismissing the last one that holds an item lets it go to work."""
        found = selectors.get_flag(user=person(request), public_id=flag, permission="upload_batch")
        asked = FlagDecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        decide = dismiss_flag if asked.validated_data["decision"] == "dismiss" else confirm_flag

        def act() -> Response:
            decided = decide(flag=found, reason=asked.validated_data["reason"], actor=person(request))
            return Response(FlagSerializer(decided).data)

        return answer_json_once(request, act)


class ItemRedaction(CustomerView):
    scopes = {"POST": Scope.UPLOAD}

    @extend_schema(request=RedactionSerializer, responses={201: ItemSerializer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request, item: UUID) -> Response:
        """Make the item's next version, with the personal data found in it (in these fields, or all) replaced."""
        found = selectors.get_item(user=person(request), public_id=item, permission="upload_batch")
        asked = RedactionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)

        def act() -> Response:
            redact_item(
                item=found,
                actor=person(request),
                reason=asked.validated_data["reason"],
                fields=asked.validated_data.get("places"),
            )
            again = selectors.get_item(user=person(request), public_id=item)
            return Response(ItemSerializer(again).data, status=201)

        return answer_json_once(request, act)
