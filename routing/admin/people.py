"""Who may serve what, and who holds what, in the console."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.postgres.forms import RangeWidget
from django.db.models import QuerySet
from django.forms import DateInput
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from config.kernel.console import (
    BigTableAdmin,
    ConsoleAdmin,
    ServiceAdd,
    ServiceChange,
    display,
    service_action,
    state,
)
from config.kernel.errors import Invalid
from config.kernel.requests import person
from routing.models import (
    Availability,
    AvailabilityChange,
    Block,
    Enrolment,
    EnrolmentChange,
    Exclusion,
    Lease,
    Leave,
    Qualification,
    QualificationChange,
    Workload,
)
from routing.selectors import with_reasons_for
from routing.services.availability import AVAILABILITY_SETTINGS, add_leave, remove_leave, set_availability
from routing.services.blocks import lift_block, place_block
from routing.services.enrolments import (
    end_enrolment,
    enrol_reviewer,
    grant_qualification,
    limit_difficulty,
    pause_reviewer,
    put_on_probation,
    trust_fully,
)


@admin.register(Qualification)
class QualificationAdmin(ServiceChange):
    permission = None
    led = "reviewer__organisation"
    led_display = ("reviewer", "skill", "level", "expires_at", "granted_at")
    list_display = ("reviewer", "skill", "level", "expires_at", "granted_by", "reason", "granted_at")
    list_filter = ("skill", "level")
    list_select_related = ("reviewer__user", "granted_by")
    search_fields = ("=reviewer__user__email", "=skill")
    add_fields = ("reviewer", "skill", "level", "expires_at", "reason")
    change_fields = ("level", "expires_at", "reason")

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Qualification:
        return grant_qualification(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> Qualification:
        """A regrade is a grant like the first: by name and with a reason."""
        now = {"level": row.level, "expires_at": row.expires_at, "reason": row.reason}
        return grant_qualification(reviewer=row.reviewer, skill=row.skill, **{**now, **changes}, actor=person(request))


@admin.register(Enrolment)
class EnrolmentAdmin(ServiceChange):
    led = "reviewer__organisation"
    led_display = ("reviewer", "project", "trust", "trust_reason", "created_at", "ended_at")
    list_display = (
        "reviewer", "project", "trust_label", "trust_reason", "max_difficulty", "standing", "created_at", "ended_at",
    )  # fmt: skip
    fields = (
        "reviewer", "project", "pseudonym", "trust", "trust_reason", "max_difficulty", "standing", "created_at", "ended_at",
    )  # fmt: skip
    list_filter = ("trust", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("reviewer__user", "project")
    search_fields = ("=reviewer__user__email",)
    add_fields = ("project", "reviewer")
    change_fields = ("max_difficulty",)
    actions = (
        service_action(trust_fully, argument="enrolment", description=_("Trust, with a reason"), needs_reason=True),
        service_action(
            put_on_probation, argument="enrolment", description=_("Put on probation, with a reason"), needs_reason=True
        ),
        service_action(pause_reviewer, argument="enrolment", description=_("Pause, with a reason"), needs_reason=True),
        service_action(end_enrolment, argument="enrolment", description=_("End the enrolment")),
    )

    @display(
        description=_("trust"),
        label={"trusted": "success", "probation": "info", "paused": "danger"},
        ordering="trust",
    )
    def trust_label(self, enrolment: Enrolment) -> tuple[str, str]:
        return enrolment.trust, enrolment.get_trust_display()

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Enrolment:
        return enrol_reviewer(**values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> Enrolment:
        return limit_difficulty(enrolment=row, most=changes["max_difficulty"], actor=person(request))


@admin.register(Lease)
class LeaseAdmin(BigTableAdmin):
    list_display = (
        "id", "reviewer", "task",
        state({"live": "info", "submitted": "success", "expired": "warning", "skipped": "warning", "withdrawn": "danger"}),
        "claimed_at", "until", "ended_at", "chosen", "skip_reason",
    )  # fmt: skip
    list_filter = ("state", "is_prefetched")
    fields = (
        "project", "reviewer", "task", "state", "claimed_at", "until", "seconds", "extended_at", "is_prefetched", "ended_at",
        "chosen", "weighed", "skip_reason",
    )  # fmt: skip
    readonly_fields = ("chosen", "weighed")
    list_select_related = ("reviewer__user", "task")
    search_fields = ("=reviewer__user__email",)

    @display(description=_("why chosen"))
    def chosen(self, lease: Lease) -> str:
        return str(lease.why.get("text", ""))

    @display(description=_("weighed"))
    def weighed(self, lease: Lease) -> SafeString:
        """What the choice between the pools saw, and what each term gave to the score."""
        seen: dict[Any, Any] = {
            _("place among the pools"): f"{lease.why.get('rank')} / {lease.why.get('of')}",
            _("priority"): lease.why.get("priority"),
            _("due"): lease.why.get("due_at") or "–",
            _("hours left"): lease.why.get("left_hours"),
            _("hours to spare"): lease.why.get("spare_hours"),
            _("score"): lease.why.get("score"),
            **{f"… {name}": value for name, value in lease.why.get("terms", {}).items()},
        }
        rows = [(name, "–" if value is None else value) for name, value in seen.items()]
        return format_html(
            "<table><tbody>{}</tbody></table>",
            format_html_join("", "<tr><th class='pr-6 text-left font-normal'>{}</th><td>{}</td></tr>", rows),
        )


@admin.register(QualificationChange)
class QualificationChangeAdmin(BigTableAdmin):
    permission = None
    list_display = ("pgh_obj", "pgh_label", "pgh_created_at", "pgh_context")
    list_select_related = ("pgh_obj",)


@admin.register(Availability)
class AvailabilityAdmin(ServiceChange):
    permission = None
    list_display = (
        "reviewer", "is_on", "time_zone", "daily_limit", "daily_ceiling", "weekly_limit", "weekly_ceiling", "changed_at",
    )  # fmt: skip
    list_filter = ("is_on", "time_zone")
    list_select_related = ("reviewer__user",)
    search_fields = ("=reviewer__user__email",)
    add_fields = ("reviewer", *AVAILABILITY_SETTINGS)
    change_fields = AVAILABILITY_SETTINGS

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Availability:
        reviewer = values.pop("reviewer")
        return set_availability(reviewer=reviewer, changes=values, actor=person(request))

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> Availability:
        return set_availability(reviewer=row.reviewer, changes=changes, actor=person(request))


@admin.register(Leave)
class LeaveAdmin(ServiceAdd):
    permission = None
    list_display = ("reviewer", "during", "why")
    list_select_related = ("reviewer__user",)
    search_fields = ("=reviewer__user__email",)
    add_fields = ("reviewer", "during", "reason")
    fields = ("reviewer", "during", "why")
    actions = (service_action(remove_leave, argument="leave", description=_("Take back")),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Leave]:
        return with_reasons_for(person(request), super().get_queryset(request))

    @display(description=_("reason"))
    def why(self, leave: Any) -> str:
        """Why somebody is away is for those in charge of them."""
        return str(leave.reason_shown)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Two days, the second of which is the first back at work."""
        if db_field.name == "during":
            kwargs |= {
                "widget": RangeWidget(DateInput(attrs={"type": "date"})),
                "help_text": _("From the first day away to the first day back."),
            }
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Leave:
        during = values.pop("during")
        if during.lower is None or during.upper is None:
            raise Invalid("Say both days; to stop work for good, switch it off.", field="during")
        last = during.upper - timedelta(days=1)
        return add_leave(**values, first=during.lower, last=last, actor=person(request))


