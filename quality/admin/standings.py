"""Standings in the console: evidence, pauses, doubts, checks, and the promises of quality. Falls are beside the releases."""

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.console import BigTableAdmin, ConsoleAdmin, ServiceAdd, display, service_action, state
from config.kernel.models import User
from config.kernel.requests import person
from labeling.models import Project
from labeling.permissions import ProjectUserPermission
from quality.models import Check, Doubt, Evidence, Pause, QualityRule, Standing
from quality.pauses import IS_OVERDUE
from quality.services.checks import confirm_check, dismiss_check
from quality.services.falls import clear_doubt, doubt_work
from quality.services.pauses import bring_back, confirm_pause, lift_pause, pause_standing, retire_reviewer
from quality.services.quality_rules import end_rule, set_rule

COLOURS = {
    "training": "info", "probation": "info", "trusted": "success", "consensus_only": "warning", "paused": "danger",
    "retired": "danger",
}  # fmt: skip
RULE = (
    "project", "measure", "question", "segment", "segment_value", "threshold", "returns_at", "response", "more_overlap",
    "owner",
)  # fmt: skip


@admin.register(Standing)
class StandingAdmin(ConsoleAdmin):
    led = "reviewer__organisation"
    led_display = ("reviewer", "project", "state", "lower_bound", "evidence_count", "reason", "changed_at")
    list_display = (
        "reviewer", "project", "skill", state(COLOURS), "accuracy", "evidence_count", "reason", "changed_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("reviewer__user", "project")
    search_fields = ("=reviewer__user__email",)
    ordering = ("lower_bound",)
    actions = (
        service_action(pause_standing, argument="standing", description=_("Pause, by name"), needs_reason=True),
        service_action(retire_reviewer, argument="standing", description=_("Retire"), needs_reason=True),
        service_action(bring_back, argument="standing", description=_("Bring back, on probation"), needs_reason=True),
        service_action(
            doubt_work, argument="standing", description=_("Look at all their work there again"), needs_reason=True
        ),
    )

    @display(description=_("accuracy"), ordering="lower_bound")
    def accuracy(self, standing: Standing) -> str:
        return f"{standing.lower_bound:.0%} to {standing.upper_bound:.0%}"


@admin.register(Evidence)
class EvidenceAdmin(BigTableAdmin):
    list_display = (
        "reviewer", "project", "skill", "source", "agreed", "reliability", "answers_count", "voids", "reason", "created_at",
    )  # fmt: skip
    list_filter = ("source", "agreed")
    list_select_related = ("reviewer__user", "project", "voids")
    search_fields = ("=reviewer__user__email",)


@admin.register(Pause)
class PauseAdmin(ConsoleAdmin):
    """Provisional ones wait for a person; those that have waited for more than a day are overdue."""

    list_display = (
        "reviewer", "project", state({"provisional": "warning", "confirmed": "danger", "lifted": "success"}), "is_automatic",
        "reason", "due", "decided_by", "decision_reason",
    )  # fmt: skip
    list_filter = ("state", "is_automatic")
    list_select_related = ("standing__reviewer__user", "project", "decided_by")
    ordering = ("due_at",)
    actions = (
        service_action(confirm_pause, argument="pause", description=_("Confirm, with a reason"), needs_reason=True),
        service_action(lift_pause, argument="pause", description=_("Lift, with a reason"), needs_reason=True),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        is_late = ExpressionWrapper(IS_OVERDUE, output_field=BooleanField())
        return super().get_queryset(request).annotate(is_overdue=is_late)

    @display(description=_("reviewer"))
    def reviewer(self, pause: Pause) -> str:
        return str(pause.standing.reviewer)

    @display(description=_("to be confirmed"), ordering="due_at", label={"overdue": "danger", "waits": "info"})
    def due(self, pause: Any) -> tuple[str, Any]:
        if pause.decided_at is not None:
            return "", ""
        return ("overdue", _("overdue")) if pause.is_overdue else ("waits", f"{pause.due_at:%d %B %H:%M} UTC")


@admin.register(Doubt)
class DoubtAdmin(ConsoleAdmin):
    list_display = (
        "item", "project", state({"open": "danger", "cleared": "success", "replaced": "info"}), "rests_alone", "fall",
        "settled_by", "settled_at", "reason",
    )  # fmt: skip
    list_filter = ("state", "rests_alone")
    list_select_related = ("resolution__item_version__item", "project", "fall", "settled_by")
    actions = (
        service_action(clear_doubt, argument="doubt", description=_("Clear: the result is right"), needs_reason=True),
    )

    @display(description=_("item"))
    def item(self, doubt: Doubt) -> str:
        return str(doubt.resolution.item_version.item)


@admin.register(Check)
class CheckAdmin(ConsoleAdmin):
    """What a person should look at. To confirm one changes nothing by itself."""

    list_display = (
        "reviewer", "project", "kind", "sentence", state({"open": "warning", "confirmed": "danger", "dismissed": "success"}),
        "created_at", "decided_by", "reason",
    )  # fmt: skip
    list_filter = ("state", "kind")
    list_select_related = ("reviewer__user", "project", "decided_by")
    search_fields = ("=reviewer__user__email",)
    ordering = ("-id",)
    actions = (
        service_action(
            confirm_check, argument="check", description=_("Confirm: something is wrong"), needs_reason=True
        ),
        service_action(dismiss_check, argument="check", description=_("Dismiss: nothing is wrong"), needs_reason=True),
    )


@admin.register(QualityRule)
class QualityRuleAdmin(ServiceAdd):
    list_display = (
        "project", "measure", "question", "segment", "segment_value", "threshold", "returns_at", "response", "owner",
        state({"holding": "success", "breached": "danger"}), "measured", "measured_at", "ended_at",
    )  # fmt: skip
    list_filter = ("state", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("project", "owner")
    add_fields = RULE
    actions = (service_action(end_rule, argument="rule", description=_("End: promise this no longer")),)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """An owner is offered among those who operate what this person operates, not among everybody of the house."""
        if db_field.name == "owner":
            here = Project.objects.visible_to(person(request), "operate_project")
            operators = ProjectUserPermission.objects.filter(
                permission__codename="operate_project", content_object__in=here
            )
            kwargs["queryset"] = User.objects.filter(pk__in=operators.values("user"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> QualityRule:
        return set_rule(**values, actor=person(request))
