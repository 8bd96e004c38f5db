"""Written work: an attempt, then its review by another person, round after round until one is accepted.

What follows is told from the round itself, not from the fact that came: so a fact that comes twice, or not at all, does no
harm, and `sweep` finds what was left.
"""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.db.models import Q

from config.kernel.events import record, record_many
from config.kernel.locks import lock_row, lock_rows
from labeling.forms import REASON, VERDICT, own_answers
from labeling.models import Annotation, Item, Project, Reviewer, Round, Task, Tombstone
from labeling.selectors import counting_annotations_of, erased_items
from labeling.services.pools import pools_of
from labeling.services.rounds import cancel_tasks, close_resolved, last_rounds
from labeling.services.stages import add_tasks, close_without_resolution, free_tasks, open_next_rounds
from labeling.types import ASIDE, RoundReason, RoundState, TaskKind, TaskState, Work
from quality.models import Evidence, Resolution, Review
from quality.services.adjudication import drop_disputes
from quality.services.disputes import open_dispute_locked
from quality.services.evidence import Found, add_evidence, void_evidence
from quality.services.feedback import tell_reviewer
from quality.types import DisputeReason, EvidenceSource, FeedbackKind, Outcome, ReviewVerdict
from quality.written import UNDONE, clause_named, earlier_rounds
from routing.selectors import may_serve
from routing.services.exclusions import exclude_from_new
from routing.types import ExclusionReason

SLICE = 200

# What a review says of an attempt weighs less than gold: it is one trusted person's word, who was not blind to what
# they judged, and some of it is taste. An adjudicator or an audit may find otherwise.
REVIEW_RELIABILITY = 0.9

# How long a task waits for the person it is reserved for, before it is anybody's.
RESERVED_DAYS = 3

METHOD = "reviewed"

# What tombstones call an annotation that was emptied.
ERASED = "labeling_annotation"

FIXED_WORDS = "Your work was accepted with corrections."

# Open rounds of written work in which something was said, and nothing is waited for.
LEFT = """
SELECT r.id FROM labeling_round r
WHERE r.state = 'open' AND r.reason NOT IN ('gold', 'audit')
  AND EXISTS (SELECT FROM labeling_task t WHERE t.round_id = r.id AND t.kind IN ('attempt', 'review') AND t.state = 'completed')
  AND NOT EXISTS (SELECT FROM labeling_task t WHERE t.round_id = r.id AND t.state IN ('open', 'leased'))
  AND NOT EXISTS (
    SELECT FROM labeling_task t WHERE t.round_id = r.id AND t.kind = 'adjudicate' AND t.state <> 'cancelled')
ORDER BY r.id LIMIT %s
"""

# What waits for one person of written work.
RESERVED = """
SELECT t.id, t.reserved_for_id, t.pool_id, t.created_at < statement_timestamp() - make_interval(days => %s)
FROM labeling_task t JOIN labeling_round r ON r.id = t.round_id AND r.state = 'open' AND r.reason = 'sent_back'
WHERE t.kind IN ('attempt', 'review') AND t.state = 'open' AND t.reserved_for_id IS NOT NULL
ORDER BY t.id LIMIT %s
"""


def go_on(*, round_ids: Iterable[int]) -> int:
    """Do what follows in each of these rounds, each in a transaction of its own; return in how many something did.

    An attempt is reviewed; a review is acted on. Idempotent, and safe to run twice at once: whoever locks a round first does
    it. Rounds that are not open, that stand aside or are with an adjudicator are left alone.
    """
    return sum(_go_on(round_id) for round_id in sorted(set(round_ids)))


def begin_anew(*, erasure_ids: Iterable[int]) -> int:
    """Have work on attempts that these erasures emptied written anew; return in how many rounds. Idempotent."""
    emptied = Tombstone.objects.filter(erasure__in=list(erasure_ids), subject=ERASED).values("subject_id")
    attempts = Annotation.objects.filter(pk__in=emptied, task__kind=TaskKind.ATTEMPT)
    under_way = Round.objects.filter(item__rounds__annotations__in=attempts, state=RoundState.OPEN)
    return go_on(round_ids=under_way.values_list("pk", flat=True))


