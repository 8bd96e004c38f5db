"""Tenants, people and what they looked at."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.console import BigTableAdmin, ConsoleAdmin, ConsoleInline, ServiceAdd, service_action
from config.kernel.models import Event
from config.kernel.requests import person
from labeling.models import (
    AccessLog,
    Customer,
    CustomerUserPermission,
    Membership,
    Organisation,
    ProjectUserPermission,
    Reviewer,
)
from labeling.services.people import add_member, create_customer, create_reviewer, remove_member
from labeling.types import Role


class MembershipInline(ConsoleInline):
    model = Membership
    fields = ("user", "project", "role", "created_at")


@admin.register(Customer)
class CustomerAdmin(ServiceAdd):
    permission = "see_customer"
    list_display = ("name", "slug", "retention_days", "created_at")
    fields = ("name", "slug", "conflict_tags", "retention_days", "public_id", "created_at")
    list_select_related = False
    add_fields = ("name", "slug")
    inlines = (MembershipInline,)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Customer:
        """Whoever makes a customer operates it: nobody else could."""
        customer = create_customer(name=values["name"], slug=values["slug"], actor=person(request))
        add_member(user=person(request), customer=customer, role=Role.OPERATOR, actor=person(request))
        return customer


@admin.register(Membership)
class MembershipAdmin(ServiceAdd):
    permission = None
    list_display = ("user", "customer", "project", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "customer", "project")
    search_fields = ("=user__email",)
    add_fields = ("user", "customer", "project", "role")
    actions = (service_action(remove_member, argument="membership", description=_("End the membership")),)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Membership]:
        """Memberships of whole customers have no project: they are seen by those who see the customer."""
        return super().get_queryset(request).filter(customer__in=Customer.objects.visible_to(person(request)))

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Membership:
        return add_member(**values, actor=person(request))


@admin.register(Organisation)
class OrganisationAdmin(ConsoleAdmin):
    permission = None
    list_display = ("name", "kind")
    list_select_related = False


@admin.register(Reviewer)
class ReviewerAdmin(ServiceAdd):
    permission = None
    list_display = (
        "__str__",
        "kind",
        "organisation",
        "country",
        "languages",
        "clearance",
        "is_simulated",
        "is_active",
    )
    list_filter = ("kind", "organisation", "is_simulated", "is_active")
    list_select_related = ("user", "organisation")
    search_fields = ("=user__email", "user__name")
    add_fields = ("user", "languages", "organisation", "country", "clearance")

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Reviewer:
        return create_reviewer(**values, actor=person(request))


@admin.register(AccessLog)
class AccessLogAdmin(BigTableAdmin):
    list_display = ("at", "door", "object_type", "user_id", "customer_id", "project_id", "object_ids")
    list_filter = ("door",)
    search_fields = ("=user_id", "=request_id")
    list_select_related = False
    permission = None

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AccessLog]:
        """The log is for those who manage the customer."""
        return AccessLog.objects.visible_to(person(request))


@admin.register(Event)
class EventAdmin(BigTableAdmin):
    permission = None
    list_display = ("at", "kind", "subject", "subject_id", "actor_id", "data")
    search_fields = ("=kind", "=subject_id", "=request_id")
    list_select_related = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Event]:
        """Events of customers whom this person sees, and those that concern no customer."""
        seen = Customer.objects.visible_to(person(request)).values("pk")
        return super().get_queryset(request).filter(models.Q(customer_id=None) | models.Q(customer_id__in=seen))


class GrantAdmin(ConsoleAdmin):
    """Derived from memberships; shown so that they can be compared."""

    permission = None
    list_display = ("user", "permission_name", "content_object")
    list_select_related = ("user", "permission", "content_object")
    search_fields = ("=user__email",)

    @admin.display(description=_("may"))
    def permission_name(self, grant: Any) -> str:
        return str(grant.permission.name)


@admin.register(CustomerUserPermission)
class CustomerGrantAdmin(GrantAdmin):
    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).filter(content_object__in=Customer.objects.visible_to(person(request)))


@admin.register(ProjectUserPermission)
class ProjectGrantAdmin(GrantAdmin):
    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        seen = Customer.objects.visible_to(person(request))
        return super().get_queryset(request).filter(content_object__customer__in=seen)
