"""Written work: an attempt, then its review by another person, round after round until one is accepted.

What follows is told from the round itself, not from the fact that came: so a fact that comes twice, or not at all, does no
harm, and `sweep` finds what was left.
"""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.db.models import Q

from config.kernel.events import record, record_many
from config.kernel.locks import lock_row, lock_rows
from labeling.forms import CLAUSE, REASON, VERDICT, own_answers
from labeling.models import Annotation, Item, Project, Reviewer, Round, Task
from labeling.selectors import counting_annotations_of, erased_items
from labeling.services.pools import pools_of
from labeling.services.rounds import cancel_tasks, close_resolved, last_rounds
from labeling.services.stages import add_tasks, close_without_resolution, free_tasks, open_next_rounds
from labeling.types import ASIDE, RoundReason, RoundState, TaskKind, TaskState, Work
from quality.models import Evidence, Resolution, Review
from quality.services.disputes import open_dispute_locked
from quality.services.evidence import Found, add_evidence, void_evidence
from quality.services.feedback import tell_reviewer
from quality.types import DisputeReason, EvidenceSource, FeedbackKind, Outcome, ReviewVerdict
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

FIXED_WORDS = "Your work was accepted with corrections."

UNDONE = {ReviewVerdict.SEND_BACK, ReviewVerdict.REJECT}

# Open rounds of written work in which something was said, and nothing is waited for.
LEFT = """
SELECT r.id FROM labeling_round r
WHERE r.state = 'open' AND r.reason NOT IN ('gold', 'audit')
  AND EXISTS (SELECT FROM labeling_task t WHERE t.round_id = r.id AND t.kind IN ('attempt', 'review') AND t.state = 'completed')
  AND NOT EXISTS (SELECT FROM labeling_task t WHERE t.round_id = r.id AND t.state IN ('open', 'leased'))
  AND NOT EXISTS (SELECT FROM labeling_task t WHERE t.round_id = r.id AND t.kind = 'adjudicate')
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
    tasks = list(Task.objects.filter(round=opened).order_by("slot"))
    kinds = {task.kind for task in tasks}
    if opened.state != RoundState.OPEN or opened.reason in ASIDE or TaskKind.ADJUDICATE in kinds:
        return False
    if not kinds & {TaskKind.ATTEMPT, TaskKind.REVIEW}:
        return False
    attempt = _attempt_of(opened, tasks)
    waiting = [task for task in tasks if task.state in {TaskState.OPEN, TaskState.LEASED}]
    if any(task.kind == TaskKind.ATTEMPT or _is_about(task, attempt) for task in waiting):
        return False
    if waiting:
        cancel_tasks(Task.objects.filter(pk__in=[task.pk for task in waiting]), None)
    if attempt is None:
        add_tasks(rounds=[opened], kind=TaskKind.ATTEMPT, work=Work.JUDGE)
        return True
    said = counting_annotations_of([opened.pk]).filter(task__kind=TaskKind.REVIEW).select_related("task", "reviewer")
    review = next((each for each in said if _is_about(each.task, attempt)), None)
    if review is None:
        _ask_for_review(opened, attempt)
    else:
        _act_on(item, opened, attempt, review)
    return True


def _attempt_of(opened: Round, tasks: Sequence[Task]) -> Annotation | None:
    """Return the attempt that counts: of this round, or of an earlier one whose review this round asks for."""
    shown = {ident for task in tasks if task.kind == TaskKind.REVIEW for ident in task.beside or ()}
    attempts = Annotation.objects.filter(
        Q(round=opened) | Q(pk__in=shown),
        task__kind=TaskKind.ATTEMPT,
        superseded_by__isnull=True,
        invalidation__isnull=True,
    )
    return attempts.select_related("reviewer").order_by("pk").last()


def _is_about(task: Task, attempt: Annotation | None) -> bool:
    return attempt is not None and attempt.pk in (task.beside or ())


def _ask_for_review(opened: Round, attempt: Annotation) -> None:
    """Ask for a review of the attempt: of who sent the one before back, who knows what they missed, else of anybody."""
    before = Review.objects.filter(round__in=_earlier_of(opened)[:1]).select_related("annotation", "reviewer").first()
    named = {}
    if before is not None and before.verdict == ReviewVerdict.SEND_BACK and before.author_id == attempt.reviewer_id:
        named = _reserved(opened, before.reviewer, Work.REVIEW)
    shown = [attempt.pk, before.annotation_id] if named and before is not None else [attempt.pk]
    add_tasks(rounds=[opened], kind=TaskKind.REVIEW, work=Work.REVIEW, reserved_for=named, beside={opened.pk: shown})


def _reserved(before: Round, reviewer: Reviewer, work: str) -> dict[int, Reviewer]:
    """Return for whom the next task of this work is reserved, by round; nobody who could not take it."""
    pool = pools_of(Project.objects.get(pk=before.project_id), [before], work)[before.pk]
    return {before.pk: reviewer} if may_serve(reviewer_id=reviewer.pk, pool_id=pool.pk) else {}


def _earlier_of(opened: Round) -> list[Round]:
    """Return the rounds that this one goes on from, the latest first: each was sent back or rejected."""
    before = Round.objects.filter(item=opened.item_id, number__lt=opened.number).exclude(reason__in=ASIDE)
    earlier = []
    for each in before.order_by("-number").prefetch_related("reviews"):
        is_undone = any(review.verdict in UNDONE for review in each.reviews.all())
        if each.state != RoundState.CLOSED or not is_undone or each.item_version_id != opened.item_version_id:
            break
        earlier.append(each)
    return earlier


def _act_on(item: Item, opened: Round, attempt: Annotation, annotation: Annotation) -> None:
    """Keep the verdict of this review, and do what follows from it."""
    clauses = opened.guideline.clauses
    verdict = ReviewVerdict(annotation.answers[VERDICT])
    missed = annotation.answers.get(CLAUSE) or (clauses[0]["id"] if len(clauses) == 1 else "")
    review = Review.objects.create(
        customer_id=opened.customer_id,
        project_id=opened.project_id,
        round=opened,
        attempt=attempt,
        annotation=annotation,
        author=attempt.reviewer,
        reviewer=annotation.reviewer,
        verdict=verdict,
        clause=missed if verdict in UNDONE else "",
    )
    about = {"round": opened.pk, "verdict": verdict, "author": attempt.reviewer_id, "reviewer": annotation.reviewer_id}
    record("review.made", subject=review, actor_id=None, data=about)
    earlier = _earlier_of(opened)
    if verdict == ReviewVerdict.SEND_BACK and _is_once_too_often(review, earlier):
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
    """Whether the author has had as many chances as the project gives."""
    before = Review.objects.filter(round__in=earlier, author=review.author_id, verdict=ReviewVerdict.SEND_BACK).count()
    return before >= Project.objects.values_list("send_backs_most", flat=True).get(pk=review.project_id)


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
    rejected = Review.objects.filter(round__in=[opened, *earlier], verdict=ReviewVerdict.REJECT)
    authors = [each.author for each in rejected.select_related("author")]
    for new in following:
        exclude_from_new(rounds=[new], reviewers=authors, reason=ExclusionReason.AUTHOR)


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
