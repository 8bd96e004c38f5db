"""What models answer enters the record here: annotations beside the work, in a round that was closed when it came.

They are annotations like any other (never changed, erased with their item, part of its life), and no vote: no event of
a completed task tells of them, and what counts the judgments of a round never meets them. Who lets them count says so.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from config.kernel.events import record
from config.kernel.locks import lock_row
from labeling.models import (
    Annotation,
    FormVersion,
    GuidelineVersion,
    Item,
    ItemVersion,
    Prelabel,
    Reviewer,
    Round,
    Task,
)
from labeling.services.pools import pools_of
from labeling.services.rounds import Documents, new_round, new_task, next_numbers
from labeling.types import Origin, RoundReason, RoundState, TaskKind, TaskState


@dataclass(frozen=True, slots=True)
class Modelled:
    """What a model answered, checked and as the record keeps it, by which documents."""

    answers: dict[str, Any]
    rationale: str
    form: FormVersion
    guideline: GuidelineVersion
    seconds: float


@transaction.atomic
def keep_modelled(
    *, version: ItemVersion, reviewer: Reviewer, said: Modelled, is_shown_before: bool
) -> Annotation | None:
    """Append what a model answered about a version; None where it has answered by this form before.

    The item is locked, so that the round of what models say is made once. `is_shown_before`: people who are given the
    item from now on see it before they answer, unless they see another model's.
    """
    item = lock_row(Item.objects.filter(pk=version.item_id))
    beside = _round_beside(item, version, said)
    if Annotation.objects.filter(round=beside, reviewer=reviewer).exists():
        return None
    task = new_task(
        beside,
        pools_of(item.project, [beside])[beside.pk],
        _next_slot(beside),
        kind=TaskKind.MODEL,
        state=TaskState.COMPLETED,
        completed_at=Now(),
    )
    task.save(force_insert=True)
    made = Annotation.objects.create(
        customer_id=item.customer_id,
        project_id=item.project_id,
        task=task,
        round=beside,
        item_version=version,
        reviewer=reviewer,
        guideline=said.guideline,
        form=said.form,
        code_version=settings.CODE_VERSION,
        answers=said.answers,
        rationale=said.rationale,
        seconds=said.seconds,
        origin=Origin.MODEL,
    )
    record("annotation.modelled", subject=made, actor_id=None, data={"round": beside.pk, "reviewer": reviewer.pk})
    if is_shown_before:
        _show(made)
    return made


def show_no_more(*, reviewer: Reviewer) -> int:
    """Show nothing that this model answered to whoever is given an item from now on; return how many pre-labels end."""
    return Prelabel.objects.filter(annotation__reviewer=reviewer, shown_until=None).update(shown_until=Now())


def _show(annotation: Annotation) -> None:
    shown = Prelabel(
        customer_id=annotation.customer_id,
        project_id=annotation.project_id,
        item_version_id=annotation.item_version_id,
        annotation=annotation,
    )
    Prelabel.objects.bulk_create([shown], ignore_conflicts=True)


def _round_beside(item: Item, version: ItemVersion, said: Modelled) -> Round:
    """Return the round of what models answer about a version by a form, made when the first does."""
    known = Round.objects.filter(item=item, item_version=version, form=said.form, reason=RoundReason.MODEL).first()
    if known is not None:
        return known
    made = new_round(
        item,
        version,
        next_numbers([item])[item.pk],
        stage=item.project.stage,
        reason=RoundReason.MODEL,
        documents=Documents(said.guideline, said.form),
        needed=1,
    )
    made.state, made.closed_at = RoundState.HISTORY, Now()
    made.save(force_insert=True)
    return made


def _next_slot(beside: Round) -> int:
    last = Task.objects.filter(round=beside).aggregate(last=Max("slot"))["last"]
    return 0 if last is None else last + 1
