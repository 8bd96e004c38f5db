"""Gold: items whose answer is known, met by reviewers as any other task, scored against what was expected."""

import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from config.kernel.events import record
from config.kernel.locks import ADVISORY_GOLD, advisory_lock, lock_row, lock_rows
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition, transition_many
from labeling.forms import InvalidAnswers, ItemShape, check_expected, form_of_stage
from labeling.models import Annotation, FormVersion, Item, Project, Reviewer
from labeling.services.gold_rounds import close_gold_round, is_gold_in_hand, open_gold_round, reserve_gold_task
from labeling.services.pools import pools_for, requirement
from labeling.services.rounds import POSITION_STEP, documents_in_force
from labeling.types import DocumentState, ItemState, ProjectState, RoundReason, TaskKind, Work
from quality.errors import GoldRetired
from quality.gold_rate import UNKNOWN_WIDTH, GoldBounds, gold_share
from quality.meeting_gold import NOT_BLOCKED, NOT_JUDGED, SHOWN, SKILLED, SPOKEN
from quality.models import GoldItem, GoldScore
from quality.scoring import score_gold
from quality.services.evidence import Found, add_evidence
from quality.services.gold_feedback import tell_missed
from quality.types import GOLD_MACHINE, EvidenceSource, GoldRetirement, GoldState, GoldUse

# Gold is kept ready for this many judgments to come.
LOOKAHEAD = 10

# No more than every second task is gold, whatever the settings.
SHARE_MOST = 0.5

# Where gold stands: what came with its answer, and what was resolved and is asked again beside that.
STANDS = frozenset({ItemState.GOLD, ItemState.RESOLVED})

# How far a reviewer is from their share of gold on each project: judgments given (but in exams), gold given or waiting, the
# front of the queue before them, and how little is known of them. Of those who may be given work there.
SHARES = f"""
SELECT e.project_id, e.reviewer_id, p.gold_share, p.gold_share_most,
  (SELECT s.upper_bound - s.lower_bound FROM quality_standing s
    WHERE s.project_id = e.project_id AND s.reviewer_id = e.reviewer_id AND s.skill = '' AND s.evidence_count > 0),
  (SELECT count(*) FROM labeling_annotation a
    WHERE a.reviewer_id = e.reviewer_id AND a.project_id = e.project_id AND a.supersedes_id IS NULL
      AND a.origin = 'human')
  - (SELECT count(*) FROM labeling_task t WHERE t.reserved_for_id = e.reviewer_id AND t.project_id = e.project_id
      AND t.kind IN ('training', 'qualification') AND t.state = 'completed'),
  (SELECT count(*) FROM labeling_task t JOIN labeling_round r ON r.id = t.round_id
    WHERE t.reserved_for_id = e.reviewer_id AND t.project_id = e.project_id AND t.kind = 'gold'
      AND t.state <> 'cancelled'),
  (SELECT min(ahead.position) FROM labeling_pool q
    LEFT JOIN routing_cursor k ON k.pool_id = q.id AND k.reviewer_id = e.reviewer_id
    CROSS JOIN LATERAL (
      (SELECT t.position FROM labeling_task t WHERE t.pool_id = q.id AND t.state = 'open' AND t.reserved_for_id IS NULL
         AND t.returned_xid IS NULL AND t.position > COALESCE(k.position, -1) ORDER BY t.position LIMIT 1)
      UNION ALL
      (SELECT t.position FROM labeling_task t WHERE t.pool_id = q.id AND t.state = 'open' AND t.reserved_for_id IS NULL
         AND t.returned_xid > COALESCE(k.returned_xid, 0) ORDER BY t.returned_xid, t.position LIMIT 1)) ahead
    WHERE q.project_id = e.project_id AND q.work = 'judge')
FROM routing_enrolment e
JOIN labeling_project p ON p.id = e.project_id
WHERE e.project_id = %(project)s AND e.ended_at IS NULL AND e.trust NOT IN ('paused', 'retired', 'training')
  AND {NOT_BLOCKED}
  AND (%(reviewers)s::bigint[] IS NULL OR e.reviewer_id = ANY(%(reviewers)s))
ORDER BY e.reviewer_id
"""

# The form of what waits first in each of a project's pools: the oldest of them.
ASKED_NOW = """
SELECT f.id FROM labeling_pool q
CROSS JOIN LATERAL (
  SELECT t.round_id FROM labeling_task t WHERE t.pool_id = q.id AND t.state = 'open' AND t.reserved_for_id IS NULL
    AND t.returned_xid IS NULL ORDER BY t.position LIMIT 1) ahead
JOIN labeling_round r ON r.id = ahead.round_id
JOIN labeling_formversion f ON f.id = r.form_id
WHERE q.project_id = %s ORDER BY f.number LIMIT 1
"""

