"""Invitations, organisations and those who lead a vendor's people; and what settings were before."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.console import BigTableAdmin, ServiceAdd, ServiceChange, service_action
from config.kernel.models import User
from config.kernel.requests import person
from config.kernel.types import Surface
from labeling.models import (
    CustomerChange,
    Invitation,
    Organisation,
    OrganisationChange,
    OrganisationLead,
    ProjectChange,
    ReviewerChange,
)
from labeling.services.invitations import invite_member, withdraw_invitation
from labeling.services.leads import appoint_lead, dismiss_lead
from labeling.services.settings import ORGANISATION_SETTINGS, change_organisation, create_organisation


@admin.register(Invitation)
class InvitationAdmin(ServiceAdd):
    permission = "manage_customer"
    list_display = (
        "email", "role", "customer", "project", "invited_by", "created_at", "expires_at", "accepted_at", "withdrawn_at",
    )  # fmt: skip
    list_filter = (("accepted_at", admin.EmptyFieldListFilter), ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("customer", "project", "invited_by")
    fields = list_display
    search_fields = ("=email",)
    add_fields = ("email", "role", "customer", "project")
    actions = (service_action(withdraw_invitation, argument="invitation", description=_("Withdraw")),)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Invitation:
        invitation, token = invite_member(**values, actor=person(request))
        link = request.build_absolute_uri(f"/welcome/{token}/")
        self.message_user(request, f"{invitation.email} joins with this link (copy it; it is not shown again): {link}")
        return invitation


@admin.register(Organisation)
class OrganisationAdmin(ServiceChange):
    made_by_managers = True
    permission = None
    led = "pk"
    led_display = ("name", "kind")
    list_display = ("name", "kind")
    list_select_related = False
    fields = ("name", "kind", "public_id")
    add_fields = ("name", "kind")
    change_fields = ORGANISATION_SETTINGS

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Organisation:
        return create_organisation(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> Organisation:
        return change_organisation(organisation=row, changes=changes, actor=person(request))


@admin.register(OrganisationLead)
class OrganisationLeadAdmin(ServiceAdd):
    permission = None
    list_display = ("user", "organisation", "granted_by", "created_at")
    list_select_related = ("user", "organisation", "granted_by")
    add_fields = ("user", "organisation")
    actions = (service_action(dismiss_lead, argument="lead", description=_("Dismiss")),)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and person(request).is_superuser

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "user":
            field.queryset = User.objects.filter(surface=Surface.CONSOLE, memberships=None).order_by("name")
        return field

    def make(self, request: HttpRequest, values: dict[str, Any]) -> OrganisationLead:
        return appoint_lead(**values, actor=person(request))


class ChangeAdmin(BigTableAdmin):
    """What settings were from when on, and who set them so. The History of the row itself says it in order."""

    list_display = ("pgh_obj", "pgh_label", "pgh_created_at", "pgh_context")
    list_select_related = ("pgh_obj",)


@admin.register(CustomerChange)
class CustomerChangeAdmin(ChangeAdmin):
    permission = "manage_customer"


@admin.register(ProjectChange)
class ProjectChangeAdmin(ChangeAdmin):
    pass


@admin.register(OrganisationChange)
class OrganisationChangeAdmin(ChangeAdmin):
    permission = None


@admin.register(ReviewerChange)
class ReviewerChangeAdmin(ChangeAdmin):
    permission = None
    list_select_related = ("pgh_obj__user",)
