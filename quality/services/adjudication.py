"""What an adjudicator answers resolves the round, anew where it was resolved, and decides the dispute."""

from collections.abc import Collection, Iterable

from django.db import transaction

from config.kernel.events import record
from config.kernel.locks import lock_row, lock_rows
from config.kernel.transitions import transition, transition_many
from labeling.forms import (
    GUIDELINE_AT_FAULT,
    NO_AGREED_ANSWER,
    REASON,
    VERDICT,
    answers_in_words,
    own_answers,
)
from labeling.models import Annotation, Item, Round, Task
from labeling.services.rounds import cancel_tasks, close_resolved, last_rounds
from labeling.services.stages import open_next_rounds
from labeling.types import ItemState, Origin, RoundReason, RoundState, TaskKind, Work
from quality.adjudication import EXPERT_RELIABILITY
from quality.comparing import Compared, compare, texts_of
from quality.consensus import resolve
from quality.models import Dispute, Evidence
from quality.services.evidence import Found, add_evidence, void_evidence
from quality.services.feedback import tell_reviewer
from quality.services.rounds import append_resolutions
from quality.types import DISPUTE_MACHINE, DisputeOutcome, DisputeState, EvidenceSource, FeedbackKind, Outcome
from quality.written import clause_named

SLICE = 200

ACCEPTED = "An adjudicator accepted your work as it was."
UNDECIDED = "An adjudicator decided on your work, and it is not held against you."


