"""People, keys and the house's memory, in the console."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.console import BigTableAdmin, ConsoleAdmin, display, service_action
from config.kernel.handoffs import retry_handoff
from config.kernel.models import Handoff, IdempotencyAnswer, WakeUp


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
    list_display = ("queue", "asked_at")
    list_select_related = False


@admin.register(IdempotencyAnswer)
class IdempotencyAnswerAdmin(ConsoleAdmin):
    permission = None
    list_display = ("key", "user_id", "status", "created_at")
    fields = ("key", "user_id", "status", "request_digest", "created_at")
    readonly_fields = ("user_id",)
    list_select_related = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).defer("body")
