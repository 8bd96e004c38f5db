"""Reviewers are told what became of their answers; each hears of every rejection, with the reason and the clause."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.clock import database_now
from config.kernel.errors import Invalid
from config.kernel.events import record
from labeling.models import Annotation
from quality.models import Evidence, Feedback
from quality.types import FeedbackKind

# How long after they were told somebody may appeal.
APPEAL_DAYS = 14

# What says that an answer was not good enough, and can be appealed against.
APPEALABLE = frozenset(
    {
        FeedbackKind.GOLD_MISSED,
        FeedbackKind.AUDITED,
        FeedbackKind.ADJUDICATED,
        FeedbackKind.SENT_BACK,
        FeedbackKind.REJECTED,
        FeedbackKind.INVALIDATED,
    }
)


@transaction.atomic
def tell_reviewer(
    *,
    annotation: Annotation,
    kind: FeedbackKind,
    words: str,
    clause: str = "",
    evidence: Evidence | None = None,
    tell_from: datetime | None = None,
) -> Feedback:
    """Tell the answer's author what became of it; the same kind again is the same feedback.

    It is theirs to read from `tell_from` on (None: now). Raises Invalid without words.
    """
    words = words.strip()
    if not words:
        raise Invalid("Say what its author should know.", field="words")
    told_from = tell_from or database_now()
    feedback, is_new = Feedback.objects.get_or_create(
        annotation=annotation,
        kind=kind,
        defaults={
            "customer_id": annotation.customer_id,
            "project_id": annotation.project_id,
            "reviewer_id": annotation.reviewer_id,
            "clause": clause,
            "words": words[: Feedback.WORDS_LONGEST],
            "evidence": evidence,
            "tell_from": told_from,
            "appeal_until": told_from + timedelta(days=APPEAL_DAYS) if kind in APPEALABLE else None,
        },
    )
    if is_new:
        about = {"reviewer": feedback.reviewer_id, "kind": kind}
        record("feedback.given", subject=feedback, actor_id=None, data=about)
    return feedback


@transaction.atomic
def mark_feedback_read(*, feedback: Feedback) -> None:
    """Remember that its reader has read it; again changes nothing."""
    Feedback.objects.filter(pk=feedback.pk, read_at=None).update(read_at=Now())


def tell_invalidated(*, annotation_ids: Iterable[int]) -> int:
    """Tell the authors of these annotations that they no longer count, and why; return how many. Idempotent."""
    invalidated = Annotation.objects.filter(pk__in=list(annotation_ids), invalidation__isnull=False)
    told = [
        tell_reviewer(
            annotation=annotation,
            kind=FeedbackKind.INVALIDATED,
            words=f"This answer no longer counts: {annotation.invalidation.reason}",
        )
        for annotation in invalidated.filter(reviewer__user__isnull=False).select_related("invalidation").order_by("pk")
    ]
    return len(told)