def adjudicate(*, annotation_ids: Iterable[int]) -> int:
    """Let what these adjudicators answered decide; return how many rounds it resolved. Idempotent.

    The sides that an adjudicator contradicts on an objective question are told why, and it counts in their standing; on
    a preferential one theirs remain opinions. Where the guideline is at fault, nobody is marked down.
    """
    said = Annotation.objects.filter(pk__in=list(annotation_ids), task__kind=TaskKind.ADJUDICATE)
    return sum(_adjudicate(annotation_id) for annotation_id in said.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _adjudicate(annotation_id: int) -> bool:
    said = Annotation.objects.select_related("form", "guideline", "reviewer", "round").get(pk=annotation_id)
    item = lock_row(Item.objects.filter(pk=said.round.item_id))
    opened = lock_row(Round.objects.filter(pk=said.round_id).select_related(None))
    if opened.state != RoundState.OPEN:
        return False
    cancel_tasks(Task.objects.filter(round=opened), None)
    disputes = lock_rows(Dispute.objects.filter(adjudicated_in=opened, state=DisputeState.OPEN).select_related(None))
    if not append_resolutions([opened]):
        return False
    close_resolved(rounds=[opened], items=[item])
    for dispute in disputes:
        _decide(dispute, said)
    return True


def _decide(dispute: Dispute, said: Annotation) -> None:
    sides = list(
        Annotation.objects.filter(pk__in=dispute.annotations).select_related("form", "task__pool").order_by("pk")
    )
    people = [side for side in sides if side.origin != Origin.MODEL]
    outcome = _outcome(dispute, said, sides)
    transition(
        dispute,
        DisputeState.DECIDED,
        machine=DISPUTE_MACHINE,
        actor_id=said.reviewer.user_id,
        data={"outcome": outcome, "round": said.round_id},
        outcome=outcome,
        clause=clause_named(said) if outcome == DisputeOutcome.GUIDELINE else "",
        decided_by=said.reviewer,
    )
    if outcome == DisputeOutcome.GUIDELINE:
        _void(sides, "The guideline is at fault.", said)
    elif outcome != DisputeOutcome.NO_AGREED_ANSWER:
        _follow(people, said, outcome)
    if dispute.resolution_id is None:
        _tell_author(people, said, outcome)


def _outcome(dispute: Dispute, said: Annotation, sides: list[Annotation]) -> DisputeOutcome:
    verdict = said.answers.get(VERDICT)
    if verdict == GUIDELINE_AT_FAULT:
        return DisputeOutcome.GUIDELINE
    if verdict == NO_AGREED_ANSWER:
        return DisputeOutcome.NO_AGREED_ANSWER
    before = dispute.resolution
    attempt = _attempt(sides)
    if before is not None:
        stood = before.answers if before.outcome == Outcome.AGREED else {}
    elif attempt is not None:
        stood = attempt.answers
    else:
        judged = [side.answers for side in sides if side.form_id == said.form_id]
        stood = resolve(said.form.document, judged).answers if judged else {}
    form = before.round.form.document if before is not None else said.form.document
    compared = compare(form=form, reference=stood, given_form=said.form.document, given=own_answers(said.answers))
    if attempt is not None:
        is_upheld = not compared.is_contradicted and texts_of(form, said.answers) == texts_of(form, stood)
    else:
        is_upheld = bool(compared.by_question) and all(compared.by_question.values())
    return DisputeOutcome.UPHELD if is_upheld else DisputeOutcome.OVERTURNED


def _attempt(sides: list[Annotation]) -> Annotation | None:
    """Return what was written, where the dispute is about that: the latest attempt."""
    return next((side for side in reversed(sides) if side.task.kind == TaskKind.ATTEMPT), None)


def _tell_author(sides: list[Annotation], said: Annotation, outcome: DisputeOutcome) -> None:
    """Tell whose attempt no reviewer had accepted what became of it, and enter whether it was good as it stood."""
    attempt = _attempt(sides)
    if attempt is None:
        return
    reason = f"{said.answers.get(REASON, '')}"
    if outcome not in {DisputeOutcome.UPHELD, DisputeOutcome.OVERTURNED}:
        tell_reviewer(annotation=attempt, kind=FeedbackKind.EXPLAINED, words=f"{UNDECIDED} {reason}")
        return
    is_upheld = outcome == DisputeOutcome.UPHELD
    found = found_out(attempt, agreed=is_upheld, reliability=EXPERT_RELIABILITY)
    known = add_evidence(source=EvidenceSource.AUDIT, found=[found])
    tell_reviewer(
        annotation=attempt,
        kind=FeedbackKind.EXPLAINED if is_upheld else FeedbackKind.ADJUDICATED,
        words=f"{ACCEPTED} {reason}" if is_upheld else what_was_right(said, reason),
        clause="" if is_upheld else clause_named(said),
        evidence=next((piece for piece in known if not piece.skill), None),
    )


def _follow(sides: list[Annotation], said: Annotation, outcome: DisputeOutcome) -> None:
    """Tell the sides, and enter what it says of them: where an audit said otherwise of them before, that counts no more."""
    right = own_answers(said.answers)
    words = what_was_right(said, f"{said.answers.get(REASON, '')}")
    for side in sides:
        compared = compare(form=said.form.document, reference=right, given_form=side.form.document, given=side.answers)
        if not compared.objective and outcome != DisputeOutcome.UPHELD:
            continue
        if not compared.is_contradicted:
            if _void([side], "An adjudicator found that this answer is right.", said):
                tell_reviewer(
                    annotation=side,
                    kind=FeedbackKind.EXPLAINED,
                    words=f"An adjudicator found that your answer is right after all. {words}",
                )
            continue
        known = add_evidence(source=EvidenceSource.AUDIT, found=found_of([(side, compared)], EXPERT_RELIABILITY))
        tell_reviewer(
            annotation=side,
            kind=FeedbackKind.ADJUDICATED,
            words=words,
            clause=clause_named(said),
            evidence=next((piece for piece in known if not piece.skill), None),
        )


def _void(sides: list[Annotation], reason: str, said: Annotation) -> int:
    """Void what audits said against these sides."""
    against = Evidence.objects.filter(annotation__in=sides, source=EvidenceSource.AUDIT, voids=None, agreed=False)
    return void_evidence(evidence=list(against), reason=reason, actor_id=said.reviewer.user_id)


def what_was_right(said: Annotation, reason: str) -> str:
    """Return what an expert answered in words, after the reason they gave."""
    answered = [
        f"{question} {'; '.join(lines)}" for question, lines in answers_in_words(said.form.document, said.answers)
    ]
    return "\n".join(filter(None, [reason.strip(), *answered, said.rationale.strip()]))


def found_out(annotation: Annotation, *, agreed: bool, reliability: float, answers_count: int = 2) -> Found:
    """Return what an expert found of this answer (with its task and pool), for what its item asks for as well."""
    return Found(
        annotation_id=annotation.pk,
        reviewer_id=annotation.reviewer_id,
        customer_id=annotation.customer_id,
        project_id=annotation.project_id,
        agreed=agreed,
        reliability=reliability,
        answers_count=answers_count,
        skills=tuple(sorted({name.split(":")[0] for name in annotation.task.pool.skills})),
    )


def found_of(compared: Iterable[tuple[Annotation, Compared]], reliability: float) -> list[Found]:
    """Return what experts' answers say of these annotations (with task and pool); of an opinion, nothing."""
    return [
        found_out(
            annotation, agreed=not each.is_contradicted, reliability=reliability, answers_count=each.answers_count
        )
        for annotation, each in compared
        if each.objective and annotation.origin == Origin.HUMAN
    ]


@transaction.atomic
def drop_disputes(*, round_ids: Collection[int]) -> int:
    """Drop the disputes to be adjudicated in these rounds: the item is judged anew, or no more. Return how many."""
    open_ones = Dispute.objects.filter(adjudicated_in__in=round_ids, state=DisputeState.OPEN)
    disputes = lock_rows(open_ones.select_related(None))
    transition_many(disputes, DisputeState.DROPPED, machine=DISPUTE_MACHINE, actor_id=None)
    return len(disputes)


def open_waiting() -> int:
    """Open the round of each dispute that had to wait for another round of its item; return how many. Idempotent."""
    waiting = Dispute.objects.filter(state=DisputeState.OPEN, adjudicated_in=None).order_by("pk")
    return sum(_open_waiting(dispute_id) for dispute_id in list(waiting.values_list("pk", flat=True)[:SLICE]))


@transaction.atomic
def _open_waiting(dispute_id: int) -> bool:
    """Where the item came to something else meanwhile, or is withdrawn, there is nothing left to decide."""
    disputed = Dispute.objects.select_related("round").get(pk=dispute_id)
    item = lock_row(Item.objects.filter(pk=disputed.round.item_id))
    latest = last_rounds([item]).get(item.pk)
    is_over = item.state not in {ItemState.IN_PROGRESS, ItemState.RESOLVED}
    if is_over or latest is None or latest.pk != disputed.round_id:
        dispute = lock_row(Dispute.objects.filter(pk=dispute_id).select_related(None))
        if dispute.state == DisputeState.OPEN:
            transition(dispute, DisputeState.DROPPED, machine=DISPUTE_MACHINE, actor_id=None)
        return False
    following = open_next_rounds(
        after=[disputed.round],
        reason=RoundReason.DISPUTE,
        kind=TaskKind.ADJUDICATE,
        work=Work.EXPERT,
        needed=1,
        beside={disputed.round_id: disputed.annotations},
    )
    dispute = lock_row(Dispute.objects.filter(pk=dispute_id).select_related(None))
    if not following or dispute.state != DisputeState.OPEN:
        return False
    Dispute.objects.filter(pk=dispute.pk).update(adjudicated_in=following[0])
    record("dispute.waits_no_more", subject=dispute, actor_id=None, data={"round": following[0].pk})
    return True
