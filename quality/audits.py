"""Reads about audits: what a plan's verdicts estimate, and how far experts agree among themselves.

The estimate goes by verdicts as they fell, before any repair, each weighted by its item's chance of being drawn; what was
resolved again before the experts had answered is left out. Of an item that two audited the first verdict is the
estimate's; the pairs say how far experts agree. On preferential questions a verdict is a second opinion, and the share is
called expert agreement: it says nothing about errors.
"""

from collections import defaultdict
from dataclasses import dataclass

from quality.adjudication import EXPERT_RELIABILITY
from quality.comparing import OBJECTIVE, comparable_questions
from quality.evidence import reliability_of_experts
from quality.models import AuditDraw, AuditPlan, AuditVerdict
from quality.sampling import Estimate, ExpertAgreement, Verdict, estimate, estimate_by_stratum, expert_agreement
from quality.types import DrawState

ACCURACY, EXPERT_AGREEMENT = "accuracy", "expert agreement"

# With fewer pairs of experts their agreement tells too little to go by.
PAIRS_LEAST = 20
MOST_RELIABLE = 0.99


@dataclass(frozen=True, slots=True)
class Audited:
    """What a plan's audits say so far. `called` is what the share is: accuracy, or expert agreement where nothing that
    was compared is objective. `by_question` are (question, what its share is called, estimate)."""

    called: str
    whole: Estimate | None
    by_stratum: dict[str, Estimate]
    by_question: list[tuple[str, str, Estimate]]
    experts: ExpertAgreement | None
    waiting: int
    void: int


def audited(plan: AuditPlan) -> Audited:
    """Return what the plan's audits say so far; what was invalidated among experts' answers does not count."""
    first, pairs = _verdicts(plan)
    populations = {name: size["items"] for name, size in plan.sizes.items()}
    natures: dict[str, str] = {}
    asked: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in first:
        form = verdict.annotation.form.document
        natures |= {question["id"]: question["nature"] for question in comparable_questions(form)}
        for name, is_right in verdict.by_question.items():
            asked[name].append(_plain(verdict, is_right))
    whole = [_plain(verdict, verdict.is_right) for verdict in first]
    by_question = [
        (name, _called(natures.get(name, OBJECTIVE)), found)
        for name, verdicts in sorted(asked.items())
        if (found := estimate(verdicts, populations)) is not None
    ]
    is_accuracy = not by_question or any(called == ACCURACY for _, called, _ in by_question)
    states = AuditDraw.objects.filter(plan=plan)
    return Audited(
        called=ACCURACY if is_accuracy else EXPERT_AGREEMENT,
        whole=estimate(whole, populations),
        by_stratum=estimate_by_stratum(whole, populations),
        by_question=by_question,
        experts=expert_agreement(pairs) if pairs else None,
        waiting=states.filter(state=DrawState.WAITING).count(),
        void=states.filter(state=DrawState.VOID).count(),
    )


def expert_reliability(*, project_id: int) -> float:
    """Return how probably one expert's answer is right on this project.

    It follows from how often two who audited the same item came to the same verdict; until PAIRS_LEAST pairs are known
    it is EXPERT_RELIABILITY, and never more than MOST_RELIABLE, as experts share some of their mistakes.
    """
    said: dict[int, list[bool]] = defaultdict(list)
    twice = AuditVerdict.objects.filter(project=project_id, draw__is_twice=True, draw__state=DrawState.DONE)
    for draw_id, is_right in twice.order_by("pk").values_list("draw", "is_right"):
        said[draw_id].append(is_right)
    pairs = [each for each in said.values() if len(each) == 2]
    if len(pairs) < PAIRS_LEAST:
        return EXPERT_RELIABILITY
    alike = sum(one == other for one, other in pairs) / len(pairs)
    return min(MOST_RELIABLE, reliability_of_experts(alike))


def _verdicts(plan: AuditPlan) -> tuple[list[AuditVerdict], list[tuple[str, str]]]:
    """Return the first verdict of each answered item, and the pairs of those that two answered."""
    known: dict[int, list[AuditVerdict]] = defaultdict(list)
    counting = AuditVerdict.objects.filter(draw__plan=plan, draw__state=DrawState.DONE, annotation__invalidation=None)
    for verdict in counting.select_related("draw", "annotation__form").defer("annotation__answers").order_by("pk"):
        known[verdict.draw_id].append(verdict)
    pairs = [(str(two[0]), str(two[1])) for two in known.values() if len(two) == 2]
    return [each[0] for each in known.values()], pairs


def _plain(verdict: AuditVerdict, is_right: bool) -> Verdict:
    return Verdict(verdict.draw.stratum, verdict.draw.probability, is_right)


def _called(nature: str) -> str:
    return ACCURACY if nature == OBJECTIVE else EXPERT_AGREEMENT
