"""Attempts that operators wrote with a flaw in them, to see whether reviewers find it. They are nobody's and count for nothing.

Such an attempt is kept as said by an identity of its own, of the kind that imported people have, and of origin *imported*: so it
is never paid, scored or voted on, and its round stands aside, so it is never released.
"""

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from labeling.models import Annotation, ImportedIdentity, Organisation, Pool, Reviewer, Round, Task
from labeling.services.judgments import as_kept
from labeling.services.pools import pools_of
from labeling.services.rounds import new_task
from labeling.types import OrganisationKind, Origin, ReviewerKind, TaskKind, TaskState

# By what name the identity is known to the customer; the code version says the same of its attempts.
NAME = "(flaws seeded by operators)"
CODE = "seeded"


@transaction.atomic
def keep_seeded_attempt(*, gold_round: Round, answers: dict[str, Any]) -> Annotation:
    """Keep these checked answers as an attempt in an open gold round, as if it had been written before; no event tells of it.

    The caller has locked the item.
    """
    pool = pools_of(gold_round.project, [gold_round])[gold_round.pk]
    done: dict[str, Any] = {"kind": TaskKind.ATTEMPT, "state": TaskState.COMPLETED, "completed_at": Now()}
    task = new_task(gold_round, pool, _next_slot(gold_round), **done)
    task.save(force_insert=True)
    judged, rationale = as_kept(
        document=gold_round.form.document, payload=gold_round.item_version.payload, answers=answers
    )
    return Annotation.objects.create(
        customer_id=gold_round.customer_id,
        project_id=gold_round.project_id,
        task=task,
        round=gold_round,
        item_version_id=gold_round.item_version_id,
        reviewer=_nobody(gold_round.customer_id),
        guideline_id=gold_round.guideline_id,
        form_id=gold_round.form_id,
        code_version=CODE,
        answers=judged,
        rationale=rationale,
        origin=Origin.IMPORTED,
        is_guideline_current=False,
    )


def reserve_seeded_review(
    *, gold_round: Round, shown: Annotation, reviewer: Reviewer, pool: Pool, position: int
) -> Task:
    """Put a review of the seeded attempt into the reviewer's queue at `position`, as `reserve_gold_task` does of other gold."""
    task = new_task(
        gold_round,
        pool,
        _next_slot(gold_round),
        reserved_for_id=reviewer.pk,
        kind=TaskKind.GOLD,
        position=position,
        beside=[shown.pk],
    )
    task.save(force_insert=True)
    return task


def _next_slot(gold_round: Round) -> int:
    last = Task.objects.filter(round=gold_round).aggregate(last=Max("slot"))["last"]
    return 0 if last is None else last + 1


def _nobody(customer_id: int) -> Reviewer:
    """Return the customer's identity to which seeded flaws are put down, made when the first is."""
    known = ImportedIdentity.objects.filter(customer_id=customer_id, name=NAME).select_related("reviewer").first()
    if known is not None:
        return known.reviewer
    organisation, _ = Organisation.objects.get_or_create(name="Imported", defaults={"kind": OrganisationKind.VENDOR})
    reviewer = Reviewer.objects.create(kind=ReviewerKind.IMPORTED, organisation=organisation, is_active=False)
    ImportedIdentity.objects.create(customer_id=customer_id, reviewer=reviewer, name=NAME)
    return reviewer
