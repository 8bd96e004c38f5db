"""Carrying answers over: judgments of an item's last round become migrated ones of its next, where the mapping takes them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from config.kernel.events import record_many
from config.kernel.locks import lock_rows
from config.kernel.transitions import transition_many
from labeling.answer_mapping import DoesNotMap, map_answers
from labeling.forms import RATIONALE, ItemShape
from labeling.models import Annotation, FormVersion, GuidelineVersion, Item, ItemVersion, Pool, Project, Round, Task
from labeling.selectors import counting_annotations_of
from labeling.services.judgments import as_kept
from labeling.services.pools import pools_of
from labeling.services.rounds import (
    Documents,
    assigned_to,
    cancel_open,
    last_rounds,
    new_round,
    new_task,
    next_numbers,
    versions_to_judge,
)
from labeling.types import (
    ITEM_MACHINE,
    ItemState,
    Origin,
    RoundReason,
    TaskState,
)


@dataclass(frozen=True, slots=True)
class Way:
    """From which form to which; under which guideline, or that of the judgments themselves; by which mapping."""

    old_form: FormVersion
    new_form: FormVersion
    guideline: GuidelineVersion | None
    mapping: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """How many items got a new round, how many judgments were mapped into it, and how many are asked anew."""

    items: int
    mapped: int
    requeued: int


@transaction.atomic
def carry_over(*, project: Project, item_ids: Collection[int], way: Way) -> CarriedOver:
    """Open the next round of these items, with the judgments of the last one that map, and tasks for those that lack.

    What was open is cancelled with its unfinished tasks; the judgments themselves stay where they are. A judgment of
    another form or of an earlier version of the item does not map. Items that are neither in progress nor resolved are
    left alone. One transaction: the caller sends a slice.
    """
    locked = lock_rows(Item.objects.filter(pk__in=item_ids))
    items = [item for item in locked if item.state in {ItemState.IN_PROGRESS, ItemState.RESOLVED}]
    last = last_rounds(items)
    items = [item for item in items if item.pk in last]
    if not items:
        return CarriedOver(0, 0, 0)
    sources = _sources(last.values())
    assigned = assigned_to(project, last)
    cancel_open(items, None)
    versions = versions_to_judge(items, RoundReason.MIGRATION, but=())
    opened = _open(items, last, versions, way)
    pools = pools_of(project, opened)
    mapped, requeued = 0, 0
    tasks: list[Task] = []
    annotations: list[Annotation] = []
    for new in opened:
        given = sources[last[new.item_id].pk]
        kept = [(source, answers) for source in given if (answers := _mapped(source, new, way)) is not None]
        pool = pools[new.pk]
        done = [_done_task(new, pool, source, slot) for slot, (source, _) in enumerate(kept)]
        annotations += [
            _migrated(task, source, answers, way) for task, (source, answers) in zip(done, kept, strict=True)
        ]
        tasks += done + _missing_tasks(new, pool, kept, None if assigned is None else assigned[new.item_id])
        mapped += len(kept)
        requeued += len(given) - len(kept)
    Task.objects.bulk_create(tasks, batch_size=2000)
    Annotation.objects.bulk_create(annotations, batch_size=1000)
    _tell(items, annotations)
    return CarriedOver(len(items), mapped, requeued)


def _sources(rounds: Collection[Round]) -> dict[int, list[Annotation]]:
    sources: dict[int, list[Annotation]] = defaultdict(list)
    for annotation in counting_annotations_of([each.pk for each in rounds]):
        sources[annotation.round_id].append(annotation)
    return sources


def _open(
    items: Sequence[Item], last: Mapping[int, Round], versions: Mapping[Any, ItemVersion], way: Way
) -> list[Round]:
    numbers = next_numbers(items)
    return Round.objects.bulk_create(
        [
            new_round(
                item,
                versions[item.current_version_id],
                numbers[item.pk],
                stage=last[item.pk].stage,
                reason=RoundReason.MIGRATION,
                documents=Documents(way.guideline or last[item.pk].guideline, way.new_form),
                needed=last[item.pk].judgments_needed,
            )
            for item in items
        ]
    )


def _mapped(source: Annotation, new: Round, way: Way) -> dict[str, Any] | None:
    """Return the answers under the new form without the rationale, or None where they do not map."""
    if source.form_id != way.old_form.pk or source.item_version_id != new.item_version_id:
        return None
    payload = new.item_version.payload
    reasons = {
        question["id"]: source.rationale
        for question in way.old_form.document["questions"]
        if question["type"] == RATIONALE and source.rationale
    }
    try:
        answers = map_answers(
            way.mapping,
            way.old_form.document,
            way.new_form.document,
            {**source.answers, **reasons},
            item=ItemShape.of(payload),
        )
    except DoesNotMap:
        return None
    return as_kept(document=way.new_form.document, payload=payload, answers=answers)[0]


def _done_task(new: Round, pool: Pool, source: Annotation, slot: int) -> Task:
    done = {"state": TaskState.COMPLETED, "completed_at": Now()}
    return new_task(new, pool, slot, reserved_for_id=source.reviewer_id, **done)


def _missing_tasks(new: Round, pool: Pool, kept: Sequence[Any], assigned: Sequence[int] | None) -> list[Task]:
    """Return open tasks for the judgments that the round lacks; where people were named, for those who are missing."""
    first = len(kept)
    if assigned is None:
        return [new_task(new, pool, slot) for slot in range(first, new.judgments_needed)]
    there = {source.reviewer_id for source, _ in kept}
    missing = [reviewer_id for reviewer_id in assigned if reviewer_id not in there]
    return [new_task(new, pool, first + place, reserved_for_id=who) for place, who in enumerate(missing)]


def _migrated(task: Task, source: Annotation, answers: dict[str, Any], way: Way) -> Annotation:
    """The rationale stays as it was written, whether or not the new form asks for one."""
    return Annotation(
        customer_id=source.customer_id,
        project_id=source.project_id,
        task=task,
        round=task.round,
        item_version_id=source.item_version_id,
        reviewer_id=source.reviewer_id,
        guideline_id=way.guideline.pk if way.guideline else source.guideline_id,
        form=way.new_form,
        code_version=settings.CODE_VERSION,
        answers=answers,
        rationale=source.rationale,
        presented=source.presented,
        seconds=None,
        origin=Origin.MIGRATED,
        is_guideline_current=way.guideline is not None or source.is_guideline_current,
        migrated_from=source,
    )


def _tell(items: Sequence[Item], annotations: Sequence[Annotation]) -> None:
    resolved = [item for item in items if item.state == ItemState.RESOLVED]
    transition_many(resolved, ItemState.IN_PROGRESS, machine=ITEM_MACHINE, actor_id=None)
    record_many(
        "item.reopened",
        subject="labeling.item",
        rows=[(item.pk, item.customer_id, {"reason": RoundReason.MIGRATION}) for item in items],
        actor_id=None,
    )
    record_many(
        "annotation.migrated",
        subject="labeling.annotation",
        rows=[
            (each.pk, each.customer_id, {"round": each.round_id, "from": each.migrated_from_id}) for each in annotations
        ],
        actor_id=None,
    )
