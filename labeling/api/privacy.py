"""What is kept, what is gone, and the door for an erasure. For those who manage the customer."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.idempotency import answer_once, digest_of
from config.kernel.canonical import digest
from config.kernel.requests import person
from config.kernel.types import Scope
from labeling import selectors
from labeling.api.serializers import ErasureSerializer, LegalHoldSerializer, ReasonSerializer
from labeling.api.views import IDEMPOTENCY_KEY, CustomerView
from labeling.models import Erasure, Item, LegalHold
from labeling.services.erasures import erase_item
from labeling.types import ErasureKind


class ItemErasure(CustomerView):
    scopes = {"POST": Scope.DECIDE}

    @extend_schema(request=ReasonSerializer, responses={201: ErasureSerializer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request, item: UUID) -> Response:
        """Erase the item's content everywhere, for good. Refused while a legal hold stands.

        Its rows are empty at once; uploads and releases that held it follow within minutes. Releases stay verifiable.
        """
        found = selectors.get_item_to_erase(user=person(request), public_id=item)
        given = ReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)

        def act() -> Response:
            erasure = erase_item(item=found, actor=person(request), **given.validated_data)
            shown = ErasureSerializer(erasure, context={"items": {found.pk: found.public_id}})
            return Response(shown.data, status=201)

        return answer_once(
            user=person(request),
            key=request.headers.get("Idempotency-Key"),
            request_digest=digest_of("POST", request.path, digest(dict(given.validated_data))),
            act=act,
        )


class Erasures(CustomerView, generics.ListAPIView[Erasure]):
    """What was erased, newest first."""

    queryset = Erasure.objects.none()
    serializer_class = ErasureSerializer

    def get_queryset(self) -> QuerySet[Any]:
        return Erasure.objects.visible_to(person(self.request)).select_related("customer")

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        ids = [erasure.subject_id for erasure in page or () if erasure.kind == ErasureKind.ITEM]
        self.items = dict(Item.objects.filter(pk__in=ids).values_list("pk", "public_id"))
        return page

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "items": getattr(self, "items", {})}


class LegalHolds(CustomerView, generics.ListAPIView[LegalHold]):
    """The legal holds on your content, standing and lifted, newest first."""

    queryset = LegalHold.objects.none()
    serializer_class = LegalHoldSerializer

    def get_queryset(self) -> QuerySet[Any]:
        return LegalHold.objects.visible_to(person(self.request)).select_related("customer", "project")
