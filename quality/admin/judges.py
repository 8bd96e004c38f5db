"""Judges in the console: what they are, what they said, how far they can be relied on and what is wrong with them."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.briefs import brief
from config.kernel.console import BigTableAdmin, ConsoleAdmin, ServiceAdd, display, service_action, state
from config.kernel.jobs import enqueue
from config.kernel.models import User
from config.kernel.requests import person
from quality.models import Anchor, Judge, JudgeAlarm, JudgeCalibration, JudgeCall
from quality.services.informing import put_telling_first
from quality.services.judges import (
    activate_judge,
    choose_anchors,
    close_alarm,
    double_budget,
    hide_before,
    make_judge,
    show_before,
    stop_judge,
)


def measure(*, judge: Judge, actor: User) -> None:
    """Measure it against experts, in a job."""
    enqueue("quality.jobs.calibrate_judge", judge.pk, queue="bulk")


@admin.register(Judge)
class JudgeAdmin(ServiceAdd):
    list_display = (
        "name",
        "project",
        state({"draft": "info", "active": "success", "stopped": "danger"}),
        "model",
        "prompt_version",
        "calibrated",
        "is_shown_before",
        "budget",
        "currency",
        "created_at",
    )
    list_filter = ("state",)
    list_select_related = ("project",)
    search_fields = ("name", "=model")
    add_fields = (
        "project", "name", "endpoint", "model", "family", "prompt", "parameters", "key_variable", "timeout_seconds",
        "calls_a_minute", "budget", "currency", "price_in", "price_out", "is_shown_before",
    )  # fmt: skip
    actions = (
        service_action(activate_judge, argument="judge", description=_("Let it judge")),
        service_action(stop_judge, argument="judge", description=_("Stop it, with a reason"), needs_reason=True),
        service_action(choose_anchors, argument="judge", description=_("Take anchors from what experts answered")),
        service_action(measure, argument="judge", description=_("Measure it against experts")),
        service_action(
            show_before,
            argument="judge",
            description=_("Show its answers before people answer"),
            consequence=_("People who see a model's answer first follow it; whoever has is marked."),
        ),
        service_action(hide_before, argument="judge", description=_("Hide its answers until people have answered")),
        service_action(put_telling_first, argument="judge", description=_("Put items in doubt first")),
        service_action(
            double_budget,
            argument="judge",
            description=_("Double its budget"),
            consequence=_("It may then spend twice what it was allowed to."),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Judge]:
        latest = JudgeCalibration.objects.filter(judge=OuterRef("pk")).order_by("-id")
        return super().get_queryset(request).annotate(is_met=Subquery(latest.values("is_met")[:1]))

    @display(description=_("meets the bar"), boolean=True)
    def calibrated(self, judge: Any) -> bool | None:
        met: bool | None = judge.is_met
        return met

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Judge:
        return make_judge(actor=person(request), **values)


@admin.register(JudgeCall)
class JudgeCallAdmin(BigTableAdmin):
    content = True
    list_display = (
        "item", "judge", "purpose", "variant",
        "how_ended", brief("answers", _("answers")), "confidence", "fault", "cost", "milliseconds", "created_at",
    )  # fmt: skip
    list_filter = ("ended", "purpose")
    list_select_related = ("judge", "item_version__item")
    search_fields = ("=item_version__item__external_id",)

    @display(description=_("item"))
    def item(self, call: JudgeCall) -> str:
        return str(call.item_version.item)

    @display(
        description=_("ended"),
        label={"answered": "success", "unreadable": "warning", "refused": "info", "failed": "danger"},
    )
    def how_ended(self, call: JudgeCall) -> tuple[str, str]:
        return call.ended, call.get_ended_display()


@admin.register(JudgeCalibration)
class JudgeCalibrationAdmin(ConsoleAdmin):
    list_display = ("judge", "project", "is_met", "items", "agreed", "right", "sentence", "created_at")
    list_filter = ("is_met",)
    list_select_related = ("judge", "project")

    @display(description=_("agrees with experts"))
    def agreed(self, found: JudgeCalibration) -> str:
        return _in_words(found.measured["agreed"])

    @display(description=_("results that are right"))
    def right(self, found: JudgeCalibration) -> str:
        return _in_words(found.measured["results_right"])


@admin.register(Anchor)
class AnchorAdmin(ConsoleAdmin):
    list_display = ("item", "judge", "project")
    list_select_related = ("judge", "project", "item_version__item")

    @display(description=_("item"))
    def item(self, anchor: Anchor) -> str:
        return str(anchor.item_version.item)


@admin.register(JudgeAlarm)
class JudgeAlarmAdmin(ConsoleAdmin):
    list_display = ("judge", "project", "kind", "sentence", "created_at", "closed_at", "closed_by", "reason")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "kind")
    list_select_related = ("judge", "project", "closed_by")
    actions = (service_action(close_alarm, argument="alarm", description=_("Close, with a reason"), needs_reason=True),)


def _in_words(share: dict[str, Any]) -> str:
    if share["value"] is None:
        return share.get("why") or "–"
    low, high = share["interval_95"] or (None, None)
    return f"{share['value']:.0%}" if low is None else f"{share['value']:.0%} ({low:.0%} to {high:.0%})"
