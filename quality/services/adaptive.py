"""How many judgments an item gets where its overlap is adaptive, and what an expert is asked about.

A question takes part once gold shows that its confidence holds (`quality.measuring.reliability_of`); until then, and where no
question is objective, an item gets its fixed number of judgments.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Sum

from config.kernel.locks import lock_row
from labeling.forms import resolvable
from labeling.models import Annotation, Item, Project, Round
from labeling.selectors import counting_annotations_of
from labeling.services.rounds import ask_for_one_more
from labeling.types import Overlap, RoundReason, RoundState, Work
from quality.calibration import Recalibration
from quality.consensus import METHOD as MAJORITY
from quality.consensus import Resolved, resolve, votes_of
from quality.heard import is_inferred
from quality.judged import counting_beside
from quality.models import Dispute, QualityFigure, Standing
from quality.online import METHOD, UNKNOWN_ACCURACY, Inferred, Known, Queue, expert_price, infer, next_step, taken
from quality.overlap import Action, Terms
from quality.services.disputes import open_dispute
from quality.types import DisputeReason, DisputeState, FigureName
from routing.models import PoolStat

# Where judgments are not paid for, they cost one.
UNPAID = 1.0

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of a project's inferred questions, by question."""

    project: Project
    known: Mapping[str, Known]

    def takes(self, question: str) -> bool:
        """Whether this question's answer is the likeliest one, rather than the majority's."""
        known = self.known.get(question)
        if known is None:
            return False
        if self.project.overlap_kind == Overlap.ADAPTIVE and known.is_shown:
            return True
        return known.is_model_chosen and self.project.quality_contract.get("consensus_method") == "auto"


def knowledge_of(project: Project, reviewers: Sequence[int] = ()) -> Knowledge:
    """Return what the latest figures know of the project's questions, and of these reviewers."""
    figures: dict[str, dict[str, QualityFigure]] = defaultdict(dict)
    confusions: dict[str, dict[int, Any]] = defaultdict(dict)
    people = Q(name=FigureName.CONFUSION, reviewer__in=reviewers)
    rows = QualityFigure.objects.filter(
        people | Q(name__in=[FigureName.CONSENSUS, FigureName.RELIABILITY]), project=project
    )
    for row in rows:
        if row.name == FigureName.CONFUSION and row.reviewer_id is not None:
            confusions[row.question][row.reviewer_id] = row.detail["matrix"]
        else:
            figures[row.name][row.question] = row
    standings = Standing.objects.filter(project=project, skill="", reviewer__in=reviewers)
    accuracies = {row.reviewer_id: row.alpha / (row.alpha + row.beta) for row in standings}
    return Knowledge(
        project,
        {
            question: _known(
                project, figure, figures[FigureName.RELIABILITY].get(question), confusions[question], accuracies
            )
            for question, figure in figures[FigureName.CONSENSUS].items()
            if figure.detail
        },
    )


def knowledge_about(rounds: Sequence[Round], judgments: Mapping[int, Sequence[Annotation]]) -> dict[int, Knowledge]:
    """Return what is known for these rounds and judgments, by project: nothing where the majority is followed."""
    people: dict[int, set[int]] = defaultdict(set)
    for each in rounds:
        people[each.project_id] |= {annotation.reviewer_id for annotation in judgments[each.pk]}
    projects = Project.objects.in_bulk(people)
    return {
        pk: knowledge_of(project, sorted(people[pk])) if _goes_by_models(project) else Knowledge(project, {})
        for pk, project in projects.items()
    }


def _goes_by_models(project: Project) -> bool:
    return project.overlap_kind == Overlap.ADAPTIVE or project.quality_contract.get("consensus_method") == "auto"


def _known(
    project: Project,
    consensus: QualityFigure,
    reliability: QualityFigure | None,
    confusions: Mapping[int, Any],
    accuracies: Mapping[int, float],
) -> Known:
    detail = reliability.detail if reliability is not None else {}
    # Shown is one claim, of one model: of another target, or by another model than is chosen now, it says nothing.
    is_current = detail.get("target") == float(project.target_confidence)
    is_current = is_current and detail.get("model") == consensus.detail.get("model")
    return Known(
        prior=consensus.detail["prior"],
        confusions=confusions,
        accuracies=accuracies,
        accuracy=consensus.detail.get("accuracy", UNKNOWN_ACCURACY),
        recalibration=Recalibration(tuple(detail["starts"]), tuple(detail["values"])) if "starts" in detail else None,
        is_shown=bool(detail.get("shown")) and is_current,
        is_model_chosen=consensus.detail["method"] != MAJORITY,
        why=detail.get("reason", ""),
    )


