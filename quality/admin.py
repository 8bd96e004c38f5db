"""Gold, standings and resolutions in the console."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from config.kernel.briefs import brief
from config.kernel.console import BigTableAdmin, ConsoleAdmin, display, service_action, state
from quality.models import GoldItem, GoldScore, Resolution, Standing
from quality.services.gold import retire_gold


@admin.register(GoldItem)
class GoldItemAdmin(ConsoleAdmin):
    content = True
    list_display = (
        "item",
        "project",
        state({"active": "success", "retired": "danger"}),
        "concept",
        brief("expected", _("expected answer")),
        "created_at",
    )
    list_filter = ("state",)
    list_select_related = ("item_version__item", "project")
    search_fields = ("=item_version__item__external_id",)
    actions = (
        service_action(retire_gold, argument="gold_item", description=_("Retire, with a reason"), needs_reason=True),
    )

    @display(description=_("item"))
    def item(self, gold: GoldItem) -> str:
        return str(gold.item_version.item)


@admin.register(GoldScore)
class GoldScoreAdmin(BigTableAdmin):
    list_display = ("reviewer", "gold_item", "is_correct", brief("by_question", _("by question")), "created_at")
    list_filter = ("is_correct",)
    list_select_related = ("reviewer__user", "gold_item")
    search_fields = ("=reviewer__user__email",)


@admin.register(Standing)
class StandingAdmin(ConsoleAdmin):
    led = "reviewer__organisation"
    led_display = ("reviewer", "project", "state", "lower_bound", "evidence_count", "reason", "changed_at")
    list_display = (
        "reviewer", "project", state({"trusted": "success", "probation": "info", "paused": "danger"}), "accuracy",
        "evidence_count", "reason", "changed_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("reviewer__user", "project")
    search_fields = ("=reviewer__user__email",)
    ordering = ("lower_bound",)

    @display(description=_("accuracy at least"), ordering="lower_bound")
    def accuracy(self, standing: Standing) -> str:
        return f"{standing.lower_bound:.0%}"


@admin.register(Resolution)
class ResolutionAdmin(BigTableAdmin):
    content = True
    list_display = (
        "item",
        "outcome_label",
        brief("answers", _("answers")),
        brief("distribution", _("votes")),
        "method",
        "share",
        "created_at",
    )
    list_filter = ("outcome",)
    list_select_related = ("item_version__item",)
    search_fields = ("=item_version__item__external_id",)

    @display(description=_("item"))
    def item(self, resolution: Resolution) -> str:
        return str(resolution.item_version.item)

    @display(description=_("outcome"), label={"agreed": "success", "no_agreement": "warning"})
    def outcome_label(self, resolution: Resolution) -> tuple[str, str]:
        return resolution.outcome, resolution.get_outcome_display()

    @display(description=_("confidence"), ordering="confidence")
    def share(self, resolution: Resolution) -> str:
        return f"{resolution.confidence:.0%}"
