"""Evidence from consensus: each judgment of a resolved round held against what the others of the round came to."""

from collections import defaultdict
from collections.abc import Collection

from django.db import transaction

from config.kernel.locks import lock_rows
from labeling.models import Annotation, Round
from labeling.types import ASIDE, ReviewerKind, TaskKind
from quality.crowd import AgainstOthers, against_others
from quality.models import Evidence, Resolution
from quality.services.evidence import INVALIDATED, RESOLVED_ANEW, Found, add_evidence, void_evidence
from quality.types import EvidenceSource

SLICE = 100

# Independent judgments of an item; what reviews, adjudicates or audits is no part of a crowd.
INDEPENDENT = (TaskKind.ANNOTATE, TaskKind.ATTEMPT)


def weigh_resolutions(*, resolution_ids: Collection[int]) -> int:
    """Add what each of these resolutions says of the judgments it rests on; return how many pieces are new. Idempotent.

    Where a round was resolved anew, what had been said of its judgments and holds no more is voided; what holds again, as a
    correction was taken back, is said again.
    """
    wanted = sorted(set(resolution_ids))
    return sum(_weigh(wanted[start : start + SLICE]) for start in range(0, len(wanted), SLICE))


@transaction.atomic
def _weigh(resolution_ids: Collection[int]) -> int:
    # One at a time for a round: two of its resolutions, weighed at once, could each add a piece about the same answer.
    lock_rows(Round.objects.filter(pk__in=Resolution.objects.filter(pk__in=resolution_ids).values("round")))
    current = list(
        Resolution.objects.filter(pk__in=resolution_ids, superseded_by=None)
        .exclude(round__reason__in=ASIDE)
        .select_related("round__form", "project", "item_version")
        .defer("item_version__payload")
    )
    given: dict[int, list[Annotation]] = defaultdict(list)
    resting = {ident for each in current for ident in each.annotation_ids}
    for annotation in Annotation.objects.filter(pk__in=resting).select_related("reviewer", "task"):
        given[annotation.round_id].append(annotation)
    said: dict[int, AgainstOthers] = {}
    found = []
    for each in current:
        crowd = [one for one in given[each.round_id] if one.task.kind in INDEPENDENT]
        skills = tuple(sorted(each.project.skills_by_domain.get(each.item_version.domain, {})))
        for one in crowd:
            others = [other.answers for other in crowd if other.reviewer_id != one.reviewer_id]
            against = against_others(each.round.form.document, one.answers, others)
            if against is None or one.reviewer.kind != ReviewerKind.HUMAN:
                continue
            said[one.pk] = against
            found.append(
                Found(
                    annotation_id=one.pk,
                    reviewer_id=one.reviewer_id,
                    customer_id=one.customer_id,
                    project_id=one.project_id,
                    agreed=against.agreed,
                    reliability=against.reliability,
                    answers_count=against.answers,
                    skills=skills,
                    resolution_id=each.pk,
                )
            )
    _void_what_holds_no_more([each.round_id for each in current], said)
    return len(add_evidence(source=EvidenceSource.CONSENSUS, found=found))


def _void_what_holds_no_more(round_ids: Collection[int], said: dict[int, AgainstOthers]) -> None:
    before = Evidence.objects.filter(
        annotation__round__in=round_ids, source=EvidenceSource.CONSENSUS, voids=None, voided_by=None
    )
    stale = [
        each for each in before if each.annotation_id not in said or said[each.annotation_id].agreed != each.agreed
    ]
    void_evidence(evidence=stale, reason=RESOLVED_ANEW, actor_id=None)


@transaction.atomic
def void_invalidated(*, annotation_ids: Collection[int]) -> int:
    """Void all that is known from answers that count no more; return how many pieces."""
    of_these = Evidence.objects.filter(
        annotation__in=annotation_ids, annotation__invalidation__isnull=False, voids=None, voided_by=None
    )
    return void_evidence(evidence=list(of_these), reason=INVALIDATED, actor_id=None)
