"""Rounds and their tasks: generated for a batch in slices, or assigned to named reviewers."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.db.models.functions import Now

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record, record_many
from config.kernel.locks import lock_row, lock_rows
from config.kernel.models import User
from config.kernel.transitions import transition_many
from labeling.models import (
    Batch,
    FormVersion,
    GuidelineVersion,
    Item,
    ItemVersion,
    Pool,
    Project,
    Reviewer,
    Round,
    Task,
)
from labeling.selectors import counting_annotations_of, judged_instead, unseen_versions, waits_for_flags
from labeling.services.pools import pools_of
from labeling.types import (
    ASIDE,
    ITEM_MACHINE,
    ROUND_MACHINE,
    TASK_MACHINE,
    DocumentState,
    ItemState,
    Overlap,
    RoundReason,
    RoundState,
    TaskKind,
    TaskState,
)

SLICE = 1000

# Items are this far apart in the queue, so that other work can be put between two of them.
POSITION_STEP = 1000


@dataclass(frozen=True, slots=True)
class Documents:
    """The guideline in force and the form in use."""

    guideline: GuidelineVersion
    form: FormVersion


def documents_in_force(project: Project) -> Documents:
    """Return the project's guideline in force now and its latest published form; raises Conflict without them."""
    guideline = project.guidelines.filter(state=DocumentState.PUBLISHED, in_force__contains=Now()).first()
    form = project.forms.filter(state=DocumentState.PUBLISHED).order_by("-number").first()
    if guideline is None or form is None:
        raise Conflict("The project has no published form or no guideline in force.")
    return Documents(guideline, form)


def generate_tasks(*, batch_id: int, until: float = float("inf")) -> int:
    """Open the first round of every accepted item of the batch, with one task a slot; return how many items.

    Works in slices, each a transaction of its own, until the time (monotonic) is up; run again, or twice at once, it
    does only what is left. Items with an expected answer become gold and get no round here. A batch that waits for its
    flags is left for their job.
    """
    if waits_for_flags(Batch.objects.select_related("project").get(pk=batch_id)):
        return 0
    done = 0
    while time.monotonic() < until and (taken := _generate_slice(batch_id)):
        done += taken
    return done


@transaction.atomic
def _generate_slice(batch_id: int) -> int:
    batch = Batch.objects.select_related("project").get(pk=batch_id)
    project = batch.project
    accepted = Item.objects.filter(batch=batch, state=ItemState.ACCEPTED)
    if project.hold_flagged:  # what was uploaded again meanwhile is looked at first
        accepted = accepted.exclude(Exists(unseen_versions().filter(item=OuterRef("pk"))))
    items = lock_rows(
        Item.objects.filter(pk__in=accepted.order_by("pk").values("pk")[:SLICE], state=ItemState.ACCEPTED),
        skip_locked=True,
    )
    if not items:
        return 0
    versions = ItemVersion.objects.defer("payload").in_bulk([item.current_version_id for item in items])
    gold = [item for item in items if versions[item.current_version_id].expected is not None]
    plain = [item for item in items if versions[item.current_version_id].expected is None]
    transition_many(gold, ItemState.GOLD, machine=ITEM_MACHINE, actor_id=None)
    stages = {item.pk: batch.stage for item in plain}
    created = _open_rounds(project, plain, versions, stages=stages, reason=RoundReason.FIRST)
    Batch.objects.filter(pk=batch.pk).update(tasks_generated=F("tasks_generated") + created, worked_at=Now())
    transition_many(plain, ItemState.IN_PROGRESS, machine=ITEM_MACHINE, actor_id=None)
    return len(items)


def new_round(
    item: Item, version: ItemVersion, number: int, *, stage: str, reason: str, documents: Documents, needed: int
) -> Round:
    """Return a round that is not saved yet: the only place that makes one, but for imported history."""
    return Round(
        customer_id=item.customer_id,
        project_id=item.project_id,
        item=item,
        item_version=version,
        number=number,
        stage=stage,
        reason=reason,
        guideline=documents.guideline,
        form=documents.form,
        judgments_needed=needed,
    )


