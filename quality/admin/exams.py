"""Training, tests, calibration and the opening of stages in the console."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.briefs import brief
from config.kernel.console import BigTableAdmin, ConsoleAdmin, ServiceChange, service_action, state
from config.kernel.requests import person
from labeling.admin.projects import ProjectAdmin
from labeling.types import Stage
from quality.models import CustomerVerdict, Exam, ExamChange, Sitting, SittingTask, StageDecision
from quality.services.exams import change_exam, close_exam, open_exam
from quality.services.stages import open_stage, waive_bar
from quality.types import ExamState

OPENED = {
    Stage.CALIBRATION: _("Move to calibration, with a reason"),
    Stage.PILOT: _("Move to the pilot, with a reason: the bar must be met"),
    Stage.PRODUCTION: _("Move to production, with a reason: the bar must be met"),
}
WAIVED = {
    Stage.PILOT: _("Move to the pilot though the bar is not met, with a reason"),
    Stage.PRODUCTION: _("Move to production though the bar is not met, with a reason"),
}

ProjectAdmin.actions = (
    *ProjectAdmin.actions,
    *[
        service_action(service, argument="project", description=description, needs_reason=True, stage=stage.value)
        for service, stages in ((open_stage, OPENED), (waive_bar, WAIVED))
        for stage, description in stages.items()
    ],
)


@admin.register(Exam)
class ExamAdmin(ServiceChange):
    """Settings are changed as the exam's next version: sittings that are open go on by the one they were begun with."""

    list_display = (
        "name", "project", "kind", state({"open": "success", "closed": "danger"}), "skill", "level", "size", "pass_share",
        "attempts_most", "valid_days", "is_needed", "version",
    )  # fmt: skip
    list_filter = ("state", "kind")
    list_select_related = ("project",)
    add_fields = (
        "project", "kind", "name", "skill", "level", "concept", "size", "pass_share", "attempts_most", "wait_days",
        "valid_days", "is_needed",
    )  # fmt: skip
    change_fields = ("concept", "size", "pass_share", "attempts_most", "wait_days", "valid_days", "is_needed")
    actions = (service_action(close_exam, argument="exam", description=_("Close: nobody begins it any more")),)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.state == ExamState.OPEN)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Exam:
        return open_exam(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> Exam:
        return change_exam(exam=row, **changes, actor=person(request))


@admin.register(ExamChange)
class ExamChangeAdmin(BigTableAdmin):
    list_display = (
        "pgh_obj", "version", "size", "pass_share", "attempts_most", "wait_days", "valid_days", "is_needed",
        "pgh_created_at", "pgh_context",
    )  # fmt: skip
    list_select_related = ("pgh_obj",)


@admin.register(Sitting)
class SittingAdmin(ConsoleAdmin):
    list_display = (
        "reviewer", "exam", "number", state({"passed": "success", "open": "info", "failed": "danger"}), "right", "asked",
        "version", "created_at", "finished_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("reviewer__user", "exam")
    search_fields = ("=reviewer__user__email",)


@admin.register(SittingTask)
class SittingTaskAdmin(BigTableAdmin):
    list_display = ("sitting", "gold_item", "task")
    list_select_related = ("sitting", "gold_item", "task")


@admin.register(CustomerVerdict)
class CustomerVerdictAdmin(ConsoleAdmin):
    content = True
    list_display = ("item_version", "project", brief("answers", _("answers")), "given_by", "created_at")
    list_select_related = ("item_version", "project", "given_by")


@admin.register(StageDecision)
class StageDecisionAdmin(ConsoleAdmin):
    list_display = ("project", "stage", "is_met", "reason", "decided_by", "created_at")
    list_filter = ("stage", "is_met")
    list_select_related = ("project", "decided_by")