def sweep() -> int:
    """Go on where no fact has reached, and free what waits for somebody who is away; return in how many rounds."""
    with connection.cursor() as cursor:
        cursor.execute(LEFT, [SLICE])
        left = [row[0] for row in cursor.fetchall()]
    _free_reserved()
    return go_on(round_ids=left)


@transaction.atomic
def reconsider(*, annotation_ids: Iterable[int]) -> None:
    """These attempts or reviews no longer count: what they were about is asked for again.

    In an open round that is one more task. A resolved one stays, with its resolution, until the item's next round, which
    opens here, has another: a review of the same attempt, or an attempt by somebody else. Only the last round of an item is
    followed by another; what was erased is left alone.
    """
    wanted = sorted(set(annotation_ids))
    about = Review.objects.filter(Q(attempt__in=wanted) | Q(annotation__in=wanted), round__state=RoundState.RESOLVED)
    reviews = list(about.select_related("round", "attempt__reviewer", "annotation__reviewer").order_by("pk"))
    items = lock_rows(Item.objects.filter(pk__in=[each.round.item_id for each in reviews]))
    last, erased = last_rounds(items), erased_items([item.pk for item in items])
    for review in reviews:
        latest = last.get(review.round.item_id)
        if latest is not None and latest.pk == review.round_id and latest.item_id not in erased:
            _ask_again(review, is_attempt=review.attempt_id in wanted)


def _ask_again(review: Review, *, is_attempt: bool) -> None:
    found = Evidence.objects.filter(annotation=review.attempt_id, source=EvidenceSource.REVIEW)
    void_evidence(evidence=list(found), reason="What it rests on no longer counts.", actor_id=None)
    opened = open_next_rounds(
        after=[review.round],
        reason=RoundReason.REWORK,
        kind=TaskKind.ATTEMPT if is_attempt else TaskKind.REVIEW,
        work=Work.JUDGE if is_attempt else Work.REVIEW,
        needed=2 if is_attempt else 1,
        beside=None if is_attempt else {review.round_id: [review.attempt_id]},
    )
    if opened:
        said = review.attempt if is_attempt else review.annotation
        exclude_from_new(rounds=opened, reviewers=[said.reviewer], reason=ExclusionReason.AUTHOR)


@transaction.atomic
def _go_on(round_id: int) -> bool:
    item = lock_row(Item.objects.filter(rounds=round_id))
    opened = lock_row(Round.objects.filter(pk=round_id).select_related("item_version", "project", "guideline"))
    tasks = [each for each in Task.objects.filter(round=opened).order_by("slot") if each.state != TaskState.CANCELLED]
    if opened.state != RoundState.OPEN or opened.reason in ASIDE:
        return False
    erased = _erased_attempts(opened, tasks)
    kinds = {task.kind for task in tasks}
    if not erased and (TaskKind.ADJUDICATE in kinds or not kinds & {TaskKind.ATTEMPT, TaskKind.REVIEW}):
        return False
    attempt = _attempt_of(opened, tasks, erased)
    waiting = [task for task in tasks if task.state in {TaskState.OPEN, TaskState.LEASED}]
    stays = [task for task in waiting if not erased & {*(task.beside or ())}]
    if any(task.kind != TaskKind.REVIEW or _is_about(task, attempt) for task in stays):
        return False
    if waiting:
        cancel_tasks(Task.objects.filter(pk__in=[task.pk for task in waiting]), None)
    if attempt is None:
        add_tasks(rounds=[opened], kind=TaskKind.ATTEMPT, work=Work.JUDGE)
        drop_disputes(round_ids=[opened.pk])
        return True
    said = (
        counting_annotations_of([opened.pk])
        .filter(task__kind=TaskKind.REVIEW)
        .select_related("task", "reviewer", "guideline")
    )
    review = next((each for each in said if _is_about(each.task, attempt)), None)
    if review is None:
        _ask_for_review(opened, attempt)
    else:
        _act_on(item, opened, attempt, review)
    return True


