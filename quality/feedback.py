"""Reads about feedback and appeals: what a reviewer is told and may appeal against, and who had a part in it."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from config.kernel.errors import NotFound
from config.kernel.models import User
from quality.models import AuditVerdict, Dispute, Feedback, GoldItem, Review
from quality.types import FeedbackKind
from routing.answers import projects_at_work

# "Me" counts no further.
COUNTED = 100


def feedback_for(user: User) -> QuerySet[Feedback]:
    """Return what this person is told by now of their answers on the projects they may look at, newest first."""
    told = Feedback.objects.filter(reviewer__user=user, project__in=projects_at_work(user), tell_from__lte=Now())
    return (
        told.exclude(words="")
        .select_related("project", "appeal", "annotation__guideline", "reviewer")
        .order_by("-tell_from", "-pk")
    )


def told_as(kind: str) -> FeedbackKind:
    """Return as what its reader is told it: missed gold as an audit, or they would know which item was gold."""
    return FeedbackKind.AUDITED if kind == FeedbackKind.GOLD_MISSED else FeedbackKind(kind)


def get_feedback(*, user: User, public_id: UUID) -> Feedback:
    found = feedback_for(user).filter(public_id=public_id).first()
    if found is None:
        raise NotFound("There is no such feedback for you.")
    return found


def desk_me(user: User) -> dict[str, Any]:
    """Quality's part of "me": how much feedback this person has still to read."""
    return {"feedback_to_read": feedback_for(user).filter(read_at=None).order_by()[:COUNTED].count()}


def had_a_part(feedback: Feedback) -> set[int]:
    """Return the ids of the people who had a part in what the feedback says, its reader among them."""
    people = {feedback.reviewer.user_id}
    annotation = feedback.annotation_id
    if feedback.kind == FeedbackKind.AUDITED:
        verdicts = AuditVerdict.objects.filter(draw__resolution__annotation_ids__contains=[annotation])
        people |= set(verdicts.values_list("annotation__reviewer__user", flat=True))
    if feedback.kind in {FeedbackKind.AUDITED, FeedbackKind.ADJUDICATED}:
        disputes = Dispute.objects.filter(annotations__contains=[annotation])
        people |= set(disputes.values_list("decided_by__user", flat=True))
    if feedback.kind in {FeedbackKind.SENT_BACK, FeedbackKind.REJECTED}:
        people |= set(Review.objects.filter(attempt=annotation).values_list("reviewer__user", flat=True))
    if feedback.kind == FeedbackKind.INVALIDATED:
        people.add(feedback.annotation.invalidation.invalidated_by_id)
    if feedback.kind == FeedbackKind.GOLD_MISSED:
        gold = GoldItem.objects.filter(item_version=feedback.annotation.item_version_id)
        people |= set(gold.filter(~Q(made_by=None)).values_list("made_by", flat=True))
    return {person for person in people if person is not None}
