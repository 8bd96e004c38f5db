"""Rounds and their tasks: generated for a batch in slices, or assigned to named reviewers."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef
from django.db.models.functions import Now

from config.kernel.canonical import digest
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
from labeling.types import (
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
    slots = project.overlap if project.overlap_kind == Overlap.FIXED else 0
    created = _open_rounds(project, batch.stage, plain, versions, slots=slots, reason=RoundReason.FIRST)
    Batch.objects.filter(pk=batch.pk).update(tasks_generated=F("tasks_generated") + created)
    transition_many(plain, ItemState.IN_PROGRESS, machine=ITEM_MACHINE, actor_id=None)
    return len(items)


def _open_rounds(
    project: Project,
    stage: str,
    items: Sequence[Item],
    versions: Mapping[Any, ItemVersion],
    *,
    slots: int,
    reason: str,
    numbers: Mapping[Any, int] | None = None,
) -> int:
    """Create one round an item and `slots` open tasks in each; return how many tasks.

    `versions` are what is judged, by the items' current version; `numbers` are the rounds', by item.
    """
    if not items:
        return 0
    documents = documents_in_force(project)
    rounds = Round.objects.bulk_create(
        [
            Round(
                customer_id=item.customer_id,
                project=project,
                item=item,
                item_version=versions[item.current_version_id],
                number=numbers[item.pk] if numbers else 1,
                stage=stage,
                reason=reason,
                guideline=documents.guideline,
                form=documents.form,
                judgments_needed=max(slots, 1),
            )
            for item in items
        ]
    )
    pools = pools_for(project=project, stage=stage, versions=versions.values())
    tasks = [
        Task(
            customer_id=item.customer_id,
            project=project,
            round=opened,
            pool=pools[requirement(opened.item_version)],
            kind=TaskKind.ANNOTATE,
            slot=slot,
            position=item.pk * POSITION_STEP,
        )
        for item, opened in zip(items, rounds, strict=True)
        for slot in range(slots)
    ]
    Task.objects.bulk_create(tasks, batch_size=2000)
    return len(tasks)


@transaction.atomic
def reopen_items(*, item_ids: Collection[int], reason: str, actor: User | None) -> int:
    """Open the next round of these items of one project, on their current versions; return how many rounds.

    An item whose current version waits for its flags is judged again on the version that was judged last; with a
    *revision*, the caller says that the current version waits for nothing.
    What was open is cancelled with its unfinished tasks; judgments given stay where they are. Items that have had no
    round yet, gold and withdrawn ones are left alone. One transaction: the caller sends at most SLICE items.
    """
    return reopen_locked(items=lock_rows(Item.objects.filter(pk__in=item_ids)), reason=reason, actor=actor)


def reopen_locked(*, items: Sequence[Item], reason: str, actor: User | None) -> int:
    """Do what `reopen_items` does for items that the caller has locked."""
    items = [item for item in items if item.state in {ItemState.IN_PROGRESS, ItemState.RESOLVED}]
    if not items:
        return 0
    project = Project.objects.get(pk=items[0].project_id)
    actor_id = actor.pk if actor else None
    cancel_open(items, actor_id)
    latest = {
        opened.item_id: opened
        for opened in Round.objects.filter(item__in=items).order_by("item_id", "-number").distinct("item_id")
    }
    versions = _versions_to_judge(items, reason)
    slots = project.overlap if project.overlap_kind == Overlap.FIXED else 0
    for stage in sorted({opened.stage for opened in latest.values()}):
        _open_rounds(
            project,
            stage,
            [item for item in items if latest[item.pk].stage == stage],
            versions,
            slots=slots,
            reason=reason,
            numbers={item_id: opened.number + 1 for item_id, opened in latest.items()},
        )
    resolved = [item for item in items if item.state == ItemState.RESOLVED]
    transition_many(resolved, ItemState.IN_PROGRESS, machine=ITEM_MACHINE, actor_id=actor_id)
    record_many(
        "item.reopened",
        subject="labeling.item",
        rows=[(item.pk, item.customer_id, {"reason": reason}) for item in items],
        actor_id=actor_id,
    )
    return len(items)


def _versions_to_judge(items: Sequence[Item], reason: str) -> dict[int | None, ItemVersion]:
    """Return what the items' next rounds are about, by their current version."""
    chosen = {item.pk: item.current_version_id for item in items}
    if reason != RoundReason.REVISION:
        chosen |= judged_instead(chosen)
    versions = ItemVersion.objects.defer("payload").in_bulk(chosen.values())
    return {item.current_version_id: versions[chosen[item.pk]] for item in items}


