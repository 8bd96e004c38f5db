"""Reviews of written work in the console."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from config.kernel.console import BigTableAdmin, display
from quality.admin.seeding import seed_flaw_in_copy
from quality.models import Review


@admin.register(Review)
class ReviewAdmin(BigTableAdmin):
    list_display = ("item", "verdict_label", "clause", "author", "reviewer", "created_at")
    list_filter = ("verdict",)
    list_select_related = ("round__item", "author__user", "reviewer__user")
    search_fields = ("=round__item__external_id",)
    actions = (seed_flaw_in_copy,)

    @display(description=_("item"))
    def item(self, review: Review) -> str:
        return str(review.round.item)

    @display(
        description=_("verdict"),
        label={"accept": "success", "fix": "info", "send_back": "warning", "reject": "danger"},
    )
    def verdict_label(self, review: Review) -> tuple[str, str]:
        return review.verdict, review.get_verdict_display()
