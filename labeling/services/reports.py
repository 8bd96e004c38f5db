"""What reviewers report of an item they were given, and how the work on a reported item stops and goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.db import transaction

from config.kernel.canonical import digest
from config.kernel.errors import Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import Event, User
from labeling.models import Flag, Item, ItemVersion, Project, Reviewer, Round, Task
from labeling.selectors import counting_annotations_of
from labeling.services.rounds import cancel_tasks, new_task
from labeling.types import MADE_FOR_ONE, FlagKind, Problem, RoundReason, RoundState, TaskKind, TaskState

NOTE_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Reported:
    """A report as it was kept."""

    flag: Flag
    is_new: bool


@transaction.atomic
def report_item(*, task: Task, token: UUID, reviewer: Reviewer, problem: str, note: str, actor: User) -> Reported:
    """Flag the item version that the task is about, for a person to look at; the same under this token again is the same flag.

    The work goes on: `stop_reported` stops it. Raises Invalid for another problem without a note, and for a note that is
    too long.
    """
    note = note.strip()
    if problem == Problem.OTHER and not note:
        raise Invalid("Say in a few words what is wrong.", field="note")
    if len(note) > NOTE_LONGEST:
        raise Invalid(f"Say it in at most {NOTE_LONGEST} characters.", field="note")
    version = ItemVersion.objects.defer("payload").get(pk=task.round.item_version_id)
    item = lock_row(Item.objects.filter(pk=version.item_id))
    flag, is_new = Flag.objects.get_or_create(
        report=uuid5(token, digest({"problem": problem, "note": note})),
        defaults={
            "customer_id": task.customer_id,
            "project_id": task.project_id,
            "item_version": version,
            "kind": FlagKind.REPORTED,
            "detail": {"problem": problem},
            "note": note,
            "reported_by": reviewer,
        },
    )
    if not is_new:
        return Reported(flag, is_new=False)
    record("flag.reported", subject=flag, actor_id=actor.pk, data={"item": item.pk, "problem": problem})
    return Reported(flag, is_new=True)


def stop_reported(*, task: Task, actor: User) -> tuple[int, ...]:
    """Cancel the task, whose item its holder has just reported, in a project that holds what is reported; return which
    tasks were cancelled.

    Of an open round it is all that waits, until the flag is decided; of gold the holder's own task only, which to them is
    the same. What an exam asks stays theirs: else they would report whatever they do not know. The caller has locked
    the item and the round, and seen that the task is in the reporter's hand.
    """
    is_exam = task.kind in {TaskKind.TRAINING, TaskKind.QUALIFICATION}
    if is_exam or FlagKind.REPORTED not in Project.objects.get(pk=task.project_id).hold_flagged:
        return ()
    is_alone = task.kind in MADE_FOR_ONE or task.round.state != RoundState.OPEN
    waiting = Task.objects.filter(pk=task.pk) if is_alone else Task.objects.filter(round=task.round_id)
    return tuple(stopped.pk for stopped in cancel_tasks(waiting, actor.pk))


def resume(*, item: Item) -> int:
    """Ask again for the judgments that a locked item in progress lacks, of those who were named where somebody was.

    Returns how many tasks were made: none where its open round has enough alive. What was skipped too often stays with
    the operator whom its escalation asks. Nothing must hold the item any more.
    """
    opened = Round.objects.filter(item=item, state=RoundState.OPEN).exclude(reason=RoundReason.GOLD).first()
    if opened is None:
        return 0
    opened = lock_row(Round.objects.filter(pk=opened.pk))
    tasks = list(Task.objects.filter(round=opened).select_related("pool").order_by("slot"))
    alive = [task for task in tasks if task.state in {TaskState.OPEN, TaskState.LEASED}]
    stopped = _stopped(tasks)
    missing = opened.judgments_needed - counting_annotations_of([opened.pk]).count() - len(alive)
    if opened.state != RoundState.OPEN or missing <= 0 or not stopped:
        return 0
    for slot, before in enumerate(stopped[-missing:], start=tasks[-1].slot + 1):
        again = new_task(opened, before.pool, slot, reserved_for_id=before.reserved_for_id, position=before.position)
        again.save(force_insert=True)
        record("task.added", subject=again, actor_id=None, data={"round": opened.pk, "instead_of": before.pk})
    return min(missing, len(stopped))


def _stopped(tasks: Sequence[Task]) -> list[Task]:
    """Return those of a round's tasks that a report stopped and that were not asked again since; a skip says how it ended
    a task, and a task that was asked again names the one before."""
    told = Event.objects.filter(subject="labeling.task", subject_id__in=[task.pk for task in tasks])
    skipped = set(told.filter(kind="task.cancelled", data__has_key="how").values_list("subject_id", flat=True))
    again = set(told.filter(kind="task.added").values_list("data__instead_of", flat=True))
    return [task for task in tasks if task.state == TaskState.CANCELLED and task.pk not in skipped | again]