def new_task(opened: Round, pool: Pool, slot: int, *, reserved_for_id: int | None = None, **more: Any) -> Task:
    """Return a task of the round that is not saved yet."""
    return Task(
        customer_id=opened.customer_id,
        project_id=opened.project_id,
        round=opened,
        pool=pool,
        slot=slot,
        reserved_for_id=reserved_for_id,
        **{"kind": TaskKind.ANNOTATE, "position": opened.item_id * POSITION_STEP, **more},
    )


def next_numbers(items: Sequence[Item]) -> dict[int, int]:
    """Return the number of each item's next round, by item: imported history may have taken any number of them."""
    rounds = Round.objects.filter(item__in=items).order_by().values_list("item_id")
    last = dict(rounds.annotate(last=Max("number")).values_list("item_id", "last"))
    return {item.pk: last.get(item.pk, 0) + 1 for item in items}


def last_rounds(items: Sequence[Item]) -> dict[int, Round]:
    """Return each item's latest round that is open or resolved, by item."""
    worked = Round.objects.filter(item__in=items, state__in=[RoundState.OPEN, RoundState.RESOLVED]).exclude(
        reason__in=ASIDE
    )
    latest = worked.order_by("item_id", "-number").distinct("item_id").select_related("guideline")
    return {found.item_id: found for found in latest}


def assigned_to(project: Project, rounds: Mapping[int, Round]) -> dict[int, list[int]] | None:
    """Return whom each round ({item: round}) was assigned to, by item in the order of slots; None where nobody is named."""
    if project.overlap_kind != Overlap.ASSIGNED:
        return None
    assigned: dict[int, list[int]] = {item_id: [] for item_id in rounds}
    tasks = Task.objects.filter(round__in=list(rounds.values()), reserved_for__isnull=False)
    for item_id, reviewer_id in tasks.order_by("slot").values_list("round__item", "reserved_for_id"):
        if reviewer_id not in assigned[item_id]:
            assigned[item_id].append(reviewer_id)
    return assigned


def _first_slots(project: Project) -> tuple[str, int, int]:
    """Return what a round begins with where nobody is named: the kind of its tasks, how many, and the judgments it needs."""
    if project.overlap_kind == Overlap.REVIEWED:
        return TaskKind.ATTEMPT, 1, 2  # the review follows the attempt
    if project.overlap_kind == Overlap.ADAPTIVE:
        slots = min(project.overlap, project.overlap_most)
    else:
        slots = project.overlap if project.overlap_kind == Overlap.FIXED else 0
    return TaskKind.ANNOTATE, slots, max(slots, 1)


def _open_rounds(
    project: Project,
    items: Sequence[Item],
    versions: Mapping[Any, ItemVersion],
    *,
    stages: Mapping[int, str],
    reason: str,
    assigned: Mapping[int, Sequence[int]] | None = None,
) -> int:
    """Open the next round of each item, with a task for each of its `assigned` or for each slot; return how many tasks.

    `versions` are what is judged, by the items' current version.
    """
    if not items:
        return 0
    documents, numbers = documents_in_force(project), next_numbers(items)
    kind, slots, needed = _first_slots(project)
    anybody: Sequence[int | None] = [None] * slots
    places: dict[int, Sequence[int | None]] = {
        item.pk: anybody if assigned is None else assigned[item.pk] for item in items
    }
    rounds = Round.objects.bulk_create(
        [
            new_round(
                item,
                versions[item.current_version_id],
                numbers[item.pk],
                stage=stages[item.pk],
                reason=reason,
                documents=documents,
                needed=needed if assigned is None else max(len(places[item.pk]), 1),
            )
            for item in items
        ]
    )
    pools = pools_of(project, rounds)
    if assigned is None and slots:
        _ask_for_more(project, rounds, pools, places)
    tasks = [
        new_task(opened, pools[opened.pk], slot, reserved_for_id=reviewer_id, kind=kind)
        for opened in rounds
        for slot, reviewer_id in enumerate(places[opened.item_id])
    ]
    lock_rows(Pool.objects.filter(pk__in={pool.pk for pool in pools.values()}))
    Task.objects.bulk_create(tasks, batch_size=2000)
    return len(tasks)


