"""What follows from an audit: it counts in standings, those contradicted are told, what is wrong goes to repair."""

from collections.abc import Iterable

from django.db import transaction

from config.kernel.locks import ADVISORY_FIGURES, advisory_lock
from labeling.forms import REASON
from labeling.models import Annotation
from labeling.types import Origin
from quality.audits import Audited, audited, expert_reliability
from quality.comparing import Compared, compare
from quality.models import AuditDraw, AuditPlan, AuditVerdict, Dispute, QualityFigure
from quality.sampling import Estimate
from quality.services.adjudication import found_of, found_out, what_was_right
from quality.services.disputes import open_dispute
from quality.services.evidence import add_evidence
from quality.services.feedback import tell_reviewer
from quality.types import DisputeReason, DrawState, EvidenceSource, FeedbackKind, FigureName, PlanState, Segment
from quality.written import stood_by

FOUND_LACKING = "An expert who read this without knowing who had written or accepted it found it lacking."
FOUND_OTHERWISE = "An expert who answered this item without seeing anybody's answer found otherwise."


def follow_audits(*, draw_ids: Iterable[int]) -> int:
    """Do what follows from these answered audits; return how many disputes were opened. Idempotent.

    It rests on objective questions only: on a preferential one the expert's answer is one opinion more, nobody is told
    that theirs is wrong, and nothing is repaired. A verdict on what was written is by the guideline, and counts for or
    against whose text it is and who accepted that as it was. Where two experts contradict each other, neither counts
    for or against anybody; an adjudicator decides.
    """
    done = AuditDraw.objects.filter(pk__in=list(draw_ids), state=DrawState.DONE).order_by("pk")
    return sum(_follow(draw.pk) for draw in done.only("pk"))


@transaction.atomic
def _follow(draw_id: int) -> bool:
    draw = AuditDraw.objects.select_related("resolution__round__form", "round").get(pk=draw_id)
    verdicts = list(
        draw.verdicts.select_related("annotation__form", "annotation__guideline", "annotation__task").order_by("pk")
    )
    counted = [each for each in verdicts if not hasattr(each.annotation, "invalidation")]
    if counted and counted[0].annotation.task.beside is not None:
        return _follow_work(draw, counted)
    objective = [_against(draw, verdict) for verdict in counted]
    is_disputed = _dispute(draw, counted, any(each.is_contradicted for each in objective))
    if counted and len({each.is_contradicted for each in objective}) == 1 and objective[0].objective:
        _tell(draw, counted[0])
    return is_disputed


def _against(draw: AuditDraw, verdict: AuditVerdict) -> Compared:
    reference, said = draw.resolution, verdict.annotation
    return compare(
        form=reference.round.form.document,
        reference=reference.answers,
        given_form=said.form.document,
        given=said.answers,
    )


def _follow_work(draw: AuditDraw, verdicts: list[AuditVerdict]) -> bool:
    """Do what follows from verdicts on what was written; return whether it is in dispute now."""
    is_disputed = _dispute(draw, verdicts, not all(verdict.is_right for verdict in verdicts))
    if len({verdict.is_right for verdict in verdicts}) > 1:
        return is_disputed
    verdict, said = verdicts[0], verdicts[0].annotation
    [text_id] = said.task.beside or []
    judged = [each for each in stood_by(draw.resolution, text_id) if each.origin == Origin.HUMAN]
    reliability = expert_reliability(project_id=draw.project_id)
    found = [found_out(each, agreed=verdict.is_right, reliability=reliability) for each in judged]
    pieces = add_evidence(source=EvidenceSource.AUDIT, found=found)
    by_annotation = {piece.annotation_id: piece for piece in pieces if not piece.skill}
    for each in judged if not verdict.is_right else ():
        tell_reviewer(
            annotation=each,
            kind=FeedbackKind.AUDITED,
            words=f"{FOUND_LACKING} {verdict.get_severity_display()}: {said.answers[REASON]}",
            clause=verdict.clause,
            evidence=by_annotation.get(each.pk),
        )
    return is_disputed