@admin.register(Workload)
class WorkloadAdmin(ConsoleAdmin):
    permission = None
    list_display = ("reviewer", "day", "day_count", "day_distressing_count", "week", "week_count", "last_at")
    list_select_related = ("reviewer__user",)
    search_fields = ("=reviewer__user__email",)


@admin.register(Block)
class BlockAdmin(ServiceAdd):
    permission = "manage_customer"
    made_by_managers = True
    list_display = ("reviewer", "customer", "reason", "placed_by", "placed_at", "lifted_at", "lifted_by", "lift_reason")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter),)
    list_select_related = ("reviewer__user", "customer", "placed_by", "lifted_by")
    search_fields = ("=reviewer__user__email",)
    add_fields = ("customer", "reviewer", "reason")
    actions = (service_action(lift_block, argument="block", description=_("Lift, with a reason"), needs_reason=True),)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Block:
        return place_block(**values, actor=person(request))


@admin.register(Exclusion)
class ExclusionAdmin(BigTableAdmin):
    list_display = ("round", "reviewer", "reason", "created_at")
    list_filter = ("reason",)
    list_select_related = ("round", "reviewer__user")
    search_fields = ("=reviewer__user__email",)


@admin.register(AvailabilityChange)
class AvailabilityChangeAdmin(BigTableAdmin):
    permission = None
    list_display = ("pgh_obj_id", "pgh_label", "pgh_created_at", "pgh_context")
    list_select_related = False


@admin.register(EnrolmentChange)
class EnrolmentChangeAdmin(BigTableAdmin):
    list_display = ("pgh_obj", "pgh_label", "trust", "max_difficulty", "pgh_created_at", "pgh_context")
    list_select_related = ("pgh_obj__reviewer__user", "pgh_obj__project")
