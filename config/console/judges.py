"""A project's judges on one page: how far each can be relied on, where it falls short, what it has spent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.console.project_pages import project_page
from labeling.models import Project
from quality.judge_bar import JudgeBar, bar_of
from quality.judge_figures import JudgeFigures, figures_of_judges
from quality.proportions import Share
from quality.types import CallState

# In words, what each instruction that a judge is tried with does (`quality.judge_prompts.INJECTIONS`).
TRICKS = {
    "order": gettext_lazy("an order after a response"),
    "authority": gettext_lazy("a claim to speak for the project, before a response"),
    "answer": gettext_lazy("a verdict made ready, after a response"),
    "plea": gettext_lazy("a plea in the message"),
    "end": gettext_lazy("a pretended end of the item"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One figure with its interval, as places on a line of 100 too; `bar` is what its bound must reach."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    total: int | None
    bar: str = ""
    is_short: bool = False
    is_share: bool = True

    @property
    def places(self) -> list[float]:
        return [round(100 * min(max(each or 0.0, 0.0), 1.0), 2) for each in (self.low, self.high, self.value)]


@dataclass(frozen=True, slots=True)
class Segment:
    """How a judge agrees with experts in one language, domain or difficulty."""

    name: str
    agreed: Line
    kappa: Line
    sensitivity: Line
    specificity: Line

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.agreed, self.kappa, self.sensitivity, self.specificity


@project_page
def judges(request: HttpRequest, found: Project) -> HttpResponse:
    """Show one project's judges to who operates it; 404 for anybody else."""
    bar = bar_of(found.quality_contract)
    context = {
        **admin.site.each_context(request),
        "title": _("Judges of %s") % found.name,
        "project": found,
        "bar": bar,
        "may_count": found.quality_contract.get("judges_count") is True,
        "judges": [_shown(each, bar) for each in figures_of_judges(found)],
    }
    return render(request, "console/judges.html", context)


def _shown(found: JudgeFigures, bar: JudgeBar) -> dict[str, Any]:
    measured = found.calibration.measured if found.calibration else {}
    judge = found.judge
    return {
        "known": found,
        "judge": judge,
        "calls": [(CallState(ended).label, count) for ended, count in sorted(found.calls.items())],
        "spent_share": round(100 * min(1.0, float(found.spent / judge.budget)), 1) if judge.budget else None,
        "lines": [*_lines(measured, bar), *_anchors(found), *_followed(found)],
        "segments": list(_segments(measured)),
        "positive": measured.get("positive", ""),
        "question": measured.get("question", ""),
        "why_right_is_unknown": (measured.get("results_right") or {}).get("why", ""),
    }


def _lines(measured: Mapping[str, Any], bar: JudgeBar) -> Iterator[Line]:
    if not measured:
        return
    yield _share(_("Agrees with experts"), measured["agreed"])
    yield _kappa(measured["kappa"], bar)
    yield _share(_("Sensitivity"), measured["sensitivity"], least=bar.sensitivity_low)
    yield _share(_("Specificity"), measured["specificity"], least=bar.specificity_low)
    yield _share(_("The same with responses swapped"), measured["swap"]["consistent"], least=bar.consistent_low)
    yield _share(_("Of its changes, to what stood first"), measured["swap"]["first_chosen"])
    yield _share(_("Flipped by any hidden instruction"), measured["flipped"], most=bar.flipped_high)
    injections = measured.get("injections", {})
    for name in TRICKS:
        if name in injections:
            yield _share(_("– by %s") % TRICKS[name], injections[name])
    if length := measured["length"]:
        yield _share(_("Chooses the longer response"), length["longer_by_judge"])
        yield _share(_("– experts do"), length["longer_by_experts"])
        low, high = length["interval_95"] or (None, None)
        yield Line(_("– length beyond experts (log odds)"), length["coefficient"], low, high, None, is_share=False)
    right = measured.get("results_right") or {}
    if right.get("value") is not None:
        low, high = right["interval_95"]
        yield Line(_("Results that are right (PPI++)"), right["value"], low, high, right["audited"])


def _anchors(found: JudgeFigures) -> Iterator[Line]:
    if found.anchors:
        yield _line(_("Anchors judged otherwise since %s") % found.anchors.first, found.anchors.changed)


def _followed(found: JudgeFigures) -> Iterator[Line]:
    """Only where somebody has seen its answers first: else there is nothing to compare."""
    if found.followed and found.followed.seen.total:
        yield _line(_("People answer as it does, having seen it"), found.followed.seen)
        yield _line(_("– not having seen it"), found.followed.unseen)


def _line(name: str, share: Share) -> Line:
    low, high = (share.interval.low, share.interval.high) if share.interval else (None, None)
    return Line(name, share.value, low, high, share.total)


def _segments(measured: Mapping[str, Any]) -> Iterator[Segment]:
    for kind, values in measured.get("segments", {}).items():
        for value, each in values.items():
            yield Segment(
                f"{kind} {value}",
                _share("", each["agreed"]),
                _kappa(each["kappa"]),
                _share("", each["sensitivity"]),
                _share("", each["specificity"]),
            )


def _kappa(kappa: Mapping[str, Any], bar: JudgeBar | None = None) -> Line:
    low, high = kappa["interval_95"] or (None, None)
    least = bar.kappa_low if bar else None
    return Line(_("Cohen’s kappa"), kappa["value"], low, high, None, *_held(low, least=least))


def _share(name: str, share: Mapping[str, Any], *, least: float | None = None, most: float | None = None) -> Line:
    low, high = share["interval_95"] or (None, None)
    held = _held(low, least=least) if most is None else _held(high, most=most)
    return Line(name, share["value"], low, high, share["total"], *held)


def _held(bound: float | None, *, least: float | None = None, most: float | None = None) -> tuple[str, bool]:
    """Return the bar in words, and whether the bound of the interval falls short of it; what was not measured does."""
    if least is not None:
        return f"≥ {least:g}", bound is None or bound < least
    if most is not None:
        return f"≤ {most:g}", bound is None or bound > most
    return "", False
