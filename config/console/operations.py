"""A project's operations on one page: what is failing, for whom, what to do next; and the figures behind it."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from config.console.escalations import escalations
from config.console.project_pages import project_page
from config.kernel.requests import person
from labeling.models import Project
from quality.pauses import overdue_pauses, rates_of_groups
from routing import figures
from routing.clock import shown_clock
from routing.services.watching import is_expert

MOST = 50
# The height of a bar in the picture of the last hours.
TALLEST = 50.0


@project_page
def operations(request: HttpRequest, found: Project) -> HttpResponse:
    """Show one project to who operates it; 404 for anybody else."""
    outcomes = figures.lease_outcomes(found)
    staffing = figures.staffing(found)
    pools = figures.pools_measured(found)
    context = {
        **admin.site.each_context(request),
        "title": _("Operations of %s") % found.name,
        "project": found,
        "clock": shown_clock(found),
        "escalations": escalations(person(request), project=found, most=MOST),
        "pools": [(stat, is_expert(stat.pool)) for stat in pools],
        "measured_at": min((stat.measured_at for stat in pools), default=None),
        "ages": figures.queue_ages(found),
        "outcomes": list(zip(outcomes, _bars([hour.submitted for hour in outcomes]), strict=True)),
        "since": outcomes[0].at,
        "totals": {
            name: sum(getattr(hour, name) for hour in outcomes)
            for name in ("submitted", "expired", "skipped", "withdrawn")
        },
        "turnaround": figures.turnaround(found),
        "judgment_seconds": figures.judgment_hours(found) * 3600.0,
        "staffing": staffing,
        "overdue_pauses": overdue_pauses().filter(project=found).count(),
        "groups": rates_of_groups(found),
        "days": [each.day for each in staffing[0].days] if staffing else [],
    }
    return render(request, "console/operations.html", context)


def _bars(counts: list[int]) -> list[tuple[float, float]]:
    """Return top and height of a bar for each count, the tallest for the most."""
    most = max(counts, default=0) or 1
    heights = [round(TALLEST * count / most, 1) for count in counts]
    return [(TALLEST - height, height) for height in heights]
