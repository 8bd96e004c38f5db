"""Batches, items and their content. Content is shown in a frame that may run and fetch nothing, and each look is logged."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from config.kernel.console import (
    BigTableAdmin,
    ConsoleAdmin,
    ConsoleInline,
    ServiceAdd,
    display,
    service_action,
    short,
    state,
)
from config.kernel.requests import person
from labeling.models import Batch, ColumnMapping, Item, ItemVersion, RejectedRow, SourceGrant, StagedRow
from labeling.services.erasures import erase_item
from labeling.services.imports import end_grant, grant_path
from labeling.services.revisions import redact_item

ITEM_LABELS = {
    "held": "warning",
    "resolved": "success",
    "in_progress": "info",
    "gold": "warning",
    "withdrawn": "danger",
}


@admin.register(Batch)
class BatchAdmin(ConsoleAdmin):
    list_display = (
        "name", "project", state({"accepted": "success", "refused": "danger", "received": "info"}), "rows_read",
        "format", "items_created", "versions_created", "duplicates", "conflicts", "rejected", "tasks_generated",
        "created_at",
    )  # fmt: skip
    list_filter = ("state", "stage", "format")
    list_select_related = ("project",)
    search_fields = ("=name", "=source_digest")


@admin.register(ColumnMapping)
class ColumnMappingAdmin(ConsoleAdmin):
    list_display = ("name", "number", "project", short("digest", _("digest")), "created_by", "created_at")
    list_select_related = ("project", "created_by")


@admin.register(SourceGrant)
class SourceGrantAdmin(ServiceAdd):
    permission = "manage_customer"
    list_display = ("customer", "path", "granted_by", "created_at", "ended_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    list_select_related = ("customer", "granted_by")
    add_fields = ("customer", "path")
    actions = (service_action(end_grant, argument="grant", description=_("End the grant")),)

    def make(self, request: HttpRequest, values: dict[str, Any]) -> SourceGrant:
        """Made here, files under the path may be read into this customer's batches."""
        return grant_path(**values, actor=person(request))


@admin.register(RejectedRow)
class RejectedRowAdmin(BigTableAdmin):
    content = True
    list_display = ("batch", "line", "field", "reason")
    fields = ("batch", "line", "field", "reason")
    list_select_related = ("batch",)


@admin.register(StagedRow)
class StagedRowAdmin(BigTableAdmin):
    list_display = ("batch_id", "line", "external_id", "language", "domain")
    fields = ("batch", "line", "language", "domain", "difficulty", "digest")
    list_select_related = False


class VersionInline(ConsoleInline):
    model = ItemVersion
    fields = ("number", "reason", "language", "domain", "difficulty", "provenance", "digest", "created_at")


@admin.register(Item)
class ItemAdmin(BigTableAdmin):
    list_display = ("external_id", "project", state(ITEM_LABELS), "batch", "created_at")
    list_filter = ("state",)
    list_select_related = ("project", "batch")
    search_fields = ("=external_id", "=public_id")
    inlines = (VersionInline,)
    actions = (
        service_action(
            erase_item,
            argument="item",
            description=_("Erase the content for good, with a reason: nobody can bring it back"),
            needs_reason=True,
        ),
        service_action(
            redact_item, argument="item", description=_("Redact what was found, with a reason"), needs_reason=True
        ),
    )


@admin.register(ItemVersion)
class ItemVersionAdmin(BigTableAdmin):
    list_display = (
        "item",
        "number",
        "language",
        "domain",
        "difficulty",
        "provenance",
        short("digest", _("digest")),
    )
    fields = (
        "item", "number", "language", "domain", "difficulty", "provenance", "digest", "created_at", "content",
    )  # fmt: skip
    readonly_fields = ("content",)
    list_select_related = ("item",)
    search_fields = ("=item__external_id", "=digest")

    @display(description=_("content (each look is logged)"))
    def content(self, version: ItemVersion) -> str:
        return format_html(
            '<iframe sandbox src="{}" title="{}" style="width:100%;height:34rem;border:1px solid #8884"></iframe>',
            reverse("item-content", args=[version.pk]),
            _("content"),
        )