def come_to(form: Document, judgments: Sequence[Annotation], knowledge: Knowledge) -> Resolved:
    """Return what these judgments come to: by majority, and by the likeliest answer where the project goes by that."""
    inferred = {
        path: each for path, each in _inferred(form, judgments, knowledge).items() if knowledge.takes(_question(path))
    }
    answers = [annotation.answers for annotation in judgments]
    return resolve(form, answers, taken=taken(inferred), method=METHOD if inferred else MAJORITY)


def _inferred(form: Document, judgments: Sequence[Annotation], knowledge: Knowledge) -> dict[str, Inferred]:
    """Return what each path of an inferred question of which something is known comes to."""
    asked = {question["id"] for question in resolvable(form) if is_inferred(question)} & knowledge.known.keys()
    votes: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for annotation in judgments:
        for path, value in votes_of(form, annotation.answers).items():
            if _question(path) in asked:
                votes[path].append((annotation.reviewer_id, value))
    return {path: infer(given, knowledge.known[_question(path)]) for path, given in votes.items()}


def _question(path: str) -> str:
    return path.partition(".")[0]


def settle(*, round_ids: Sequence[int]) -> list[int]:
    """Return which of these rounds, that have the judgments they need, come to a result now.

    The others are asked one more judgment of, or go to an expert; a round in dispute is the adjudicator's.
    """
    rounds = Round.objects.filter(pk__in=round_ids).select_related("project", "form").order_by("pk")
    ready = []
    for each in rounds:
        is_decided_here = each.reason != RoundReason.DISPUTE and (
            each.project.overlap_kind == Overlap.ADAPTIVE or each.project.quality_contract.get("adjudicate") is True
        )
        if not is_decided_here or _settle(each.pk):
            ready.append(each.pk)
    return ready


@transaction.atomic
def _settle(round_id: int) -> bool:
    """Take the next step of one round; return whether that is to resolve it. Its item's lock keeps others away."""
    lock_row(Item.objects.filter(rounds=round_id))
    opened = Round.objects.select_related("project", "form").get(pk=round_id)
    in_dispute = Dispute.objects.filter(round=opened, state=DisputeState.OPEN)
    if opened.state != RoundState.OPEN or in_dispute.exists():
        return False
    judgments = list(counting_annotations_of([round_id]))
    if len(judgments) < opened.judgments_needed:
        return False
    action = _next(opened, judgments)
    if action == Action.ONE_MORE:
        ask_for_one_more(round_id=round_id)
    elif action == Action.ESCALATE:
        open_dispute(opened=opened, reason=DisputeReason.UNSURE, sides=[each.pk for each in judgments])
    return action == Action.RESOLVE


def _next(opened: Round, judgments: Sequence[Annotation]) -> Action:
    knowledge = knowledge_of(opened.project, [each.reviewer_id for each in judgments])
    form = opened.form.document
    if opened.project.overlap_kind == Overlap.ADAPTIVE:
        shown = [
            each
            for path, each in _inferred(form, judgments, knowledge).items()
            if knowledge.known[_question(path)].is_shown
        ]
        if shown:
            action = next_step(shown, given=len(judgments), terms=_terms(opened.project, knowledge)).action
            if action != Action.RESOLVE:
                return action
    if opened.project.quality_contract.get("adjudicate") is True:
        voting = [*judgments, *counting_beside([opened], {opened.pk: judgments}).get(opened.pk, [])]
        if _is_unsettled(form, come_to(form, voting, knowledge)):
            return Action.ESCALATE
    return Action.RESOLVE


def _is_unsettled(form: Document, resolved: Resolved) -> bool:
    """Whether an objective question has come to no answer: on a preferential one that is a result, not a question."""
    objective = {question["id"] for question in resolvable(form) if question.get("nature") == "objective"}
    return bool(objective & set(resolved.unsettled))


def _terms(project: Project, knowledge: Knowledge) -> Terms:
    cost = float(project.pay_amount) or UNPAID
    shown = [known.accuracy for known in knowledge.known.values() if known.is_shown]
    return Terms(
        target=float(project.target_confidence),
        judgment_cost=cost,
        expert_cost=expert_price(_experts(project), judgment_cost=cost),
        least=min(project.overlap, project.overlap_most),
        most=project.overlap_most,
        next_accuracy=min(shown),
    )


def _experts(project: Project) -> Queue | None:
    """Return the experts' queue as it was measured last; None where nothing has gone to experts yet."""
    found = PoolStat.objects.filter(pool__project=project, pool__work=Work.EXPERT).aggregate(
        waiting=Sum(F("open_count") + F("leased_count")),
        an_hour=Sum("throughput_per_hour"),
        people=Sum("eligible_count"),
    )
    if found["waiting"] is None:
        return None
    return Queue(found["waiting"], found["an_hour"], found["people"])
