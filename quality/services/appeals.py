"""Appeals: a reviewer answers what they were told, and somebody who had no part in it decides."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid, NotAllowed
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.transitions import transition
from labeling.models import Item
from labeling.services.judgments import restore_annotation
from labeling.services.rounds import last_rounds
from labeling.types import ItemState, RoundState, TaskKind
from quality.feedback import had_a_part
from quality.models import Appeal, Dispute, Evidence, Feedback, GoldItem, Resolution
from quality.services.disputes import open_dispute
from quality.services.evidence import restore_evidence, void_evidence
from quality.services.feedback import APPEALABLE
from quality.services.gold import retire_because
from quality.types import (
    APPEAL_MACHINE,
    AppealState,
    DisputeReason,
    EvidenceSource,
    FeedbackKind,
    GoldRetirement,
    GoldState,
)

SLICE = 200

# How long after it was made an appeal is decided on.
DUE_DAYS = 5

# Whose evidence a kind of feedback tells of.
SOURCES: dict[str, str] = {
    FeedbackKind.GOLD_MISSED: EvidenceSource.GOLD,
    FeedbackKind.AUDITED: EvidenceSource.AUDIT,
    FeedbackKind.ADJUDICATED: EvidenceSource.AUDIT,
    FeedbackKind.SENT_BACK: EvidenceSource.REVIEW,
    FeedbackKind.REJECTED: EvidenceSource.REVIEW,
}

# Answers given independently of others'. What follows an attempt, or was said of others, has been gone on with since.
RESTORED = (TaskKind.ANNOTATE, TaskKind.GOLD)


@transaction.atomic
def make_appeal(*, feedback: Feedback, words: str, actor: User) -> tuple[Appeal, bool]:
    """Appeal against what the actor was told; return the appeal, and whether it is new. The same again is the same.

    Raises NotAllowed for anybody but the one who was told, Invalid without words, Conflict for what cannot be appealed
    against, once the time is over, and for other words after the first.
    """
    words = words.strip()
    locked = lock_row(Feedback.objects.filter(pk=feedback.pk).select_related(None))
    if feedback.reviewer.user_id != actor.pk:
        raise NotAllowed("Only whoever was told can appeal.")
    if not words or len(words) > Appeal.WORDS_LONGEST:
        raise Invalid(f"Say in at most {Appeal.WORDS_LONGEST} characters why you think otherwise.", field="words")
    known = Appeal.objects.filter(feedback=locked).first()
    if known is not None:
        if known.words != words:
            raise Conflict("You have appealed against this before; what you said then is decided on.")
        return known, False
    if locked.kind not in APPEALABLE or locked.appeal_until is None:
        raise Conflict("There is nothing to appeal against here; it takes nothing from you.")
    now = database_now()
    if now > locked.appeal_until:
        raise Conflict("The time to appeal against this is over.")
    appeal = Appeal.objects.create(
        customer_id=locked.customer_id,
        project_id=locked.project_id,
        feedback=locked,
        reviewer_id=locked.reviewer_id,
        words=words,
        due_at=now + timedelta(days=DUE_DAYS),
    )
    Feedback.objects.filter(pk=locked.pk, read_at=None).update(read_at=Now())
    record("appeal.made", subject=appeal, actor_id=actor.pk, data={"reviewer": appeal.reviewer_id})
    appeal.refresh_from_db()
    return appeal, True


@transaction.atomic
def decide_appeal(*, appeal: Appeal, outcome: str, reason: str, actor: User) -> Appeal:
    """Decide the appeal with an answer (`reason`) that its author reads.

    Upheld, or the guideline at fault: what was held against them counts no more, and gold that they missed is gold no
    more, as its answer is disputed; refused: all stands. Raises NotAllowed for whoever had a part in it, Invalid without
    an answer, Conflict once it is decided.
    """
    reason = reason.strip()
    if outcome not in {AppealState.UPHELD, AppealState.REFUSED, AppealState.GUIDELINE}:
        raise Invalid("An appeal is upheld, refused, or ends with the guideline at fault.", field="outcome")
    if not reason or len(reason) > Appeal.WORDS_LONGEST:
        raise Invalid("Answer whoever appealed: they read this.", field="reason")
    feedback = Feedback.objects.select_related("reviewer", "annotation__item_version").get(pk=appeal.feedback_id)
    if actor.pk in had_a_part(feedback):
        raise NotAllowed("You had a part in what is appealed against; somebody else decides.")
    if outcome != AppealState.REFUSED and feedback.kind == FeedbackKind.GOLD_MISSED:
        _retire(feedback, actor)
    locked = lock_row(Appeal.objects.filter(pk=appeal.pk).select_related(None))
    if locked.state != AppealState.OPEN:
        raise Conflict("This appeal was decided before; the answer stands.")
    transition(
        locked,
        outcome,
        machine=APPEAL_MACHINE,
        actor_id=actor.pk,
        data={"reviewer": locked.reviewer_id, "kind": feedback.kind, "clause": feedback.clause},
        decided_by=actor,
        answer=reason,
    )
    if outcome != AppealState.REFUSED:
        source = SOURCES.get(feedback.kind)
        held = Evidence.objects.filter(annotation=feedback.annotation_id, source=source, voids=None, agreed=False)
        void_evidence(evidence=list(held), reason=f"Appeal {locked.public_id}: {outcome}.", actor_id=actor.pk)
    return locked


def _retire(feedback: Feedback, actor: User) -> None:
    gold = GoldItem.objects.filter(item_version=feedback.annotation.item_version_id, state=GoldState.ACTIVE).first()
    if gold is not None:
        reason = "An appeal against it was upheld."
        retire_because(gold_item=gold, because=GoldRetirement.DISPUTED, reason=reason, actor_id=actor.pk)


def free_from_gold(*, appeal_ids: Iterable[int]) -> int:
    """Void all that is known by gold whose answer these appeals were right about, of whoever answered it; return how
    many pieces. In slices. Idempotent."""
    decided = Appeal.objects.filter(pk__in=list(appeal_ids), feedback__kind=FeedbackKind.GOLD_MISSED)
    wrong = GoldItem.objects.filter(item_version__in=decided.values("feedback__annotation__item_version"))
    known = Evidence.objects.filter(
        source=EvidenceSource.GOLD, voids=None, voided_by=None, annotation__gold_score__gold_item__in=wrong
    ).order_by("pk")
    done = 0
    while pieces := list(known[:SLICE]):
        done += void_evidence(evidence=pieces, reason="An appeal about this gold was upheld.", actor_id=None)
    return done


def follow_upheld(*, appeal_ids: Iterable[int]) -> int:
    """Do what follows from these upheld appeals; return of how many something did. Idempotent.

    An independent answer that was invalidated counts again, with what was known of it, and its round comes to something
    anew. Else what the appeal is about is adjudicated, where it is not gold.
    """
    return sum(_follow(appeal_id) for appeal_id in sorted(set(appeal_ids)))


@transaction.atomic
def _follow(appeal_id: int) -> bool:
    appeal = Appeal.objects.select_related("feedback__annotation__task", "feedback__annotation__round").get(
        pk=appeal_id
    )
    item = lock_row(Item.objects.filter(pk=appeal.feedback.annotation.round.item_id))
    if appeal.feedback.kind == FeedbackKind.INVALIDATED and appeal.feedback.annotation.task.kind in RESTORED:
        return _restore(appeal)
    return _dispute(appeal, item)


def _restore(appeal: Appeal) -> bool:
    annotation, decided_by = appeal.feedback.annotation, appeal.decided_by
    assert decided_by is not None, "An upheld appeal was decided by somebody."
    restored = restore_annotation(annotation=annotation, actor=decided_by)
    if restored is None:
        return False
    restore_evidence(before=annotation, after=restored)
    return True


def _dispute(appeal: Appeal, item: Item) -> bool:
    annotation = appeal.feedback.annotation
    latest = last_rounds([item]).get(item.pk)
    if item.state != ItemState.RESOLVED or latest is None or latest.state != RoundState.RESOLVED:
        return False
    current = Resolution.objects.filter(round=latest, superseded_by=None).first()
    if current is None or Dispute.objects.filter(resolution=current, reason=DisputeReason.APPEAL).exists():
        return False
    open_dispute(
        opened=latest,
        reason=DisputeReason.APPEAL,
        sides=sorted({*current.annotation_ids, annotation.pk}),
        resolution=current,
        actor_id=appeal.decided_by_id,
    )
    return True
