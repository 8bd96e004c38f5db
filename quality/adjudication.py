"""What a round comes to once an adjudicator has spoken, and which rounds wait for one. Reads only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeling.forms import ONE_ANSWER, VERDICT, own_answers
from labeling.models import Annotation, Round
from labeling.selectors import counting_annotations_of
from labeling.types import TaskKind
from quality.consensus import AGREED, NO_AGREEMENT, Resolved, resolve
from quality.models import Dispute
from quality.types import DisputeState
from quality.written import earlier_rounds

METHOD = "adjudicated"

# How probably an expert is right, where it is not known yet how far experts agree among themselves: as many as the
# audits that two experts answer find agreeing, where experts know their field and the guideline is clear.
EXPERT_RELIABILITY = 0.95


@dataclass(frozen=True, slots=True)
class Adjudicated:
    """What the adjudicator decided, and what it rests on: the sides, all rounds of written work, and their answer."""

    resolved: Resolved
    rests_on: list[int]


def rounds_in_dispute(round_ids: Collection[int]) -> set[int]:
    """Return those of these rounds that wait for an adjudicator: nothing else resolves them."""
    waiting = Dispute.objects.filter(adjudicated_in__in=round_ids, state=DisputeState.OPEN)
    return {key for key in waiting.values_list("adjudicated_in", flat=True) if key is not None}


def adjudicated(opened: Round, form: Mapping[str, Any], counted: Sequence[Annotation]) -> Adjudicated | None:
    """Return what the adjudicator among the round's counting annotations (with their tasks) decided; None without one.

    The votes stay those of the independent judgments: the adjudicator has seen the sides, and is no vote among them.
    """
    said = [annotation for annotation in counted if annotation.task.kind == TaskKind.ADJUDICATE]
    if not said:
        return None
    last = said[-1]
    dispute = Dispute.objects.filter(adjudicated_in=opened).select_related("resolution").order_by("-pk").first()
    judged = [annotation for annotation in counted if annotation.task.kind != TaskKind.ADJUDICATE]
    is_answer = last.answers.get(VERDICT) == ONE_ANSWER
    resolved = Resolved(
        outcome=AGREED if is_answer else NO_AGREEMENT,
        answers=own_answers(last.answers) if is_answer else {},
        distribution=_votes(dispute, form, judged),
        method=METHOD,
        confidence=EXPERT_RELIABILITY,
    )
    sides = dispute.annotations if dispute else []
    earlier = counting_annotations_of([each.pk for each in earlier_rounds(opened)]).values_list("pk", flat=True)
    rests_on = sorted({*sides, *earlier, *(annotation.pk for annotation in judged), last.pk})
    return Adjudicated(resolved, rests_on)


def _votes(dispute: Dispute | None, form: Mapping[str, Any], judged: Sequence[Annotation]) -> dict[str, dict[str, int]]:
    if judged:
        return resolve(form, [annotation.answers for annotation in judged]).distribution
    before = dispute.resolution if dispute else None
    return before.distribution if before else {}
