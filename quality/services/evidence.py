"""What is known of answers, piece by piece: it enters here, and is voided here, never changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from config.kernel.events import record, record_many
from quality.models import Evidence


@dataclass(frozen=True, slots=True)
class Found:
    """What a reference says of one answer. `skills` are those that its item asks for; it counts for each, and overall."""

    annotation_id: int
    reviewer_id: int
    customer_id: int
    project_id: int
    agreed: bool
    reliability: float = 1.0
    answers_count: int = 2
    skills: tuple[str, ...] = ()


@transaction.atomic
def add_evidence(*, source: str, found: Iterable[Found]) -> list[Evidence]:
    """Append what a source found; what it said of an answer before stands. Return the new pieces, events appended.

    A later opinion of the same source is none: it voids the first (`void_evidence`), or it is left.
    """
    pieces = [
        Evidence(
            customer_id=each.customer_id,
            project_id=each.project_id,
            reviewer_id=each.reviewer_id,
            skill=skill,
            source=source,
            annotation_id=each.annotation_id,
            agreed=each.agreed,
            reliability=each.reliability,
            answers_count=each.answers_count,
        )
        for each in found
        for skill in ("", *each.skills)
    ]
    known = {
        (piece.annotation_id, piece.skill)
        for piece in Evidence.objects.filter(
            annotation__in={piece.annotation_id for piece in pieces}, source=source, voids=None
        )
    }
    new = [piece for piece in pieces if (piece.annotation_id, piece.skill) not in known]
    made = Evidence.objects.bulk_create(new, ignore_conflicts=True)
    kept = list(
        Evidence.objects.filter(annotation__in={each.annotation_id for each in made}, source=source, voids=None)
    )
    rows = [
        (each.pk, each.customer_id, {"reviewer": each.reviewer_id, "project": each.project_id, "source": source})
        for each in kept
        if not each.skill
    ]
    record_many("evidence.added", subject="quality.evidence", rows=rows, actor_id=None)
    return kept


@transaction.atomic
def void_evidence(*, evidence: Sequence[Evidence], reason: str, actor_id: int | None) -> int:
    """Say that these pieces count no more, and why; return how many did until now."""
    standing = list(Evidence.objects.filter(pk__in=[e.pk for e in evidence], voids=None, voided_by=None))
    made = Evidence.objects.bulk_create(
        [
            Evidence(
                customer_id=each.customer_id,
                project_id=each.project_id,
                reviewer_id=each.reviewer_id,
                skill=each.skill,
                source=each.source,
                annotation_id=each.annotation_id,
                agreed=each.agreed,
                reliability=each.reliability,
                answers_count=each.answers_count,
                voids=each,
                reason=reason,
            )
            for each in standing
        ]
    )
    for each in made:
        about = {"reviewer": each.reviewer_id, "project": each.project_id, "source": each.source}
        record("evidence.voided", subject=each, actor_id=actor_id, data=about)
    return len(made)
