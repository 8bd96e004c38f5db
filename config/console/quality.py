"""A project's quality on one page: what is measured, how sure that is, who stands where, and what waits for whom."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.console.project_pages import project_page
from labeling.models import Project, Task
from labeling.types import Overlap, Work
from quality.models import Appeal, AuditDraw, Check, Dispute, Doubt, Pause, QualityFigure, Ruling, Standing
from quality.types import FigureName, Segment
from quality.waiting import MOST, queued_in, waiting_in

FIGURES = 1000
REVIEWERS = 50
MATRICES = 12
# The reliability curve is drawn in a square of this size; the largest dot stands for the most answers.
SIDE = 100.0
LARGEST = 4.0

WORKERS = {
    Work.JUDGE: gettext_lazy("reviewers"),
    Work.REVIEW: gettext_lazy("reviewers of attempts"),
    Work.EXPERT: gettext_lazy("experts"),
    Work.EXAM: gettext_lazy("newcomers"),
}
METHODS = ("majority", "one-coin", "pooled", "dawid-skene")


@dataclass(frozen=True, slots=True)
class Line:
    """One figure in a table: what it is about, and its interval as places on a line of 100."""

    name: str
    which: str
    figure: Any
    low: float
    high: float
    at: float


@dataclass(frozen=True, slots=True)
class Awaited:
    """One line of what waits: how many, what, and for whom."""

    count: str
    what: str
    whom: str
    link: str


@project_page
def quality(request: HttpRequest, found: Project) -> HttpResponse:
    """Show one project to who operates it; 404 for anybody else."""
    figures = _figures(found)
    context = {
        **admin.site.each_context(request),
        "title": _("Quality of %s") % found.name,
        "project": found,
        "is_adaptive": found.overlap_kind == Overlap.ADAPTIVE,
        "measured_at": min((each.measured_at for rows in figures.values() for each in rows), default=None),
        "awaited": _awaited(request, found),
        "agreement": _lines(figures[FigureName.AGREEMENT]),
        "gold": _lines(figures[FigureName.GOLD_ACCURACY]),
        "audits": _lines(figures[FigureName.AUDIT_ACCURACY]),
        "curves": [_curve(each) for each in figures[FigureName.RELIABILITY]],
        "methods": [_methods(each) for each in figures[FigureName.CONSENSUS]],
        "method_names": METHODS,
        "matrices": [_matrix(each) for each in figures[FigureName.CONFUSION][:MATRICES]],
        "matrices_left_out": max(0, len(figures[FigureName.CONFUSION]) - MATRICES),
        "standings": _standings(found),
    }
    return render(request, "console/quality.html", context)


def _figures(project: Project) -> dict[str, list[QualityFigure]]:
    """Return the project's figures by name: those of people from the least accurate on."""
    rows = QualityFigure.objects.filter(project=project).select_related("guideline", "reviewer__user")
    found: dict[str, list[QualityFigure]] = defaultdict(list)
    for row in rows.order_by("name", "question", "value", "pk")[:FIGURES]:
        found[row.name].append(row)
    return found


def _lines(figures: Sequence[QualityFigure]) -> list[Line]:
    """Return lines by question: everything first, then guideline versions, then segments under all of them."""
    shown = [each for each in figures if each.segment == Segment.ALL or each.guideline_id is None]
    lines = []
    for each in sorted(shown, key=lambda row: (row.question, _rank(row), row.segment_value)):
        which = _("everything")
        if each.guideline is not None:
            which = str(each.guideline)
        elif each.segment != Segment.ALL:
            which = f"{each.get_segment_display().lower()} {each.segment_value}"
        lines.append(Line(each.question or _("All questions"), which, each, *_placed(each.low, each.high, each.value)))
    return lines


def _rank(figure: QualityFigure) -> tuple[int, int]:
    segments = list(Segment.values)
    return (segments.index(figure.segment), figure.guideline.number if figure.guideline is not None else 0)


def _placed(*shares: float | None) -> list[float]:
    """Return shares as places on a line of 100; what is below zero stands at its beginning."""
    return [round(100 * min(max(share or 0.0, 0.0), 1.0), 2) for share in shares]


