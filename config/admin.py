"""What the console has of no single app: the jobs' own tables, read-only, an item's whole life, who may do what, publishing,
and what retention would erase."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success

from config.console.eligibility import PoolWithPeopleAdmin, ReviewerWithEligibilityAdmin, TaskWithEligibilityAdmin
from config.console.life import life_told
from config.console.publishing import publish_guideline_draft
from config.erasures import in_words, what_would_go
from config.kernel.console import BigTableAdmin, ConsoleAdmin, display
from config.kernel.requests import person
from labeling.admin.items import ItemAdmin
from labeling.admin.people import CustomerAdmin
from labeling.admin.projects import GuidelineVersionAdmin
from labeling.models import Customer, Item, Pool, Reviewer, Task

# What a version touches spans apps, so the roof publishes.
GuidelineVersionAdmin.actions = (publish_guideline_draft, *GuidelineVersionAdmin.actions)  # type: ignore[assignment]

# The roof's admin is loaded last: what others registered goes away again, to come back as the whole house knows it.
for model in (Group, Failure, Item, OrmQ, Pool, Reviewer, Schedule, Success, Task):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.register(Pool, PoolWithPeopleAdmin)
admin.site.register(Reviewer, ReviewerWithEligibilityAdmin)
admin.site.register(Task, TaskWithEligibilityAdmin)


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


@admin.action(description=_("What would retention erase?"))
def show_retention(modeladmin: ConsoleAdmin, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
    """Say it as messages, a line a project; nothing is changed."""
    managed = Customer.objects.visible_to(person(request), "manage_customer")
    for customer in queryset.filter(pk__in=managed):
        rows = what_would_go(customer=customer)
        if not rows:
            modeladmin.message_user(request, f"{customer}: content is kept for ever; no number of days is set.")
        for row in rows:
            modeladmin.message_user(request, f"{customer}, {in_words(row)}")


CustomerAdmin.actions = (*CustomerAdmin.actions, show_retention)


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

    def get_list_display(self, request: HttpRequest) -> Any:
        """A result may name what is any customer's: it is for superusers."""
        return [name for name in self.list_display if name != "outcome" or person(request).is_superuser]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in self.fields if name != "outcome" or person(request).is_superuser]

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
