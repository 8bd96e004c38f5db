"""Projects and their documents. What delivery adds to a project's actions, it adds in its own admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.console import ConsoleInline, ServiceAdd, ServiceChange, service_action, short, state
from config.kernel.requests import person
from labeling.models import FormVersion, GuidelineVersion, Project
from labeling.services.projects import (
    close_project,
    create_project,
    open_project,
    pause_project,
    publish_form,
    publish_guideline,
)
from labeling.services.settings import PROJECT_SETTINGS, change_project

DOCUMENT_LABELS = {"published": "success", "draft": "info"}


class GuidelineInline(ConsoleInline):
    model = GuidelineVersion
    fields = ("number", "state", "change_kind", "summary", "in_force")


class FormInline(ConsoleInline):
    model = FormVersion
    fields = ("number", "state", "digest", "published_at")


@admin.register(Project)
class ProjectAdmin(ServiceChange):
    list_display = (
        "name", "customer", state({"open": "success", "paused": "warning", "closed": "danger", "draft": "info"}), "stage",
        "confidentiality", "overlap", "gold_share", "due_at",
    )  # fmt: skip
    list_display_links = ("name",)
    list_filter = ("state", "stage", "confidentiality")
    list_select_related = ("customer",)
    search_fields = ("name", "=slug")
    inlines = (GuidelineInline, FormInline)
    add_fields = (
        "customer", "slug", "name", "description", "confidentiality", "clearance", "languages", "skills_by_domain",
        "overlap", "lease_seconds", "gold_share", "quality_contract", "pay_amount", "price_amount", "currency",
    )  # fmt: skip
    change_fields = PROJECT_SETTINGS
    actions = (
        service_action(open_project, argument="project", description=_("Open")),
        service_action(pause_project, argument="project", description=_("Pause")),
        service_action(close_project, argument="project", description=_("Close for good")),
    )

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Project:
        return create_project(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> Project:
        return change_project(project=row, changes=changes, actor=person(request))


@admin.register(GuidelineVersion)
class GuidelineVersionAdmin(ServiceAdd):
    list_display = (
        "project",
        "number",
        state(DOCUMENT_LABELS),
        "change_kind",
        "summary",
        "in_force",
        short("digest", _("digest")),
    )
    list_filter = ("state", "change_kind")
    list_select_related = ("project",)
    add_fields = ("project", "change_kind", "summary", "clauses", "examples")

    def make(self, request: HttpRequest, values: dict[str, Any]) -> GuidelineVersion:
        """Made here is published: in force from now."""
        return publish_guideline(**values, actor=person(request))


@admin.register(FormVersion)
class FormVersionAdmin(ServiceAdd):
    list_display = ("project", "number", state(DOCUMENT_LABELS), "published_at", short("digest", _("digest")))
    list_filter = ("state",)
    list_select_related = ("project",)
    add_fields = ("project", "document")

    def make(self, request: HttpRequest, values: dict[str, Any]) -> FormVersion:
        """Made here is published: what is asked from now on."""
        return publish_form(**values, actor=person(request))