# The active gold of a project for one use (and of one concept, where that is named), under the form that is asked now where
# it must not be told by its own, that a reviewer has not met under any and could be given (languages, and skills unless it
# is how they are shown), and that was not shown to as many as it may be; least used first.
UNMET = f"""
SELECT g.id FROM quality_golditem g
JOIN labeling_itemversion v ON v.id = g.item_version_id
JOIN labeling_project p ON p.id = g.project_id
JOIN labeling_round o ON o.id = g.round_id AND o.state = 'open' AND (%(form)s::bigint IS NULL OR o.form_id = %(form)s)
JOIN labeling_reviewer r ON r.id = %(reviewer)s
WHERE g.project_id = %(project)s AND g.state = 'active' AND g.use = %(use)s AND g.work = 'judge'
  AND (%(concept)s = '' OR g.concept = %(concept)s)
  AND (g.exposures_most IS NULL OR g.exposures_most > (SELECT count(*) FROM labeling_task t JOIN labeling_round shown
      ON shown.id = t.round_id WHERE shown.item_id = v.item_id AND shown.reason = 'gold' AND {SHOWN}))
  AND NOT EXISTS (SELECT FROM labeling_round met JOIN labeling_task t ON t.round_id = met.id AND t.reserved_for_id = r.id
      WHERE met.item_id = v.item_id
        AND (met.id = g.round_id OR EXISTS (SELECT FROM routing_lease l WHERE l.task_id = t.id)))
  AND {NOT_JUDGED}
  AND {SPOKEN}
  AND (NOT %(skilled)s OR {SKILLED})
ORDER BY (SELECT count(*) FROM labeling_task t WHERE t.round_id = g.round_id), g.id
LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class _Share:
    project_id: int
    reviewer_id: int
    share: Decimal
    share_most: Decimal
    width: float | None
    judgments: int
    gold: int
    front: int | None

    @property
    def missing(self) -> int:
        """How many more gold tasks should wait, so that the share holds over the next LOOKAHEAD judgments.

        The share is the larger, between the project's two, the less is known of the reviewer.
        """
        bounds = GoldBounds(lowest=float(self.share), highest=float(max(self.share, self.share_most)))
        share = gold_share(UNKNOWN_WIDTH if self.width is None else self.width, bounds=bounds)
        return max(0, ceil(min(share, SHARE_MOST) * (self.judgments + LOOKAHEAD)) - self.gold)


def make_gold(*, item_ids: Iterable[int]) -> int:
    """Turn items that came with an expected answer into gold; return how many were new. Idempotent."""
    made = 0
    for item in (
        Item.objects.filter(pk__in=list(item_ids), state=ItemState.GOLD, current_version__gold=None)
        .select_related("current_version")
        .order_by("pk")
    ):
        with transaction.atomic():
            version = item.current_version
            assert version is not None, "An accepted item has content."
            assert version.expected is not None, "Gold has an expected answer."
            expected = version.expected
            opened = open_gold_round(item_version=version)
            gold, is_new = GoldItem.objects.get_or_create(
                item_version=version,
                defaults={
                    "customer_id": item.customer_id,
                    "project_id": item.project_id,
                    "round": opened,
                    "expected": expected["answer"],
                    "explanation": expected.get("explanation", ""),
                    "concept": expected.get("concept", ""),
                },
            )
            if is_new:
                record("gold.made", subject=gold, actor_id=None, data={"item": item.pk})
                made += 1
            _renew(gold.pk)
    return made


def renew_gold(*, form_ids: Collection[int]) -> None:
    """Put the gold of these forms' projects under the form in use, where its expected answer fits that; retire the rest.

    Gold waits where plain items are still asked under an older form, or it could be told by its own; `renew_waiting`
    comes back to it. What has been answered stays, and stays scored. Idempotent; each gold item is a transaction of its
    own.
    """
    projects = Project.objects.filter(forms__in=form_ids)
    active = GoldItem.objects.filter(project__in=projects, state=GoldState.ACTIVE).order_by("pk")
    for gold_id in list(active.values_list("pk", flat=True)):
        _renew(gold_id)


def renew_waiting() -> None:
    """Renew the gold that is still asked under an older form than its project's, now that no plain item is."""
    newer = FormVersion.objects.filter(
        project=OuterRef("project"), state=DocumentState.PUBLISHED, number__gt=OuterRef("round__form__number")
    )
    waiting = GoldItem.objects.filter(Exists(newer), state=GoldState.ACTIVE).order_by("pk")
    for gold_id in list(waiting.values_list("pk", flat=True)):
        _renew(gold_id)


