"""Gold, resolutions and rulings in the console."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.briefs import brief
from config.kernel.console import BigTableAdmin, ServiceChange, display, service_action, state
from config.kernel.requests import person
from labeling.admin.work import AnnotationAdmin
from quality.models import GoldItem, GoldScore, Resolution, Ruling, RulingReading
from quality.services.disputes import question_resolution
from quality.services.gold import retire_gold
from quality.services.gold_making import describe_gold, make_gold_of_answer, make_gold_of_resolution
from quality.services.ruling_examples import add_example
from quality.services.rulings import answer_ruling, ask_customer
from quality.types import GoldState, GoldUse

# What gold may be made for. It is said as it is made: once somebody was asked an item, its use stays.
MADE_FOR = {
    GoldUse.GOLD: _("Make gold of it"),
    GoldUse.TRAINING: _("Make gold of it, for training"),
    GoldUse.QUALIFICATION: _("Make gold of it, for tests"),
}

AnnotationAdmin.actions = (  # type: ignore[assignment]
    *AnnotationAdmin.actions,
    *[
        service_action(make_gold_of_answer, argument="annotation", description=description, use=use.value)
        for use, description in MADE_FOR.items()
    ],
)


@admin.register(GoldItem)
class GoldItemAdmin(ServiceChange):
    content = True
    list_display = (
        "item",
        "project",
        state({"active": "success", "retired": "danger"}),
        "source",
        "use",
        "concept",
        "difficulty",
        brief("expected", _("expected answer")),
        "exposures_most",
        "retired_because",
        "created_at",
    )
    list_filter = ("state", "source", "use", "retired_because")
    list_select_related = ("item_version__item", "project")
    search_fields = ("=item_version__item__external_id",)
    change_fields = ("concept", "explanation", "use", "exposures_most", "expected_hit_rate")
    actions = (
        service_action(retire_gold, argument="gold_item", description=_("Retire, with a reason"), needs_reason=True),
    )

    @display(description=_("item"))
    def item(self, gold: GoldItem) -> str:
        return str(gold.item_version.item)

    @display(description=_("difficulty"), ordering="item_version__difficulty")
    def difficulty(self, gold: GoldItem) -> int:
        return gold.item_version.difficulty

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.state == GoldState.ACTIVE)

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> GoldItem:
        kept = {name: changes.get(name, getattr(row, name)) for name in self.change_fields}
        return describe_gold(gold_item=row, **kept, actor=person(request))


@admin.register(GoldScore)
class GoldScoreAdmin(BigTableAdmin):
    list_display = ("reviewer", "gold_item", "is_correct", brief("by_question", _("by question")), "created_at")
    list_filter = ("is_correct",)
    list_select_related = ("reviewer__user", "gold_item")
    search_fields = ("=reviewer__user__email",)


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
    actions = (
        *[
            service_action(
                make_gold_of_resolution,
                argument="resolution",
                description=description,
                consequence=_("Its item leaves the releases while it is gold, unless the project delivers gold."),
                use=use.value,
            )
            for use, description in MADE_FOR.items()
        ],
        service_action(
            question_resolution,
            argument="resolution",
            description=_("Have it adjudicated, with a reason"),
            needs_reason=True,
        ),
    )

    @display(description=_("item"))
    def item(self, resolution: Resolution) -> str:
        return str(resolution.item_version.item)

    @display(description=_("outcome"), label={"agreed": "success", "no_agreement": "warning"})
    def outcome_label(self, resolution: Resolution) -> tuple[str, str]:
        return resolution.outcome, resolution.get_outcome_display()

    @display(description=_("confidence"), ordering="confidence")
    def share(self, resolution: Resolution) -> str:
        return f"{resolution.confidence:.0%}"


@admin.register(Ruling)
class RulingAdmin(ServiceChange):
    """Questions wait here for an answer; given once, it reaches everybody on the project."""

    content = True
    list_display = (
        "question",
        "clause",
        "item",
        "project",
        "asked_by",
        "asked_at",
        "customer_asked_at",
        "answer",
        "answered_at",
    )
    list_filter = (("answered_at", admin.EmptyFieldListFilter), ("customer_asked_at", admin.EmptyFieldListFilter))
    list_select_related = ("item_version__item", "project", "asked_by__user")
    fields = (
        "project", "guideline", "clause", "item_version", "asked_by", "question", "asked_at", "customer_asked_at", "answer",
        "answered_by",
        "answered_at",
    )  # fmt: skip
    change_fields = ("answer",)
    actions = (
        service_action(
            ask_customer,
            argument="ruling",
            description=_("Ask the customer: the clock stands until it is answered"),
            needs_reason=True,
        ),
        service_action(
            add_example, argument="ruling", description=_("Make it a worked example of the guideline's next draft")
        ),
    )

    @display(description=_("item"))
    def item(self, ruling: Ruling) -> str:
        return str(ruling.item_version.item)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.answered_at is None)

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> Ruling:
        return answer_ruling(ruling=row, answer=changes["answer"], actor=person(request))


@admin.register(RulingReading)
class RulingReadingAdmin(BigTableAdmin):
    list_display = ("ruling", "reviewer", "read_at")
    list_select_related = ("ruling", "reviewer__user")
