"""Audits, disputes, feedback and appeals in the console."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from config.kernel.briefs import brief
from config.kernel.clock import database_now
from config.kernel.console import BigTableAdmin, ServiceAdd, display, service_action, state
from config.kernel.requests import person
from labeling.models import Annotation
from labeling.presentation import shown_beside
from labeling.selectors import annotations_beside
from quality.audits import audited
from quality.models import Appeal, AuditDraw, AuditPlan, AuditSchedule, AuditVerdict, Dispute, Feedback
from quality.sampling import Estimate
from quality.services.appeals import decide_appeal
from quality.services.audit_schedules import end_schedule, make_schedule, results_since
from quality.services.audits import STRATA, close_plan, make_plan, order_draw
from quality.types import AppealState, DrawState, PlanState

DECISIONS = {
    AppealState.UPHELD: _("Uphold, with an answer: what was held against them counts no more"),
    AppealState.REFUSED: _("Refuse, with an answer"),
    AppealState.GUIDELINE: _("The guideline is at fault, with an answer: nobody is marked down"),
}


def shown_estimate(found: Estimate | None) -> str:
    if found is None:
        return "–"
    return f"{found.value:.1%} ({found.interval.low:.1%} to {found.interval.high:.1%}) of {found.audited} audited"


class Stratified(ServiceAdd):
    """For what is drawn within strata: these are ticked."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "strata":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return forms.MultipleChoiceField(
            choices=[(name, name) for name in STRATA],
            widget=forms.CheckboxSelectMultiple,
            required=False,
            label=db_field.verbose_name,
            help_text=_("None: one draw of everything."),
        )