def cancel_open(items: Sequence[Item], actor_id: int | None) -> None:
    """Cancel the open rounds of these locked items, and the tasks of theirs that nobody has completed."""
    rounds = lock_rows(Round.objects.filter(item__in=items, state=RoundState.OPEN))
    waiting = Task.objects.filter(round__in=rounds, state__in=[TaskState.OPEN, TaskState.LEASED])
    tasks = [task for task in lock_rows(waiting) if task.state in {TaskState.OPEN, TaskState.LEASED}]
    for state in (TaskState.OPEN, TaskState.LEASED):
        of_state = [task for task in tasks if task.state == state]
        transition_many(of_state, TaskState.CANCELLED, machine=TASK_MACHINE, actor_id=actor_id)
    transition_many(rounds, RoundState.CANCELLED, machine=ROUND_MACHINE, actor_id=actor_id)


Requirement = tuple[str, str, int]  # language, domain, difficulty


def requirement(version: ItemVersion) -> Requirement:
    return (version.language, version.domain, version.difficulty)


def pools_for(*, project: Project, stage: str, versions: Iterable[ItemVersion]) -> dict[Requirement, Pool]:
    """Return the pool of each requirement among the versions, making those that are not there yet."""
    made: dict[Requirement, Pool] = {}
    for needed in {requirement(version) for version in versions}:
        language, domain, difficulty = needed
        skills = sorted(f"{skill}:{level}" for skill, level in project.skills_by_domain.get(domain, {}).items())
        signature = digest([stage, language, skills, difficulty, project.clearance])
        made[needed], _ = Pool.objects.get_or_create(
            project=project,
            signature=signature,
            defaults={
                "customer_id": project.customer_id,
                "stage": stage,
                "language": language,
                "skills": skills,
                "difficulty": difficulty,
                "clearance": project.clearance,
                "priority": project.priority,
                "due_at": project.due_at,
            },
        )
    return made


@transaction.atomic
def assign_items(*, project: Project, assignments: Mapping[str, Sequence[Reviewer]], actor: User | None) -> int:
    """Reserve a task of the item's open round for each named reviewer ({external id: reviewers}); return how many.

    The project's overlap must be *assigned*. A reviewer who has a task in the round already gets no second one, and
    the round then needs as many judgments as it has tasks. Raises Invalid for an unknown item or one without an open
    round; then nothing is assigned.
    """
    if project.overlap_kind != Overlap.ASSIGNED:
        raise Conflict("This project hands items to whoever is free; set its overlap to assigned to name reviewers.")
    rounds = {
        opened.item.external_id: opened
        for opened in Round.objects.filter(
            project=project, state=RoundState.OPEN, item__external_id__in=list(assignments)
        ).select_related("item", "item_version")
    }
    if missing := sorted(set(assignments) - rounds.keys()):
        raise Invalid(f"Item {missing[0]!r} has no open round in this project.", field="assignments")
    pools = {
        stage: pools_for(
            project=project,
            stage=stage,
            versions=[opened.item_version for opened in rounds.values() if opened.stage == stage],
        )
        for stage in {opened.stage for opened in rounds.values()}
    }
    taken = _reserved_by_round(rounds.values())
    tasks = []
    for external_id, reviewers in assignments.items():
        opened = rounds[external_id]
        new = [reviewer for reviewer in reviewers if reviewer.pk not in taken[opened.pk]]
        first = len(taken[opened.pk])
        tasks += [
            _reserved_task(opened, pools[opened.stage][requirement(opened.item_version)], reviewer, first + offset)
            for offset, reviewer in enumerate(new)
        ]
        opened.judgments_needed = max(first + len(new), 1)
    Task.objects.bulk_create(tasks, batch_size=2000)
    Round.objects.bulk_update(rounds.values(), ["judgments_needed"], batch_size=2000)
    record("project.assigned", subject=project, actor_id=actor.pk if actor else None, data={"tasks": len(tasks)})
    return len(tasks)