def _ask_for_more(
    project: Project,
    rounds: Sequence[Round],
    pools: Mapping[int, Pool],
    places: dict[int, Sequence[int | None]],
) -> None:
    """Ask for more judgments where quality asks it of the pool; up to the most, where the project says how many that is."""
    if project.overlap_kind not in (Overlap.FIXED, Overlap.ADAPTIVE):
        return
    raised = [opened for opened in rounds if pools[opened.pk].more_overlap]
    for opened in raised:
        wanted = len(places[opened.item_id]) + pools[opened.pk].more_overlap
        slots = min(wanted, project.overlap_most) if project.overlap_kind == Overlap.ADAPTIVE else wanted
        places[opened.item_id] = [None] * slots
        opened.judgments_needed = slots
    Round.objects.bulk_update(raised, ["judgments_needed"], batch_size=2000)


@transaction.atomic
def reopen_items(*, item_ids: Collection[int], reason: str, actor: User | None) -> int:
    """Open the next round of these items of one project, on their current versions; return how many rounds.

    An item whose current version waits for its flags is judged again on the version that was judged last; with a
    *revision*, the caller says that the current version waits for nothing.
    What was open is cancelled with its unfinished tasks; judgments given stay where they are, and who was named is named
    again. Items that have had no round yet, gold and withdrawn ones are left alone. One transaction: the caller sends at
    most SLICE items.
    """
    return reopen_locked(items=lock_rows(Item.objects.filter(pk__in=item_ids)), reason=reason, actor=actor)


def reopen_locked(*, items: Sequence[Item], reason: str, actor: User | None) -> int:
    """Do what `reopen_items` does for items that the caller has locked."""
    items = [item for item in items if item.state in {ItemState.IN_PROGRESS, ItemState.RESOLVED}]
    last = last_rounds(items)
    items = [item for item in items if item.pk in last]
    if not items:
        return 0
    project = Project.objects.get(pk=items[0].project_id)
    actor_id = actor.pk if actor else None
    cancel_open(items, actor_id)
    versions = versions_to_judge(items, reason)
    stages = {item_id: found.stage for item_id, found in last.items()}
    _open_rounds(project, items, versions, stages=stages, reason=reason, assigned=assigned_to(project, last))
    resolved = [item for item in items if item.state == ItemState.RESOLVED]
    transition_many(resolved, ItemState.IN_PROGRESS, machine=ITEM_MACHINE, actor_id=actor_id)
    record_many(
        "item.reopened",
        subject="labeling.item",
        rows=[(item.pk, item.customer_id, {"reason": reason}) for item in items],
        actor_id=actor_id,
    )
    return len(items)


def versions_to_judge(
    items: Sequence[Item], reason: str, *, but: Sequence[str] = ("payload",)
) -> dict[int | None, ItemVersion]:
    """Return what the items' next rounds are about, by their current version, without the columns `but`."""
    chosen = {item.pk: item.current_version_id for item in items}
    if reason != RoundReason.REVISION:
        chosen |= judged_instead(chosen)
    versions = ItemVersion.objects.defer(*but).in_bulk(chosen.values())
    return {item.current_version_id: versions[chosen[item.pk]] for item in items}


def cancel_open(items: Sequence[Item], actor_id: int | None) -> None:
    """Cancel the open rounds of these locked items, and the tasks of theirs that nobody has completed."""
    cancel_rounds(Round.objects.filter(item__in=items, state=RoundState.OPEN), actor_id)


def cancel_rounds(opened: QuerySet[Round], actor_id: int | None) -> None:
    """Cancel these open rounds of locked items, and the tasks of theirs that nobody has completed."""
    rounds = lock_rows(opened)
    cancel_tasks(Task.objects.filter(round__in=rounds), actor_id)
    transition_many(rounds, RoundState.CANCELLED, machine=ROUND_MACHINE, actor_id=actor_id)


def cancel_tasks(tasks: QuerySet[Task], actor_id: int | None) -> list[Task]:
    """Cancel those of these tasks that nobody has completed; return them. Their rounds must be locked."""
    unfinished = tasks.filter(state__in=[TaskState.OPEN, TaskState.LEASED])
    waiting = [task for task in lock_rows(unfinished) if task.state in {TaskState.OPEN, TaskState.LEASED}]
    for state in (TaskState.OPEN, TaskState.LEASED):
        of_state = [task for task in waiting if task.state == state]
        transition_many(of_state, TaskState.CANCELLED, machine=TASK_MACHINE, actor_id=actor_id)
    return waiting


