"""Who may serve what, and who holds what, in the console."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.console import BigTableAdmin, ServiceAdd, ServiceChange, display, service_action, state
from config.kernel.requests import person
from routing.models import Enrolment, Lease, Qualification, QualificationChange
from routing.services.enrolments import end_enrolment, enrol_reviewer, grant_qualification


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
class EnrolmentAdmin(ServiceAdd):
    led = "reviewer__organisation"
    led_display = ("reviewer", "project", "trust", "trust_reason", "created_at", "ended_at")
    list_display = ("reviewer", "project", "trust_label", "trust_reason", "created_at", "ended_at")
    list_filter = ("trust", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("reviewer__user", "project")
    search_fields = ("=reviewer__user__email",)
    add_fields = ("project", "reviewer")
    actions = (service_action(end_enrolment, argument="enrolment", description=_("End the enrolment")),)

    @display(
        description=_("trust"),
        label={"trusted": "success", "probation": "info", "paused": "danger"},
        ordering="trust",
    )
    def trust_label(self, enrolment: Enrolment) -> tuple[str, str]:
        return enrolment.trust, enrolment.get_trust_display()

    def make(self, request: HttpRequest, values: dict[str, Any]) -> Enrolment:
        return enrol_reviewer(**values, actor=person(request))


@admin.register(Lease)
class LeaseAdmin(BigTableAdmin):
    list_display = (
        "id", "reviewer", "task",
        state({"live": "info", "submitted": "success", "expired": "warning", "skipped": "warning", "withdrawn": "danger"}),
        "claimed_at", "until", "ended_at", "why", "skip_reason",
    )  # fmt: skip
    list_filter = ("state",)
    fields = (
        "project", "reviewer", "task", "state", "claimed_at", "until", "ended_at", "why", "skip_reason",
    )  # fmt: skip
    list_select_related = ("reviewer__user", "task")
    search_fields = ("=reviewer__user__email",)


@admin.register(QualificationChange)
class QualificationChangeAdmin(BigTableAdmin):
    permission = None
    list_display = ("pgh_obj", "pgh_label", "pgh_created_at", "pgh_context")
    list_select_related = ("pgh_obj",)
