"""Tenants, people and what they looked at."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.console import (
    BigTableAdmin,
    ConsoleAdmin,
    ConsoleInline,
    ServiceAdd,
    ServiceChange,
    is_vendor_lead,
    manages,
    rules,
    service_action,
)
from config.kernel.errors import DomainError, NotAllowed
from config.kernel.keys import SCOPES_OF, issue_key, revoke_key
from config.kernel.models import ApiKey, KnownAddress, User, WrongTries
from config.kernel.people import create_person, renew_password, take_back_account
from config.kernel.requests import person
from config.kernel.tries import lift_wait
from config.kernel.types import Surface
from labeling.authority import people_in_charge_of
from labeling.models import (
    Customer,
    CustomerUserPermission,
    Membership,
    ProjectUserPermission,
    Reviewer,
)
from labeling.services.erasures import erase_person
from labeling.services.people import add_member, create_customer, create_reviewer, remove_member
from labeling.services.settings import CUSTOMER_SETTINGS, REVIEWER_SETTINGS, change_customer, change_reviewer
from labeling.types import Role


def shown_once(
    modeladmin: ConsoleAdmin, request: HttpRequest, people: models.QuerySet[User], make: Callable[[User], str]
) -> None:
    """Make a secret for each person and show it, this once; a refusal is shown with its sentence."""
    for user in people:
        try:
            text = make(user)
        except DomainError as error:
            modeladmin.message_user(request, f"{user}: {error.message}", messages.ERROR)
        else:
            modeladmin.message_user(request, f"{user}: {text} (write it down; it is not shown again)", messages.SUCCESS)


@admin.action(description=_("Issue an API key, shown once"))
def issue_keys(modeladmin: ConsoleAdmin, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
    def make(user: User) -> str:
        scopes = SCOPES_OF[Surface(user.surface)]
        return issue_key(user=user, name="from the console", scopes=scopes, actor=person(request))[1]

    shown_once(modeladmin, request, queryset, make)


@admin.action(description=_("Make a new password, shown once"))
def renew_passwords(modeladmin: ConsoleAdmin, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
    shown_once(modeladmin, request, queryset, lambda user: renew_password(user=user, actor=person(request)))


@admin.action(description=_("Take the account back: another password, shown once, and every key revoked"))
def take_back_accounts(modeladmin: ConsoleAdmin, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
    shown_once(modeladmin, request, queryset, lambda user: take_back_account(user=user, actor=person(request)))


@admin.register(User)
class UserAdmin(ServiceAdd):
    made_by_managers = True
    permission = None
    list_display = ("name", "email", "surface", "is_active", "last_login")
    list_filter = ("surface", "is_active")
    search_fields = ("=email", "name")
    ordering = ("name",)
    fields = ("name", "email", "surface", "is_active", "is_superuser", "public_id", "created_at", "last_login")
    add_fields = ("name", "email", "surface")
    actions = (
        issue_keys,
        renew_passwords,
        take_back_accounts,
        service_action(
            erase_person,
            argument="user",
            description=_("Erase name, address and words for good, with a reason: nobody can bring them back"),
            needs_reason=True,
        ),
    )
    led = "reviewer__organisation"
    led_display = ("name", "email", "surface", "is_active")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        """A vendor's lead sees their own people and themselves."""
        if not is_vendor_lead(request):
            return people_in_charge_of(person(request))
        own = models.Q(reviewer__organisation__in=rules().led_organisations(person(request)))
        return User.objects.filter(own | models.Q(pk=person(request).pk))

    def make(self, request: HttpRequest, values: dict[str, Any]) -> User:
        user, password = create_person(**values, actor=person(request))
        self.message_user(request, f"{user}: the password is {password} (write it down; it is not shown again)")
        return user


@admin.register(ApiKey)
class ApiKeyAdmin(ConsoleAdmin):
    permission = None
    list_display = ("name", "user", "token_key", "scopes", "created", "expiry", "revoked_at")
    search_fields = ("=user__email", "=token_key")
    ordering = ("-created",)
    fields = ("name", "user", "token_key", "scopes", "created", "expiry", "revoked_at", "public_id")
    actions = (service_action(revoke_key, argument="key", description=_("Revoke")),)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ApiKey]:
        return super().get_queryset(request).filter(user__in=people_in_charge_of(person(request)))


@admin.register(WrongTries)
class WrongTriesAdmin(BigTableAdmin):
    permission = None
    list_display = ("door", "account", "address", "count", "last_at", "waits_until")
    list_filter = ("door", ("waits_until", admin.EmptyFieldListFilter))
    search_fields = ("=account", "=address")
    list_select_related = False
    actions = (service_action(lift_wait, argument="tries", description=_("Forget them, so that the next try counts")),)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WrongTries]:
        """Of accounts, those whom this person decides on; of addresses, for any account, those who manage see all."""
        rows = super().get_queryset(request)
        if person(request).is_superuser:
            return rows
        own = models.Q(account__in=people_in_charge_of(person(request)).values("email"))
        return rows.filter(own | models.Q(account="") if manages(request) else own)


@admin.register(KnownAddress)
class KnownAddressAdmin(BigTableAdmin):
    permission = None
    list_display = ("account", "address", "last_at")
    search_fields = ("=account", "=address")
    list_select_related = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[KnownAddress]:
        """Of those whom this person decides on."""
        rows = super().get_queryset(request)
        if person(request).is_superuser:
            return rows
        return rows.filter(account__in=people_in_charge_of(person(request)).values("email"))


class MembershipInline(ConsoleInline):
    model = Membership
    fields = ("user", "project", "role", "created_at")


@admin.register(Customer)
class CustomerAdmin(ServiceChange):
    made_by_managers = True
    permission = "see_customer"
    list_display = ("name", "slug", "retention_days", "created_at")
    fields = ("name", "slug", "conflict_tags", "retention_days", "public_id", "created_at")
    list_select_related = False
    add_fields = ("name", "slug")
    change_fields = CUSTOMER_SETTINGS
    inlines = (MembershipInline,)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Customer:
        """Whoever makes a customer operates it: nobody else could."""
        customer = create_customer(name=values["name"], slug=values["slug"], actor=person(request))
        add_member(user=person(request), customer=customer, role=Role.OPERATOR, actor=person(request))
        return customer

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> Customer:
        return change_customer(customer=row, changes=changes, actor=person(request))


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

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A superuser may grant themselves any customer; the grant is an event that stays."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "customer" and person(request).is_superuser:
            field.queryset = Customer.objects.all()
        if db_field.name == "user":
            field.queryset = people_in_charge_of(person(request)).order_by("name")
        return field

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Membership:
        """What a superuser does not manage, they can grant to nobody but themselves."""
        managed = Customer.objects.visible_to(person(request), "manage_customer")
        if values["user"] != person(request) and not managed.filter(pk=values["customer"].pk).exists():
            raise NotAllowed("You do not manage this customer; you can only grant yourself access to it.", field="user")
        return add_member(**values, actor=person(request))


@admin.register(Reviewer)
class ReviewerAdmin(ServiceChange):
    made_by_managers = True
    permission = None
    led = "organisation"
    led_display = ("user", "organisation", "country", "languages", "clearance", "is_active")
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
    change_fields = REVIEWER_SETTINGS

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "user":
            field.queryset = people_in_charge_of(person(request)).filter(surface=Surface.DESK).order_by("name")
        return field

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Reviewer:
        return create_reviewer(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> Reviewer:
        return change_reviewer(reviewer=row, changes=changes, actor=person(request))


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
