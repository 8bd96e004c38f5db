"""What waits for a person climbs routing's ladder: broken promises, overdue appeals, pauses nobody confirmed.

The facts open and close these, whatever was resolved by name: what is so is escalated, what is so no more is resolved.
"""

from collections.abc import Iterator

from django.db.models.functions import Now

from config.kernel.locks import ADVISORY_WATCH, session_lock
from labeling.types import ProjectState
from quality.models import Appeal, Pause, QualityRule
from quality.pauses import overdue_pauses
from quality.types import AppealState, Response, RuleState, Segment
from routing.models import Escalation
from routing.services.escalations import Cause, close_by_facts, in_words, open_escalations
from routing.types import EscalationKind, EscalationState, EscalationSubject, Severity

# Routing's own watch is 0.
WATCH = 1

GONE = {
    EscalationKind.QUALITY: "the promise holds again, or was ended.",
    EscalationKind.APPEAL: "the appeal is decided.",
    EscalationKind.PAUSE: "the pause is confirmed or lifted.",
}

# What is done while a promise is broken, as its customer is told.
MEANWHILE = {
    Response.TELL: "We are looking into it.",
    Response.PAUSE_POOLS: "Until it is {returns_at:g}, none of this work is given out.",
    Response.EXPERTS_ONLY: "Until it is {returns_at:g}, only people whom we trust most do this work.",
    Response.MORE_OVERLAP: "Until it is {returns_at:g}, more people judge each item ({more_overlap} more).",
}


def watch_quality() -> int:
    """Open what has a cause, close what has none any more; return how many were opened. They climb with all others.

    Safe to run twice: while another process watches, nothing is done.
    """
    with session_lock(ADVISORY_WATCH, WATCH) as is_held:
        if not is_held:
            return 0
        causes = {(cause.kind, cause.subject_id): cause for cause in _causes()}
        standing: set[tuple[str, int]] = set()
        gone: dict[str, list[int]] = {}
        unresolved = Escalation.objects.filter(kind__in=GONE).exclude(state=EscalationState.RESOLVED)
        for key, kind, subject_id in unresolved.values_list("pk", "kind", "subject_id"):
            standing.add((kind, subject_id))
            if (kind, subject_id) not in causes:
                gone.setdefault(kind, []).append(key)
        opened = open_escalations([cause for about, cause in causes.items() if about not in standing])
        for kind, keys in gone.items():
            close_by_facts(keys=keys, why=GONE[EscalationKind(kind)])
    return len(opened)


def _causes() -> Iterator[Cause]:
    broken = QualityRule.objects.filter(state=RuleState.BREACHED, ended_at=None).exclude(
        project__state=ProjectState.CLOSED
    )
    for rule in broken.select_related("project").order_by("pk"):
        yield _broken(rule)
    overdue = Appeal.objects.filter(state=AppealState.OPEN, due_at__lt=Now()).select_related("feedback")
    for appeal in overdue.order_by("pk"):
        about = appeal.feedback.get_kind_display().lower()
        told = f"Appeal {appeal.pk} ({about}) was to be decided {in_words(appeal.due_at, 'UTC')}, and its author waits."
        yield _cause(appeal, EscalationKind.APPEAL, EscalationSubject.APPEAL, Severity.WARNING, told)
    for pause in overdue_pauses().order_by("pk"):
        told = f"The automatic pause {pause.pk} was to be confirmed or lifted {in_words(pause.due_at, 'UTC')}."
        yield _cause(pause, EscalationKind.PAUSE, EscalationSubject.PAUSE, Severity.URGENT, told)


def _cause(subject: Appeal | Pause, kind: str, about: str, severity: str, message: str) -> Cause:
    return Cause(
        project_id=subject.project_id,
        customer_id=subject.customer_id,
        kind=kind,
        severity=severity,
        subject=about,
        subject_id=subject.pk,
        message=message,
    )


def _broken(rule: QualityRule) -> Cause:
    """Its owner is asked first. The customer is told of the promise; not of a reviewers' country, which is not about
    their items."""
    value = f"{rule.measured:.2f}" if rule.measured is not None else "not known any more"
    of = f"{rule.get_measure_display()} of “{rule.question}”" if rule.question else rule.get_measure_display()
    where = f" ({rule.get_segment_display().lower()} {rule.segment_value})" if rule.segment_value else ""
    meanwhile = MEANWHILE[Response(rule.response)].format(returns_at=rule.returns_at, more_overlap=rule.more_overlap)
    told = f"{of} is {value}{where}; {rule.threshold:g} at least was promised."
    return Cause(
        project_id=rule.project_id,
        customer_id=rule.customer_id,
        kind=EscalationKind.QUALITY,
        severity=Severity.URGENT,
        subject=EscalationSubject.PROMISE,
        subject_id=rule.pk,
        message=f"{told} It is over at {rule.returns_at:g}; meanwhile: {rule.get_response_display().lower()}.",
        owner_id=rule.owner_id,
        customer_draft="" if rule.segment == Segment.COUNTRY else f"{rule.project.name}: {told} {meanwhile}",
    )
