"""People of a customer, invitations, and one's own keys: for those who manage the customer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kernel.api.choices import ChoiceField
from config.kernel.api.idempotency import answer_json_once
from config.kernel.api.pages import Pages
from config.kernel.errors import Invalid, NotFound
from config.kernel.keys import issue_key, revoke_key
from config.kernel.models import ApiKey, User
from config.kernel.requests import person
from config.kernel.types import Scope
from labeling.api.views import IDEMPOTENCY_KEY, CustomerView
from labeling.models import Customer, Invitation, Membership
from labeling.permissions import OWN_PEOPLE
from labeling.selectors import get_project
from labeling.services.invitations import invite_member, withdraw_invitation
from labeling.services.people import add_colleague, remove_colleague
from labeling.types import Role

OURS = (Role.OPERATOR, Role.LEAD)

ROLES_TO_INVITE = sorted((role, Role(role).label) for role in OWN_PEOPLE)


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A member: your own people by name; ours by what they are and since when."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    customer = serializers.CharField(source="customer.slug", read_only=True)
    project = serializers.UUIDField(source="project.public_id", read_only=True, allow_null=True, default=None)
    name = serializers.SerializerMethodField()
    email = serializers.SerializerMethodField()
    since = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "customer", "project", "role", "name", "email", "since"]
        read_only_fields = fields

    def get_name(self, membership: Membership) -> str | None:
        return membership.user.name if membership.role in OWN_PEOPLE else None

    def get_email(self, membership: Membership) -> str | None:
        return membership.user.email if membership.role in OWN_PEOPLE else None


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    customer = serializers.CharField(source="customer.slug", read_only=True)
    project = serializers.UUIDField(source="project.public_id", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Invitation
        fields = [
            "id", "customer", "project", "email", "role", "created_at", "expires_at", "accepted_at", "withdrawn_at",
        ]  # fmt: skip
        read_only_fields = fields


class MadeInvitationSerializer(InvitationSerializer):
    link = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="Give it to them: it is shown this once, and null where an Idempotency-Key asks again.",
    )

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "link"]
        read_only_fields = fields


class NewMemberSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()
    role = ChoiceField(choices=ROLES_TO_INVITE)
    customer = serializers.SlugField(required=False, help_text="Needed by those who manage more than one.")
    project = serializers.UUIDField(required=False, allow_null=True)


class NewInvitationSerializer(NewMemberSerializer):
    days = serializers.IntegerField(required=False, default=14, help_text="How long the link holds.")


class KeySerializer(serializers.ModelSerializer[ApiKey]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    begins = serializers.CharField(source="token_key", read_only=True)

    class Meta:
        model = ApiKey
        fields = ["id", "name", "begins", "scopes", "created", "expiry", "revoked_at"]
        read_only_fields = fields


class MadeKeySerializer(KeySerializer):
    key = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="The key itself: it is shown this once, and null where an Idempotency-Key asks again.",
    )

    class Meta(KeySerializer.Meta):
        fields = [*KeySerializer.Meta.fields, "key"]
        read_only_fields = fields


class NewKeySerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=ChoiceField(choices=Scope.choices), allow_empty=False)
    days = serializers.IntegerField(required=False, default=90, min_value=1, max_value=730)


class ManagingView(CustomerView):
    """With a key, everything here needs the scope that manages: who belongs to you is nobody else's to read."""

    scopes: Mapping[str, str] = dict.fromkeys(("GET", "HEAD", "OPTIONS", "POST", "DELETE"), Scope.MANAGE)


def members_of(user: User) -> QuerySet[Membership]:
    """Return who belongs to the customers that `user` manages: their own people, and our operators and leads."""
    shown = Membership.objects.visible_to(user).filter(role__in=[*OWN_PEOPLE, *OURS])
    return shown.select_related("user", "customer", "project")


def managed_customer(user: User, slug: str | None) -> Customer:
    """Return the customer that `user` manages: the named one, or the only one."""
    managed = Customer.objects.visible_to(user, "manage_customer")
    found = list(managed.filter(slug=slug) if slug else managed[:2])
    if not found:
        raise NotFound("There is no such customer that you manage.")
    if len(found) > 1:
        raise Invalid("You manage more than one customer; say which.", field="customer")
    return found[0]


