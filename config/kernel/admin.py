"""People, keys and the house's memory, in the console."""

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.console import BigTableAdmin, ConsoleAdmin, display, service_action
from config.kernel.errors import DomainError
from config.kernel.handoffs import retry_handoff
from config.kernel.keys import SCOPES_OF, issue_key, revoke_key
from config.kernel.models import ApiKey, Handoff, IdempotencyAnswer, User, WakeUp
from config.kernel.requests import person
from config.kernel.types import Surface


@admin.action(description=_("Issue an API key, shown once"))
def issue_keys(modeladmin: ConsoleAdmin, request: HttpRequest, queryset: models.QuerySet[User]) -> None:
    for user in queryset:
        try:
            _key, text = issue_key(
                user=user,
                name="from the console",
                scopes=SCOPES_OF[Surface(user.surface)],
                actor=person(request),
            )
        except DomainError as error:
            modeladmin.message_user(request, f"{user}: {error.message}", messages.ERROR)
        else:
            modeladmin.message_user(request, f"{user}: {text} (write it down; it is not shown again)", messages.SUCCESS)


@admin.register(User)
class UserAdmin(ConsoleAdmin):
    permission = None
    list_display = ("name", "email", "surface", "is_active", "last_login")
    list_filter = ("surface", "is_active")
    search_fields = ("=email", "name")
    ordering = ("name",)
    fields = (
        "name",
        "email",
        "surface",
        "is_active",
        "is_superuser",
        "public_id",
        "created_at",
        "last_login",
    )
    actions = (issue_keys,)


@admin.register(ApiKey)
class ApiKeyAdmin(ConsoleAdmin):
    permission = None
    list_display = ("name", "user", "token_key", "scopes", "created", "expiry", "revoked_at")
    search_fields = ("=user__email", "=token_key")
    ordering = ("-created",)
    fields = ("name", "user", "token_key", "scopes", "created", "expiry", "revoked_at", "public_id")
    actions = (service_action(revoke_key, argument="key", description=_("Revoke")),)


@admin.register(Handoff)
class HandoffAdmin(BigTableAdmin):
    permission = None
    list_display = ("subscriber", "event_id", "attempts", "not_before", "dead_at", "error_line")
    list_filter = (("dead_at", admin.EmptyFieldListFilter), "subscriber")
    list_select_related = False
    actions = (service_action(retry_handoff, argument="handoff", description=_("Try again")),)

    @display(description=_("error"))
    def error_line(self, handoff: Handoff) -> str:
        return handoff.error[:100]


@admin.register(WakeUp)
class WakeUpAdmin(ConsoleAdmin):
    permission = None
    list_display = ("subscriber", "asked_at")
    list_select_related = False


@admin.register(IdempotencyAnswer)
class IdempotencyAnswerAdmin(ConsoleAdmin):
    permission = None
    list_display = ("key", "user", "status", "created_at")
    fields = ("key", "user", "status", "request_digest", "created_at")
    list_select_related = ("user",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).defer("body")
