"""Correcting an answer: by its author, while its round is open, by another row that supersedes it."""

from typing import Any
from uuid import UUID

from django.db import transaction

from config.kernel.errors import Conflict, NotFound
from config.kernel.locks import lock_row
from config.kernel.models import User
from labeling.forms import ItemShape, check_answers
from labeling.models import Annotation, ItemVersion, Round
from labeling.services.judgments import as_kept, supersede_annotation, why_final
from routing.answers import get_answer, why_closed
from routing.types import Corrected


@transaction.atomic
def correct_answer(*, user: User, public_id: UUID, answers: dict[str, Any]) -> Corrected:
    """Supersede this person's answer; the same again, or what the answer says already, is the same answer.

    Whoever locks the round first has it: the correction counts in the resolution, or it comes too late. A gold answer is
    corrected like any other, and for as long as the author's answers beside it (`routing.answers`): nothing tells it apart.
    What is scored is the first answer, as it was submitted, so that no correction mends a miss that the author has
    heard of, or guessed.

    Raises NotFound for an answer that is not theirs, InvalidAnswers where the form says no, and Conflict where the round
    is closed, the item erased, the answer of written work, invalidated, or corrected otherwise before; then nothing has changed.
    """
    said = Annotation.objects.filter(public_id=public_id, reviewer__user=user).select_related(
        "form", "item_version", "project", "task__pool"
    )
    annotation = said.first()
    if annotation is None:
        raise NotFound("There is no such answer under your name.")
    lock_row(Round.objects.filter(pk=annotation.round_id))
    latest = get_answer(user=user, public_id=public_id)
    if ItemVersion.objects.filter(pk=annotation.item_version_id, payload__has_key="erased").exists():
        raise Conflict("This item was erased; an answer to it is not kept.")
    if final := why_final(annotation):
        raise Conflict(final)
    document, payload = annotation.form.document, annotation.item_version.payload
    check_answers(document, ItemShape.of(payload), answers)
    if (latest.answers, latest.rationale) == as_kept(document=document, payload=payload, answers=answers):
        return Corrected(latest.public_id, is_repeat=True)
    if latest.pk != annotation.pk:
        raise Conflict("This answer was corrected before; open it again to correct what it says now.")
    if closed := why_closed(latest):
        raise Conflict(closed)
    made = supersede_annotation(annotation=annotation, answers=answers, actor=user)
    return Corrected(made.public_id, is_repeat=False)
