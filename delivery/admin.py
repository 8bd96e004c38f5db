"""Releases, holds, samples and money in the console."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.console import (
    BigTableAdmin,
    ConsoleAdmin,
    ConsoleInline,
    ServiceAdd,
    display,
    service_action,
    short,
    state,
)
from config.kernel.requests import person
from delivery.holding import doubted_releases
from delivery.models import (
    AcceptanceSample,
    Artifact,
    ArtifactRedaction,
    Defect,
    Hold,
    LedgerEntry,
    Release,
    ReleaseEntry,
    ReleasePart,
    SampleEntry,
    StagedEntry,
)
from delivery.services.holds import lift_hold, place_hold
from delivery.services.releases import request_release, retry_release
from labeling.admin.projects import ProjectAdmin
from quality.models import Fall

ProjectAdmin.actions = (
    *ProjectAdmin.actions,
    service_action(request_release, argument="project", description=_("Freeze a release")),
    service_action(place_hold, argument="project", description=_("Place a hold, with a reason"), needs_reason=True),
)


class ArtifactInline(ConsoleInline):
    model = Artifact
    fields = ("name", "media_type", "bytes", "sha256")


@admin.register(Release)
class ReleaseAdmin(ConsoleAdmin):
    list_display = (
        "__str__",
        state({"accepted": "success", "frozen": "info", "requested": "info", "failed": "danger", "rejected": "danger"}),
        "records_count", "expected_count", "outcomes", "fault", "requested_by", "frozen_at", "decided_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("project", "requested_by")
    fields = (
        "project", "number", "state", "fault", "records_count", "expected_count", "outcomes", "content_digest",
        "requested_by", "created_at", "begun_at", "worked_at", "frozen_at", "decided_by", "decided_at",
        "decision_reason", "public_id",
    )  # fmt: skip
    inlines = (ArtifactInline,)
    actions = (service_action(retry_release, argument="release", description=_("Try again")),)


@admin.register(ReleasePart)
class ReleasePartAdmin(ConsoleAdmin):
    list_display = ("__str__", "release", "records_count", "written_at")
    list_select_related = ("release__project",)


@admin.register(StagedEntry)
class StagedEntryAdmin(BigTableAdmin):
    list_display = ("external_id", "part", "outcome", short("record_digest", _("record digest")))
    list_select_related = ("part",)


@admin.register(ReleaseEntry)
class ReleaseEntryAdmin(BigTableAdmin):
    list_display = ("external_id", "release", "outcome", short("record_digest", _("record digest")))
    list_filter = ("outcome",)
    list_select_related = ("release__project",)
    search_fields = ("=external_id", "=record_digest")


@admin.register(Artifact)
class ArtifactAdmin(ConsoleAdmin):
    list_display = ("name", "release", "bytes", short("sha256", "SHA-256"))
    list_select_related = ("release__project",)


@admin.register(ArtifactRedaction)
class ArtifactRedactionAdmin(ConsoleAdmin):
    list_display = ("artifact", "bytes", short("sha256", "SHA-256"), "created_at")
    list_select_related = ("artifact",)


@admin.register(Hold)
class HoldAdmin(ServiceAdd):
    list_display = ("project", "kind", "reason", "placed_by", "placed_at", "lifted_by", "lifted_at")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter), "kind")
    list_select_related = ("project", "placed_by", "lifted_by")
    add_fields = ("project", "reason")
    actions = (service_action(lift_hold, argument="hold", description=_("Lift")),)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Hold:
        return place_hold(**values, actor=person(request))


@admin.register(AcceptanceSample)
class AcceptanceSampleAdmin(ConsoleAdmin):
    list_display = ("release", "plan", short("seed", _("seed")), "created_at")
    list_select_related = ("release__project",)


@admin.register(SampleEntry)
class SampleEntryAdmin(ConsoleAdmin):
    list_display = ("entry", "sample", "verdict", "checked_by", "checked_at")
    list_filter = ("verdict",)
    list_select_related = ("entry", "sample", "checked_by")


@admin.register(Defect)
class DefectAdmin(ConsoleAdmin):
    content = True
    list_display = ("sample_entry", "severity", "clause", "note", "found_by", "created_at")
    list_filter = ("severity",)
    list_select_related = ("sample_entry", "found_by")


@admin.register(LedgerEntry)
class LedgerEntryAdmin(BigTableAdmin):
    led = "reviewer__organisation"
    led_display = ("created_at", "kind", "amount", "currency", "project", "reviewer")
    list_display = (
        "created_at",
        "kind",
        "amount",
        "currency",
        "project",
        "reviewer",
        "subject",
        "subject_id",
    )
    list_filter = ("kind", "currency")
    list_select_related = ("project", "reviewer__user")


@admin.register(Fall)
class FallAdmin(ConsoleAdmin):
    """Falls of standings, here beside what they reach: the releases that carry the doubted results."""

    list_display = (
        "reviewer", "project", "reason", "good_until", "held_count", "requeued_count", "carried_count", "created_at",
        "finished_at",
    )  # fmt: skip
    list_filter = (("finished_at", admin.EmptyFieldListFilter),)
    list_select_related = ("standing__reviewer__user", "project")
    fields = (
        "reviewer", "project", "reason", "good_until", "held_count", "requeued_count", "carried_count", "releases",
        "created_at", "finished_at",
    )  # fmt: skip
    ordering = ("-id",)

    @display(description=_("reviewer"))
    def reviewer(self, fall: Fall) -> str:
        return str(fall.standing.reviewer)

    @display(description=_("releases that carry them"))
    def releases(self, fall: Fall) -> str:
        return ", ".join(f"{release}: {count}" for release, count in doubted_releases(fall_id=fall.pk))
