"""A standing fell: what its reviewer did since they were last known good is looked at again, in slices.

What rests on them alone is judged anew, by others. Whatever else rests on them is in doubt, and so in no release, until
it is judged anew or an operator clears it; what the others come to without them, alike, is cleared at once.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from config.kernel.events import record
from config.kernel.jobs import enqueue
from config.kernel.locks import ADVISORY_FALL, lock_row, lock_rows, session_lock
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition, transition_many
from labeling.models import Annotation, FormVersion, Item, Reviewer, Round
from labeling.services.rounds import reopen_items
from labeling.types import ASIDE, RoundReason, RoundState
from quality.consensus import METHOD, resolve
from quality.models import Doubt, Fall, Resolution, Standing
from quality.types import DOUBT_MACHINE, DoubtState
from routing.services.exclusions import exclude_from_new
from routing.types import ExclusionReason

SLICE = 100
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SAME_WITHOUT = "The others come to the same without them."
# So many have to, on their own, for a result to stand without somebody.
OTHERS_LEAST = 2


@transaction.atomic
def begin_fall(*, standing: Standing, reason: str, good_until: datetime | None) -> Fall:
    """Have everything looked at again that the reviewer did there after `good_until` (None: all); a job does it."""
    fall = Fall.objects.create(
        customer_id=standing.customer_id,
        project_id=standing.project_id,
        standing=standing,
        reason=reason[:300],
        good_until=good_until or BEGINNING,
    )
    about = {"reviewer": standing.reviewer_id, "project": standing.project_id}
    record("fall.begun", subject=fall, actor_id=None, data=about)
    enqueue("quality.jobs.look_at_falls", queue="bulk")
    return fall


@transaction.atomic
def doubt_work(*, standing: Standing, reason: str, actor: User) -> Fall:
    """Have all that somebody did on a project looked at again, by name. Raises Invalid without a reason."""
    reason = checked_reason(reason, ask="Say why their work is doubted.")
    fall = begin_fall(standing=standing, reason=reason, good_until=None)
    record("fall.asked", subject=fall, actor_id=actor.pk, data={"reviewer": standing.reviewer_id})
    return fall


def look_at_falls(*, until: float = float("inf")) -> int:
    """Go on with every fall that is not through, until the time (monotonic) is up; return how many answers were looked at.

    One worker at a time goes on with a fall. Each slice is a transaction that says how far it came: whoever is killed
    leaves nothing half done, and the next begins where it ended.
    """
    done = 0
    for fall_id in list(Fall.objects.filter(finished_at=None).order_by("pk").values_list("pk", flat=True)):
        with session_lock(ADVISORY_FALL, fall_id) as is_alone:
            while is_alone and time.monotonic() < until and (taken := _look_at_slice(fall_id)) is not None:
                done += taken
    return done


@transaction.atomic
def _look_at_slice(fall_id: int) -> int | None:
    """Look at the next answers; return how many, or None once the fall is through."""
    fall = Fall.objects.select_related("standing__reviewer").get(pk=fall_id)
    if fall.finished_at is not None:
        return None
    answers = list(
        Annotation.objects.filter(
            project=fall.project_id,
            reviewer=fall.standing.reviewer_id,
            created_at__gt=fall.good_until,
            created_at__lte=fall.created_at,
            pk__gt=fall.through_annotation,
        )
        .order_by("pk")
        .values_list("pk", "round_id")[:SLICE]
    )
    if not answers:
        _finish(fall_id)
        return None
    lock_rows(Item.objects.filter(rounds__in={round_id for _, round_id in answers}))
    resting = _resting_on({ident for ident, _ in answers}, {round_id for _, round_id in answers})
    alone = _alone(resting, fall.standing.reviewer_id)
    requeued = _judge_anew([each.round.item_id for each in resting if each.pk in alone], fall.standing.reviewer)
    fall = lock_row(Fall.objects.filter(pk=fall_id).select_related("standing"))
    held = _doubt(fall, resting, alone)
    Fall.objects.filter(pk=fall_id).update(
        through_annotation=answers[-1][0],
        held_count=F("held_count") + held,
        requeued_count=F("requeued_count") + requeued,
    )
    return len(answers)


def _judge_anew(item_ids: Collection[int], fallen: Reviewer) -> int:
    """Have these items judged by anybody but whose work it is; return how many rounds."""
    opened = reopen_items(item_ids=item_ids, reason=RoundReason.STANDING, actor=None)
    anew = Round.objects.filter(item__in=item_ids, state=RoundState.OPEN, reason=RoundReason.STANDING)
    exclude_from_new(rounds=anew, reviewers=[fallen], reason=ExclusionReason.STANDING)
    return opened


def _finish(fall_id: int) -> None:
    fall = lock_row(Fall.objects.filter(pk=fall_id).select_related("standing"))
    Fall.objects.filter(pk=fall_id).update(finished_at=Now())
    about = {
        "reviewer": fall.standing.reviewer_id,
        "project": fall.project_id,
        "held": fall.held_count,
        "requeued": fall.requeued_count,
    }
    record("standing.fell", subject=fall, actor_id=None, data=about)


def _latest() -> QuerySet[Resolution]:
    """Return what items have come to by now: the current resolution of their latest resolved round."""
    later = Round.objects.filter(
        item=OuterRef("round__item"), number__gt=OuterRef("round__number"), state=RoundState.RESOLVED
    ).exclude(reason__in=ASIDE)
    return Resolution.objects.filter(~Exists(later), superseded_by=None, round__state=RoundState.RESOLVED)


def _resting_on(answers: set[int], rounds: Collection[int]) -> list[Resolution]:
    current = _latest().filter(round__in=rounds).select_related("round").order_by("pk")
    return [each for each in current if answers & set(each.annotation_ids)]


def _alone(resolutions: Sequence[Resolution], reviewer_id: int) -> set[int]:
    """Return which of these rest on nobody else's answers."""
    authors = _authors(resolutions)
    return {each.pk for each in resolutions if {authors[ident] for ident in each.annotation_ids} == {reviewer_id}}


