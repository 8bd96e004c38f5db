"""Publishing a guideline: the operator sees what it touches and what that costs, and says from when, before it is done."""

from datetime import UTC
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from config.contributions import blast_radius
from config.kernel.clock import database_now
from config.kernel.console import ConsoleAdmin
from config.kernel.errors import DomainError
from config.kernel.requests import person
from labeling.admin.projects import shown_changes
from labeling.guidelines import changes_of
from labeling.models import GuidelineVersion
from labeling.services.guidelines import publish_draft
from labeling.types import ChangeKind, DocumentState

CONSEQUENCES = {
    ChangeKind.EDITORIAL: _("Editorial: nothing is judged again, and nobody has to read it before their next task."),
    ChangeKind.CLARIFICATION: _(
        "Clarification: the sample below is judged again. Reviewers read it before their next task."
    ),
    ChangeKind.BREAKING: _(
        "Breaking: what is listed below is judged anew, in a new round. Releases stay as they are, marked as made under"
        " the older version. Reviewers read it before their next task."
    ),
}
CARRIED_OVER = _(
    "Answers that the mapping takes are carried over and not paid again; the rest is asked anew. The pay is the most it"
    " can be."
)


class EffectiveFrom(forms.Form):
    effective_from = forms.DateTimeField(required=False)


@admin.action(description=_("Publish, after a look at what it touches"))
def publish_guideline_draft(
    modeladmin: ConsoleAdmin, request: HttpRequest, queryset: QuerySet[GuidelineVersion]
) -> HttpResponse | None:
    """Show the blast radius of one draft; with `confirm`, publish it. Refusals are told as sentences."""
    chosen = list(queryset.select_related("project")[:2])
    if len(chosen) != 1:
        modeladmin.message_user(request, _("Publish one version at a time."), messages.ERROR)
        return None
    [draft] = chosen
    if draft.state != DocumentState.DRAFT:
        modeladmin.message_user(request, f"{draft}: it is {draft.state}; only a draft is published.", messages.ERROR)
        return None
    if "confirm" not in request.POST:
        return _ask(modeladmin, request, draft)
    given = EffectiveFrom(request.POST)
    if not given.is_valid():
        return _ask(modeladmin, request, draft, fault=_("This is not a time; write it as 2026-01-31 09:00 (UTC)."))
    try:
        publish_draft(guideline=draft, effective_from=given.cleaned_data["effective_from"], actor=person(request))
    except DomainError as error:
        return _ask(modeladmin, request, draft, fault=error.message)
    modeladmin.message_user(request, f"Version {draft.number} is published.", messages.SUCCESS)
    return None


def _planned(draft: GuidelineVersion) -> str:
    """Return when the draft should begin, as the page's field writes it; nothing for a time that is past."""
    if draft.planned_from is None or draft.planned_from < database_now():
        return ""
    return draft.planned_from.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def _ask(modeladmin: ConsoleAdmin, request: HttpRequest, draft: GuidelineVersion, *, fault: Any = "") -> HttpResponse:
    changes = changes_of(draft)
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": _("Publish version %(number)d of %(project)s") % {"number": draft.number, "project": draft.project},
        "opts": modeladmin.opts,
        "draft": draft,
        "changes": shown_changes(changes),
        "consequence": CONSEQUENCES[ChangeKind(draft.change_kind)],
        "carried_over": CARRIED_OVER if draft.answer_mapping else "",
        "touched": blast_radius(draft, changes.clauses),
        "effective_from": request.POST.get("effective_from", _planned(draft)),
        "fault": fault,
        "action_checkbox_name": admin.helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "console/publish_guideline.html", context)
