"""The rounds in which reviewers answer items whose answer is known. They stay open; each reviewer gets one reserved task."""

from django.db import transaction
from django.db.models import Max

from config.kernel.events import record
from config.kernel.locks import lock_row
from labeling.models import Item, ItemVersion, Pool, Project, Reviewer, Round, Task
from labeling.services.rounds import cancel_rounds, documents_in_force, new_round, new_task, next_numbers
from labeling.types import RoundReason, RoundState, TaskKind, TaskState


@transaction.atomic
def open_gold_round(*, item_version: ItemVersion) -> Round:
    """Return the open round in which reviewers answer a gold item under the form in use, opened here if need be.

    One under an earlier form is cancelled first, with its unfinished tasks; what was answered in it stays. It stands beside
    the item's other rounds: a resolved item stays resolved.
    """
    item = lock_row(Item.objects.filter(pk=item_version.item_id))
    project = Project.objects.get(pk=item.project_id)
    documents = documents_in_force(project)
    asked = Round.objects.filter(item=item, reason=RoundReason.GOLD, state=RoundState.OPEN)
    existing = asked.filter(form=documents.form).first()
    if existing is not None:
        return existing
    cancel_rounds(asked, None)
    opened = new_round(
        item,
        item_version,
        next_numbers([item])[item.pk],
        stage=project.stage,
        reason=RoundReason.GOLD,
        documents=documents,
        needed=1,
    )
    opened.save(force_insert=True)
    record("round.opened", subject=opened, actor_id=None, data={"reason": RoundReason.GOLD})
    return opened


def is_gold_in_hand(*, item_version: ItemVersion) -> bool:
    """Whether somebody holds this gold item now: taken from them where a plain one is not, it would be told."""
    held = Task.objects.filter(round__item=item_version.item_id, round__reason=RoundReason.GOLD)
    return held.filter(kind=TaskKind.GOLD, state=TaskState.LEASED).exists()


@transaction.atomic
def close_gold_round(*, item_version: ItemVersion) -> None:
    """Ask this gold item of nobody any more: its open gold round is cancelled with the tasks that nobody has completed."""
    lock_row(Item.objects.filter(pk=item_version.item_id))
    asked = Round.objects.filter(item=item_version.item_id, reason=RoundReason.GOLD, state=RoundState.OPEN)
    cancel_rounds(asked, None)


def reserve_gold_task(
    *, gold_round: Round, reviewer: Reviewer, pool: Pool, position: int, kind: str = TaskKind.GOLD
) -> Task:
    """Put one task of the gold round into the reviewer's queue at `position`: gold unseen, or an item of an exam.

    The caller reserves gold for one project at a time, and never for a reviewer who has met it; slots stay unique
    even so.
    """
    last = Task.objects.filter(round=gold_round).aggregate(last=Max("slot"))["last"]
    task = new_task(
        gold_round,
        pool,
        0 if last is None else last + 1,
        reserved_for_id=reviewer.pk,
        kind=kind,
        position=position,
    )
    task.save(force_insert=True)
    return task
