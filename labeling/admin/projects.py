"""Projects and their documents. What delivery adds to a project's actions, it adds in its own admin."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from config.kernel.console import ConsoleInline, ServiceAdd, ServiceChange, service_action, short, state
from config.kernel.requests import person
from labeling.forms import InvalidForm
from labeling.forms.templates import TEMPLATES
from labeling.guideline_changes import Changes
from labeling.guidelines import changes_of
from labeling.models import FormVersion, GuidelineVersion, Organisation, Project
from labeling.services.guidelines import decline_draft, propose_guideline
from labeling.services.projects import (
    close_project,
    create_project,
    open_project,
    pause_project,
    publish_form,
)
from labeling.services.settings import PROJECT_SETTINGS, change_project

DOCUMENT_LABELS = {"published": "success", "draft": "info", "declined": "danger"}


class GuidelineInline(ConsoleInline):
    model = GuidelineVersion
    fields = ("number", "state", "change_kind", "summary", "in_force")


class FormInline(ConsoleInline):
    model = FormVersion
    fields = ("number", "state", "digest", "published_at")


class ChosenOrganisations(forms.ModelMultipleChoiceField):
    """Organisations by name; their ids, in order, are what is kept."""

    def clean(self, value: Any) -> Any:
        return sorted(organisation.pk for organisation in super().clean(value))


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
        "overlap", "lease_seconds", "gold_share", "quality_contract", "acceptance_plan", "priority", "due_at",
        "hold_flagged", "recheck_share", "retention_days", "pay_amount", "price_amount", "currency", "countries",
        "organisation_ids", "distressing_domains",
    )  # fmt: skip
    change_fields = PROJECT_SETTINGS
    actions = (
        service_action(open_project, argument="project", description=_("Open")),
        service_action(pause_project, argument="project", description=_("Pause")),
        service_action(close_project, argument="project", description=_("Close for good")),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "organisation_ids":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return ChosenOrganisations(
            Organisation.objects.visible_to(person(request)).order_by("name"),
            required=False,
            label=db_field.verbose_name,
            help_text=db_field.help_text,
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
        "reopened_count",
        "mapped_count",
        "requeued_count",
        "carried_out_at",
    )
    list_filter = ("state", "change_kind")
    list_select_related = ("project",)
    add_fields = ("project", "change_kind", "summary", "clauses", "examples", "redo", "answer_mapping")
    readonly_fields = ("changes",)
    actions = (
        service_action(decline_draft, argument="guideline", description=_("Decline, with a reason"), needs_reason=True),
    )

    def make(self, request: HttpRequest, values: dict[str, Any]) -> GuidelineVersion:
        """Made here is a draft; the action publishes it, once its blast radius has been seen."""
        return propose_guideline(**values, actor=person(request))

    @admin.display(description=_("what it changes"))
    def changes(self, guideline: GuidelineVersion) -> SafeString:
        return shown_changes(changes_of(guideline))


_MARKS = {"=": "{}", "-": "<del>{}</del>", "+": "<ins>{}</ins>"}


def shown_changes(changes: Changes) -> SafeString:
    """Return the changes as a list, clause by clause, with what was struck and what was put in."""
    lines = [
        *[format_html("<li>+ <b>{}</b> <ins>{}</ins></li>", *_words(clause)) for clause in changes.added],
        *[format_html("<li>− <b>{}</b> <del>{}</del></li>", *_words(clause)) for clause in changes.removed],
        *[
            format_html("<li>≠ <b>{}</b> {}</li>", _diff(each.title_diff) or each.id, _diff(each.diff))
            for each in changes.reworded
        ],
        *[format_html("<li>↕ <b>{}</b></li>", name) for name in changes.moved],
        *[format_html("<li>+ <ins>{}</ins></li>", example["text"]) for example in changes.examples_added],
        *[format_html("<li>− <del>{}</del></li>", example["text"]) for example in changes.examples_removed],
    ]
    return format_html("<ul>{}</ul>", _joined(lines)) if lines else SafeString("–")


def _words(clause: dict[str, Any]) -> tuple[str, str]:
    return clause.get("title") or clause["id"], clause.get("text", "")


def _diff(diff: list[list[str]]) -> SafeString:
    return _joined(format_html(_MARKS[op], text) for op, text in diff)


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


class Indented(json.JSONEncoder):
    """Writes a document as people read it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{**more, "indent": 2})


@admin.register(FormVersion)
class FormVersionAdmin(ServiceAdd):
    list_display = (
        "project", "number", state(DOCUMENT_LABELS), "published_at", short("digest", _("digest")), "mapped_count",
        "requeued_count", "carried_out_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("project",)
    add_fields = ("project", "document", "answer_mapping")

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
        """Made here is published: what is asked from now on, and of the answers there are, with a mapping."""
        try:
            return publish_form(**values, actor=person(request))
        except InvalidForm as fault:
            raise InvalidForm(f"{fault.field}: {fault.message}", field="document") from None