def _attempt_of(opened: Round, tasks: Sequence[Task], erased: set[int]) -> Annotation | None:
    """Return the attempt that counts: of this round, or of an earlier one whose review this round asks for. One that
    was erased counts no more."""
    shown = {ident for task in tasks if task.kind == TaskKind.REVIEW for ident in task.beside or ()}
    attempts = Annotation.objects.filter(
        Q(round=opened) | Q(pk__in=shown),
        task__kind=TaskKind.ATTEMPT,
        superseded_by__isnull=True,
        invalidation__isnull=True,
    )
    return attempts.exclude(pk__in=erased).select_related("reviewer").order_by("pk").last()


def _erased_attempts(opened: Round, tasks: Sequence[Task]) -> set[int]:
    """Return the attempts of this round, or that its tasks go on from, that were erased with their authors."""
    shown = {ident for task in tasks for ident in task.beside or ()}
    attempts = Annotation.objects.filter(Q(round=opened) | Q(pk__in=shown), task__kind=TaskKind.ATTEMPT)
    emptied = Tombstone.objects.filter(subject=ERASED, subject_id__in=attempts.values("pk"))
    return set(emptied.values_list("subject_id", flat=True))


def _exclude_rejected(following: Sequence[Round], earlier: Sequence[Round]) -> None:
    """Keep from these rounds whose work was rejected in the earlier ones."""
    rejected = Review.objects.filter(round__in=earlier, verdict=ReviewVerdict.REJECT)
    authors = [each.author for each in rejected.select_related("author")]
    exclude_from_new(rounds=following, reviewers=authors, reason=ExclusionReason.AUTHOR)


def _is_about(task: Task, attempt: Annotation | None) -> bool:
    return attempt is not None and attempt.pk in (task.beside or ())


def _ask_for_review(opened: Round, attempt: Annotation) -> None:
    """Ask for a review of the attempt: of who sent the one before back, who knows what they missed, else of anybody."""
    before = (
        Review.objects.filter(round__in=earlier_rounds(opened)[:1]).select_related("annotation", "reviewer").first()
    )
    named = {}
    if before is not None and before.verdict == ReviewVerdict.SEND_BACK and before.author_id == attempt.reviewer_id:
        named = _reserved(opened, before.reviewer, Work.REVIEW)
    shown = [attempt.pk, before.annotation_id] if named and before is not None else [attempt.pk]
    add_tasks(rounds=[opened], kind=TaskKind.REVIEW, work=Work.REVIEW, reserved_for=named, beside={opened.pk: shown})


def _reserved(before: Round, reviewer: Reviewer, work: str) -> dict[int, Reviewer]:
    """Return for whom the next task of this work is reserved, by round; nobody who could not take it."""
    pool = pools_of(Project.objects.get(pk=before.project_id), [before], work)[before.pk]
    return {before.pk: reviewer} if may_serve(reviewer_id=reviewer.pk, pool_id=pool.pk) else {}


def _act_on(item: Item, opened: Round, attempt: Annotation, annotation: Annotation) -> None:
    """Keep the verdict of this review, and do what follows from it."""
    verdict = ReviewVerdict(annotation.answers[VERDICT])
    review = Review.objects.create(
        customer_id=opened.customer_id,
        project_id=opened.project_id,
        round=opened,
        attempt=attempt,
        annotation=annotation,
        author=attempt.reviewer,
        reviewer=annotation.reviewer,
        verdict=verdict,
        clause=clause_named(annotation) if verdict in UNDONE else "",
    )
    about = {"round": opened.pk, "verdict": verdict, "author": attempt.reviewer_id, "reviewer": annotation.reviewer_id}
    record("review.made", subject=review, actor_id=None, data=about)
    earlier = earlier_rounds(opened)
    if verdict in UNDONE and _is_once_too_often(review, earlier):
        close_without_resolution(rounds=[opened], why="disputed")
        opened.refresh_from_db(fields=["state"])
        open_dispute_locked(opened=opened, reason=DisputeReason.UNSURE, sides=[attempt.pk, annotation.pk])
        return
    evidence = _evidence_of(opened, review)
    if verdict in UNDONE:
        _undo(opened, review, earlier, evidence)
        return
    if verdict == ReviewVerdict.FIX:
        tell_reviewer(annotation=attempt, kind=FeedbackKind.FIXED, words=FIXED_WORDS, evidence=evidence)
    _resolve(item, opened, review, earlier)