def asked_now(project: Project) -> FormVersion:
    """Return the form under which the project's gold is met: that of the plain items that wait first, or the one in use."""
    with connection.cursor() as cursor:
        cursor.execute(ASKED_NOW, [project.pk])
        found = cursor.fetchone()
    return FormVersion.objects.get(pk=found[0]) if found else documents_in_force(project).form


@transaction.atomic
def _renew(gold_id: int) -> None:
    gold = GoldItem.objects.select_related("project", "item_version").get(pk=gold_id)
    item = lock_row(Item.objects.filter(pk=gold.item_version.item_id))
    form = documents_in_force(gold.project).form
    if asked_now(gold.project).number < form.number or is_gold_in_hand(item_version=gold.item_version):
        return
    is_fitting = _fits(gold, form)
    opened = None
    if item.state in STANDS and is_fitting:
        opened = open_gold_round(item_version=gold.item_version)
    elif item.state in STANDS:
        close_gold_round(item_version=gold.item_version)
    gold = lock_row(GoldItem.objects.filter(pk=gold_id))
    if gold.state != GoldState.ACTIVE:
        return
    if not is_fitting:
        about = {"reason": f"The expected answer does not fit form {form.number}."}
        transition(
            gold,
            GoldState.RETIRED,
            machine=GOLD_MACHINE,
            actor_id=None,
            data=about,
            retired_because=GoldRetirement.FORM,
        )
    elif opened is not None and opened.pk != gold.round_id:
        GoldItem.objects.filter(pk=gold.pk).update(round=opened)
        record("gold.renewed", subject=gold, actor_id=None, data={"form": form.number, "round": opened.pk})


def _fits(gold: GoldItem, form: FormVersion) -> bool:
    """Whether the expected answer fits the form. A flaw that was seeded is of the form it was written under, and no other."""
    if gold.work == Work.REVIEW:
        return gold.round.form_id == form.pk
    try:
        check_expected(form.document, ItemShape.of(gold.item_version.payload), gold.expected)
    except InvalidAnswers:
        return False
    return True


@transaction.atomic
def retire_gold(*, gold_item: GoldItem, reason: str, actor: User) -> None:
    """Serve this gold to nobody any more; what was scored stays. Raises Invalid without a reason, GoldRetired again."""
    reason = checked_reason(reason, ask="Say why this gold item is retired.")
    if not retire_because(gold_item=gold_item, because=GoldRetirement.OPERATOR, reason=reason, actor_id=actor.pk):
        raise GoldRetired("This gold item was retired before.")


@transaction.atomic
def retire_because(*, gold_item: GoldItem, because: str, reason: str, actor_id: int | None = None) -> bool:
    """Retire this gold and take back what waits of it; return whether it was active. What was scored stays."""
    close_gold_round(item_version=gold_item.item_version)
    locked = lock_row(GoldItem.objects.filter(pk=gold_item.pk))
    if locked.state == GoldState.RETIRED:
        return False
    transition(
        locked,
        GoldState.RETIRED,
        machine=GOLD_MACHINE,
        actor_id=actor_id,
        data={"because": because, "reason": reason},
        retired_because=because,
    )
    return True


@transaction.atomic
def retire_erased(*, item_ids: Collection[int]) -> int:
    """Serve gold whose item was erased to nobody any more; return how many. Idempotent."""
    of_items = lock_rows(GoldItem.objects.filter(item_version__item__in=item_ids))
    active = [gold for gold in of_items if gold.state == GoldState.ACTIVE]
    about = {gold.pk: {"reason": "erased"} for gold in active}
    transition_many(
        active,
        GoldState.RETIRED,
        machine=GOLD_MACHINE,
        actor_id=None,
        data=about,
        retired_because=GoldRetirement.ERASED,
    )
    return len(active)


def score_annotations(*, annotation_ids: Iterable[int]) -> int:
    """Score these annotations of gold items, which is evidence of their authors; return how many were new.

    Who missed is told later (`tell_missed`). What exams ask is not scored here: it says nothing of work in progress.
    """
    annotations = list(
        Annotation.objects.filter(
            pk__in=list(annotation_ids), gold_score=None, round__reason=RoundReason.GOLD, task__kind=TaskKind.GOLD
        )
        .exclude(item_version__gold=None)
        .exclude(item_version__payload__has_key="erased")
        .select_related("item_version__gold", "form", "project")
        .defer("item_version__payload")
        .order_by("pk")
    )
    return sum(_score(annotation) for annotation in annotations)


