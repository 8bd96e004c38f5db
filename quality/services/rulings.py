"""Questions about a clause and an item, and their answers, which reach everybody on the project."""

from uuid import uuid5

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.canonical import digest
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from labeling.models import Project, Reviewer
from quality.models import Ruling, RulingReading
from routing.models import Lease
from routing.services.clocks import resume_clock, stop_clock
from routing.types import ClockStopKind

# So many questions of one person may wait for an operator, on one project.
MOST_WAITING = 20


@transaction.atomic
def ask_for_ruling(*, lease: Lease, clause: str, question: str, actor: User) -> tuple[Ruling, bool]:
    """Ask about a clause of the lease's guideline and its item; return the question, and whether it is new.

    The same under this lease again is the same. The lease must be the actor's, live or over. Raises Invalid for a clause
    that the guideline does not have, and for no question, and Conflict while MOST_WAITING of theirs wait there.
    """
    question = question.strip()
    if not question or len(question) > Ruling.QUESTION_LONGEST:
        raise Invalid(f"Ask in at most {Ruling.QUESTION_LONGEST} characters.", field="question")
    if clause not in {each["id"] for each in lease.guideline.clauses}:
        raise Invalid("The guideline of this task has no such clause; name one by its id.", field="clause")
    submission = uuid5(lease.token, digest({"clause": clause, "question": question}))
    waiting = Ruling.objects.filter(project=lease.project_id, asked_by=lease.reviewer_id, answered_at=None)
    if waiting.count() >= MOST_WAITING and not Ruling.objects.filter(submission=submission).exists():
        raise Conflict(
            f"{MOST_WAITING} of your questions wait for an answer already; ask again once some are answered."
        )
    ruling, is_new = Ruling.objects.get_or_create(
        submission=submission,
        defaults={
            "customer_id": lease.customer_id,
            "project_id": lease.project_id,
            "guideline_id": lease.guideline_id,
            "clause": clause,
            "item_version_id": lease.task.round.item_version_id,
            "asked_by_id": lease.reviewer_id,
            "question": question,
        },
    )
    if is_new:
        record("ruling.asked", subject=ruling, actor_id=actor.pk, data={"project": ruling.project_id})
    return ruling, is_new


@transaction.atomic
def ask_customer(*, ruling: Ruling, reason: str, actor: User) -> Ruling:
    """Ask the customer about the question, in words that they read: the project's clock stands until it is answered.

    Raises Invalid without words, Conflict for a question that was answered, or that the customer was asked before.
    """
    reason = checked_reason(reason, ask="Say what the customer is asked: they read this.")
    lock_row(Project.objects.filter(pk=ruling.project_id).select_related(None))
    locked = lock_row(Ruling.objects.filter(pk=ruling.pk))
    if locked.answered_at is not None:
        raise Conflict("This question was answered before; there is nothing left to ask.")
    if locked.customer_asked_at is not None:
        raise Conflict("The customer was asked before; the clock stands until the question is answered.")
    Ruling.objects.filter(pk=locked.pk).update(customer_asked_at=Now())
    stop_clock(project=locked.project, kind=ClockStopKind.RULING, reason=reason, actor=actor)
    record("ruling.customer_asked", subject=locked, actor_id=actor.pk, data={"project": locked.project_id})
    locked.refresh_from_db()
    return locked


@transaction.atomic
def answer_ruling(*, ruling: Ruling, answer: str, actor: User) -> Ruling:
    """Answer the question, once and for all, to everybody on the project. Raises Invalid for no answer, Conflict again.

    The clock goes on once no question is left that the customer was asked.
    """
    answer = answer.strip()
    lock_row(Project.objects.filter(pk=ruling.project_id).select_related(None))
    locked = lock_row(Ruling.objects.filter(pk=ruling.pk))
    if locked.answered_at is not None:
        raise Conflict("This question was answered before; what was ruled stands until the next guideline.")
    if not answer or len(answer) > Ruling.ANSWER_LONGEST:
        raise Invalid(f"Answer in at most {Ruling.ANSWER_LONGEST} characters.", field="answer")
    Ruling.objects.filter(pk=locked.pk).update(answer=answer, answered_by=actor, answered_at=Now())
    record("ruling.answered", subject=locked, actor_id=actor.pk, data={"project": locked.project_id})
    waiting = Ruling.objects.filter(project=locked.project_id, customer_asked_at__isnull=False, answered_at=None)
    if locked.customer_asked_at is not None and not waiting.exists():
        resume_clock(project=locked.project, kind=ClockStopKind.RULING, actor=actor)
    locked.refresh_from_db()
    return locked


@transaction.atomic
def mark_ruling_read(*, ruling: Ruling, reviewer: Reviewer) -> None:
    """Remember that the reviewer has read the answer; again changes nothing. Raises Conflict while there is none."""
    if ruling.answered_at is None:
        raise Conflict("This question has no answer yet.")
    RulingReading.objects.get_or_create(ruling=ruling, reviewer=reviewer, defaults={"customer_id": ruling.customer_id})
