"""Gold that has served: what was shown often enough, has leaked, is disputed, or was explained to many, is retired."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from django.db.models.functions import Now

from labeling.types import ItemState
from quality.drift import disputed, ease_of, leak_alarm
from quality.models import Dispute, Feedback, GoldItem, GoldScore, Resolution, Standing
from quality.services.gold import retire_because
from quality.types import DisputeState, FeedbackKind, GoldRetirement, GoldSource, GoldState, GoldUse, StandingState

# How many first answers tell how easy an item is, where nobody has said so.
FIRST_ANSWERS = 20

# To how many people its answer may have been told before it counts as known.
TOLD_MOST = 25

# Whoever has no standing yet is taken for somebody of whom nothing is known; nobody for somebody who is never wrong.
UNKNOWN_ACCURACY = 0.5
SURE = 0.02


@dataclass(frozen=True, slots=True)
class _Answered:
    """How a gold item was answered, oldest first: whether right, how right its reviewers are on the mean, the lower bound
    of that, and whether they are trusted."""

    hits: list[bool]
    accuracies: list[float]
    lower_bounds: list[float]
    trusted: list[bool]


def review_gold() -> int:
    """Retire what has served, of all projects; return how many. Idempotent, each gold item a transaction of its own."""
    active = GoldItem.objects.filter(state=GoldState.ACTIVE).order_by("pk")
    retired = 0
    for gold in active.select_related("item_version__item", "round").iterator(chunk_size=500):
        found = _why(gold)
        if found is not None:
            because, reason = found
            retired += retire_because(gold_item=gold, because=because, reason=reason)
    return retired


def _why(gold: GoldItem) -> tuple[str, str] | None:
    """Return why this gold should serve no more, and in words."""
    if unsettled := _unsettled(gold):
        return GoldRetirement.DISPUTED, unsettled
    if gold.use != GoldUse.GOLD:
        return None
    told = Feedback.objects.filter(
        annotation__gold_score__gold_item=gold, kind=FeedbackKind.GOLD_MISSED, tell_from__lte=Now()
    ).count()
    if told >= TOLD_MOST:
        return GoldRetirement.EXPLAINED, f"Its answer was explained to {told} people."
    answered = _answered(gold)
    if len(answered.hits) >= (gold.exposures_most or len(answered.hits) + 1):
        return GoldRetirement.EXPOSED, f"{len(answered.hits)} people have answered it."
    if leaked := has_leaked(answered.hits, answered.accuracies, expected_hit_rate=gold.expected_hit_rate):
        return GoldRetirement.LEAKED, leaked
    return _is_disputed(answered)


def _unsettled(gold: GoldItem) -> str:
    """Say what has become of a resolved item since it was made gold; "" where it stands as it did."""
    if gold.source == GoldSource.CUSTOMER:
        return ""
    item = gold.item_version.item
    if item.state != ItemState.RESOLVED or item.current_version_id != gold.item_version_id:
        return "Its item is judged anew."
    if Dispute.objects.filter(round__item=item, state=DisputeState.OPEN).exists():
        return "The result of its item is in dispute."
    current = Resolution.objects.filter(round__item=item, superseded_by=None).order_by("-round__number").first()
    if gold.source == GoldSource.ADJUDICATED and current is not None:
        differs = [name for name, answer in gold.expected.items() if current.answers.get(name) != answer]
        if differs:
            return f"Its item was resolved otherwise since: {', '.join(differs)}."
    return ""


def _answered(gold: GoldItem) -> _Answered:
    scores = list(GoldScore.objects.filter(gold_item=gold).order_by("pk").values_list("reviewer", "is_correct"))
    known = {
        standing.reviewer_id: standing
        for standing in Standing.objects.filter(
            project=gold.project_id, skill="", reviewer__in=[who for who, _ in scores]
        )
    }
    standings = [known.get(who) for who, _ in scores]
    return _Answered(
        hits=[is_correct for _, is_correct in scores],
        accuracies=[
            _clipped(each.alpha / (each.alpha + each.beta) if each else UNKNOWN_ACCURACY) for each in standings
        ],
        lower_bounds=[_clipped(each.lower_bound if each else SURE) for each in standings],
        trusted=[each is not None and each.state == StandingState.TRUSTED for each in standings],
    )


def _clipped(accuracy: float) -> float:
    return min(max(accuracy, SURE), 1 - SURE)


def has_leaked(hits: Sequence[bool], accuracies: Sequence[float], *, expected_hit_rate: float | None) -> str:
    """Say since when an item is hit far more often than it was; "" where it is not.

    How easy it is follows from the hit rate that is expected of people of this accuracy, or else from its first answers, which
    then are not watched themselves.
    """
    if expected_hit_rate is None:
        first, watched = FIRST_ANSWERS, len(hits) - FIRST_ANSWERS
        if watched <= 0:
            return ""
        ease = ease_of(hits[:first], accuracies[:first])
    elif hits:
        first, mean = 0, sum(accuracies) / len(accuracies)
        ease = log(expected_hit_rate / (1 - expected_hit_rate)) - log(mean / (1 - mean))
    else:
        return ""
    alarm = leak_alarm(hits[first:], accuracies[first:], ease=ease)
    if alarm is None:
        return ""
    since = hits[first + alarm.good_until + 1 : first + alarm.raised_at + 1]
    return f"Its hit rate has jumped: {sum(since)} of the {len(since)} answers since were right."


def _is_disputed(answered: _Answered) -> tuple[str, str] | None:
    """Return the reason where trusted reviewers miss it far more often than their standing predicts."""
    of_trusted = [place for place, is_trusted in enumerate(answered.trusted) if is_trusted]
    found = disputed(
        [answered.hits[place] for place in of_trusted], [answered.lower_bounds[place] for place in of_trusted]
    )
    if not found.is_disputed:
        return None
    said = f"{found.misses} of {found.answers} trusted reviewers answered otherwise, where {found.predicted:.1f} were to be expected."
    return GoldRetirement.DISPUTED, said
