"""Training and tests: reviewers sit them on gold that they have not met, and are granted a skill for passing.

Training explains each answer at once, a test says only at its end how it went. A sitting's tasks are reserved for whoever
sits it, in pools that ask for no skill. What is skipped counts as wrong; what is withdrawn counts neither way.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import ADVISORY_GOLD, advisory_lock, lock_row
from config.kernel.models import User
from config.kernel.transitions import transition
from labeling.models import Annotation, Project, Reviewer
from labeling.services.gold_rounds import reserve_gold_task
from labeling.services.pools import pools_of
from labeling.services.rounds import POSITION_STEP
from labeling.types import TaskKind, TaskState, Work
from quality.evidence import PRIOR, TAIL
from quality.exams import may_begin, standing_at, trained
from quality.models import Exam, Sitting, SittingTask, Standing
from quality.proportions import beta_quantile
from quality.scoring import score_gold
from quality.services.gold import unmet_gold
from quality.types import (
    EXAM_MACHINE,
    SITTING_MACHINE,
    STANDING_MACHINE,
    ExamKind,
    ExamState,
    SittingState,
    StandingState,
)
from routing.models import Enrolment, Lease, Qualification
from routing.services.enrolments import grant_qualification, set_trust
from routing.types import LeaseState, Trust

KINDS = {ExamKind.TRAINING: TaskKind.TRAINING, ExamKind.QUALIFICATION: TaskKind.QUALIFICATION}

IN_TRAINING = "New here: the training comes first."
TRAINED = "The training is passed."


@transaction.atomic
def open_exam(*, project: Project, kind: str, name: str, actor: User, **settings: Any) -> Exam:
    """Offer training or a test to whoever works on the project.

    Raises Invalid for a test that grants no skill, or for settings out of their bounds, and Conflict for a name that is taken.
    """
    if kind == ExamKind.QUALIFICATION and not settings.get("skill"):
        raise Invalid("Say which skill passing this test grants.", field="skill")
    if Exam.objects.filter(project=project, name=name).exists():
        raise Conflict(f"{project} has an exam called {name!r} already; choose another name.", field="name")
    exam = Exam(customer_id=project.customer_id, project=project, kind=kind, name=name, made_by=actor, **settings)
    exam.full_clean(exclude=["customer", "project", "made_by"], validate_unique=False)
    exam.save(force_insert=True)
    record("exam.opened", subject=exam, actor_id=actor.pk, data={"kind": kind})
    return exam


@transaction.atomic
def change_exam(*, exam: Exam, actor: User, **settings: Any) -> Exam:
    """Give the exam other settings from now on, as its next version. The same again changes nothing.

    Sittings that are open go on by those they were begun with, what was passed holds as long as it did, and what was
    sat counts among the attempts. Raises Conflict for a closed exam, ValidationError for settings out of their bounds.
    """
    exam = lock_row(Exam.objects.filter(pk=exam.pk))
    if exam.state != ExamState.OPEN:
        raise Conflict("This exam is closed; open another one instead of changing it.")
    changed = {name: value for name, value in settings.items() if getattr(exam, name) != value}
    if not changed:
        return exam
    for name, value in changed.items():
        setattr(exam, name, value)
    exam.version += 1
    exam.full_clean(exclude=["customer", "project", "made_by"], validate_unique=False)
    exam.save(update_fields=[*changed, "version"])
    record("exam.changed", subject=exam, actor_id=actor.pk, data={"version": exam.version})
    return exam


@transaction.atomic
def close_exam(*, exam: Exam, actor: User) -> None:
    """Let nobody begin it any more; sittings that are open go on."""
    exam = lock_row(Exam.objects.filter(pk=exam.pk))
    transition(exam, ExamState.CLOSED, machine=EXAM_MACHINE, actor_id=actor.pk)


@transaction.atomic
def begin_sitting(*, exam: Exam, reviewer: Reviewer, actor: User) -> tuple[Sitting, bool]:
    """Begin a sitting of this exam, its tasks waiting for the reviewer; the one that is open stays the one.

    Return it and whether it is new. Raises Conflict for an exam that is closed, passed and not soon over, or waits for a day
    or an operator, and where too little of its gold is unknown to the reviewer.
    """
    advisory_lock(ADVISORY_GOLD, exam.project_id)  # as seeding does: nobody is asked one item twice
    exam = lock_row(Exam.objects.filter(pk=exam.pk).select_related("project"))
    sittings = list(Sitting.objects.filter(exam=exam, reviewer=reviewer).order_by("number"))
    if sittings and sittings[-1].state == SittingState.OPEN:
        return sittings[-1], False
    refusal = may_begin(standing_at(exam, sittings), now=database_now())
    if refusal:
        raise Conflict(refusal)
    unmet = unmet_gold(
        project=exam.project, reviewer_id=reviewer.pk, use=exam.kind, most=exam.size, concept=exam.concept
    )
    if len(unmet) < exam.size:
        raise Conflict("There are not enough items left that you have not seen; your operator adds more.")
    sitting = Sitting.objects.create(
        customer_id=exam.customer_id,
        project_id=exam.project_id,
        exam=exam,
        reviewer=reviewer,
        number=len(sittings) + 1,
        asked=len(unmet),
        version=exam.version,
        pass_share=exam.pass_share,
        valid_days=exam.valid_days,
    )
    pools = pools_of(exam.project, [gold.round for gold in unmet], Work.EXAM)
    for place, gold in enumerate(unmet):
        task = reserve_gold_task(
            gold_round=gold.round,
            reviewer=reviewer,
            pool=pools[gold.round_id],
            position=place * POSITION_STEP,
            kind=KINDS[ExamKind(exam.kind)],
        )
        SittingTask.objects.create(
            customer_id=exam.customer_id, project_id=exam.project_id, sitting=sitting, gold_item=gold, task=task
        )
    record("sitting.begun", subject=sitting, actor_id=actor.pk, data={"exam": exam.pk, "number": sitting.number})
    return sitting, True


def mark_sittings(*, task_ids: Collection[int] | None = None) -> int:
    """End the open sittings (of these tasks, or all) whose last task is answered, skipped or withdrawn; return how many."""
    unended = Sitting.objects.filter(state=SittingState.OPEN)
    if task_ids is not None:
        unended = unended.filter(tasks__task__in=task_ids)
    waiting = unended.distinct().order_by("pk").values_list("pk", flat=True)
    return sum(_mark(sitting_id) for sitting_id in list(waiting))


@transaction.atomic
def _mark(sitting_id: int) -> bool:
    sitting = Sitting.objects.select_related("exam", "reviewer").get(pk=sitting_id)
    asked = list(sitting.tasks.select_related("task", "gold_item").order_by("pk"))
    if any(each.task.state in {TaskState.OPEN, TaskState.LEASED} for each in asked):
        return False
    exam, sitting = sitting.exam, lock_row(Sitting.objects.filter(pk=sitting_id).select_related("reviewer"))
    if sitting.state != SittingState.OPEN:
        return False
    answers = {answer.task_id: answer for answer in first_answers([each.task_id for each in asked])}
    skipped = set(
        Lease.objects.filter(task__in=[each.task_id for each in asked], state=LeaseState.SKIPPED).values_list(
            "task_id", flat=True
        )
    )
    answered = [
        each for each in asked if each.task_id in answers and each.gold_item.expected
    ]  # what was erased is gone
    right = sum(is_right(each, answers[each.task_id]) for each in answered)
    counted = len(answered) + len(skipped)
    is_passed = counted > 0 and right >= float(sitting.pass_share) * counted - 1e-9
    transition(
        sitting,
        SittingState.PASSED if is_passed else SittingState.FAILED,
        machine=SITTING_MACHINE,
        actor_id=None,
        data={"exam": exam.pk, "right": right, "counted": counted},
        right=right,
    )
    if is_passed:
        _passed(exam, sitting)
    return True


def first_answers(task_ids: Collection[int]) -> QuerySet[Annotation]:
    """Return what was answered before anything could be explained: a correction does not count in an exam."""
    return Annotation.objects.filter(task__in=task_ids, supersedes=None).select_related("form")


def is_right(asked: SittingTask, answer: Annotation) -> bool:
    """Whether the answer is the one that was expected."""
    gold = asked.gold_item
    return score_gold(answer.form.document, gold.expected, answer.answers, tolerance=gold.tolerance).is_correct


def _passed(exam: Exam, sitting: Sitting) -> None:
    """Grant what passing grants; a level as high that holds as long is left as it is."""
    if not exam.skill:
        return
    until = None if sitting.valid_days is None else database_now() + timedelta(days=sitting.valid_days)
    as_high = Qualification.objects.filter(reviewer=sitting.reviewer, skill=exam.skill, level__gte=exam.level)
    as_long = Q(expires_at=None) if until is None else Q(expires_at=None) | Q(expires_at__gte=until)
    if not as_high.filter(as_long).exists():
        grant_qualification(
            reviewer=sitting.reviewer,
            skill=exam.skill,
            level=exam.level,
            reason=f"Passed {exam.name}, sitting {sitting.number}."[:300],
            actor=None,
            expires_at=until,
        )


@transaction.atomic
def begin_training(*, enrolment_ids: Iterable[int]) -> int:
    """Give those who were enrolled into training a standing that says so; return how many. Idempotent.

    Who begins in training, the database decides as they are enrolled: all that the project needs is not passed, and
    they have no standing there, by which they would go on.
    """
    new = Enrolment.objects.filter(pk__in=list(enrolment_ids), trust=Trust.TRAINING).order_by(
        "project_id", "reviewer_id"
    )
    made = 0
    for enrolment in new:
        _, is_new = Standing.objects.get_or_create(
            project_id=enrolment.project_id,
            reviewer_id=enrolment.reviewer_id,
            skill="",
            defaults={
                "customer_id": enrolment.customer_id,
                "state": StandingState.TRAINING,
                "alpha": PRIOR,
                "beta": PRIOR,
                "lower_bound": beta_quantile(TAIL, PRIOR, PRIOR),
                "reason": IN_TRAINING,
            },
        )
        made += is_new
    return made


def end_training(*, sitting_ids: Iterable[int] = (), exam_ids: Iterable[int] = ()) -> int:
    """Put those on probation who have passed all the training that is needed, among whose sittings these are and on
    whose projects these exams; return how many. Idempotent."""
    projects = Exam.objects.filter(pk__in=list(exam_ids)).values("project")
    sat = Sitting.objects.filter(pk__in=list(sitting_ids), project=OuterRef("project"), reviewer=OuterRef("reviewer"))
    concerned = Standing.objects.filter(Q(project__in=projects) | Exists(sat), skill="", state=StandingState.TRAINING)
    pairs = list(trained(concerned).order_by("pk").values_list("project_id", "reviewer_id"))
    return sum(_end_training(*pair) for pair in pairs)


@transaction.atomic
def _end_training(project_id: int, reviewer_id: int) -> bool:
    standing = lock_row(Standing.objects.filter(project=project_id, reviewer=reviewer_id, skill=""))
    if standing.state != StandingState.TRAINING:
        return False
    transition(
        standing,
        StandingState.PROBATION,
        machine=STANDING_MACHINE,
        actor_id=None,
        data={"reviewer": reviewer_id, "project": project_id},
        reason=TRAINED,
    )
    set_trust(project_id=project_id, reviewer_id=reviewer_id, trust=StandingState.PROBATION, reason=TRAINED)
    return True
