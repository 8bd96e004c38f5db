"""Time in the console: what was promised, what stops the clock, what was measured, and escalations."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.console import (
    BigTableAdmin,
    ConsoleAdmin,
    ConsoleInline,
    ServiceAdd,
    ServiceChange,
    display,
    service_action,
    state,
)
from config.kernel.requests import person
from routing.ladder import NEXT_STEPS, Audience, asked
from routing.models import (
    BusinessCalendar,
    BusinessCalendarChange,
    ClockStop,
    Cursor,
    Escalation,
    EscalationStep,
    HandlingTime,
    PoolStat,
    ProjectRouting,
    ProjectRoutingChange,
    Promise,
    ServiceLevel,
    ServiceLevelChange,
)
from routing.selectors import ladders_of
from routing.services.clocks import end_stop, stop_clock_by_hand
from routing.services.escalations import (
    acknowledge_escalation,
    act_on_escalation,
    drafted_message,
    resolve_escalation,
    tell_customer,
    tell_customer_in_own_words,
)
from routing.services.levels import (
    CALENDAR_SETTINGS,
    LEVEL_SETTINGS,
    ROUTING_SETTINGS,
    change_calendar,
    change_service_level,
    create_calendar,
    end_service_level,
    set_routing,
    set_service_level,
)
from routing.types import EscalationKind, EscalationState


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(ServiceChange):
    permission = "manage_customer"
    made_by_managers = True
    list_display = ("name", "customer", "time_zone", "hours", "holidays")
    list_select_related = ("customer",)
    add_fields = ("customer", *CALENDAR_SETTINGS)
    change_fields = CALENDAR_SETTINGS

    def make(self, request: HttpRequest, values: dict[str, Any]) -> BusinessCalendar:
        return create_calendar(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> BusinessCalendar:
        return change_calendar(calendar=row, changes=changes, actor=person(request))


@admin.register(ServiceLevel)
class ServiceLevelAdmin(ServiceChange):
    list_display = ("project", "turnaround_hours", "at_risk_hours", "calendar", "created_at")
    list_select_related = ("project", "calendar")
    add_fields = ("project", *LEVEL_SETTINGS)
    change_fields = LEVEL_SETTINGS
    actions = (service_action(end_service_level, argument="level", description=_("End: promise nothing from now on")),)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> ServiceLevel:
        return set_service_level(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> ServiceLevel:
        return change_service_level(level=row, changes=changes, actor=person(request))


@admin.register(ProjectRouting)
class ProjectRoutingAdmin(ServiceChange):
    list_display = ("project", "weights", "escalate_after_skips")
    list_select_related = ("project",)
    add_fields = ("project", *ROUTING_SETTINGS)
    change_fields = ROUTING_SETTINGS

    def make(self, request: HttpRequest, values: dict[str, Any]) -> ProjectRouting:
        return set_routing(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> ProjectRouting:
        return set_routing(project=row.project, **changes, actor=person(request))


@admin.register(ClockStop)
class ClockStopAdmin(ServiceAdd):
    list_display = ("project", "kind", "reason", "started_by", "started_at", "ended_by", "ended_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "kind")
    list_select_related = ("project", "started_by", "ended_by")
    add_fields = ("project", "kind", "reason")
    actions = (service_action(end_stop, argument="stop", description=_("Let the clock go on")),)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> ClockStop:
        return stop_clock_by_hand(**values, actor=person(request))


class StepInline(ConsoleInline):
    model = EscalationStep
    fields = ("at", "what", "by")
    ordering = ("id",)
    tab = False
    hide_title = True


@admin.register(Escalation)
class EscalationAdmin(ConsoleAdmin):
    """What is failing, for whom, and what to do next."""

    change_form_outer_before_template: Any = "console/escalation.html"
    list_display = (
        "severity_label", "message", "project", "customer", "next_step",
        state({"open": "danger", "acknowledged": "warning", "acted": "info", "resolved": "success"}),
        "owner", "opened_at", "customer_told_at",
    )  # fmt: skip
    list_display_links = ("message",)
    list_filter = ("state", "kind", "severity")
    list_select_related = ("project", "customer", "owner")
    search_fields = ("=project__slug",)
    fields = (
        "message", "next_step", "project", "customer", "pool", "kind", "severity", "state", "owner", "who_is_asked", "raised",
        "opened_at", "acknowledged_at", "acted_at", "resolved_at", "customer_told_at", "customer_message", "draft",
    )  # fmt: skip
    inlines = (StepInline,)
    actions = (
        service_action(acknowledge_escalation, argument="escalation", description=_("Acknowledge: I see to it")),
        service_action(
            act_on_escalation, argument="escalation", description=_("Say what was done about it"), needs_reason=True
        ),
        service_action(tell_customer, argument="escalation", description=_("Tell the customer, as drafted")),
        service_action(
            tell_customer_in_own_words,
            argument="escalation",
            description=_("Tell the customer in these words"),
            needs_reason=True,
        ),
        service_action(
            resolve_escalation,
            argument="escalation",
            description=_("Resolve, with a note"),
            needs_reason=True,
            in_steps=True,
        ),
    )

    @display(description=_("severity"), label={"urgent": "danger", "warning": "warning"})
    def severity_label(self, escalation: Escalation) -> tuple[str, str]:
        return escalation.severity, escalation.get_severity_display()

    @admin.display(description=_("what to do next"))
    def next_step(self, escalation: Escalation) -> str:
        if escalation.state == EscalationState.RESOLVED:
            return "–"
        return str(NEXT_STEPS[EscalationKind(escalation.kind)])

    @admin.display(description=_("who is asked"))
    def who_is_asked(self, escalation: Escalation) -> str:
        ladder = ladders_of([escalation.project_id])[escalation.project_id]
        return ", ".join(str(Audience(each).label) for each in asked(ladder, escalation.rung))

    @admin.display(description=_("what the customer would be told"))
    def draft(self, escalation: Escalation) -> str:
        if escalation.state == EscalationState.RESOLVED or escalation.is_internal:
            return "–"
        return drafted_message(escalation)


@admin.register(EscalationStep)
class EscalationStepAdmin(BigTableAdmin):
    list_display = ("at", "escalation", "what", "by")
    list_select_related = ("escalation", "by")


@admin.register(Promise)
class PromiseAdmin(ConsoleAdmin):
    list_display = ("batch", "project", "began_at", "due_at", "forecast_at", "finished_at")
    list_filter = (("finished_at", admin.EmptyFieldListFilter),)
    list_select_related = ("batch", "project")


@admin.register(PoolStat)
class PoolStatAdmin(ConsoleAdmin):
    list_display = (
        "pool", "open_count", "leased_count", "eligible_count", "present_count", "throughput_per_hour", "oldest_at",
        "finish_at", "measured_at",
    )  # fmt: skip
    list_select_related = ("pool",)


@admin.register(HandlingTime)
class HandlingTimeAdmin(ConsoleAdmin):
    list_display = ("form", "count", "median_seconds", "mean_seconds", "p95_seconds", "measured_at")
    list_select_related = ("form",)


@admin.register(BusinessCalendarChange)
class BusinessCalendarChangeAdmin(BigTableAdmin):
    permission = "manage_customer"
    list_display = ("name", "pgh_label", "pgh_created_at", "pgh_context")


@admin.register(ServiceLevelChange)
class ServiceLevelChangeAdmin(BigTableAdmin):
    list_display = ("project", "turnaround_hours", "pgh_label", "pgh_created_at", "pgh_context")
    list_select_related = ("project",)


@admin.register(ProjectRoutingChange)
class ProjectRoutingChangeAdmin(BigTableAdmin):
    list_display = ("project", "pgh_label", "pgh_created_at", "pgh_context")
    list_select_related = ("project",)


@admin.register(Cursor)
class CursorAdmin(BigTableAdmin):
    list_display = ("reviewer", "pool", "position", "returned_position")
    list_select_related = ("reviewer__user", "pool")
