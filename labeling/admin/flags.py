"""What the machine noticed about content, for a person to look at."""

from django.contrib import admin

from config.kernel.console import BigTableAdmin, state
from labeling.models import Flag, ItemSketch


@admin.register(Flag)
class FlagAdmin(BigTableAdmin):
    list_display = (
        "kind", "field", "detail", "item_version", "annotation", "other_item",
        state({"open": "warning", "dismissed": "info", "confirmed": "success"}), "created_at",
    )  # fmt: skip
    list_filter = ("state", "kind")
    list_select_related = ("item_version__item", "annotation", "other_item")


@admin.register(ItemSketch)
class ItemSketchAdmin(BigTableAdmin):
    list_display = ("item_version",)
    fields = ("item_version",)
    list_select_related = ("item_version",)
