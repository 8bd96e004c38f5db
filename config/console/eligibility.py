"""Who may do what, and why not: below a task, a reviewer and a pool, for those who operate the project."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from config.kernel.console import is_operator
from config.kernel.requests import person
from labeling.admin.people import ReviewerAdmin
from labeling.admin.work import PoolAdmin, TaskAdmin
from labeling.models import Pool, Reviewer, Task
from routing.explaining import explain_eligibility, people_of_pool


class TaskWithEligibilityAdmin(TaskAdmin):
    """The record's page of a task, and below it whether somebody may do it."""

    change_form_after_template: Any = "console/may.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        asked = _asked(_("Which reviewer (e-mail)?"), "reviewer", request)
        task = self.get_object(request, object_id)
        if task is not None and asked["value"]:
            wanted = Q(user__email__iexact=asked["value"])
            reviewer = Reviewer.objects.visible_to(person(request)).filter(wanted).first()
            asked |= _told(reviewer, task, _("There is no reviewer with this e-mail."))
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "asked": asked})


class ReviewerWithEligibilityAdmin(ReviewerAdmin):
    """The record's page of a reviewer, and below it whether they may do a task. A vendor's lead is told nothing of tasks."""

    change_form_after_template: Any = "console/may.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        asked = _asked(_("Which task (number)?"), "task", request) if is_operator(request) else None
        reviewer = self.get_object(request, object_id)
        if asked and reviewer is not None and asked["value"]:
            number = int(asked["value"]) if asked["value"].isdecimal() and len(asked["value"]) < 19 else 0
            task = Task.objects.visible_to(person(request), "operate_project").filter(pk=number).first()
            asked |= _told(reviewer, task, _("You operate no task of this number."))
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "asked": asked})


class PoolWithPeopleAdmin(PoolAdmin):
    """The record's page of a pool, and below it who may serve it, and why others may not."""

    change_form_after_template: Any = "console/people.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pool: Pool | None = self.get_object(request, object_id)
        after = request.GET.get("after", "")
        start = int(after) if after.isdecimal() and len(after) < 19 else 0
        page = people_of_pool(pool=pool, after=start) if pool is not None else None
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "page": page})


def _asked(question: str, name: str, request: HttpRequest) -> dict[str, Any]:
    return {"question": question, "name": name, "value": request.GET.get(name, "").strip(), "fault": ""}


def _told(reviewer: Reviewer | None, task: Task | None, fault: str) -> dict[str, Any]:
    if reviewer is None or task is None:
        return {"fault": fault}
    told = explain_eligibility(reviewer=reviewer, task=task)
    return {"title": f"{reviewer}, {task}", "explanation": told}