def _authors(resolutions: Sequence[Resolution]) -> dict[int, int]:
    idents = {ident for each in resolutions for ident in each.annotation_ids}
    return dict(Annotation.objects.filter(pk__in=idents).values_list("pk", "reviewer_id"))


def _doubt(fall: Fall, resolutions: Sequence[Resolution], alone: Collection[int]) -> int:
    """Doubt these; return how many stay in doubt, as the others do not come to the same."""
    Doubt.objects.bulk_create(
        [
            Doubt(
                customer_id=each.customer_id,
                project_id=each.project_id,
                fall=fall,
                resolution=each,
                rests_alone=each.pk in alone,
            )
            for each in resolutions
        ],
        ignore_conflicts=True,
    )
    stands = _same_without(resolutions, fall.standing.reviewer_id)
    made = lock_rows(Doubt.objects.filter(fall=fall, resolution__in=resolutions, state=DoubtState.OPEN))
    cleared = [doubt for doubt in made if doubt.resolution_id in stands]
    transition_many(cleared, DoubtState.CLEARED, machine=DOUBT_MACHINE, actor_id=None, reason=SAME_WITHOUT)
    return len(made) - len(cleared)


def _same_without(resolutions: Sequence[Resolution], reviewer_id: int) -> set[int]:
    """Return which of these at least OTHERS_LEAST others come to as well, answer for answer, by the same majority."""
    voted = [each for each in resolutions if each.method == METHOD]
    given = Annotation.objects.filter(pk__in={ident for each in voted for ident in each.annotation_ids})
    others: dict[int, list[Annotation]] = defaultdict(list)
    for annotation in given.exclude(reviewer=reviewer_id).only("round_id", "answers"):
        others[annotation.round_id].append(annotation)
    forms = FormVersion.objects.in_bulk({each.round.form_id for each in voted})
    same = set()
    for each in voted:
        left = [one.answers for one in others[each.round_id] if one.pk in each.annotation_ids]
        if len(left) < OTHERS_LEAST:
            continue
        without = resolve(forms[each.round.form_id].document, left)
        if (without.outcome, without.answers) == (each.outcome, each.answers):
            same.add(each.pk)
    return same