def _dispute(draw: AuditDraw, verdicts: list[AuditVerdict], is_wrong: bool) -> bool:
    if not is_wrong or Dispute.objects.filter(resolution=draw.resolution_id, reason=DisputeReason.AUDIT).exists():
        return False
    sides = [*draw.resolution.annotation_ids, *(verdict.annotation_id for verdict in verdicts)]
    open_dispute(
        opened=draw.resolution.round, reason=DisputeReason.AUDIT, sides=sides, resolution=draw.resolution, actor_id=None
    )
    return True


def _tell(draw: AuditDraw, verdict: AuditVerdict) -> None:
    said = verdict.annotation
    judged = Annotation.objects.filter(
        pk__in=draw.resolution.annotation_ids, superseded_by=None, invalidation=None
    ).exclude(origin=Origin.MODEL)
    compared = [
        (
            each,
            compare(form=said.form.document, reference=said.answers, given_form=each.form.document, given=each.answers),
        )
        for each in judged.select_related("form", "task__pool").order_by("pk")
    ]
    reliability = expert_reliability(project_id=draw.project_id)
    pieces = add_evidence(source=EvidenceSource.AUDIT, found=found_of(compared, reliability))
    by_annotation = {piece.annotation_id: piece for piece in pieces if not piece.skill}
    for each, found in compared:
        if found.is_contradicted:
            tell_reviewer(
                annotation=each,
                kind=FeedbackKind.AUDITED,
                words=what_was_right(said, FOUND_OTHERWISE),
                clause=_only_clause(said),
                evidence=by_annotation.get(each.pk),
            )


def _only_clause(said: Annotation) -> str:
    """An audit names no clause: of a guideline with one, it is that."""
    clauses = [each["id"] for each in said.guideline.clauses]
    return clauses[0] if len(clauses) == 1 else ""


def measure_audits(*, project_ids: Iterable[int]) -> int:
    """Write each project's figure of what audits find right, by the plan that was drawn from last; return how many."""
    return sum(_measure(project_id) for project_id in sorted(set(project_ids)))


@transaction.atomic
def _measure(project_id: int) -> bool:
    advisory_lock(ADVISORY_FIGURES, project_id)
    plans = AuditPlan.objects.filter(project=project_id).exclude(state=PlanState.DRAFT)
    plan = plans.order_by("-drawn_at").first()
    if plan is None:
        return False
    found = audited(plan)
    figures = [_figure(plan, found, "", found.called, found.whole)]
    figures += [_figure(plan, found, name, called, each) for name, called, each in found.by_question]
    QualityFigure.objects.filter(project=project_id, name=FigureName.AUDIT_ACCURACY, segment=Segment.ALL).delete()
    QualityFigure.objects.bulk_create(figures)
    return True


def _figure(plan: AuditPlan, found: Audited, question: str, called: str, each: Estimate | None) -> QualityFigure:
    detail = {
        "plan": plan.name,
        "called": called,
        "method": each.method if each else "",
        "waiting": found.waiting,
        "void": found.void,
        "experts_agree": round(found.experts.agreed.value or 0.0, 6) if found.experts else None,
        "pairs": found.experts.agreed.total if found.experts else 0,
    }
    if not question:
        detail["strata"] = {
            name: [round(part.value, 6), round(part.interval.low, 6), round(part.interval.high, 6), part.audited]
            for name, part in found.by_stratum.items()
        }
    return QualityFigure(
        customer_id=plan.customer_id,
        project_id=plan.project_id,
        name=FigureName.AUDIT_ACCURACY,
        question=question,
        value=each.value if each else None,
        low=each.interval.low if each else None,
        high=each.interval.high if each else None,
        units=each.audited if each else 0,
        why_undefined="" if each else "No expert has answered yet.",
        detail=detail,
    )
