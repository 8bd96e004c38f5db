"""The portal's page of people: members, invitations and one's own keys; and the page that an invitation's link opens."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views import View

from config.kernel.errors import Conflict, DomainError, NotFound
from config.kernel.keys import SCOPES_OF, issue_key, revoke_key
from config.kernel.models import ApiKey, User
from config.kernel.requests import address_of, person
from config.kernel.tries import TooManyTries
from config.kernel.types import Scope, Surface
from config.portal.paging import page_of
from config.portal.views import PortalPage, typed
from config.surfaces import HOMES
from labeling.api.people import managed_customer, members_of
from labeling.models import Customer, Invitation
from labeling.permissions import OWN_PEOPLE
from labeling.services.invitations import accept_invitation, invite_member, open_invitation, withdraw_invitation
from labeling.services.people import remove_colleague
from labeling.types import Role

KEY_DAYS = 90


class PeopleDoor(PortalPage):
    """The base: what is done here comes back to the page of people."""

    def shown(self, request: HttpRequest, **once: str) -> HttpResponse:
        """Render the page; `once` holds a link or a key that is shown this once, and kept nowhere."""
        user = person(request)
        context = {
            "managed": Customer.objects.visible_to(user, "manage_customer").order_by("name"),
            "members": page_of(members_of(user), request, "members"),
            "invitations": page_of(open_invitations(user), request, "invitations"),
            "keys": page_of(ApiKey.objects.filter(user=user, revoked_at=None), request, "keys", by="created"),
            "roles": [(role, Role(role).label) for role in sorted(OWN_PEOPLE)],
            "own_roles": OWN_PEOPLE,
            "scopes": [(scope.value, scope.label) for scope in Scope if scope in SCOPES_OF[Surface.PORTAL]],
            **once,
        }
        return render(request, "portal/people.html", context)

    def back(self) -> str:
        return reverse("portal:people")


class PeoplePage(PeopleDoor):
    """Who belongs to the customers that this person manages, who is invited, and their own keys."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.shown(request)


def open_invitations(user: User) -> Any:
    """Return the invitations of `user`'s customers that are neither used nor withdrawn, of their own people."""
    rows = Invitation.objects.visible_to(user).filter(role__in=OWN_PEOPLE, accepted_at=None, withdrawn_at=None)
    return rows.select_related("customer")


class Invite(PeopleDoor):
    def post(self, request: HttpRequest) -> HttpResponse:
        _, token = invite_member(
            customer=managed_customer(person(request), typed(request, "customer") or None),
            email=typed(request, "email"),
            role=typed(request, "role"),
            actor=person(request),
        )
        return self.shown(request, link=request.build_absolute_uri(reverse("welcome", args=[token])))


class Withdraw(PeopleDoor):
    def post(self, request: HttpRequest, invitation: UUID) -> HttpResponse:
        found = open_invitations(person(request)).filter(public_id=invitation).first()
        if found is None:
            raise NotFound("There is no such invitation.")
        withdraw_invitation(invitation=found, actor=person(request))
        return HttpResponseRedirect(self.back())


class RemoveMember(PeopleDoor):
    def post(self, request: HttpRequest, member: UUID) -> HttpResponse:
        found = members_of(person(request)).filter(public_id=member).first()
        if found is None:
            raise NotFound("There is no such member.")
        remove_colleague(membership=found, actor=person(request))
        return HttpResponseRedirect(self.back())


class MakeKey(PeopleDoor):
    def post(self, request: HttpRequest) -> HttpResponse:
        _, text = issue_key(
            user=person(request),
            name=typed(request, "name") or "from the portal",
            scopes=request.POST.getlist("scopes"),
            days=KEY_DAYS,
            actor=person(request),
        )
        return self.shown(request, key=text)


class RevokeKey(PeopleDoor):
    def post(self, request: HttpRequest, key: UUID) -> HttpResponse:
        found = ApiKey.objects.filter(user=person(request), public_id=key).first()
        if found is None:
            raise NotFound("There is no such key.")
        revoke_key(key=found, actor=person(request))
        return HttpResponseRedirect(self.back())


class Welcome(View):
    """What an invitation's link opens, for whoever holds it: a name and a password, and they belong.

    The page is the same whether the invited have an account or not.
    """

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return _welcome(request, token)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        try:
            user = accept_invitation(
                token=token,
                name=typed(request, "name"),
                password=typed(request, "password"),
                address=address_of(request),
                logged_in=person(request) if request.user.is_authenticated else None,
            )
        except DomainError as error:
            return _welcome(request, token, refusal=error)
        return HttpResponseRedirect(f"{HOMES[Surface(user.surface)]}login/")


def _welcome(request: HttpRequest, token: str, refusal: DomainError | None = None) -> HttpResponse:
    invitation = None
    if not isinstance(refusal, NotFound | Conflict):
        try:
            invitation = open_invitation(token=token, address=address_of(request))
        except DomainError as error:
            refusal = error
    context = {
        "invitation": invitation,
        "refusal": refusal.message if refusal else "",
        "name": request.POST.get("name", ""),
    }
    answer = render(request, "portal/welcome.html", context, status=_status_of(refusal))
    if isinstance(refusal, TooManyTries):
        answer.headers["Retry-After"] = str(refusal.seconds)
    return answer


def _status_of(refusal: DomainError | None) -> int:
    if refusal is None:
        return 200
    for kind, status in ((NotFound, 404), (Conflict, 410), (TooManyTries, 429)):
        if isinstance(refusal, kind):
            return status
    return 422
