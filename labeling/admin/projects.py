"""Projects and their documents. What delivery adds to a project's actions, it adds in its own admin."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import JSONField
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from config.kernel.briefs import span_in_words
from config.kernel.console import ConsoleAdmin, ConsoleInline, ServiceChange, display, service_action, short, state
from config.kernel.requests import person
from labeling.forms import InvalidForm
from labeling.forms.templates import TEMPLATES
from labeling.guideline_changes import Changes
from labeling.guidelines import changes_of
from labeling.models import FormVersion, GuidelineVersion, Organisation, Project, ProjectCount
from labeling.services.forms import draft_form, publish_form_draft, revise_form
from labeling.services.guidelines import decline_draft, propose_guideline, revise_draft
from labeling.services.projects import (
    change_overlap_kind,
    change_stage,
    close_project,
    create_project,
    open_project,
    pause_project,
)
from labeling.services.settings import PROJECT_SETTINGS, change_project
from labeling.types import DocumentState, Overlap, Stage

DOCUMENT_LABELS = {"published": "success", "draft": "info", "declined": "danger"}


STAGES = {
    Stage.CALIBRATION: _("Move to calibration, with a reason"),
    Stage.PILOT: _("Move to the pilot, with a reason"),
    Stage.PRODUCTION: _("Move to production, with a reason: the bar is met, or waived by you"),
}
OVERLAPS = {
    Overlap.FIXED: _("Let anybody judge, a fixed number an item, with a reason"),
    Overlap.ADAPTIVE: _("Ask for as many judgments as it takes to be sure, with a reason"),
    Overlap.REVIEWED: _("Let one write and another review, with a reason"),
    Overlap.ASSIGNED: _("Let only the people judge whom an item is assigned to, with a reason"),
}
PUBLISHES = _(
    "Rounds that are opened from now on ask by it, and it never changes again. Rounds that are open keep the form that they"
    " began with; with an answer mapping, the answers there are carry over into new rounds."
)


class DraftChange(ServiceChange):
    """For documents that may be changed as long as they are drafts."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.state == DocumentState.DRAFT)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = super().get_readonly_fields(request, obj)
        is_fixed = obj is not None and obj.state != DocumentState.DRAFT
        return [*shown, *[name for name in self.change_fields if name not in shown]] if is_fixed else shown


@display(description=_("in force"), ordering="in_force")
def in_force(guideline: GuidelineVersion) -> str:
    return format_html('<span class="whitespace-nowrap">{}</span>', span_in_words(guideline.in_force))


class GuidelineInline(ConsoleInline):
    model = GuidelineVersion
    fields = ("number", "state", "change_kind", "summary", in_force)
    readonly_fields = (in_force,)


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
        "overlap", "overlap_most", "target_confidence", "send_backs_most", "lease_seconds", "gold_share", "gold_share_most",
        "is_gold_delivered", "quality_contract", "acceptance_plan", "priority", "due_at",
        "hold_flagged", "recheck_share", "retention_days", "pay_amount", "price_amount", "currency", "countries",
        "organisation_ids", "distressing_domains",
    )  # fmt: skip
    change_fields = PROJECT_SETTINGS
    actions = (
        service_action(open_project, argument="project", description=_("Open")),
        service_action(pause_project, argument="project", description=_("Pause")),
        service_action(close_project, argument="project", description=_("Close for good")),
        *[
            service_action(
                change_stage, argument="project", description=description, needs_reason=True, stage=stage.value
            )
            for stage, description in STAGES.items()
        ],
        *[
            service_action(
                change_overlap_kind,
                argument="project",
                description=description,
                needs_reason=True,
                overlap_kind=kind.value,
            )
            for kind, description in OVERLAPS.items()
        ],
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
class GuidelineVersionAdmin(DraftChange):
    list_display = (
        "project",
        "number",
        state(DOCUMENT_LABELS),
        "change_kind",
        "summary",
        in_force,
        "reopened_count",
        "mapped_count",
        "requeued_count",
        "carried_out_at",
    )
    list_filter = ("state", "change_kind")
    list_select_related = ("project",)
    add_fields = ("project", "change_kind", "summary", "clauses", "examples", "redo", "answer_mapping", "planned_from")
    change_fields = add_fields[1:]
    fields = (
        "project", "number", "state", "change_kind", "summary", in_force, "changes", "clauses", "examples", "redo",
        "answer_mapping", "planned_from", "proposed_by", "decline_reason", "digest", "published_at", "reopened_count",
        "mapped_count", "requeued_count", "carried_out_at",
    )  # fmt: skip
    readonly_fields = (in_force, "changes")
    actions = (
        service_action(decline_draft, argument="guideline", description=_("Decline, with a reason"), needs_reason=True),
    )

    def make(self, request: HttpRequest, values: dict[str, Any]) -> GuidelineVersion:
        """Made here is a draft; the action publishes it, once its blast radius has been seen."""
        return propose_guideline(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> GuidelineVersion:
        """Whoever proposed the draft, until it is decided on an operator may change it."""
        content = {name: changes.get(name, getattr(row, name)) for name in self.change_fields}
        return revise_draft(guideline=row, **content, actor=person(request))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        more = {"encoder": Indented} if isinstance(db_field, JSONField) else {}
        return super().formfield_for_dbfield(db_field, request, **{**kwargs, **more})

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
class FormVersionAdmin(DraftChange):
    list_display = (
        "project", "number", state(DOCUMENT_LABELS), "published_at", short("digest", _("digest")), "mapped_count",
        "requeued_count", "carried_out_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("project",)
    fields = (
        "project", "number", "state", "document", "answer_mapping", "digest", "published_at", "mapped_count",
        "requeued_count", "carried_out_at",
    )  # fmt: skip
    add_fields = ("project", "document", "answer_mapping")
    change_fields = ("document", "answer_mapping")
    actions = (service_action(publish_form_draft, argument="form", description=_("Publish"), consequence=PUBLISHES),)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the template that the address names (`?template=ranking`)."""
        template = TEMPLATES.get(request.GET.get("template", ""))
        return {**super().get_changeform_initial_data(request), **({"document": template.form} if template else {})}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, JSONField):
            kwargs["encoder"] = Indented
        is_new = request.resolver_match is not None and str(request.resolver_match.url_name).endswith("_add")
        if db_field.name != "document" or not is_new:
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        links = format_html_join(
            ", ",
            '<a href="?template={}" title="{}">{}</a>',
            ((template.name, template.sentence, template.title) for template in TEMPLATES.values()),
        )
        help_text = format_html(str(_("Start from a template: {}.")), links)
        return super().formfield_for_dbfield(db_field, request, **{**kwargs, "help_text": help_text})

    def make(self, request: HttpRequest, values: dict[str, Any]) -> FormVersion:
        """Made here is a draft; the action publishes it."""
        with at_the_document():
            return draft_form(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> FormVersion:
        content = {name: changes.get(name, getattr(row, name)) for name in self.change_fields}
        with at_the_document():
            return revise_form(form=row, **content, actor=person(request))


@contextmanager
def at_the_document() -> Iterator[None]:
    """Say what is wrong with a form at the field that holds it, with the place inside."""
    try:
        yield
    except InvalidForm as fault:
        raise InvalidForm(f"{fault.field}: {fault.message}", field="document") from None


@admin.register(ProjectCount)
class ProjectCountAdmin(ConsoleAdmin):
    list_display = ("project", "judgments", "judgments_needed", "counted_at", "seconds")
    list_select_related = ("project",)