@transaction.atomic
def _score(annotation: Annotation) -> bool:
    gold = annotation.item_version.gold
    asked = form_of_stage(gold.work, annotation.form.document, annotation.guideline.clauses)
    result = score_gold(asked, gold.expected, annotation.answers, tolerance=gold.tolerance)
    score, is_new = GoldScore.objects.get_or_create(
        annotation=annotation,
        defaults={
            "customer_id": annotation.customer_id,
            "project_id": annotation.project_id,
            "gold_item": gold,
            "reviewer_id": annotation.reviewer_id,
            "is_correct": result.is_correct,
            "by_question": result.questions,
        },
    )
    if is_new:
        record("gold.scored", subject=score, actor_id=None, data={"reviewer": annotation.reviewer_id})
        tell_missed(score)
        found = Found(
            annotation_id=annotation.pk,
            reviewer_id=annotation.reviewer_id,
            customer_id=annotation.customer_id,
            project_id=annotation.project_id,
            agreed=result.is_correct,
            skills=tuple(sorted(annotation.project.skills_by_domain.get(annotation.item_version.domain, {}))),
        )
        add_evidence(source=EvidenceSource.GOLD, found=[found])
    return is_new


def seed_gold(*, reviewer_ids: Iterable[int] | None = None) -> int:
    """Keep the share of gold ahead of these reviewers (or all); return how many tasks were reserved.

    Gold waits somewhere among the next LOOKAHEAD items of the queue, at a random place, so that it cannot be told.
    """
    reviewers = None if reviewer_ids is None else sorted(set(reviewer_ids))
    projects = GoldItem.objects.filter(
        state=GoldState.ACTIVE, project__state=ProjectState.OPEN, project__gold_share__gt=0
    ).order_by("project_id")
    return sum(_seed(project, reviewers) for project in projects.values_list("project_id", flat=True).distinct())


@transaction.atomic
def _seed(project_id: int, reviewers: list[int] | None) -> int:
    """One seeding of a project at a time, so that nobody is given their share twice."""
    advisory_lock(ADVISORY_GOLD, project_id)
    with connection.cursor() as cursor:
        cursor.execute(SHARES, {"project": project_id, "reviewers": reviewers})
        shares = [_Share(*row) for row in cursor.fetchall()]
    wanting = [share for share in shares if share.missing and share.front is not None]
    if not wanting:
        return 0
    project = Project.objects.get(pk=project_id)
    form = asked_now(project)
    return sum(_reserve(share, project, form) for share in wanting)


def _reserve(share: _Share, project: Project, form: FormVersion) -> int:
    unmet = unmet_gold(
        project=project, reviewer_id=share.reviewer_id, use=GoldUse.GOLD, most=share.missing, form_id=form.pk
    )
    reviewer = Reviewer.objects.get(pk=share.reviewer_id)
    for gold, position in zip(unmet, positions(share.front or 0, len(unmet)), strict=True):
        pools = pools_for(project=project, stage=gold.round.stage, versions=[gold.item_version])
        reserve_gold_task(
            gold_round=gold.round,
            reviewer=reviewer,
            pool=pools[requirement(gold.item_version)],
            position=position,
        )
    return len(unmet)


def unmet_gold(
    *, project: Project, reviewer_id: int, use: str, most: int, form_id: int | None = None, concept: str = ""
) -> list[GoldItem]:
    """Return at most so many gold items for this use that the reviewer has not met and could be given, in the order of ids.

    The caller holds the project's advisory lock of gold, so that nobody is asked one twice.
    """
    asked: dict[str, int | str | bool | None] = {
        "project": project.pk,
        "reviewer": reviewer_id,
        "use": use,
        "concept": concept,
        "most": most,
        "form": form_id,
        "skilled": use == GoldUse.GOLD,
    }
    with connection.cursor() as cursor:
        cursor.execute(UNMET, asked)
        ids = [row[0] for row in cursor.fetchall()]
    return list(
        GoldItem.objects.filter(pk__in=ids).select_related("round__item_version", "item_version").order_by("pk")
    )


def positions(front: int, count: int) -> list[int]:
    """Return `count` places between the next LOOKAHEAD items from `front` on, never an item's own."""
    places = random.SystemRandom().sample(range(LOOKAHEAD * POSITION_STEP), count)
    return [front + place + (place % POSITION_STEP == 0) for place in places]
