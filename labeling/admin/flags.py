"""What the machine and reviewers noticed about content, and what people say to it."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from config.kernel.console import BigTableAdmin, display, service_action, state
from labeling.flag_words import noticed
from labeling.models import Flag, ItemSketch
from labeling.services.revisions import redact_flagged
from labeling.services.triage import confirm_flag, dismiss_flag


@admin.register(Flag)
class FlagAdmin(BigTableAdmin):
    content = True
    list_display = (
        "kind", "field", "noticed", "note", "reported_by", "about", "other",
        state({"open": "warning", "dismissed": "info", "confirmed": "success"}), "reason", "created_at",
    )  # fmt: skip
    list_filter = ("state", "kind")
    list_select_related = (
        "item_version__item", "annotation__item_version__item", "other_item", "reported_by__user",
    )  # fmt: skip
    search_fields = ("=item_version__item__external_id", "=public_id")
    readonly_fields = ("noticed", "about", "other")
    actions = (
        service_action(dismiss_flag, argument="flag", description=_("Dismiss, with a reason"), needs_reason=True),
        service_action(confirm_flag, argument="flag", description=_("Confirm, with a reason"), needs_reason=True),
        service_action(
            redact_flagged, argument="flag", description=_("Redact what was found, with a reason"), needs_reason=True
        ),
    )

    @display(description=_("what was noticed"))
    def noticed(self, flag: Flag) -> str:
        return noticed(flag.kind, flag.detail)

    @display(description=_("item, or annotation"))
    def about(self, flag: Flag) -> str:
        if flag.annotation is not None:
            return _link(
                "labeling_annotation", flag.annotation.pk, _("an answer to"), flag.annotation.item_version.item
            )
        assert flag.item_version is not None
        return _link("labeling_item", flag.item_version.item_id, "", flag.item_version.item)

    @display(description=_("alike"))
    def other(self, flag: Flag) -> str:
        return _link("labeling_item", flag.other_item.pk, "", flag.other_item) if flag.other_item else "–"


def _link(model: str, key: int, before: object, text: object) -> str:
    return format_html('{} <a href="{}">{}</a>', before, reverse(f"admin:{model}_change", args=[key]), text)


@admin.register(ItemSketch)
class ItemSketchAdmin(BigTableAdmin):
    list_display = ("item_version",)
    fields = ("item_version",)
    list_select_related = ("item_version",)
