"""What the console has of no single app: the jobs' own tables, read-only, an item's whole life, and publishing."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success

from config.console.life import life_told
from config.console.publishing import publish_guideline_draft
from config.kernel.console import BigTableAdmin, ConsoleAdmin, display
from labeling.admin.items import ItemAdmin
from labeling.admin.projects import GuidelineVersionAdmin
from labeling.models import Item

# What a version touches spans apps, so the roof publishes.
GuidelineVersionAdmin.actions = (publish_guideline_draft, *GuidelineVersionAdmin.actions)  # type: ignore[assignment]

# The roof's admin is loaded last: what others registered goes away again, to come back as the whole house knows it.
for model in (Group, Failure, Item, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Item)
class ItemWithLifeAdmin(ItemAdmin):
    """The record's page of an item, and below it what every app remembers of it."""

    change_form_after_template: Any = "console/life.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        item = self.get_object(request, object_id)
        days = life_told(item) if item is not None and self.has_view_permission(request, item) else []
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "days": days})


@admin.register(Schedule)
class ScheduleAdmin(ConsoleAdmin):
    permission = None
    list_display = ("name", "func", "minutes", "cluster", "next_run", "last_run_ok")
    list_select_related = False
    ordering = ("name",)

    @display(description=_("last run went well"), boolean=True)
    def last_run_ok(self, schedule: Schedule) -> bool | None:
        done = schedule.success()
        return None if done is None else bool(done)


class RunAdmin(BigTableAdmin):
    permission = None
    list_display = ("func", "cluster", "started", "stopped", "attempt_count", "outcome")
    search_fields = ("=func",)
    list_select_related = False
    fields = ("id", "func", "cluster", "started", "stopped", "attempt_count", "outcome")
    readonly_fields = ("outcome",)
    ordering = ("-stopped",)

    @display(description=_("result"))
    def outcome(self, run: Success) -> str:
        return str(run.result)[:2000]


@admin.register(Success)
class SuccessAdmin(RunAdmin):
    pass


@admin.register(Failure)
class FailureAdmin(RunAdmin):
    pass


@admin.register(OrmQ)
class OrmQAdmin(BigTableAdmin):
    permission = None
    list_display = ("id", "key", "lock")
    fields = ("key", "lock")
    list_select_related = False
