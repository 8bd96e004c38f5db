"""Reads about guidelines: what a version changes, which items it reaches, what a reviewer has still to read."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from config.kernel.errors import NotFound
from config.kernel.models import User
from config.kernel.types import Surface, Touched
from labeling.guideline_changes import Changes, changes_between
from labeling.models import GuidelineAcknowledgement, GuidelineVersion
from labeling.types import ChangeKind, DocumentState, ItemState

EXAMPLES = 3

# The items that a version reaches: those of its slice whose latest round was opened under an older one. A clarification
# reaches a sample of them, drawn by a hash of the item's id and the version's digest: the same for ever.
REACHED = """
SELECT i.id AS item_id, i.external_id, latest.id AS round_id
FROM labeling_item i
JOIN labeling_itemversion v ON v.id = i.current_version_id
JOIN LATERAL (SELECT r.id, r.guideline_id FROM labeling_round r WHERE r.item_id = i.id AND r.state IN ('open', 'resolved')
  AND r.reason <> 'audit'
              ORDER BY r.number DESC LIMIT 1) latest ON true
JOIN labeling_guidelineversion was ON was.id = latest.guideline_id AND was.number < %(number)s
WHERE i.project_id = %(project)s AND i.state = ANY(%(states)s) AND i.id > %(after)s
  AND (cardinality(%(domains)s::text[]) = 0 OR v.domain = ANY(%(domains)s))
  AND (cardinality(%(languages)s::text[]) = 0 OR EXISTS (
        SELECT FROM unnest(%(languages)s::text[]) AS wanted WHERE lower(v.language) = lower(wanted)
           OR starts_with(lower(v.language), lower(wanted) || '-')))
  AND (%(share)s::float = 1 OR ('x' || left(encode(sha256(convert_to(i.id::text || ':' || %(digest)s, 'UTF8')), 'hex'), 8)
       )::bit(32)::bigint < %(share)s::float * 4294967296)
"""

RADIUS = f"""
WITH reached AS MATERIALIZED ({REACHED})
SELECT (SELECT count(*) FROM reached),
  ARRAY(SELECT external_id FROM reached ORDER BY item_id LIMIT %(examples)s),
  (SELECT count(*) FROM labeling_task t JOIN reached ON t.round_id = reached.round_id WHERE t.state = 'open'),
  (SELECT count(*) FROM labeling_task t JOIN reached ON t.round_id = reached.round_id WHERE t.state = 'leased'),
  (SELECT count(*) FROM labeling_annotation a JOIN reached ON a.round_id = reached.round_id
   WHERE NOT EXISTS (SELECT FROM labeling_annotation later WHERE later.supersedes_id = a.id)
     AND NOT EXISTS (SELECT FROM labeling_annotationinvalidation i WHERE i.annotation_id = a.id))
"""

REACHED_STATES = {
    ChangeKind.EDITORIAL: [],
    ChangeKind.CLARIFICATION: [ItemState.RESOLVED],
    ChangeKind.BREAKING: [ItemState.IN_PROGRESS, ItemState.RESOLVED],
}


@dataclass(frozen=True, slots=True)
class GuidelineToRead:
    """A version that a reviewer has not read, with what changed since the one they read last (all of it is new: None)."""

    project_public_id: UUID
    project_name: str
    number: int
    change_kind: str
    summary: str
    clauses: list[dict[str, Any]]
    examples: list[dict[str, Any]]
    changes: dict[str, Any] | None


def get_guideline(
    *, user: User, project: UUID, number: int, permission: str = "see_project", is_draft: bool = False
) -> GuidelineVersion:
    """Return a version as a customer may see it; with `is_draft`, one that they may revise. NotFound otherwise."""
    versions = GuidelineVersion.objects.visible_to(user, permission).select_related("project")
    shown = versions.filter(Q(proposed_by__surface=Surface.PORTAL) if is_draft else shown_to_customers())
    try:
        return shown.get(project__public_id=project, number=number)
    except GuidelineVersion.DoesNotExist:
        raise NotFound("There is no such version of the guideline.") from None


def shown_to_customers() -> Q:
    """What is published, and what the customer's own people proposed."""
    return Q(state=DocumentState.PUBLISHED) | Q(proposed_by__surface=Surface.PORTAL)


def version_before(version: GuidelineVersion) -> GuidelineVersion | None:
    """Return the latest published version with a lower number."""
    earlier = GuidelineVersion.objects.filter(
        project=version.project_id, state=DocumentState.PUBLISHED, number__lt=version.number
    )
    return earlier.order_by("-number").first()


def changes_of(version: GuidelineVersion) -> Changes:
    """Return what the version changes of the published one before it; everything is added where there is none."""
    return _changes(version_before(version), version)


def reach_of(version: GuidelineVersion, *, after: int = 0) -> dict[str, Any]:
    """Return the parameters of REACHED for this version: its items with ids beyond `after`."""
    is_sampled = version.change_kind == ChangeKind.CLARIFICATION
    return {
        "project": version.project_id,
        "number": version.number,
        "digest": version.digest,
        "states": REACHED_STATES[ChangeKind(version.change_kind)],
        "domains": version.redo.get("domains", []),
        "languages": version.redo.get("languages", []),
        "share": float(version.project.recheck_share) if is_sampled else 1.0,
        "after": after,
    }


def blast_radius(version: GuidelineVersion, clauses: Collection[str]) -> list[Touched]:
    """The record's part: items judged anew, with tasks in flight and annotations, and the reviewers' pay for doing it.

    An answer mapping makes it cheaper: the pay is then the most it can be. Annotations cite no clauses.
    """
    with connection.cursor() as cursor:
        cursor.execute(RADIUS, {**reach_of(version), "examples": EXAMPLES})
        items, examples, waiting, leased, annotations = cursor.fetchone()
    project = version.project
    return [
        Touched(
            "labeling",
            "items judged anew",
            items,
            amount=items * project.overlap * project.pay_amount,
            currency=project.currency,
            examples=tuple(examples),
        ),
        Touched("labeling", "tasks waiting", waiting),
        Touched("labeling", "tasks in somebody's hands", leased),
        Touched("labeling", "annotations that count", annotations),
    ]


def versions_begun(project_id: int) -> QuerySet[GuidelineVersion]:
    """Return the versions that have been in force, newest first: the one that is comes first."""
    return GuidelineVersion.objects.filter(
        project=project_id, state=DocumentState.PUBLISHED, in_force__startswith__lte=Now()
    ).order_by("-number")


def guideline_to_read(*, project_id: int, reviewer_id: int) -> GuidelineToRead:
    """Return the version in force, with what changed since the last one this reviewer acknowledged."""
    read = GuidelineAcknowledgement.objects.filter(reviewer=reviewer_id, project=project_id).order_by("-number")
    last = read.values("guideline")[:1]
    wanted = versions_begun(project_id)
    current = wanted.select_related("project")[0]
    before = wanted.filter(pk__in=last).first()
    return GuidelineToRead(
        project_public_id=current.project.public_id,
        project_name=current.project.name,
        number=current.number,
        change_kind=current.change_kind,
        summary=current.summary,
        clauses=current.clauses,
        examples=current.examples,
        changes=None if before is None else _changes(before, current).as_dict(),
    )


def _changes(before: GuidelineVersion | None, after: GuidelineVersion) -> Changes:
    return changes_between(
        before.clauses if before else [],
        after.clauses,
        old_examples=before.examples if before else [],
        new_examples=after.examples,
    )
