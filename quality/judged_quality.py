"""How much of a project is right, from many judged and few audited items. For jobs only (numpy, scipy)."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from quality.judge_prompts import verdict_of
from quality.judged import documents_of, verdicts_of
from quality.models import AuditPlan, AuditVerdict, Judge, Resolution
from quality.ppi import Estimated, Labelled, estimate_stratified
from quality.types import DrawState, Outcome

# What strata are made by that a resolution itself can say.
KNOWN = {
    "language": "item_version__language",
    "domain": "item_version__domain",
    "difficulty": "item_version__difficulty",
}
AUDITED_LEAST = 2

Stratum = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QualityByJudges:
    """`estimated` is the share of resolutions that experts would find right; None, with `why`, where it cannot be told."""

    judge_id: int
    audited: int
    judged: int
    estimated: Estimated | None
    why: str = ""


def quality_by_judge(judge: Judge) -> QualityByJudges:
    """Estimate the share of the project's resolutions that are right, by the last plan whose audits are answered.

    Experts' verdicts are those of the audits, drawn at random; the judge calls a resolution right where its own answer is
    the same. How good the judge is moves the width of the interval, never what it is centred on: so it need not be calibrated.
    """
    plan = AuditPlan.objects.filter(project=judge.project_id, draws__verdicts__isnull=False).order_by("-id").first()
    question = documents_of(judge.project_id).question
    if plan is None or question is None:
        return _untold(judge, "No audit has been answered yet, or the form has no question with one plain answer.")
    strata = tuple(KNOWN[name] for name in plan.strata if name in KNOWN)
    called = _called_right(judge, plan, question, strata)
    audited, chances = _audited(plan)
    return _estimated(judge, called, audited, chances)


def _estimated(
    judge: Judge,
    called: Mapping[int, tuple[Stratum, float | None]],
    audited: Mapping[int, float],
    chances: Mapping[int, float],
) -> QualityByJudges:
    """`called` are all results with their stratum and what the judge says of them; `audited` what experts say of some."""
    parts: dict[Stratum, tuple[list[float], list[float], list[float]]] = defaultdict(lambda: ([], [], []))
    drawn_with: dict[Stratum, set[float]] = defaultdict(set)
    sizes = Counter(stratum for stratum, _ in called.values())
    for key, (stratum, judged) in called.items():
        if key in audited:
            drawn_with[stratum].add(round(chances[key], 9))
        if judged is None:
            continue
        experts, both, alone = parts[stratum]
        if key in audited:
            experts.append(audited[key])
            both.append(judged)
        else:
            alone.append(judged)
    if any(len(each) > 1 for each in drawn_with.values()):
        return _untold(judge, "The audits were drawn with unequal chances within a language, domain or difficulty.")
    if any(len(parts[stratum][0]) < AUDITED_LEAST for stratum in sizes):
        return _untold(
            judge, f"Each stratum needs {AUDITED_LEAST} items or more that both experts and the judge have judged."
        )
    whole = sizes.total()
    estimated = estimate_stratified(
        {"/".join(stratum): Labelled(*part) for stratum, part in parts.items()},
        {"/".join(stratum): count / whole for stratum, count in sizes.items()},
    )
    counts = [sum(len(part[place]) for part in parts.values()) for place in (0, 2)]
    return QualityByJudges(judge.pk, counts[0], counts[1], estimated)


def _untold(judge: Judge, why: str) -> QualityByJudges:
    return QualityByJudges(judge.pk, 0, 0, None, why)


def _called_right(
    judge: Judge, plan: AuditPlan, question: Mapping[str, Any], strata: tuple[str, ...]
) -> dict[int, tuple[Stratum, float | None]]:
    """Return the agreed results that the plan is about, each with its stratum and whether the judge's answer is the same."""
    results = Resolution.objects.filter(Q(superseded_by=None) | Q(draws__plan=plan), project=judge.project_id)
    if plan.resolved_from is not None:
        results = results.filter(created_at__gte=plan.resolved_from)
    if plan.resolved_until is not None:
        results = results.filter(created_at__lt=plan.resolved_until)
    judged = verdicts_of(judge)
    found: dict[int, tuple[Stratum, float | None]] = {}
    rows = results.filter(outcome=Outcome.AGREED).values_list("pk", "item_version_id", "answers", *strata)
    for key, version, answers, *values in rows.distinct():
        result, own = verdict_of(question, answers), verdict_of(question, judged.get(version))
        if result is not None:
            found[key] = (tuple(map(str, values)), None if own is None else float(own == result))
    return found


def _audited(plan: AuditPlan) -> tuple[dict[int, float], dict[int, float]]:
    """Return, by result, whether the first expert to answer found it right, and the chance it was drawn with; of
    answers only, as a judge says nothing of a text."""
    verdicts = AuditVerdict.objects.filter(draw__plan=plan, draw__state=DrawState.DONE, annotation__invalidation=None)
    verdicts = verdicts.exclude(by_question={})
    right, chances = {}, {}
    for key, is_right, chance in verdicts.order_by("-id").values_list(
        "draw__resolution_id", "is_right", "draw__probability"
    ):
        right[key], chances[key] = float(is_right), chance
    return right, chances
