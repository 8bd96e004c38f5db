"""The portal's page of people whom a customer does not want on its work, under the names by which it knows them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from config.kernel.errors import NotFound
from config.kernel.requests import person
from config.portal.paging import page_of
from config.portal.views import PortalPage, typed
from labeling.api.people import managed_customer
from labeling.models import Customer
from routing.selectors import blocks_of, reviewer_known_as
from routing.services.blocks import lift_block, place_block


class BlocksDoor(PortalPage):
    """The base: what is done here comes back to the list."""

    def back(self) -> str:
        return reverse("portal:blocks")


class BlocksPage(BlocksDoor):
    """Who is blocked and whose block was lifted, newest first, for those who manage a customer."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user = person(request)
        context = {
            "managed": Customer.objects.visible_to(user, "manage_customer").order_by("name"),
            "blocks": page_of(blocks_of(user), request, "after"),
        }
        return render(request, "portal/blocks.html", context)


class PlaceBlock(BlocksDoor):
    def post(self, request: HttpRequest) -> HttpResponse:
        customer = managed_customer(person(request), typed(request, "customer") or None)
        reviewer = reviewer_known_as(customer=customer, pseudonym=typed(request, "reviewer"))
        place_block(customer=customer, reviewer=reviewer, reason=typed(request, "reason"), actor=person(request))
        messages.success(request, "They get no more of your work, and are not told.")
        return HttpResponseRedirect(self.back())


class LiftBlock(BlocksDoor):
    def post(self, request: HttpRequest, block: UUID) -> HttpResponse:
        found = blocks_of(person(request)).filter(public_id=block).first()
        if found is None:
            raise NotFound("There is no such block.")
        lift_block(block=found, reason=typed(request, "reason"), actor=person(request))
        messages.success(request, "The block is lifted; they may get your work again.")
        return HttpResponseRedirect(self.back())
