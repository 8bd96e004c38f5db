"""The console's ways: one list, by what an operator is after."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

SECTIONS: tuple[tuple[Any, tuple[tuple[Any, str, str], ...]], ...] = (
    (
        _("The record"),
        (
            (_("Projects"), "folder_open", "labeling_project"),
            (_("Batches"), "upload_file", "labeling_batch"),
            (_("Rejected rows"), "rule", "labeling_rejectedrow"),
            (_("Column mappings"), "view_column", "labeling_columnmapping"),
            (_("Items"), "list_alt", "labeling_item"),
            (_("Flags"), "flag", "labeling_flag"),
            (_("Guidelines"), "menu_book", "labeling_guidelineversion"),
            (_("Forms"), "checklist", "labeling_formversion"),
        ),
    ),
    (
        _("Work"),
        (
            (_("Tasks"), "task_alt", "labeling_task"),
            (_("Leases"), "timer", "routing_lease"),
            (_("Annotations"), "edit_note", "labeling_annotation"),
            (_("Unplaced answers"), "move_to_inbox", "labeling_unplacedanswer"),
            (_("Pools"), "workspaces", "labeling_pool"),
        ),
    ),
    (
        _("Time"),
        (
            (_("Escalations"), "notification_important", "routing_escalation"),
            (_("Clock stops"), "timer_pause", "routing_clockstop"),
            (_("Promises"), "event_upcoming", "routing_promise"),
            (_("Service levels"), "handshake", "routing_servicelevel"),
            (_("Business calendars"), "calendar_month", "routing_businesscalendar"),
            (_("Routing of projects"), "alt_route", "routing_projectrouting"),
            (_("Pools measured"), "speed", "routing_poolstat"),
            (_("Handling times"), "avg_pace", "routing_handlingtime"),
        ),
    ),
    (
        _("Quality"),
        (
            (_("Standings"), "military_tech", "quality_standing"),
            (_("Pauses"), "pause_circle", "quality_pause"),
            (_("Falls"), "trending_down", "quality_fall"),
            (_("Doubts"), "help", "quality_doubt"),
            (_("Checks"), "search_insights", "quality_check"),
            (_("Promises of quality"), "fact_check", "quality_qualityrule"),
            (_("Evidence"), "balance", "quality_evidence"),
            (_("Rulings"), "contact_support", "quality_ruling"),
            (_("Gold"), "verified", "quality_golditem"),
            (_("Gold scores"), "grading", "quality_goldscore"),
            (_("Training and tests"), "school", "quality_exam"),
            (_("Sittings"), "event_seat", "quality_sitting"),
            (_("Customers' verdicts"), "rule", "quality_customerverdict"),
            (_("Openings of stages"), "flag_circle", "quality_stagedecision"),
            (_("Resolutions"), "how_to_vote", "quality_resolution"),
            (_("Figures"), "monitoring", "quality_qualityfigure"),
            (_("Recurring audits"), "event_repeat", "quality_auditschedule"),
            (_("Audit plans"), "fact_check", "quality_auditplan"),
            (_("Audits"), "search_check", "quality_auditdraw"),
            (_("Disputes"), "balance", "quality_dispute"),
            (_("Appeals"), "front_hand", "quality_appeal"),
            (_("Feedback"), "feedback", "quality_feedback"),
            (_("Judges"), "smart_toy", "quality_judge"),
            (_("Alarms about judges"), "notification_important", "quality_judgealarm"),
            (_("Calibrations of judges"), "tune", "quality_judgecalibration"),
            (_("Calls of judges"), "forum", "quality_judgecall"),
            (_("Anchors"), "anchor", "quality_anchor"),
        ),
    ),
    (
        _("Delivery"),
        (
            (_("Releases"), "inventory_2", "delivery_release"),
            (_("Holds"), "front_hand", "delivery_hold"),
            (_("Defects"), "bug_report", "delivery_defect"),
            (_("Ledger"), "receipt_long", "delivery_ledgerentry"),
        ),
    ),
    (
        _("People"),
        (
            (_("Customers"), "domain", "labeling_customer"),
            (_("People"), "group", "kernel_user"),
            (_("Memberships"), "badge", "labeling_membership"),
            (_("Reviewers"), "person_search", "labeling_reviewer"),
            (_("Qualifications"), "school", "routing_qualification"),
            (_("Enrolments"), "how_to_reg", "routing_enrolment"),
            (_("Availability"), "event_available", "routing_availability"),
            (_("Leave"), "beach_access", "routing_leave"),
            (_("Blocks"), "person_off", "routing_block"),
            (_("API keys"), "key", "kernel_apikey"),
            (_("Wrong tries"), "lock_clock", "kernel_wrongtries"),
            (_("Invitations"), "mail", "labeling_invitation"),
            (_("Organisations"), "corporate_fare", "labeling_organisation"),
            (_("Vendors’ leads"), "supervisor_account", "labeling_organisationlead"),
        ),
    ),
    (
        _("Privacy"),
        (
            (_("Access log"), "visibility", "labeling_accesslog"),
            (_("Legal holds"), "gavel", "labeling_legalhold"),
            (_("Erasures"), "delete_forever", "labeling_erasure"),
            (_("Granted paths"), "folder_shared", "labeling_sourcegrant"),
        ),
    ),
    (
        _("Jobs"),
        (
            (_("Events"), "history", "kernel_event"),
            (_("Handoffs"), "swap_horiz", "kernel_handoff"),
            (_("Schedules"), "schedule", "django_q_schedule"),
            (_("Failures"), "error", "django_q_failure"),
            (_("Queue"), "pending_actions", "django_q_ormq"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar in the theme's shape: what this person may open, and nothing else."""
    may_open = {
        model._meta.label_lower.replace(".", "_")
        for model, registered in admin.site._registry.items()
        if registered.has_module_permission(request)
    }
    sections = [
        {
            "title": title,
            "separator": True,
            "collapsible": False,
            "items": [
                {"title": name, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}
                for name, icon, model in entries
                if model in may_open
            ],
        }
        for title, entries in SECTIONS
    ]
    return [section for section in sections if section["items"]]
