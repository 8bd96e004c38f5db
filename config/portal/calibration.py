"""The portal's calibration: customers answer items themselves, and see how far reviewers agree with them."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from config.kernel.errors import Conflict, Invalid, NotFound
from config.kernel.requests import person
from config.portal.paging import page_of
from config.portal.views import PortalPage
from labeling import selectors as labeling
from labeling.forms import InvalidAnswers
from labeling.models import Item, Project
from labeling.presentation import rendered, shown_item
from labeling.services.access import log_read
from quality.customer_agreement import WithCustomer
from quality.services.verdicts import give_verdicts
from quality.verdicts import calibration_items, calibration_of, verdict_on

# What the service says of the first of many verdicts, the page says of its only one.
OF_THE_FIRST = "verdicts.0.answers."


class CalibrationPage(PortalPage):
    """Agreement by question, the bar of the next stage, and the items to answer. No content is shown here."""

    def get(self, request: HttpRequest, project: UUID) -> HttpResponse:
        found = labeling.get_project(user=person(request), public_id=project)
        calibration, items = calibration_of(found), calibration_items(found)
        texts = {each["id"]: each["text"] for each in labeling.form_in_use(found).document["questions"]}
        unanswered = items.filter(has_verdict=False)
        context = {
            "project": found,
            "calibration": calibration,
            "groups": [
                (name, [_shown(each, texts) for each in compared])
                for name, compared in (("Reviewers", calibration.reviewers), ("Experts", calibration.experts))
                if compared
            ],
            "items": page_of(items, request, "after"),
            "asked": items.count(),
            "unanswered": unanswered.count(),
            "next": unanswered.order_by("pk").first(),
            "may_decide": self.may(found, "decide_release"),
        }
        return render(request, "portal/calibration.html", context)


def _shown(each: WithCustomer, texts: dict[str, str]) -> dict[str, Any]:
    low, high = each.agreement_interval
    return {
        "text": texts.get(each.question, each.question),
        "compared": each.compared,
        "items": each.items,
        "agreement": f"{each.agreement:.0%}",
        "interval": f"{low:.0%} – {high:.0%}",
        "kappa": "" if each.kappa is None else f"{each.kappa:.2f}",
        "kappa_interval": "" if each.interval is None else f"{each.interval[0]:.2f} – {each.interval[1]:.2f}",
    }


class OwnVerdict(PortalPage):
    """One item with the reviewers' form, for those who decide. What reviewers said would lead: it is not shown."""

    def get(self, request: HttpRequest, project: UUID, item: UUID) -> HttpResponse:
        found, asked = self._asked(project, item)
        return self._page(found, asked)

    def post(self, request: HttpRequest, project: UUID, item: UUID) -> HttpResponse:
        found, asked = self._asked(project, item)
        answers = _sent(request)
        verdict = {"external_id": asked.external_id, "answers": answers}
        try:
            kept = give_verdicts(project=found, verdicts=[verdict], actor=person(request))
        except InvalidAnswers as fault:
            told = {
                "field": (fault.field or "").removeprefix(OF_THE_FIRST),
                "message": fault.message.removeprefix(f"Item {asked.external_id!r}: "),
            }
            return self._page(found, asked, answers=answers, faults=[told])
        said = "Your verdict is kept." if kept else "That was your verdict already."
        following = calibration_items(found).filter(has_verdict=False).order_by("pk").first()
        if following is None:
            messages.success(request, f"{said} Every item has one now.")
            return HttpResponseRedirect(reverse("portal:calibration", args=[project]))
        messages.success(request, f"{said} Here is the next item.")
        return HttpResponseRedirect(reverse("portal:own-verdict", args=[project, following.public_id]))

    def back(self) -> str:
        return reverse("portal:calibration", args=[self.kwargs["project"]])

    def _asked(self, project: UUID, item: UUID) -> tuple[Project, Item]:
        found = labeling.get_project(user=person(self.request), public_id=project, permission="decide_release")
        asked = calibration_items(found).select_related("current_version").filter(public_id=item).first()
        if asked is None:
            raise NotFound("There is no such item in the calibration.")
        return found, asked

    def _page(
        self, project: Project, item: Item, *, answers: Any = None, faults: list[dict[str, str]] | None = None
    ) -> HttpResponse:
        version, form, before = item.current_version, labeling.form_in_use(project).document, verdict_on(item)
        if version is None:
            raise Conflict("This item has no content to answer.")
        log_read(
            user_id=person(self.request).pk,
            customer_id=project.customer_id,
            project_id=project.pk,
            door="portal",
            object_type="labeling.itemversion",
            object_ids=[version.pk],
        )
        shown = shown_item(version.payload, language=version.language, seed=item.public_id)
        task = {
            "form": form,
            "item": rendered(shown),
            "answers": answers if answers is not None else (before.answers if before else {}),
            "faults": faults or [],
        }
        context = {"project": project, "item": item, "title": form["title"], "task": task, "before": before}
        return render(self.request, "portal/own_verdict.html", context, status=422 if faults else 200)


def _sent(request: HttpRequest) -> dict[str, Any]:
    """Return the answers as the page's form sends them: one object as JSON."""
    try:
        answers = json.loads(request.POST.get("answers", ""))
    except (ValueError, RecursionError):
        answers = None
    if not isinstance(answers, dict):
        raise Invalid("Your answers did not arrive whole; open the item again.", field="answers")
    return answers
