"""Gold for those who review: an accepted attempt in which an operator has hidden a flaw, among a reviewer's reviews.

It is asked in the item's own gold round, of people who have had no part in the item: the claim keeps off who wrote or
reviewed it. What they answer is scored as other gold is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.db import connection, transaction

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import ADVISORY_GOLD, advisory_lock, lock_row
from config.kernel.models import User
from labeling.forms import CLAUSE, VERDICT, ItemShape, check_answers, check_expected, form_of_stage
from labeling.models import Annotation, Item, Project, Reviewer, Round, Tombstone
from labeling.services.gold_rounds import open_gold_round
from labeling.services.judgments import as_kept
from labeling.services.pools import pools_for, requirement
from labeling.services.rounds import documents_in_force
from labeling.services.seeded import keep_seeded_attempt, reserve_seeded_review
from labeling.types import ItemState, ProjectState, RoundState, Work
from quality.meeting_gold import NOT_BLOCKED, NOT_JUDGED, SHOWN, SKILLED, SPOKEN
from quality.models import GoldItem, Review
from quality.services.gold import LOOKAHEAD, positions, retire_because
from quality.types import GoldRetirement, GoldSource, GoldState, GoldUse, ReviewVerdict

# How far each reviewer is from their share of gold among reviews, as `gold.SHARES` has it of judgments; only those who are
# given reviews. Where nothing waits to be reviewed there is no front, and gold would be met alone.
SHARES = f"""
SELECT e.reviewer_id,
  (SELECT count(*) FROM labeling_annotation a JOIN labeling_task t ON t.id = a.task_id
    JOIN labeling_pool q ON q.id = t.pool_id AND q.work = 'review'
    WHERE a.reviewer_id = e.reviewer_id AND a.project_id = e.project_id AND a.supersedes_id IS NULL),
  (SELECT count(*) FROM labeling_task t JOIN labeling_pool q ON q.id = t.pool_id AND q.work = 'review'
    WHERE t.reserved_for_id = e.reviewer_id AND t.project_id = e.project_id AND t.kind = 'gold' AND t.state <> 'cancelled'),
  (SELECT min(ahead.position) FROM labeling_pool q
    CROSS JOIN LATERAL (SELECT t.position FROM labeling_task t WHERE t.pool_id = q.id AND t.state = 'open'
        AND t.kind = 'review' AND (t.reserved_for_id IS NULL OR t.reserved_for_id = e.reviewer_id)
      ORDER BY t.position LIMIT 1) ahead
    WHERE q.project_id = e.project_id AND q.work = 'review')
FROM routing_enrolment e JOIN labeling_reviewer r ON r.id = e.reviewer_id
WHERE e.project_id = %(project)s AND e.ended_at IS NULL AND e.trust NOT IN ('training', 'paused', 'retired')
  AND (e.trust = 'trusted' OR EXISTS (SELECT FROM labeling_projectuserpermission may
      JOIN auth_permission named ON named.id = may.permission_id AND named.codename = 'audit_items'
      WHERE may.user_id = r.user_id AND may.content_object_id = e.project_id))
  AND {NOT_BLOCKED}
  AND (%(reviewers)s::bigint[] IS NULL OR e.reviewer_id = ANY(%(reviewers)s))
ORDER BY e.reviewer_id
"""

# The seeded flaws under this form of items in which the reviewer has had no part, least used first.
UNMET = f"""
SELECT g.id FROM quality_golditem g
JOIN labeling_itemversion v ON v.id = g.item_version_id
JOIN labeling_project p ON p.id = g.project_id
JOIN labeling_round o ON o.id = g.round_id AND o.state = 'open' AND o.form_id = %(form)s
JOIN labeling_reviewer r ON r.id = %(reviewer)s
WHERE g.project_id = %(project)s AND g.state = 'active' AND g.work = 'review' AND g.use = 'gold'
  AND (g.exposures_most IS NULL OR g.exposures_most > (SELECT count(*) FROM labeling_task t
      WHERE t.round_id = g.round_id AND t.kind = 'gold' AND {SHOWN}))
  AND NOT EXISTS (SELECT FROM labeling_task t WHERE t.round_id = g.round_id AND t.reserved_for_id = r.id)
  AND {NOT_JUDGED}
  AND {SPOKEN}
  AND {SKILLED}
ORDER BY (SELECT count(*) FROM labeling_task t WHERE t.round_id = g.round_id), g.id
LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class _Share:
    reviewer_id: int
    reviews: int
    gold: int
    front: int | None


