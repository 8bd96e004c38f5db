"""Whom a customer does not want on its work, under the names by which it knows people."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.idempotency import answer_once, digest_of
from config.kernel.canonical import digest
from config.kernel.errors import NotFound
from config.kernel.requests import person
from labeling.api.people import ManagingView, managed_customer
from labeling.api.serializers import ReasonSerializer
from labeling.api.views import IDEMPOTENCY_KEY
from routing.models import Block
from routing.selectors import blocks_of, reviewer_known_as
from routing.services.blocks import lift_block, place_block


class BlockSerializer(serializers.ModelSerializer[Block]):
    """Somebody who gets no work of yours: from when, why, and until when."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    customer = serializers.CharField(source="customer.slug", read_only=True)
    reviewer = serializers.CharField(
        source="known_as", read_only=True, help_text="The name by which you know them: r-…"
    )

    class Meta:
        model = Block
        fields = ["id", "customer", "reviewer", "reason", "placed_at", "lifted_at", "lift_reason"]
        read_only_fields = fields


class NewBlockSerializer(serializers.Serializer[Any]):
    reviewer = serializers.CharField(max_length=40, help_text="The name by which you know them: r-…")
    reason = serializers.CharField(max_length=300, help_text="Never shown to them.")
    customer = serializers.SlugField(required=False, help_text="Needed by those who manage more than one.")


class Blocks(ManagingView, generics.ListAPIView[Block]):
    """The people whom you have blocked, and whose blocks were lifted; newest first."""

    queryset = Block.objects.none()
    serializer_class = BlockSerializer

    def get_queryset(self) -> QuerySet[Any]:
        return blocks_of(person(self.request))

    @extend_schema(request=NewBlockSerializer, responses={201: BlockSerializer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Block somebody: they get no more of your work, and what they hold of it goes to others.

        They are never told. What they judged before stays as it is.
        """
        sent = NewBlockSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)
        customer = managed_customer(person(request), given.get("customer"))
        reviewer = reviewer_known_as(customer=customer, pseudonym=given["reviewer"])

        def act() -> Response:
            block = place_block(customer=customer, reviewer=reviewer, reason=given["reason"], actor=person(request))
            return Response(BlockSerializer(blocks_of(person(request)).get(pk=block.pk)).data, status=201)

        return answered_once(request, given, act)


class BlockLifting(ManagingView):
    @extend_schema(request=ReasonSerializer, responses=BlockSerializer, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request, block: UUID) -> Response:
        """Lift a block, with a reason: they may get your work again."""
        found = blocks_of(person(request)).filter(public_id=block).first()
        if found is None:
            raise NotFound("There is no such block.")
        sent = ReasonSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = dict(sent.validated_data)

        def act() -> Response:
            lift_block(block=found, reason=given["reason"], actor=person(request))
            return Response(BlockSerializer(blocks_of(person(request)).get(pk=found.pk)).data)

        return answered_once(request, given, act)


def answered_once(request: Request, given: dict[str, Any], act: Any) -> Response:
    return answer_once(
        user=person(request),
        key=request.headers.get("Idempotency-Key"),
        request_digest=digest_of("POST", request.path, digest(given)),
        act=act,
    )