def _is_once_too_often(review: Review, earlier: Sequence[Round]) -> bool:
    """Whether the author has had as many chances as the project gives, or as many people have been rejected here."""
    before = Review.objects.filter(round__in=earlier, verdict=review.verdict)
    if review.verdict == ReviewVerdict.SEND_BACK:
        before = before.filter(author=review.author_id)
    return before.count() >= Project.objects.values_list("send_backs_most", flat=True).get(pk=review.project_id)


def _evidence_of(opened: Round, review: Review) -> Evidence | None:
    domain = opened.item_version.domain
    found = Found(
        annotation_id=review.attempt_id,
        reviewer_id=review.author_id,
        customer_id=review.customer_id,
        project_id=review.project_id,
        agreed=review.verdict == ReviewVerdict.ACCEPT,
        reliability=REVIEW_RELIABILITY,
        skills=tuple(sorted(opened.project.skills_by_domain.get(domain, {}))),
    )
    return next((each for each in add_evidence(source=EvidenceSource.REVIEW, found=[found]) if not each.skill), None)


def _undo(opened: Round, review: Review, earlier: Sequence[Round], evidence: Evidence | None) -> None:
    """Close the round without a resolution, tell the author why, and ask for another attempt in the next."""
    is_rejected = review.verdict == ReviewVerdict.REJECT
    tell_reviewer(
        annotation=review.attempt,
        kind=FeedbackKind.REJECTED if is_rejected else FeedbackKind.SENT_BACK,
        words=review.annotation.answers[REASON],
        clause=review.clause,
        evidence=evidence,
    )
    close_without_resolution(rounds=[opened], why="rejected" if is_rejected else "sent back")
    following = open_next_rounds(
        after=[opened],
        reason=RoundReason.REWORK if is_rejected else RoundReason.SENT_BACK,
        kind=TaskKind.ATTEMPT,
        work=Work.JUDGE,
        needed=2,
        reserved_for=None if is_rejected else _reserved(opened, review.author, Work.JUDGE),
        beside=None if is_rejected else {opened.pk: [review.attempt_id, review.annotation_id]},
    )
    _exclude_rejected(following, [opened, *earlier])


def _resolve(item: Item, opened: Round, review: Review, earlier: Sequence[Round]) -> None:
    """Resolve the round with what was accepted: the attempt, or what its reviewer made of it. It keeps every round."""
    is_fixed = review.verdict == ReviewVerdict.FIX
    said = counting_annotations_of([opened.pk, *(each.pk for each in earlier)]).values_list("pk", flat=True)
    made = Resolution.objects.create(
        customer_id=opened.customer_id,
        project_id=opened.project_id,
        round=opened,
        item_version_id=opened.item_version_id,
        outcome=Outcome.AGREED,
        answers=own_answers(review.annotation.answers if is_fixed else review.attempt.answers),
        distribution={},
        method=METHOD,
        confidence=0.5 if is_fixed else 1.0,  # the share of the two who say so in these words
        annotation_ids=sorted({*said, review.attempt_id}),
    )
    about = {"round": opened.pk, "outcome": made.outcome, "item": opened.item_id}
    record_many(
        "resolution.made", subject="quality.resolution", rows=[(made.pk, made.customer_id, about)], actor_id=None
    )
    close_resolved(rounds=[opened], items=[item])


def _free_reserved() -> int:
    """Open to anybody what waits for somebody who may not do it any more, or for too long; return how many tasks."""
    with connection.cursor() as cursor:
        cursor.execute(RESERVED, [RESERVED_DAYS, SLICE])
        waiting = cursor.fetchall()
    freed = [
        task_id
        for task_id, reviewer_id, pool_id, is_late in waiting
        if is_late or not may_serve(reviewer_id=reviewer_id, pool_id=pool_id)
    ]
    return free_tasks(task_ids=freed)