def settle_doubts(*, resolution_ids: Collection[int]) -> int:
    """These items came to something: what was doubted of them before is replaced, and what is new is doubted where it
    rests on answers that a fall looked at. Return how many were replaced. Idempotent."""
    made = list(_latest().filter(pk__in=resolution_ids).select_related("round").order_by("pk"))
    items = [each.round.item_id for each in made]
    doubted = Doubt.objects.filter(state=DoubtState.OPEN, resolution__round__item__in=items)
    in_doubt = set(doubted.values_list("resolution__round__item", flat=True))
    replaced = sum(_replace(each) for each in made if each.round.item_id in in_doubt)
    _doubt_anew(made)
    return replaced


@transaction.atomic
def _replace(resolution: Resolution) -> int:
    earlier = Doubt.objects.filter(resolution__round__item=resolution.round.item_id, resolution__lt=resolution.pk)
    doubts = [doubt for doubt in lock_rows(earlier.filter(state=DoubtState.OPEN)) if doubt.state == DoubtState.OPEN]
    words = "The item was judged anew."
    transition_many(doubts, DoubtState.REPLACED, machine=DOUBT_MACHINE, actor_id=None, reason=words)
    return len(doubts)


def _doubt_anew(resolutions: Sequence[Resolution]) -> None:
    if not resolutions:
        return
    authors = _authors(resolutions)
    falls = Fall.objects.filter(
        project__in={each.project_id for each in resolutions}, standing__reviewer__in=set(authors.values())
    )
    for fall in falls.select_related("standing").order_by("pk"):
        looked_at = Q(created_at__gt=fall.good_until, created_at__lte=fall.created_at)
        doubtful = set(
            Annotation.objects.filter(looked_at, pk__in=authors, reviewer=fall.standing.reviewer_id).values_list(
                "pk", flat=True
            )
        )
        resting = [
            each for each in resolutions if each.project_id == fall.project_id and doubtful & set(each.annotation_ids)
        ]
        if resting:
            _doubt_one_fall(fall.pk, resting)


@transaction.atomic
def _doubt_one_fall(fall_id: int, resting: Sequence[Resolution]) -> None:
    fall = lock_row(Fall.objects.filter(pk=fall_id).select_related("standing"))
    known = set(Doubt.objects.filter(fall=fall, resolution__in=resting).values_list("resolution_id", flat=True))
    new = [each for each in resting if each.pk not in known]
    if held := _doubt(fall, new, _alone(new, fall.standing.reviewer_id)):
        Fall.objects.filter(pk=fall_id).update(held_count=F("held_count") + held)
        about = {"reviewer": fall.standing.reviewer_id, "project": fall.project_id, "held": held}
        record("fall.doubted", subject=fall, actor_id=None, data=about)


@transaction.atomic
def clear_doubt(*, doubt: Doubt, reason: str, actor: User) -> None:
    """Say that a result is right as it is, by name: it may be released. Raises Invalid without a reason, TransitionRefused
    once it is settled."""
    reason = checked_reason(reason, ask="Say why this result is right as it is.")
    doubt = lock_row(Doubt.objects.filter(pk=doubt.pk))
    transition(
        doubt, DoubtState.CLEARED, machine=DOUBT_MACHINE, actor_id=actor.pk, settled_by_id=actor.pk, reason=reason
    )


@transaction.atomic
def note_carried(*, fall_id: int, count: int) -> bool:
    """Keep how many doubted results releases carry; return whether that is another number than before."""
    fall = lock_row(Fall.objects.filter(pk=fall_id))
    if fall.carried_count == count:
        return False
    Fall.objects.filter(pk=fall_id).update(carried_count=count)
    return True
