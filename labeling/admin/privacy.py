"""Legal holds, erasures and what is left of what was erased."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.briefs import brief
from config.kernel.console import BigTableAdmin, ConsoleAdmin, ServiceAdd, service_action, short
from config.kernel.requests import person
from labeling.models import (
    Erasure,
    GuidelineAcknowledgement,
    ImportedIdentity,
    LegalHold,
    Tombstone,
)
from labeling.services.erasures import erase_imported_person
from labeling.services.legal_holds import lift_legal_hold, place_legal_hold


@admin.register(ImportedIdentity)
class ImportedIdentityAdmin(ConsoleAdmin):
    permission = "manage_customer"
    list_display = ("name", "customer", "reviewer")
    list_select_related = ("customer", "reviewer")
    actions = (
        service_action(
            erase_imported_person,
            argument="identity",
            description=_("Erase name and words for good, with a reason: nobody can bring them back"),
            needs_reason=True,
        ),
    )


@admin.register(GuidelineAcknowledgement)
class GuidelineAcknowledgementAdmin(BigTableAdmin):
    list_display = ("reviewer", "project", "number", "created_at")
    list_select_related = ("reviewer__user", "project")
    search_fields = ("=reviewer__user__email",)


@admin.register(LegalHold)
class LegalHoldAdmin(ServiceAdd):
    permission = "manage_customer"
    list_display = ("customer", "project", "reason", "placed_by", "placed_at", "lifted_by", "lifted_at")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter),)
    list_select_related = ("customer", "project", "placed_by", "lifted_by")
    add_fields = ("customer", "project", "reason")
    actions = (
        service_action(lift_legal_hold, argument="hold", description=_("Lift, with a reason"), needs_reason=True),
    )

    def make(self, request: HttpRequest, values: dict[str, Any]) -> LegalHold:
        return place_legal_hold(**values, actor=person(request))


@admin.register(Erasure)
class ErasureAdmin(ConsoleAdmin):
    permission = "manage_customer"
    list_display = (
        "kind",
        "subject_id",
        "customer",
        "reason",
        "requested_by",
        brief("counts", _("counts")),
        "created_at",
        "finished_at",
    )
    list_filter = ("kind",)
    list_select_related = ("customer", "requested_by")


@admin.register(Tombstone)
class TombstoneAdmin(BigTableAdmin):
    permission = "manage_customer"
    list_display = ("subject", "subject_id", "erasure", short("keyed_digest", _("keyed digest")), "created_at")
    list_select_related = ("erasure",)
