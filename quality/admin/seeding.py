"""An operator hides a flaw in a copy of accepted work: second-stage gold, among what reviewers review."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from config.kernel.console import ConsoleAdmin, rules
from config.kernel.errors import DomainError
from config.kernel.requests import person
from labeling.forms import given_answers, texts_in, with_texts
from labeling.services.rounds import documents_in_force
from quality.models import Review
from quality.services.review_gold import seed_flaw


@admin.action(description=_("Hide a flaw in a copy of it, as gold for reviewers"))
def seed_flaw_in_copy(
    modeladmin: ConsoleAdmin, request: HttpRequest, queryset: QuerySet[Review]
) -> HttpResponse | None:
    """Show the attempt of one review to be written anew with a flaw; with `confirm`, make gold of that."""
    chosen = list(queryset.select_related("attempt__form", "round__item")[:2])
    if len(chosen) != 1:
        modeladmin.message_user(request, _("Hide a flaw in one piece of work at a time."), messages.ERROR)
        return None
    [review] = chosen
    if "confirm" not in request.POST:
        return _ask(modeladmin, request, review)
    form, own = review.attempt.form.document, _own(review)
    given = {each.path: request.POST.get(f"text-{each.path}", each.text) for each in texts_in(form, own)}
    try:
        seed_flaw(
            attempt=review.attempt,
            answers=with_texts(form, own, {path: text.replace("\r\n", "\n") for path, text in given.items()}),
            explanation=request.POST.get("explanation", ""),
            clause=request.POST.get("clause", ""),
            concept=request.POST.get("concept", ""),
            actor=person(request),
        )
    except DomainError as error:
        return _ask(modeladmin, request, review, fault=error.message)
    modeladmin.message_user(
        request, _("A flaw is hidden in a copy of %s; reviewers will meet it.") % review.round.item, messages.SUCCESS
    )
    return None


def _own(review: Review) -> dict[str, Any]:
    attempt = review.attempt
    return given_answers(attempt.form.document, attempt.answers, attempt.rationale)


def _ask(modeladmin: ConsoleAdmin, request: HttpRequest, review: Review, *, fault: Any = "") -> HttpResponse:
    rules().log_shown(person(request), [review.attempt])
    texts = texts_in(review.attempt.form.document, _own(review))
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": _("Hide a flaw in a copy of the work on %s") % review.round.item,
        "opts": modeladmin.opts,
        "review": review,
        "texts": [(each, request.POST.get(f"text-{each.path}", each.text)) for each in texts],
        "clauses": documents_in_force(review.attempt.project).guideline.clauses,
        "given": {name: request.POST.get(name, "") for name in ("explanation", "clause", "concept")},
        "fault": fault,
        "action_checkbox_name": admin.helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "console/seed_flaw.html", context)
