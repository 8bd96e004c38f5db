"""Reads about exams: what is open to whom, whether a sitting may begin, and what an answer of training came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from config.kernel.clock import database_now
from config.kernel.errors import NotFound
from config.kernel.models import User
from labeling.forms import answers_in_words
from labeling.models import Annotation
from labeling.services.access import log_read
from labeling.types import TaskKind, TaskState
from quality.models import Exam, Sitting, SittingTask, Standing
from quality.scoring import score_gold
from quality.services.gold_feedback import expected_in_words
from quality.types import ExamKind, ExamState, SittingState
from routing.answers import get_answer, projects_at_work
from routing.models import Qualification

# So long before what was passed expires it may be sat again; of what holds for a short time, in the last third of that.
RENEW_DAYS = 30

SKIPPED_IS_WRONG = "An item that you skip counts as wrong."


@dataclass(frozen=True, slots=True)
class ExamStanding:
    """Where a reviewer stands with an exam: attempts since the last pass, when the next may begin, until when that pass
    holds and from when on it may be renewed."""

    is_open: bool
    attempts_left: int
    next_at: datetime | None
    is_passed: bool
    renew_from: datetime | None
    expires_at: datetime | None


def standing_at(exam: Exam, sittings: Sequence[Sitting]) -> ExamStanding:
    """Return where whoever sat these sittings of the exam, in order, stands. A pass begins the count of attempts anew,
    and holds as long as was promised when it was begun."""
    passes = [place for place, each in enumerate(sittings) if each.state == SittingState.PASSED]
    since = sittings[passes[-1] + 1 :] if passes else sittings
    expires_at = renew_from = None
    if passes and (valid_days := sittings[passes[-1]].valid_days) is not None:
        finished_at = sittings[passes[-1]].finished_at
        assert finished_at is not None, "What is over is dated."
        expires_at = finished_at + timedelta(days=valid_days)
        renew_from = expires_at - timedelta(days=min(RENEW_DAYS, valid_days / 3))
    last = since[-1].finished_at if since else None
    return ExamStanding(
        is_open=exam.state == ExamState.OPEN,
        attempts_left=max(0, exam.attempts_most - len(since)),
        next_at=last + timedelta(days=exam.wait_days) if last is not None else None,
        is_passed=bool(passes),
        renew_from=renew_from,
        expires_at=expires_at,
    )


def may_begin(standing: ExamStanding, *, now: datetime) -> str:
    """Return why no sitting may begin now, in one sentence; "" where one may."""
    if not standing.is_open:
        return "This exam is closed; ask your operator which one takes its place."
    if standing.is_passed:
        if standing.renew_from is None:
            return "You have passed this; there is nothing left to sit."
        if now < standing.renew_from:
            return f"You have passed this; it can be renewed from {standing.renew_from:%Y-%m-%d} on."
    if standing.attempts_left == 0:
        return "You have used all your attempts; your operator decides how to go on."
    if standing.next_at is not None and now < standing.next_at:
        return f"The next attempt is open from {standing.next_at:%Y-%m-%d %H:%M} UTC."
    return ""


def trained(standings: QuerySet[Standing]) -> QuerySet[Standing]:
    """Keep the standings of those who passed each exam that their project needs before work: all, if it needs none."""
    passed = Sitting.objects.filter(
        exam=OuterRef("pk"), reviewer=OuterRef(OuterRef("reviewer")), state=SittingState.PASSED
    )
    missing = Exam.objects.filter(~Exists(passed), project=OuterRef("project"), is_needed=True, state=ExamState.OPEN)
    return standings.filter(~Exists(missing))


def exams_for(user: User) -> QuerySet[Exam]:
    """Return the exams of the projects that this person works on: those that are open, and those they have sat."""
    own = Exam.objects.filter(project__in=projects_at_work(user), project__state="open")
    sat = Sitting.objects.filter(reviewer__user=user).values("exam")
    return (
        (own.filter(state=ExamState.OPEN) | own.filter(pk__in=sat))
        .select_related("project")
        .order_by("project", "name")
    )


def desk_me(user: User) -> dict[str, Any]:
    """The part of "me" that tells the desk whether answers may have to be explained at once."""
    under_way = Sitting.objects.filter(reviewer__user=user, state=SittingState.OPEN, exam__kind=ExamKind.TRAINING)
    return {"is_training": under_way.exists()}


def get_exam(*, user: User, public_id: UUID) -> Exam:
    """Return the exam under this id, where it is open to this person; NotFound otherwise."""
    exam = exams_for(user).filter(public_id=public_id).first()
    if exam is None:
        raise NotFound("There is no such exam for you.")
    return exam


def shown_exams(user: User) -> list[dict[str, Any]]:
    """Return what the desk shows of each exam: what it is, how it went, and whether it may be sat now."""
    exams = list(exams_for(user))
    sat: dict[int, list[Sitting]] = {}
    for sitting in Sitting.objects.filter(reviewer__user=user, exam__in=exams).order_by("number"):
        sat.setdefault(sitting.exam_id, []).append(sitting)
    now = database_now()
    held = {each.skill: each for each in Qualification.objects.filter(reviewer__user=user)}
    return [shown_exam(exam, sat.get(exam.pk, []), held.get(exam.skill), now) for exam in exams]


def shown_exam(exam: Exam, sittings: Sequence[Sitting], held: Qualification | None, now: datetime) -> dict[str, Any]:
    standing = standing_at(exam, sittings)
    last = sittings[-1] if sittings else None
    is_under_way = last is not None and last.state == SittingState.OPEN
    asked, to_pass = (last.asked, last.pass_share) if last and is_under_way else (exam.size, exam.pass_share)
    return {
        "id": exam.public_id,
        "project": {"id": exam.project.public_id, "name": exam.project.name},
        "name": exam.name,
        "kind": exam.kind,
        "skill": exam.skill,
        "size": asked,
        "pass_share": float(to_pass),
        "attempts_left": standing.attempts_left,
        "expires_at": held.expires_at if held is not None and exam.skill else standing.expires_at,
        "refusal": "" if is_under_way else may_begin(standing, now=now),
        "sitting": None if last is None else shown_sitting(last),
        "note": SKIPPED_IS_WRONG,
    }


def shown_sitting(sitting: Sitting) -> dict[str, Any]:
    """Return how far a sitting has come; how many were right only once it is over."""
    waiting = sitting.tasks.filter(task__state__in=[TaskState.OPEN, TaskState.LEASED]).count()
    is_over = sitting.state != SittingState.OPEN
    return {
        "number": sitting.number,
        "state": sitting.state,
        "asked": sitting.asked,
        "left": waiting,
        "right": int(sitting.right) if is_over else None,
        "finished_at": sitting.finished_at,
    }


def explanation_of_answer(*, user: User, public_id: UUID) -> dict[str, Any]:
    """Return whether this person's answer in a training was right, what was expected, and why. The read is logged.

    Raises NotFound for anybody else's answer, and for one that is not training's: of a test nothing is told item by item,
    and of any other task it must not be told what it was.
    """
    answer: Annotation = get_answer(user=user, public_id=public_id)
    asked = (
        SittingTask.objects.filter(
            task=answer.task_id, sitting__exam__kind=ExamKind.TRAINING, task__kind=TaskKind.TRAINING
        )
        .select_related("gold_item__round__form")
        .first()
    )
    if asked is None:
        raise NotFound("There is nothing to explain about this answer.")
    gold, first = asked.gold_item, Annotation.objects.get(task=answer.task_id, supersedes=None)
    found = score_gold(answer.form.document, gold.expected, first.answers, tolerance=gold.tolerance)
    log_read(
        user_id=user.pk,
        customer_id=answer.customer_id,
        project_id=answer.project_id,
        door="desk",
        object_type="labeling.itemversion",
        object_ids=[answer.item_version_id],
    )
    return {
        "is_right": found.is_correct,
        "questions": found.questions,
        "expected": [
            {"question": question, "lines": lines}
            for question, lines in answers_in_words(gold.round.form.document, gold.expected)
        ],
        "explanation": gold.explanation or expected_in_words(gold),
    }
