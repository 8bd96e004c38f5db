"""Projects and their documents. What delivery adds to a project's actions, it adds in its own admin."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from config.kernel.console import ConsoleInline, ServiceAdd, service_action, short, state
from config.kernel.requests import person
from labeling.forms import InvalidForm
from labeling.forms.templates import TEMPLATES
from labeling.models import FormVersion, GuidelineVersion, Project
from labeling.services.projects import (
    close_project,
    create_project,
    open_project,
    pause_project,
    publish_form,
    publish_guideline,
)

DOCUMENT_LABELS = {"published": "success", "draft": "info"}


class GuidelineInline(ConsoleInline):
    model = GuidelineVersion
    fields = ("number", "state", "change_kind", "summary", "in_force")


class FormInline(ConsoleInline):
    model = FormVersion
    fields = ("number", "state", "digest", "published_at")


@admin.register(Project)
class ProjectAdmin(ServiceAdd):
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
    actions = (
        service_action(open_project, argument="project", description=_("Open")),
        service_action(pause_project, argument="project", description=_("Pause")),
        service_action(close_project, argument="project", description=_("Close for good")),
    )

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Project:
        return create_project(**values, actor=person(request))


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


class Indented(json.JSONEncoder):
    """Writes a document as people read it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{**more, "indent": 2})


@admin.register(FormVersion)
class FormVersionAdmin(ServiceAdd):
    list_display = ("project", "number", state(DOCUMENT_LABELS), "published_at", short("digest", _("digest")))
    list_filter = ("state",)
    list_select_related = ("project",)
    add_fields = ("project", "document")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the template that the address names (`?template=ranking`)."""
        template = TEMPLATES.get(request.GET.get("template", ""))
        return {**super().get_changeform_initial_data(request), **({"document": template.form} if template else {})}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "document":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        links = format_html_join(
            ", ",
            '<a href="?template={}" title="{}">{}</a>',
            ((template.name, template.sentence, template.title) for template in TEMPLATES.values()),
        )
        help_text = format_html(str(_("Start from a template: {}.")), links)
        return super().formfield_for_dbfield(
            db_field, request, **{**kwargs, "help_text": help_text, "encoder": Indented}
        )

    def make(self, request: HttpRequest, values: dict[str, Any]) -> FormVersion:
        """Made here is published: what is asked from now on. A fault is shown at the document, with its place in it."""
        try:
            return publish_form(**values, actor=person(request))
        except InvalidForm as fault:
            raise InvalidForm(f"{fault.field}: {fault.message}", field="document") from None
