"""Rounds, pools, tasks and judgments."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from config.kernel.briefs import brief
from config.kernel.console import BigTableAdmin, ConsoleAdmin, service_action, state
from labeling.models import Annotation, AnnotationInvalidation, Draft, Pool, Prelabel, Round, Task, UnplacedAnswer
from labeling.services.judgments import invalidate_annotation


@admin.register(Round)
class RoundAdmin(BigTableAdmin):
    list_display = (
        "item", "number", state({"resolved": "success", "open": "info", "cancelled": "danger"}), "reason", "stage",
        "judgments_needed", "created_at", "closed_at",
    )  # fmt: skip
    list_filter = ("state", "reason")
    list_select_related = ("item",)
    search_fields = ("=item__external_id",)


@admin.register(Pool)
class PoolAdmin(ConsoleAdmin):
    list_display = (
        "project",
        "language",
        brief("skills", _("skills")),
        "difficulty",
        "clearance",
        "priority",
        "due_at",
    )
    list_filter = ("language", "difficulty")
    list_select_related = ("project",)


@admin.register(Task)
class TaskAdmin(BigTableAdmin):
    list_display = (
        "id", "item", "kind", "slot",
        state({"completed": "success", "leased": "info", "open": "warning", "cancelled": "danger"}), "reserved_for",
        "completed_at",
    )  # fmt: skip
    list_filter = ("state", "kind")
    list_select_related = ("round__item", "reserved_for__user")
    search_fields = ("=round__item__external_id",)

    @admin.display(description=_("item"))
    def item(self, task: Task) -> str:
        return str(task.round.item)


@admin.register(Annotation)
class AnnotationAdmin(BigTableAdmin):
    list_display = (
        "id", "item", "reviewer", brief("answers", _("answers")), "seconds", "origin", "is_guideline_current",
        "prelabel", "created_at",
    )  # fmt: skip
    list_filter = ("origin", "is_guideline_current")
    content = True
    list_select_related = ("round__item", "reviewer__user")
    search_fields = ("=round__item__external_id", "=public_id")
    actions = (
        service_action(
            invalidate_annotation,
            argument="annotation",
            description=_("Invalidate, with a reason"),
            needs_reason=True,
        ),
    )

    @admin.display(description=_("item"))
    def item(self, annotation: Annotation) -> str:
        return str(annotation.round.item)


@admin.register(AnnotationInvalidation)
class AnnotationInvalidationAdmin(ConsoleAdmin):
    list_display = ("annotation", "reason", "invalidated_by", "created_at")
    list_select_related = ("annotation", "invalidated_by")


@admin.register(Prelabel)
class PrelabelAdmin(BigTableAdmin):
    list_display = ("id", "item", "reviewer", "shown_from", "shown_until")
    list_filter = (("shown_until", admin.EmptyFieldListFilter),)
    list_select_related = ("annotation__reviewer__user", "item_version__item")
    search_fields = ("=item_version__item__external_id",)

    @admin.display(description=_("item"))
    def item(self, shown: Prelabel) -> str:
        return str(shown.item_version.item)

    @admin.display(description=_("answered by"))
    def reviewer(self, shown: Prelabel) -> str:
        return str(shown.annotation.reviewer)


@admin.register(Draft)
class DraftAdmin(BigTableAdmin):
    list_display = ("task_id", "reviewer", "saved_at")
    fields = ("task", "reviewer", "saved_at")
    list_select_related = ("reviewer__user",)


@admin.register(UnplacedAnswer)
class UnplacedAnswerAdmin(ConsoleAdmin):
    content = True
    list_display = ("task", "reviewer", brief("answers", _("answers")), "created_at")
    list_select_related = ("task", "reviewer__user")