def _given(request: Request, serializer: type[NewMemberSerializer]) -> dict[str, Any]:
    """Return what was sent, with the customer and project it names, as this person may reach them."""
    sent = serializer(data=request.data)
    sent.is_valid(raise_exception=True)
    given = dict(sent.validated_data)
    given["customer"] = managed_customer(person(request), given.get("customer"))
    project = given.pop("project", None)
    given["project"] = get_project(user=person(request), public_id=project) if project else None
    return given


class Members(ManagingView, generics.ListAPIView[Membership]):
    """Who belongs to you, and who of ours may see your content."""

    queryset = Membership.objects.none()
    serializer_class = MemberSerializer

    def get_queryset(self) -> QuerySet[Membership]:
        return members_of(person(self.request))

    @extend_schema(request=NewMemberSerializer, responses={201: MemberSerializer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Give one of your people another role. Somebody who is not with you yet is invited instead."""
        given = _given(request, NewMemberSerializer)

        def act() -> Response:
            return Response(MemberSerializer(add_colleague(**given, actor=person(request))).data, status=201)

        return answer_json_once(request, act)


class MemberDetail(ManagingView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, member: UUID) -> Response:
        """End a membership. It holds from their next request on."""
        found = members_of(person(request)).filter(public_id=member).first()
        if found is None:
            raise NotFound("There is no such member.")
        remove_colleague(membership=found, actor=person(request))
        return Response(status=204)


class Invitations(ManagingView, generics.ListAPIView[Invitation]):
    """Whom you have invited."""

    queryset = Invitation.objects.none()
    serializer_class = InvitationSerializer

    def get_queryset(self) -> QuerySet[Invitation]:
        rows = Invitation.objects.visible_to(person(self.request)).filter(role__in=OWN_PEOPLE)
        return rows.select_related("customer", "project")

    @extend_schema(
        request=NewInvitationSerializer, responses={201: MadeInvitationSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: Request) -> Response:
        """Invite somebody. The answer holds the link, this once."""
        given = _given(request, NewInvitationSerializer)

        def act() -> Response:
            invitation, token = invite_member(**given, actor=person(request))
            link = request.build_absolute_uri(f"/welcome/{token}/")
            return Response({**InvitationSerializer(invitation).data, "link": link}, status=201)

        return answer_json_once(request, act, shown_once=("link",))


class InvitationDetail(ManagingView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, invitation: UUID) -> Response:
        """Withdraw an invitation: its link opens nothing any more."""
        rows = Invitation.objects.visible_to(person(request)).filter(role__in=OWN_PEOPLE)
        found = rows.filter(public_id=invitation).first()
        if found is None:
            raise NotFound("There is no such invitation.")
        withdraw_invitation(invitation=found, actor=person(request))
        return Response(status=204)


class ByAge(Pages):
    """Keys are known by their digest, and have no number to be ordered by."""

    ordering = "-created"

    @staticmethod
    def is_position(text: str) -> bool:
        try:
            datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            return False
        return True


class Keys(ManagingView, generics.ListAPIView[ApiKey]):
    """Your own keys."""

    queryset = ApiKey.objects.none()
    serializer_class = KeySerializer
    pagination_class = ByAge

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.filter(user=person(self.request))

    @extend_schema(request=NewKeySerializer, responses={201: MadeKeySerializer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: Request) -> Response:
        """Make a key for yourself. A key makes none that may do more than it may itself."""
        sent = NewKeySerializer(data=request.data)
        sent.is_valid(raise_exception=True)

        def act() -> Response:
            key, text = issue_key(
                user=person(request), **sent.validated_data, actor=person(request), within=_scopes_of(request)
            )
            return Response({**KeySerializer(key).data, "key": text}, status=201)

        return answer_json_once(request, act, shown_once=("key",))


class KeyDetail(ManagingView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, key: UUID) -> Response:
        """Revoke one of your keys."""
        found = ApiKey.objects.filter(user=person(request), public_id=key).first()
        if found is None:
            raise NotFound("There is no such key.")
        revoke_key(key=found, actor=person(request))
        return Response(status=204)


def _scopes_of(request: Request) -> list[str] | None:
    return list(request.auth.scopes) if isinstance(request.auth, ApiKey) else None
