"""Judgments enter the record here, and nowhere else."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from psycopg.types.json import Jsonb

from config.kernel.errors import Conflict, NotAllowed, NotFound
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from labeling.forms import ItemShape, check_answers, kept_answers, split_rationale
from labeling.models import Annotation, AnnotationInvalidation, Round, UnplacedAnswer
from labeling.selectors import erased_items
from labeling.services.stages import cancel_surplus
from labeling.types import Origin, Overlap, TaskKind, Work

# How long after its author gave it an answer may be corrected, gold or not, whatever has become of its round by then.
CORRECTABLE = timedelta(minutes=30)

TOO_LATE = "The time for corrections is over; what was said stands."

READ_BY_ANOTHER = (
    "What is written here is read by another person next, who can send it back to you; it stands till then."
)
ACTED_ON = "A review is acted on at once; it stands as you gave it."
DECIDED = "What you decided was acted on at once; it stands as you gave it."


@dataclass(frozen=True, slots=True)
class Judgment:
    """A checked judgment on its way into the record; ids only, and the answers."""

    customer_id: int
    project_id: int
    task_id: int
    round_id: int
    item_version_id: int
    reviewer_id: int
    guideline_id: int
    form_id: int
    submission: UUID
    answers: dict[str, Any]
    rationale: str
    presented: list[str]
    seconds: float | None
    origin: str = Origin.HUMAN
    is_guideline_current: bool = True
    prelabel_id: int | None = None


def as_kept(
    *, document: dict[str, Any], payload: dict[str, Any], answers: dict[str, Any]
) -> tuple[dict[str, Any], str]:
    """Return checked answers as the record keeps them, and the rationale by itself.

    An edit is kept as its text and the difference from the response it edits.
    """
    judged, rationale = split_rationale(document, answers)
    texts = {response["key"]: response["text"] for response in payload["responses"]}
    return kept_answers(document, texts, judged), rationale


# The CTE `made(id, public_id)` that appends a judgment, and forgets its draft; the parameters are `parameters_of`'s.
# Put behind a CTE `still` that locks the task, and has a row if it is still the reviewer's to answer, with `longest`, the
# seconds that they can have looked at it: what a client claims beyond is not kept. The caller has checked the answers and
# spelled them `as_kept`, and records the event beside it. There is an IntegrityError if this reviewer has judged the round
# before.
APPEND = """
made AS (
    INSERT INTO labeling_annotation (customer_id, project_id, public_id, task_id, round_id, item_version_id, reviewer_id,
        guideline_id, form_id, code_version, answers, rationale, presented, seconds, origin, is_guideline_current,
        submission, prelabel_id)
    SELECT %(customer)s::bigint, %(project)s::bigint, gen_random_uuid(), %(task)s::bigint, %(round)s::bigint,
        %(item_version)s::bigint, %(reviewer)s::bigint, %(guideline)s::bigint, %(form)s::bigint, %(code_version)s,
        %(answers)s::jsonb, %(rationale)s, %(presented)s::jsonb,
        CASE WHEN %(seconds)s::float8 > still.longest THEN still.longest ELSE %(seconds)s::float8 END, %(origin)s, %(is_current)s::boolean,
        %(submission)s::uuid, %(prelabel)s::bigint
    FROM still
    RETURNING id, public_id
), forgotten AS (
    DELETE FROM labeling_draft USING made WHERE task_id = %(task)s::bigint AND reviewer_id = %(reviewer)s::bigint
)
"""


def parameters_of(judgment: Judgment) -> dict[str, Any]:
    """Return what APPEND needs."""
    return {
        "customer": judgment.customer_id,
        "project": judgment.project_id,
        "task": judgment.task_id,
        "round": judgment.round_id,
        "item_version": judgment.item_version_id,
        "reviewer": judgment.reviewer_id,
        "guideline": judgment.guideline_id,
        "form": judgment.form_id,
        "code_version": settings.CODE_VERSION,
        "answers": Jsonb(judgment.answers),
        "rationale": judgment.rationale,
        "presented": Jsonb(judgment.presented),
        "seconds": judgment.seconds,
        "origin": judgment.origin,
        "is_current": judgment.is_guideline_current,
        "submission": judgment.submission,
        "prelabel": judgment.prelabel_id,
    }


@transaction.atomic
def keep_unplaced(*, judgment: Judgment) -> UnplacedAnswer:
    """Keep an answer whose task has gone to somebody else; the same submission again is the same row.

    Its submission stands for the lease's token and the answers, so that another answer is another row.
    """
    kept, is_new = UnplacedAnswer.objects.get_or_create(
        submission=judgment.submission,
        defaults={
            "customer_id": judgment.customer_id,
            "task_id": judgment.task_id,
            "round_id": judgment.round_id,
            "reviewer_id": judgment.reviewer_id,
            "answers": {
                **judgment.answers,
                **({"rationale": judgment.rationale} if judgment.rationale else {}),
            },
            "seconds": judgment.seconds,
        },
    )
    if is_new:
        record("answer.unplaced", subject=kept, actor_id=None, data={"task": judgment.task_id})
    return kept


@transaction.atomic
def invalidate_annotation(*, annotation: Annotation, reason: str, actor: User) -> AnnotationInvalidation:
    """Say that an annotation no longer counts, and why. Raises Invalid without a reason, Conflict when that was said before."""
    reason = checked_reason(reason, ask="Say why this annotation no longer counts.")
    if AnnotationInvalidation.objects.filter(annotation=annotation).exists():
        raise Conflict("This annotation was invalidated before.")
    made = AnnotationInvalidation.objects.create(
        customer_id=annotation.customer_id, annotation=annotation, reason=reason, invalidated_by=actor
    )
    record("annotation.invalidated", subject=annotation, actor_id=actor.pk, data={"round": annotation.round_id})
    return made


@transaction.atomic
def restore_annotation(*, annotation: Annotation, actor: User) -> Annotation | None:
    """Have an annotation that was invalidated count again, by another row that says the same and supersedes it; None
    where it counts, was corrected or erased, or was restored before.

    The caller has locked its item. In an open round the task that was added in its place is cancelled while it waits.
    """
    judged = lock_row(Round.objects.filter(pk=annotation.round_id).select_related(None))
    if Annotation.objects.filter(supersedes=annotation).exists() or erased_items([judged.item_id]):
        return None
    if not AnnotationInvalidation.objects.filter(annotation=annotation).exists():
        return None
    made = _supersede(annotation, answers=annotation.answers, rationale=annotation.rationale, origin=annotation.origin)
    about = {"supersedes": annotation.pk, "round": judged.pk, "restored": True}
    record("annotation.superseded", subject=made, actor_id=actor.pk, data=about)
    cancel_surplus(judged)
    return made


def _supersede(annotation: Annotation, *, answers: dict[str, Any], rationale: str, origin: str) -> Annotation:
    return Annotation.objects.create(
        customer_id=annotation.customer_id,
        project_id=annotation.project_id,
        task_id=annotation.task_id,
        round_id=annotation.round_id,
        item_version_id=annotation.item_version_id,
        reviewer_id=annotation.reviewer_id,
        guideline_id=annotation.guideline_id,
        form_id=annotation.form_id,
        answers=answers,
        rationale=rationale,
        presented=annotation.presented,
        prelabel_id=annotation.prelabel_id,
        origin=origin,
        migrated_from_id=annotation.migrated_from_id if origin == Origin.MIGRATED else None,
        is_guideline_current=annotation.is_guideline_current,
        supersedes=annotation,
        code_version=settings.CODE_VERSION,
    )


def why_final(annotation: Annotation) -> str:
    """Say why this answer stands from the moment it is given, of written work and adjudications; "" for any other.

    It goes by the project and the kind of work, so that gold, which nobody reads next, cannot be told by it.
    """
    if annotation.task.pool.work == Work.REVIEW:
        return ACTED_ON
    if annotation.task.kind == TaskKind.ADJUDICATE:
        return DECIDED
    is_written = annotation.project.overlap_kind == Overlap.REVIEWED or annotation.task.kind == TaskKind.ATTEMPT
    return READ_BY_ANOTHER if is_written else ""


@transaction.atomic
def supersede_annotation(*, annotation: Annotation, answers: dict[str, Any], actor: User) -> Annotation:
    """Append the author's correction of their annotation, which itself stays as it was; return the correction.

    Raises NotAllowed for anybody but the author, InvalidAnswers where the form says no, and Conflict when the annotation
    was corrected or invalidated before, is of written work, or CORRECTABLE is over since the first answer. Whatever has become of the round
    by then: what it came to is considered anew.
    """
    lock_row(Round.objects.filter(pk=annotation.round_id).select_related(None))
    if annotation.reviewer.user_id is None or annotation.reviewer.user_id != actor.pk:
        raise NotAllowed("Only the author of an annotation can correct it.")
    if final := why_final(annotation):
        raise Conflict(final)
    given = Annotation.objects.filter(round=annotation.round_id, reviewer=annotation.reviewer_id, supersedes=None)
    if not given.filter(created_at__gt=Now() - CORRECTABLE).exists():
        raise Conflict(TOO_LATE)
    if Annotation.objects.filter(supersedes=annotation).exists():
        raise Conflict("This annotation was corrected before; correct the newer one.")
    if AnnotationInvalidation.objects.filter(annotation=annotation).exists():
        raise Conflict("This annotation was invalidated; it cannot be corrected.")
    document, payload = annotation.form.document, annotation.item_version.payload
    check_answers(document, ItemShape.of(payload), answers)
    judged, rationale = as_kept(document=document, payload=payload, answers=answers)
    made = _supersede(annotation, answers=judged, rationale=rationale, origin=Origin.HUMAN)
    record(
        "annotation.superseded",
        subject=made,
        actor_id=actor.pk,
        data={"supersedes": annotation.pk, "round": annotation.round_id},
    )
    return made


def save_draft(*, customer_id: int, task_id: int, reviewer_id: int, answers: dict[str, Any]) -> Any:
    """Keep what the reviewer has so far, over what was kept before; return when, by the database's clock."""
    parameters: dict[str, Any] = {
        "customer": customer_id,
        "task": task_id,
        "reviewer": reviewer_id,
        "answers": Jsonb(answers),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO labeling_draft (customer_id, task_id, reviewer_id, answers) VALUES (%(customer)s, %(task)s, %(reviewer)s, %(answers)s)"
            " ON CONFLICT (task_id, reviewer_id) DO UPDATE SET answers = EXCLUDED.answers,"
            " saved_at = statement_timestamp() RETURNING saved_at",
            parameters,
        )
        return cursor.fetchone()[0]


def mark_answer_read(*, user: User, submission: UUID) -> None:
    """Remember that the author has read that their late answer was kept; again changes nothing. NotFound for any other."""
    kept = UnplacedAnswer.objects.filter(reviewer__user=user, submission=submission)
    if not kept.filter(read_at=None).update(read_at=Now()) and not kept.exists():
        raise NotFound("There is no such message for you.")
