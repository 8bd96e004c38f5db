"""What is known of answers, piece by piece: it enters here, and is voided here, never changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from config.kernel.events import record, record_many
from labeling.models import Annotation
from quality.models import Evidence
from quality.types import EvidenceSource

INVALIDATED = "The answer was invalidated."
RESOLVED_ANEW = "The round was resolved anew."


@dataclass(frozen=True, slots=True)
class Found:
    """What a reference says of one answer. `skills` are those that its item asks for; it counts for each, and overall.

    Of what others agreed on, `resolution_id` is the resolution that says so.
    """

    annotation_id: int
    reviewer_id: int
    customer_id: int
    project_id: int
    agreed: bool
    reliability: float = 1.0
    answers_count: int = 2
    skills: tuple[str, ...] = ()
    resolution_id: int | None = None


@transaction.atomic
def add_evidence(*, source: str, found: Iterable[Found]) -> list[Evidence]:
    """Append what a source found; what it said of an answer before stands. Return the new pieces, events appended.

    A later opinion of the same source is none: it voids the first (`void_evidence`), or it is left. Only what was voided as its
    round was resolved anew may be said again, by a later resolution.
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
            resolution_id=each.resolution_id,
        )
        for each in found
        for skill in ("", *each.skills)
    ]
    before: dict[tuple[int, str], list[Evidence]] = defaultdict(list)
    about = {piece.annotation_id for piece in pieces}
    for each in Evidence.objects.filter(annotation__in=about, source=source, voids=None).select_related("voided_by"):
        before[each.annotation_id, each.skill].append(each)
    new = [
        piece for piece in pieces if not any(_bars(known, piece) for known in before[piece.annotation_id, piece.skill])
    ]
    Evidence.objects.bulk_create(new, ignore_conflicts=True)
    kept = list(
        Evidence.objects.filter(
            annotation__in={each.annotation_id for each in new}, source=source, voids=None, voided_by=None
        )
    )
    rows = [
        (each.pk, each.customer_id, {"reviewer": each.reviewer_id, "project": each.project_id, "source": source})
        for each in kept
        if not each.skill
    ]
    record_many("evidence.added", subject="quality.evidence", rows=rows, actor_id=None)
    return kept


def _bars(known: Evidence, piece: Evidence) -> bool:
    """Whether what is known of an answer leaves no room for this piece, of the same source and skill."""
    void = getattr(known, "voided_by", None)
    return void is None or void.reason != RESOLVED_ANEW or known.resolution_id == piece.resolution_id


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
                resolution_id=each.resolution_id,
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


@transaction.atomic
def restore_evidence(*, before: Annotation, after: Annotation) -> int:
    """An answer that was invalidated counts again, as `after`: have what references found of it known again; return how
    many pieces. What others agreed on is weighed anew as the round is resolved."""
    pieces = Evidence.objects.filter(annotation=before, voids=None).exclude(source=EvidenceSource.CONSENSUS)
    void_evidence(evidence=list(pieces.filter(voided_by=None)), reason=INVALIDATED, actor_id=None)
    by_source: dict[str, list[Evidence]] = defaultdict(list)
    for piece in pieces.filter(voided_by__reason=INVALIDATED).order_by("pk"):
        by_source[piece.source].append(piece)
    return sum(
        len(add_evidence(source=source, found=[_found_again(known, after)]))
        for source, known in sorted(by_source.items())
    )


def _found_again(known: Sequence[Evidence], after: Annotation) -> Found:
    first = known[0]
    return Found(
        annotation_id=after.pk,
        reviewer_id=first.reviewer_id,
        customer_id=first.customer_id,
        project_id=first.project_id,
        agreed=first.agreed,
        reliability=first.reliability,
        answers_count=first.answers_count,
        skills=tuple(sorted(each.skill for each in known if each.skill)),
    )
