"""What needs an operator: what is failing, for whom, and what to do next. Every line leads to the rows it speaks of."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django_q.models import Failure

from config.console.escalations import escalations
from config.kernel.console import is_operator, is_vendor_lead
from config.kernel.models import Handoff
from config.kernel.requests import person
from delivery.models import Hold, LedgerEntry, Release
from labeling.models import Batch, Flag, Project, Reviewer, Task, UnplacedAnswer
from labeling.selectors import progress_of
from quality.models import Appeal, Check, Pause, Standing
from routing.models import Enrolment

MOST = 100
PROJECTS = 12


@dataclass(frozen=True, slots=True)
class Trouble:
    """One line: how many, what, what to do, and where."""

    count: str
    what: str
    todo: str
    link: str


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add troubles and projects to the index page, or a vendor lead's people. Each trouble is counted up to MOST."""
    if not is_operator(request):
        context["led"] = _led(request) if is_vendor_lead(request) else []
        return context
    projects = (
        Project.objects.visible_to(person(request), "operate_project").select_related("customer").order_by("name")
    )
    context["escalations"] = escalations(person(request))
    context["troubles"] = [trouble for trouble in troubles(person(request)) if trouble is not None]
    context["projects"] = [
        {
            "project": project,
            "progress": progress_of(project),
            "release": Release.objects.filter(project=project).defer("manifest").order_by("-number").first(),
            "link": reverse("admin:labeling_project_change", args=[project.pk]),
            "operations": reverse("operations", args=[project.public_id]),
            "quality": reverse("quality", args=[project.public_id]),
        }
        for project in projects[:PROJECTS]
    ]
    return context


def _led(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the people whom this vendor lead leads: what they work on, and what was earned, currency by currency."""
    people = Reviewer.objects.visible_to(person(request)).select_related("user", "organisation").order_by("user__name")
    earned = (
        LedgerEntry.objects.filter(reviewer__in=people.values("pk"))
        .values_list("reviewer", "currency")
        .annotate(amount=Sum("amount"))
        .order_by("currency")
    )
    sums: dict[int, list[str]] = {}
    for reviewer, currency, amount in earned:
        sums.setdefault(reviewer, []).append(f"{amount:.2f} {currency}")
    works = people.annotate(projects=Count("enrolments", filter=Q(enrolments__ended_at=None)))
    return [
        {
            "reviewer": reviewer,
            "projects": reviewer.projects,
            "earned": ", ".join(sums.get(reviewer.pk, [])),
            "link": reverse("admin:labeling_reviewer_change", args=[reviewer.pk]),
        }
        for reviewer in works[:MOST]
    ]


def troubles(user: Any) -> list[Trouble | None]:
    """Return what is wrong in what this person operates, None where nothing is."""

    def mine(model: Any) -> Any:
        return model.objects.visible_to(user, "operate_project")

    waiting = Task.objects.filter(project=OuterRef("pk"), state="open")
    served = Enrolment.objects.filter(project=OuterRef("pk"), ended_at=None).exclude(trust="paused")
    deserted = mine(Project).filter(~Exists(served), Exists(waiting), state="open")
    return [
        _trouble(Handoff.objects.filter(dead_at__isnull=False), _("facts were given up on"),
                 _("Read the error, mend its cause, try again."), "kernel_handoff", "?dead_at__isempty=0"),
        _trouble(Failure.objects.all(), _("jobs failed"), _("Read the error; sweeps repeat most jobs."),
                 "django_q_failure"),
        _trouble(mine(Release).filter(state="failed"), _("releases failed"), _("Mend what the fault says and try again."),
                 "delivery_release", "?state__exact=failed"),
        _trouble(mine(Hold).filter(lifted_at=None), _("holds stand"), _("Nothing is frozen until they are lifted."),
                 "delivery_hold", "?lifted_at__isempty=1"),
        _trouble(deserted, _("open projects have work and nobody for it"), _("Enrol reviewers."), "labeling_project"),
        _trouble(mine(Pause).filter(state="provisional"), _("pauses wait for a decision"),
                 _("Confirm or lift them within a day."), "quality_pause", "?state__exact=provisional"),
        _trouble(mine(Standing).filter(state="paused").exclude(skill=""), _("skills are closed to a reviewer"),
                 _("What they did showed too many errors there; later work opens them again."), "quality_standing",
                 "?state__exact=paused"),
        _trouble(mine(Check).filter(state="open"), _("checks wait for somebody"),
                 _("Look at the answers; dismiss what is honest."), "quality_check", "?state__exact=open"),
        _trouble(mine(Appeal).filter(state="open"), _("appeals wait for a decision"), _("Decide them in time."),
                 "quality_appeal", "?state__exact=open"),
        _trouble(mine(UnplacedAnswer), _("answers came too late for their task"), _("See whether they are of use."),
                 "labeling_unplacedanswer"),
        _trouble(mine(Flag).filter(state="open"), _("flags wait for somebody"),
                 _("Dismiss them, confirm them, or redact what was found."), "labeling_flag", "?state__exact=open"),
        _trouble(mine(Batch).filter(state="refused"), _("uploads were refused"), _("Tell the customer why."),
                 "labeling_batch", "?state__exact=refused"),
        _trouble(mine(Batch).filter(state="accepted", rejected__gt=F("items_created")), _("uploads were mostly rejected"),
                 _("Look at the rejected rows with the customer."), "labeling_batch"),
    ]  # fmt: skip


def _trouble(rows: QuerySet[Any], what: str, todo: str, model: str, query: str = "") -> Trouble | None:
    count = rows.order_by()[: MOST + 1].count()
    if not count:
        return None
    shown = f"{MOST}+" if count > MOST else str(count)
    return Trouble(shown, what, todo, reverse(f"admin:{model}_changelist") + query)