@admin.register(AuditSchedule)
class AuditScheduleAdmin(Stratified):
    """Audits that recur, and when the next is due; each makes a plan of its own."""

    list_display = ("name", "project", "every", "next_due", "last_plan", "half_width", "made_by", "ended_at")
    list_filter = ("every", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("project", "made_by")
    add_fields = ("project", "name", "every", "every_results", "first_at", "strata", "half_width", "share_twice")
    fields = (
        "project", "name", "every", "every_results", "next_due", "last_plan", "drawn_until", "strata", "half_width",
        "share_twice", "first_at", "made_by", "created_at", "ended_at",
    )  # fmt: skip
    readonly_fields = ("next_due", "last_plan")
    actions = (
        service_action(end_schedule, argument="schedule", description=_("End, with a reason"), needs_reason=True),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "first_at":
            kwargs = {**kwargs, "required": False, "initial": None}
            kwargs["help_text"] = _("Empty: a week or month from now. None for audits after so many results.")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Model:
        return make_schedule(**values, actor=person(request))

    @display(description=_("next"))
    def next_due(self, schedule: AuditSchedule) -> str:
        if schedule.ended_at is not None:
            return "–"
        waiting = AuditDraw.objects.filter(project=schedule.project_id, state=DrawState.WAITING).exists()
        behind = _(", once no audit waits") if waiting else ""
        if schedule.next_at is not None:
            return f"{schedule.next_at:%Y-%m-%d %H:%M} UTC{behind}"
        most = schedule.every_results or 0
        left = most - results_since(schedule, database_now(), most=most)
        return f"{_('after %d more results') % max(left, 0)}{behind}"

    @display(description=_("last plan"))
    def last_plan(self, schedule: AuditSchedule) -> str:
        latest = schedule.plans.order_by("-pk").first()
        return str(latest) if latest else "–"


@admin.register(AuditPlan)
class AuditPlanAdmin(Stratified):
    """A plan is made, drawn from once, and says what its audits estimate so far."""

    list_display = (
        "name", "project", state({"draft": "info", "drawn": "success", "closed": "warning"}), "half_width", "made_by",
        "drawn_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("project", "made_by")
    add_fields = ("project", "name", "strata", "half_width", "share_twice", "resolved_from", "resolved_until")
    fields = (
        "project", "name", "state", "strata", "half_width", "share_twice", "resolved_from", "resolved_until", "seed", "sizes",
        "schedule", "made_by", "drawn_at", "estimate", "by_question", "by_stratum", "experts",
    )  # fmt: skip
    readonly_fields = ("estimate", "by_question", "by_stratum", "experts")
    actions = (
        service_action(order_draw, argument="plan", description=_("Draw")),
        service_action(
            close_plan,
            argument="plan",
            description=_("Ask no more experts, with a reason"),
            needs_reason=True,
            in_steps=True,
        ),
    )

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Model:
        return make_plan(**values, actor=person(request))

    @display(description=_("estimate"))
    def estimate(self, plan: AuditPlan) -> str:
        if plan.state == PlanState.DRAFT:
            return "–"
        found = audited(plan)
        return f"{found.called}: {shown_estimate(found.whole)}; {found.waiting} wait, {found.void} void"

    @display(description=_("by question"))
    def by_question(self, plan: AuditPlan) -> SafeString:
        return _listed((f"{name} ({called})", each) for name, called, each in audited(plan).by_question)

    @display(description=_("by stratum"))
    def by_stratum(self, plan: AuditPlan) -> SafeString:
        return _listed(audited(plan).by_stratum.items())

    @display(description=_("experts among themselves"))
    def experts(self, plan: AuditPlan) -> str:
        found = audited(plan).experts
        if found is None or found.agreed.interval is None:
            return "–"
        return f"agree on {found.agreed.count} of {found.agreed.total} items audited twice ({found.agreed.interval})"


def _listed(estimates: Any) -> SafeString:
    lines = format_html_join("", "<li>{}: {}</li>", ((name, shown_estimate(each)) for name, each in estimates))
    return format_html("<ul>{}</ul>", lines) if lines else SafeString("–")


@admin.register(AuditDraw)
class AuditDrawAdmin(BigTableAdmin):
    list_display = (
        "plan", "resolution", "stratum", "probability", "is_twice",
        state({"waiting": "info", "done": "success", "void": "warning"}), "settled_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("plan", "resolution")


@admin.register(AuditVerdict)
class AuditVerdictAdmin(BigTableAdmin):
    list_display = (
        "draw", "expert", "is_right", brief("by_question", _("by question")), "clause", "severity", "created_at",
    )  # fmt: skip
    list_filter = ("is_right", "severity")
    list_select_related = ("draw", "annotation__reviewer__user")

    @display(description=_("expert"))
    def expert(self, verdict: AuditVerdict) -> str:
        return str(verdict.annotation.reviewer)


@admin.register(Dispute)
class DisputeAdmin(BigTableAdmin):
    """The queue of what an adjudicator decides, with both sides as the adjudicator sees them: without names."""

    content = True
    list_display = (
        "item", "project", "reason", state({"open": "warning", "decided": "success", "dropped": "info"}), "outcome",
        "clause", "sides", "created_at", "decided_at",
    )  # fmt: skip
    list_filter = ("state", "reason", "outcome")
    list_select_related = ("project", "round__item")
    search_fields = ("=round__item__external_id",)
    readonly_fields = ("sides",)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The sides of a page's disputes are read at once."""
        page = super().get_changelist_instance(request)
        sides = {
            each.pk: each for each in annotations_beside({key for row in page.result_list for key in row.annotations})
        }
        for row in page.result_list:
            row.read = [sides[key] for key in row.annotations if key in sides]
        return page

    @display(description=_("item"))
    def item(self, dispute: Dispute) -> str:
        return str(dispute.round.item)

    @display(description=_("sides"))
    def sides(self, dispute: Any) -> SafeString:
        read = dispute.read if hasattr(dispute, "read") else annotations_beside(dispute.annotations)
        said = shown_beside(read, seed=dispute.round.item.public_id)
        lines = (
            (each.title, "; ".join(f"{question} {', '.join(answer)}" for question, answer in each.said))
            for each in said
        )
        return format_html("<ul>{}</ul>", format_html_join("", "<li><b>{}</b> {}</li>", lines))


@admin.register(Feedback)
class FeedbackAdmin(BigTableAdmin):
    content = True
    list_display = ("reviewer", "project", "kind", "clause", "words", "tell_from", "read_at", "appeal_until")
    list_filter = ("kind",)
    list_select_related = ("reviewer__user", "project")
    search_fields = ("=reviewer__user__email",)


@admin.register(Appeal)
class AppealAdmin(BigTableAdmin):
    """What is due first waits first; whoever had a part in it cannot decide."""

    content = True
    list_display = (
        "reviewer", "project", "about", "what_was_said", "words",
        state({"open": "warning", "upheld": "success", "refused": "danger", "guideline": "info"}), "due_at", "decided_by",
        "answer",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("reviewer__user", "project", "feedback", "decided_by")
    ordering = ("due_at", "pk")
    readonly_fields = ("about", "what_was_said", "their_answer")
    actions = tuple(
        service_action(
            decide_appeal, argument="appeal", description=description, needs_reason=True, outcome=outcome.value
        )
        for outcome, description in DECISIONS.items()
    )

    @display(description=_("against"))
    def about(self, appeal: Appeal) -> str:
        clause = f", {appeal.feedback.clause}" if appeal.feedback.clause else ""
        return f"{appeal.feedback.get_kind_display()}{clause}"

    @display(description=_("what they were told"))
    def what_was_said(self, appeal: Appeal) -> str:
        return appeal.feedback.words

    @display(description=_("their answer"))
    def their_answer(self, appeal: Appeal) -> str:
        said: Annotation = appeal.feedback.annotation
        [shown] = shown_beside(annotations_beside([said.pk]), seed=said.public_id)
        return "; ".join(f"{question} {', '.join(lines)}" for question, lines in shown.said)
