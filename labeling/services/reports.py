"""What reviewers report of an item they were given, and how the work on a reported item stops and goes on."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from django.db import transaction

from config.kernel.canonical import digest
from config.kernel.errors import Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from labeling.models import Flag, Item, ItemVersion, Project, Reviewer, Round, Task
from labeling.selectors import counting_annotations_of
from labeling.services.rounds import cancel_tasks, new_task
from labeling.types import FlagKind, ItemState, Problem, RoundState, TaskState

NOTE_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Reported:
    """A report as it was kept. `stopped` are the tasks that nobody works on until somebody has looked at it."""

    flag: Flag
    is_new: bool
    stopped: tuple[int, ...] = ()


@transaction.atomic
def report_item(*, task: Task, token: UUID, reviewer: Reviewer, problem: str, note: str, actor: User) -> Reported:
    """Flag the item version that the task is about, for a person to look at; the same under this token again is the same flag.

    In a project that holds what is reported, all that waits of the item's round is cancelled until the flag is decided.
    Of a gold item it is the reporter's own task only, which to them is the same. Raises Invalid for another problem
    without a note, and for a note that is too long.
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
    return Reported(flag, is_new=True, stopped=_stop(item, task, actor))


def _stop(item: Item, task: Task, actor: User) -> tuple[int, ...]:
    project = Project.objects.get(pk=item.project_id)
    if FlagKind.REPORTED not in project.hold_flagged:
        return ()
    opened = lock_row(Round.objects.filter(pk=task.round_id))
    if opened.state != RoundState.OPEN:
        return ()
    waiting = Task.objects.filter(pk=task.pk) if item.state == ItemState.GOLD else Task.objects.filter(round=opened)
    return tuple(stopped.pk for stopped in cancel_tasks(waiting, actor.pk))


def resume(*, item: Item) -> int:
    """Ask again for the judgments that a locked item in progress lacks, of those who were named where somebody was.

    Returns how many tasks were made: none where its open round has enough alive. Nothing must hold the item any more.
    """
    opened = Round.objects.filter(item=item, state=RoundState.OPEN).first()
    if opened is None:
        return 0
    opened = lock_row(Round.objects.filter(pk=opened.pk))
    tasks = list(Task.objects.filter(round=opened).select_related("pool").order_by("slot"))
    alive = [task for task in tasks if task.state in {TaskState.OPEN, TaskState.LEASED}]
    stopped = [task for task in tasks if task.state == TaskState.CANCELLED]
    missing = opened.judgments_needed - counting_annotations_of([opened.pk]).count() - len(alive)
    if opened.state != RoundState.OPEN or missing <= 0 or not stopped:
        return 0
    for slot, before in enumerate(stopped[-missing:], start=tasks[-1].slot + 1):
        again = new_task(opened, before.pool, slot, reserved_for_id=before.reserved_for_id, position=before.position)
        again.save(force_insert=True)
        record("task.added", subject=again, actor_id=None, data={"round": opened.pk})
    return min(missing, len(stopped))