def _reserved_by_round(rounds: Iterable[Round]) -> dict[int, set[int | None]]:
    taken: dict[int, set[int | None]] = defaultdict(set)
    for round_id, reviewer_id in Task.objects.filter(round__in=[opened.pk for opened in rounds]).values_list(
        "round_id", "reserved_for_id"
    ):
        taken[round_id].add(reviewer_id)
    return taken


def _reserved_task(opened: Round, pool: Pool, reviewer: Reviewer, slot: int) -> Task:
    return Task(
        customer_id=opened.customer_id,
        project_id=opened.project_id,
        round=opened,
        pool=pool,
        kind=TaskKind.ANNOTATE,
        slot=slot,
        reserved_for=reviewer,
        position=opened.item_id * POSITION_STEP,
    )


@transaction.atomic
def open_gold_round(*, item_version: ItemVersion) -> Round:
    """Open the round in which reviewers answer a gold item; it stays open, and each gets one reserved task in it."""
    item = lock_row(Item.objects.filter(pk=item_version.item_id))
    existing = Round.objects.filter(item=item, reason=RoundReason.GOLD).first()
    if existing is not None:
        return existing
    project = Project.objects.get(pk=item.project_id)
    documents = documents_in_force(project)
    opened = Round.objects.create(
        customer_id=item.customer_id,
        project=project,
        item=item,
        item_version=item_version,
        stage=project.stage,
        reason=RoundReason.GOLD,
        guideline=documents.guideline,
        form=documents.form,
        judgments_needed=1,
    )
    record("round.opened", subject=opened, actor_id=None, data={"reason": RoundReason.GOLD})
    return opened


def reserve_gold_task(*, gold_round: Round, reviewer: Reviewer, pool: Pool, position: int) -> Task:
    """Put one task of the gold round into the reviewer's queue at `position`.

    The caller reserves gold for one project at a time, and never for a reviewer who has met it; slots stay unique
    even so.
    """
    last = Task.objects.filter(round=gold_round).aggregate(last=Max("slot"))["last"]
    return Task.objects.create(
        customer_id=gold_round.customer_id,
        project_id=gold_round.project_id,
        round=gold_round,
        pool=pool,
        kind=TaskKind.GOLD,
        slot=0 if last is None else last + 1,
        reserved_for=reviewer,
        position=position,
    )


def close_resolved(*, rounds: Sequence[Round], items: Sequence[Item]) -> None:
    """Close these open rounds as resolved, and their items with them. The caller has locked items and rounds."""
    about = {opened.pk: {"item": opened.item_id} for opened in rounds}
    transition_many(rounds, RoundState.RESOLVED, machine=ROUND_MACHINE, actor_id=None, data=about)
    transition_many(items, ItemState.RESOLVED, machine=ITEM_MACHINE, actor_id=None)


@transaction.atomic
def add_slot(*, round_id: int) -> Task | None:
    """Ask for one more judgment where an open round has fewer tasks alive than it needs; None where it has enough."""
    opened = lock_row(Round.objects.filter(pk=round_id))
    if opened.state != RoundState.OPEN:
        return None
    counting = counting_annotations_of([round_id]).count()
    tasks = Task.objects.filter(round=opened).order_by("slot")
    waiting = sum(task.state in {TaskState.OPEN, TaskState.LEASED} for task in tasks)
    if counting + waiting >= opened.judgments_needed:
        return None
    first, last = tasks[0], max(task.slot for task in tasks)
    added = Task.objects.create(
        customer_id=opened.customer_id,
        project_id=opened.project_id,
        round=opened,
        pool_id=first.pool_id,
        kind=TaskKind.ANNOTATE,
        slot=last + 1,
        position=first.position,
    )
    record("task.added", subject=added, actor_id=None, data={"round": round_id})
    return added
