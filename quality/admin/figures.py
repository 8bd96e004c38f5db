"""What was measured of quality, in the console: as the roll-up last found it."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from config.kernel.briefs import brief
from config.kernel.console import BigTableAdmin, display
from quality.models import QualityFigure


@admin.register(QualityFigure)
class QualityFigureAdmin(BigTableAdmin):
    list_display = (
        "project", "name", "question", "where", "guideline", "reviewer", "measured", "interval", "units", "why_undefined",
        "measured_at",
    )  # fmt: skip
    list_filter = ("name", "segment")
    list_select_related = ("project", "guideline", "reviewer__user")
    fields = (
        "project", "name", "question", "segment", "segment_value", "guideline", "reviewer", "value", "low", "high", "units",
        "why_undefined", brief("detail", _("detail")), "measured_at",
    )  # fmt: skip

    @display(description=_("where"))
    def where(self, figure: QualityFigure) -> str:
        return " ".join(part for part in (figure.get_segment_display(), figure.segment_value) if part)

    @display(description=_("value"), ordering="value")
    def measured(self, figure: QualityFigure) -> str:
        return "–" if figure.value is None else f"{figure.value:.3f}"

    @display(description=_("95 % interval"))
    def interval(self, figure: QualityFigure) -> str:
        return "–" if figure.low is None or figure.high is None else f"{figure.low:.3f} to {figure.high:.3f}"
