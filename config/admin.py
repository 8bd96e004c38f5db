"""The jobs' own tables in the console's dress, read-only; and the actions that need every app."""

from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success

from config.console.publishing import publish_guideline_draft
from config.kernel.console import BigTableAdmin, ConsoleAdmin, display
from labeling.admin.projects import GuidelineVersionAdmin

# What a version touches spans apps, so the roof publishes.
GuidelineVersionAdmin.actions = (publish_guideline_draft, *GuidelineVersionAdmin.actions)  # type: ignore[assignment]

# The roof's admin is loaded last: what others registered and nobody here uses goes away again.
for model in (Group, Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


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