@transaction.atomic
def assign_items(*, project: Project, assignments: Mapping[str, Sequence[Reviewer]], actor: User | None) -> int:
    """Reserve a task of the item's open round for each named reviewer ({external id: reviewers}); return how many.

    The project's overlap must be *assigned*. A reviewer who has a task in the round already gets no second one (one that
    was cancelled is none), and the round then needs as many judgments as it has tasks. Raises Invalid for an unknown item or one without an open
    round; then nothing is assigned.
    """
    if project.overlap_kind != Overlap.ASSIGNED:
        raise Conflict("This project hands items to whoever is free; set its overlap to assigned to name reviewers.")
    named = Round.objects.filter(project=project, state=RoundState.OPEN, item__external_id__in=list(assignments))
    named = named.exclude(reason=RoundReason.GOLD)
    rounds = {opened.item.external_id: opened for opened in lock_rows(named.select_related("item", "item_version"))}
    if missing := sorted(set(assignments) - rounds.keys()):
        raise Invalid(f"Item {missing[0]!r} has no open round in this project.", field="assignments")
    pools = pools_of(project, list(rounds.values()))
    given = _tasks_by_round(rounds.values())
    tasks = []
    for external_id, reviewers in assignments.items():
        opened = rounds[external_id]
        alive = [task for task in given[opened.pk] if task.state != TaskState.CANCELLED]
        named_already = {task.reserved_for_id for task in alive}
        new = [reviewer for reviewer in reviewers if reviewer.pk not in named_already]
        first = max((task.slot + 1 for task in given[opened.pk]), default=0)
        tasks += [
            new_task(opened, pools[opened.pk], first + offset, reserved_for_id=reviewer.pk)
            for offset, reviewer in enumerate(new)
        ]
        opened.judgments_needed = max(len(alive) + len(new), 1)
    Task.objects.bulk_create(tasks, batch_size=2000)
    Round.objects.bulk_update(rounds.values(), ["judgments_needed"], batch_size=2000)
    record("project.assigned", subject=project, actor_id=actor.pk if actor else None, data={"tasks": len(tasks)})
    return len(tasks)


def _tasks_by_round(rounds: Iterable[Round]) -> dict[int, list[Task]]:
    given: dict[int, list[Task]] = defaultdict(list)
    for task in Task.objects.filter(round__in=[opened.pk for opened in rounds]).order_by("pk"):
        given[task.round_id].append(task)
    return given


def close_resolved(*, rounds: Sequence[Round], items: Sequence[Item]) -> None:
    """Close these open rounds as resolved, and their items with them. The caller has locked items and rounds."""
    about = {opened.pk: {"item": opened.item_id} for opened in rounds}
    transition_many(rounds, RoundState.RESOLVED, machine=ROUND_MACHINE, actor_id=None, data=about)
    transition_many(items, ItemState.RESOLVED, machine=ITEM_MACHINE, actor_id=None)


@transaction.atomic
def add_slot(*, round_id: int) -> Task | None:
    """Ask for one more judgment where an open round has fewer tasks alive than it needs; None where it has enough.

    It asks of a reviewer what the project's settings ask by now.
    """
    opened = lock_row(Round.objects.filter(pk=round_id).select_related("item_version", "project"))
    if opened.state != RoundState.OPEN:
        return None
    counting = counting_annotations_of([round_id]).count()
    tasks = Task.objects.filter(round=opened).order_by("slot")
    waiting = sum(task.state in {TaskState.OPEN, TaskState.LEASED} for task in tasks)
    if counting + waiting >= opened.judgments_needed:
        return None
    first, last = tasks[0], max(task.slot for task in tasks)
    pool = pools_of(opened.project, [opened])[opened.pk]
    added = new_task(opened, pool, last + 1, position=first.position)
    added.save(force_insert=True)
    record("task.added", subject=added, actor_id=None, data={"round": round_id})
    return added


@transaction.atomic
def ask_for_one_more(*, round_id: int) -> Task | None:
    """Raise what an open round needs by one judgment, and ask for it; None where it waits for some, or is open no more.

    So whoever asks twice, or at once, asks for one.
    """
    opened = lock_row(Round.objects.filter(pk=round_id).select_related("item_version", "project"))
    if opened.state != RoundState.OPEN:
        return None
    if counting_annotations_of([round_id]).count() < opened.judgments_needed:
        return None
    Round.objects.filter(pk=round_id).update(judgments_needed=F("judgments_needed") + 1)
    return add_slot(round_id=round_id)
