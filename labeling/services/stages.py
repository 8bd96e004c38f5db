"""What follows a judgment, or stands beside it: reviews, adjudication, audits, and attempts that go back to their author.

Quality says when; each is a task like any other, in a pool of its own kind of work, so that the router gives it to who may.
"""

from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from django.db.models import Max

from config.kernel.events import record_many
from config.kernel.locks import lock_rows
from config.kernel.transitions import transition_many
from labeling.models import Item, Pool, Project, Reviewer, Round, Task
from labeling.selectors import counting_annotations_of
from labeling.services.pools import pools_of
from labeling.services.rounds import cancel_tasks, documents_in_force, new_round, new_task, next_numbers
from labeling.types import ASIDE, ITEM_MACHINE, ROUND_MACHINE, ItemState, RoundReason, RoundState, TaskKind, TaskState


@transaction.atomic
def add_tasks(
    *,
    rounds: Sequence[Round],
    kind: str,
    work: str,
    reserved_for: Mapping[int, Reviewer] | None = None,
    beside: Mapping[int, Sequence[int]] | None = None,
) -> list[Task]:
    """Add a task of this kind to each of these open rounds of one project; return those that were added.

    The caller has locked the rounds. `reserved_for` names whose task it is, by round; without a name it is anybody's who
    may do the work. `beside` are the annotations that the task is about, by round: they are shown with it, without names.
    Who has judged the round, or the item in another role, is never given it.
    """
    opened = [each for each in rounds if each.state == RoundState.OPEN]
    if not opened:
        return []
    named = reserved_for or {}
    pools = pools_of(Project.objects.get(pk=opened[0].project_id), opened, work)
    lock_rows(Pool.objects.filter(pk__in={pool.pk for pool in pools.values()}))
    slots = dict(Task.objects.filter(round__in=opened).order_by().values_list("round").annotate(last=Max("slot")))
    tasks = Task.objects.bulk_create(
        [
            new_task(
                each,
                pools[each.pk],
                slots.get(each.pk, -1) + 1,
                reserved_for_id=named[each.pk].pk if each.pk in named else None,
                kind=kind,
                beside=list(beside[each.pk]) if beside and each.pk in beside else None,
            )
            for each in opened
        ]
    )
    rows = [(task.pk, task.customer_id, {"round": task.round_id, "kind": kind}) for task in tasks]
    record_many("task.added", subject="labeling.task", rows=rows, actor_id=None)
    return tasks


@transaction.atomic
def open_next_rounds(
    *,
    after: Sequence[Round],
    reason: str,
    kind: str,
    work: str,
    needed: int,
    reserved_for: Mapping[int, Reviewer] | None = None,
    beside: Mapping[int, Sequence[int]] | None = None,
    tasks_each: int = 1,
) -> list[Round]:
    """Open the round that follows each of these closed ones of one project, on the same content; return the new rounds.

    The caller has locked the items. Each begins with `tasks_each` tasks of this kind, reserved for whom `reserved_for`
    names by the round before it, with what `beside` shows by the same. Items that were resolved are in progress again, but for rounds that stand aside, such as audits. Items
    with an open round, and those that were withdrawn, are left alone.
    """
    items = {item.pk: item for item in Item.objects.filter(pk__in=[each.item_id for each in after])}
    under_way = Round.objects.filter(item__in=items, state=RoundState.OPEN).exclude(reason=RoundReason.GOLD)
    busy = set(under_way.values_list("item", flat=True))
    alive = {ItemState.IN_PROGRESS, ItemState.RESOLVED}
    wanted = [each for each in after if each.item_id not in busy and items[each.item_id].state in alive]
    if not wanted:
        return []
    documents = documents_in_force(Project.objects.get(pk=wanted[0].project_id))
    numbers = next_numbers([items[each.item_id] for each in wanted])
    opened = Round.objects.bulk_create(
        [
            new_round(
                items[each.item_id],
                each.item_version,
                numbers[each.item_id],
                stage=each.stage,
                reason=reason,
                documents=documents,
                needed=needed,
            )
            for each in wanted
        ]
    )
    following = {each.pk: new for each, new in zip(wanted, opened, strict=True)}
    named = {following[before].pk: who for before, who in (reserved_for or {}).items() if before in following}
    shown = {following[before].pk: said for before, said in (beside or {}).items() if before in following}
    if reason not in ASIDE:
        resolved = [items[each.item_id] for each in opened if items[each.item_id].state == ItemState.RESOLVED]
        transition_many(resolved, ItemState.IN_PROGRESS, machine=ITEM_MACHINE, actor_id=None)
    rows = [(each.pk, each.customer_id, {"reason": reason, "item": each.item_id}) for each in opened]
    record_many("round.opened", subject="labeling.round", rows=rows, actor_id=None)
    lock_rows(Round.objects.filter(pk__in=[each.pk for each in opened]))
    for _ in range(tasks_each):
        add_tasks(rounds=opened, kind=kind, work=work, reserved_for=named, beside=shown)
    return opened


def close_without_resolution(*, rounds: Sequence[Round], why: str) -> None:
    """Close these locked open rounds that come to no resolution of their own: an audit that is done, an attempt sent back."""
    about = {each.pk: {"item": each.item_id, "why": why} for each in rounds}
    transition_many(rounds, RoundState.CLOSED, machine=ROUND_MACHINE, actor_id=None, data=about)


@transaction.atomic
def free_tasks(*, task_ids: Collection[int]) -> int:
    """Open these tasks, which wait for one person, to anybody; return how many. What was taken meanwhile stays theirs."""
    waiting = [task for task in lock_rows(Task.objects.filter(pk__in=task_ids)) if task.state == TaskState.OPEN]
    Task.objects.filter(pk__in=[task.pk for task in waiting]).update(reserved_for=None)
    rows = [(task.pk, task.customer_id, {"how": "freed"}) for task in waiting]
    record_many("task.freed", subject="labeling.task", rows=rows, actor_id=None)
    return len(waiting)


def cancel_surplus(judged: Round) -> int:
    """Cancel the last of this locked round's tasks that wait for anybody, while more are alive than it needs judgments;
    return how many. What is with somebody stays theirs."""
    if judged.state != RoundState.OPEN or judged.reason in ASIDE:
        return 0
    tasks = Task.objects.filter(round=judged, kind=TaskKind.ANNOTATE)
    alive = tasks.filter(state__in=[TaskState.OPEN, TaskState.LEASED]).count()
    surplus = counting_annotations_of([judged.pk]).count() + alive - judged.judgments_needed
    waiting = tasks.filter(state=TaskState.OPEN, reserved_for=None).order_by("-slot").values_list("pk", flat=True)
    return len(cancel_tasks(Task.objects.filter(pk__in=list(waiting[: max(surplus, 0)])), None))