@transaction.atomic
def seed_flaw(
    *, attempt: Annotation, answers: dict[str, Any], explanation: str, actor: User, clause: str = "", concept: str = ""
) -> GoldItem:
    """Make gold for reviewers of an accepted attempt: the same work with a flaw in it, which should not be accepted.

    `answers` are the flawed ones, `clause` is what they miss. Where it is named, only sending back or rejecting for it is
    right; otherwise mending it is as well. Raises InvalidAnswers where the form says no, Invalid where nothing was changed,
    nothing is explained or the guideline has no such clause, and Conflict where the attempt was not accepted as it was, its
    form is not in use, or its item is being worked on, erased, or gold already.
    """
    if not (explanation := explanation.strip()):
        raise Invalid("Say what the flaw is.", field="explanation")
    item = lock_row(Item.objects.filter(pk=attempt.item_version.item_id))
    form, version = attempt.form, attempt.item_version
    documents = documents_in_force(attempt.project)
    _refuse_unless_accepted(item, attempt)
    if documents.form.pk != form.pk:
        raise Conflict("This was written under an earlier form; take an attempt under the one in use.")
    if clause and clause not in {each["id"] for each in documents.guideline.clauses}:
        raise Invalid(f"The guideline in force has no clause {clause!r}.", field="clause")
    shape = ItemShape.of(version.payload)
    check_answers(form.document, shape, answers)
    kept, _ = as_kept(document=form.document, payload=version.payload, answers=answers)
    if kept == attempt.answers:
        raise Invalid("This is what was accepted; put a flaw into it.", field="answers")
    is_asked_for_clause = bool(clause) and len(documents.guideline.clauses) > 1
    expected = {VERDICT: ReviewVerdict.SEND_BACK.value, **({CLAUSE: clause} if is_asked_for_clause else {})}
    also = [ReviewVerdict.REJECT.value, *([] if is_asked_for_clause else [ReviewVerdict.FIX.value])]
    check_expected(form_of_stage(Work.REVIEW, form.document, documents.guideline.clauses), shape, expected)
    opened = open_gold_round(item_version=version)
    gold = GoldItem.objects.create(
        customer_id=item.customer_id,
        project_id=item.project_id,
        item_version=version,
        round=opened,
        expected=expected,
        tolerance={VERDICT: also},
        explanation=explanation,
        concept=concept.strip(),
        source=GoldSource.EXPERT,
        work=Work.REVIEW,
        shown=keep_seeded_attempt(gold_round=opened, answers=answers),
        use=GoldUse.GOLD,
        made_by=actor,
    )
    record("gold.made", subject=gold, actor_id=actor.pk, data={"item": item.pk, "work": Work.REVIEW.value})
    return gold


def _refuse_unless_accepted(item: Item, attempt: Annotation) -> None:
    if not Review.objects.filter(attempt=attempt, verdict=ReviewVerdict.ACCEPT).exists():
        raise Conflict("Only an attempt that was accepted as it is can be given a flaw: else it has others.")
    if GoldItem.objects.filter(item_version=attempt.item_version_id).exists():
        raise Conflict("This item is gold, or was; take another attempt.")
    is_resolved = item.state == ItemState.RESOLVED and item.current_version_id == attempt.item_version_id
    if not is_resolved or Round.objects.filter(item=item, state=RoundState.OPEN).exists():
        raise Conflict("Only an item that is resolved, and not under way again, can be made gold.")


def retire_emptied(*, erasure_ids: Iterable[int]) -> int:
    """Retire the seeded flaws whose copy went with its author by these erasures; return how many. Idempotent."""
    emptied = Tombstone.objects.filter(erasure__in=list(erasure_ids), subject="labeling_annotation")
    seeded = GoldItem.objects.filter(shown__in=emptied.values("subject_id"), state=GoldState.ACTIVE)
    return sum(
        retire_because(gold_item=gold, because=GoldRetirement.ERASED, reason="Its author was erased.")
        for gold in seeded.select_related("item_version").order_by("pk")
    )


def seed_review_gold(*, reviewer_ids: Iterable[int] | None = None) -> int:
    """Keep the share of gold ahead of these reviewers (or all), among what they review; return how many tasks were reserved."""
    reviewers = None if reviewer_ids is None else sorted(set(reviewer_ids))
    active = GoldItem.objects.filter(
        state=GoldState.ACTIVE, work=Work.REVIEW, project__state=ProjectState.OPEN, project__gold_share__gt=0
    )
    projects = active.order_by("project_id").values_list("project_id", flat=True).distinct()
    return sum(_seed(project_id, reviewers) for project_id in projects)


@transaction.atomic
def _seed(project_id: int, reviewers: list[int] | None) -> int:
    """One seeding of a project at a time, so that nobody is given their share twice."""
    advisory_lock(ADVISORY_GOLD, project_id)
    with connection.cursor() as cursor:
        cursor.execute(SHARES, {"project": project_id, "reviewers": reviewers})
        shares = [_Share(*row) for row in cursor.fetchall()]
    project = Project.objects.get(pk=project_id)
    return sum(_reserve(share, project) for share in shares if share.front is not None)


def _reserve(share: _Share, project: Project) -> int:
    missing = ceil(float(project.gold_share) * (share.reviews + LOOKAHEAD)) - share.gold
    if missing <= 0:
        return 0
    form = documents_in_force(project).form
    asked = {"project": project.pk, "reviewer": share.reviewer_id, "form": form.pk, "most": missing}
    with connection.cursor() as cursor:
        cursor.execute(UNMET, asked)
        ids = [row[0] for row in cursor.fetchall()]
    reviewer = Reviewer.objects.get(pk=share.reviewer_id)
    unmet = GoldItem.objects.filter(pk__in=ids).select_related("round", "item_version", "shown").order_by("pk")
    for gold, position in zip(unmet, positions(share.front or 0, len(ids)), strict=True):
        version = gold.item_version
        pools = pools_for(project=project, stage=gold.round.stage, versions=[version], work=Work.REVIEW)
        assert gold.shown is not None, "Gold of reviews shows an attempt."
        reserve_seeded_review(
            gold_round=gold.round,
            shown=gold.shown,
            reviewer=reviewer,
            pool=pools[requirement(version)],
            position=position,
        )
    return len(ids)