def _curve(figure: QualityFigure) -> dict[str, Any]:
    """Return a reliability curve as dots and error bars in a square, its origin below on the left."""
    bins = figure.detail.get("bins", [])
    most = max((each["total"] for each in bins), default=1)
    dots = [
        {
            "x": round(SIDE * each["confidence"], 2),
            "y": round(SIDE * (1 - each["right"]), 2),
            "low": round(SIDE * (1 - each["low"]), 2),
            "high": round(SIDE * (1 - each["high"]), 2),
            "size": round(1.5 + (LARGEST - 1.5) * (each["total"] / most) ** 0.5, 2),
            "told": f"{each['confidence']:.0%} sure, {each['right']:.0%} right of {each['total']}",
        }
        for each in bins
    ]
    return {
        "figure": figure,
        "dots": dots,
        "points": " ".join(f"{dot['x']},{dot['y']}" for dot in dots),
        "target": round(SIDE * figure.detail.get("target", 0.0), 2),
        "is_shown": figure.detail.get("shown", False),
        "reason": figure.detail.get("reason", figure.why_undefined),
        "error": figure.detail.get("error"),
        "brier": figure.detail.get("brier"),
    }


def _methods(figure: QualityFigure) -> dict[str, Any]:
    """Return the methods side by side, the chosen one marked."""
    by_name = figure.detail.get("methods", {})
    chosen = figure.detail.get("method")
    return {
        "figure": figure,
        "why": figure.detail.get("why", figure.why_undefined),
        "rows": [(name, by_name.get(name, {}), name == chosen) for name in METHODS],
    }


def _matrix(figure: QualityFigure) -> dict[str, Any]:
    """Return a confusion matrix: a row for each truth, its cells with their shade."""
    matrix = figure.detail.get("matrix", {})
    return {
        "figure": figure,
        "answers": list(matrix),
        "rows": [
            (
                truth,
                [(row.get(answer, 0.0), round(row.get(answer, 0.0) * 0.5, 3), answer == truth) for answer in matrix],
            )
            for truth, row in matrix.items()
        ],
    }


def _standings(project: Project) -> list[tuple[Standing, list[float]]]:
    """Return how reviewers stand on the project's work as a whole, the least known good first."""
    rows = Standing.objects.filter(project=project, skill="").select_related("reviewer__user")
    return [
        (each, _placed(each.lower_bound, each.upper_bound, each.alpha / (each.alpha + each.beta)))
        for each in rows.order_by("lower_bound", "pk")[:REVIEWERS]
    ]


def _awaited(request: HttpRequest, project: Project) -> list[Awaited]:
    """Return what waits for whom, with the way to the rows; nothing where nothing does."""
    waiting = waiting_in(project)
    lines = [
        (
            each.open + each.leased,
            each.label,
            str(WORKERS[Work(each.work)]),
            _list_of(request, Task, "state__exact=open"),
        )
        for each in queued_in(project)
    ]
    for count, what, whom, model, query in (
        (waiting.disputes, _("Disputes"), _("adjudicators"), Dispute, "state__exact=open"),
        (waiting.appeals, _("Appeals"), _("leads"), Appeal, "state__exact=open"),
        (waiting.checks, _("Checks"), _("operators"), Check, "state__exact=open"),
        (waiting.pauses, _("Pauses to confirm or lift"), _("leads"), Pause, "state__exact=provisional"),
        (waiting.audits, _("Audits"), _("experts"), AuditDraw, "state__exact=waiting"),
        (waiting.doubts, _("Doubts about results"), _("operators"), Doubt, "state__exact=open"),
        (waiting.rulings, _("Questions for a ruling"), _("operators"), Ruling, "answered_at__isempty=1"),
    ):
        lines.append((count, what, whom, _list_of(request, model, query)))
    return [
        Awaited(f"{MOST}+" if count > MOST else str(count), what, whom, link)
        for count, what, whom, link in lines
        if count
    ]


def _list_of(request: HttpRequest, model: Any, query: str) -> str:
    """Return the way to a list that this person may open, narrowed where it offers that; empty where there is none."""
    registered = admin.site._registry.get(model)
    if registered is None or not registered.has_module_permission(request):
        return ""
    address = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")
    lookup, _equals, value = query.partition("=")
    return f"{address}?{query}" if registered.lookup_allowed(lookup, value, request) else address
