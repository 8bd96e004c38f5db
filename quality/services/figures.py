"""The roll-up of quality's figures: measured on the latest work of a project, each with its interval or why there is none."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db import transaction
from django.db.models import CharField, Count, F, Q
from django.db.models.functions import Cast

from config.kernel.clock import database_now
from config.kernel.events import record
from config.kernel.locks import ADVISORY_FIGURES, session_lock
from labeling.models import Project
from labeling.types import Overlap, ProjectState
from quality.choosing import Choice
from quality.heard import Heard, Unit, Vote, degrees, hear, possible_values
from quality.measuring import (
    Found,
    agreement_of,
    choice_of,
    confusion_found,
    consensus_of,
    fit_of,
    reliability_of,
    share_found,
)
from quality.models import GoldScore, QualityFigure
from quality.types import FigureName, GoldRetirement, Segment

NO_GOLD = "Nobody has answered gold here yet."
IDENTITY = ["project", "name", "question", "segment", "segment_value", "guideline", "reviewer"]
MEASURED = ["value", "low", "high", "units", "why_undefined", "detail", "measured_at"]
# Of gold, by what its answers are told apart.
GOLD_SEGMENTS = {
    Segment.LANGUAGE: F("gold_item__item_version__language"),
    Segment.DOMAIN: F("gold_item__item_version__domain"),
    Segment.DIFFICULTY: Cast("gold_item__item_version__difficulty", CharField()),
    Segment.COUNTRY: F("reviewer__country"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """What a figure is about."""

    question: str = ""
    segment: str = Segment.ALL
    segment_value: str = ""
    guideline_id: int | None = None
    reviewer_id: int | None = None


Measured = Iterable[tuple[Place, Found]]


def projects_to_measure() -> list[int]:
    """Return the projects in which work is done."""
    worked = Project.objects.filter(state__in=[ProjectState.OPEN, ProjectState.PAUSED])
    return list(worked.order_by("pk").values_list("pk", flat=True))


def roll_up_figures(*, project_id: int, until: float = float("inf")) -> int:
    """Measure the project's figures anew; return how many were written. Idempotent; of two at once one does it.

    They are measured on the latest rounds only (`quality.heard.LATEST_ROUNDS`). What there is no time for by `until`
    (monotonic) stays as it was measured before, with its date.
    """
    with session_lock(ADVISORY_FIGURES, project_id) as is_alone:
        if not is_alone:
            return 0
        project = Project.objects.get(pk=project_id)
        heard = hear(project_id=project_id)
        done = _keep(project, FigureName.GOLD_ACCURACY, _gold_accuracy(project), until)
        done += _keep(project, FigureName.AGREEMENT, _agreement(heard), until)
        before = _shown(project)
        chosen = cache(lambda question: choice_of(*_told_of(heard, question)))
        done += _keep(project, FigureName.RELIABILITY, _reliability(project, heard, chosen), until)
        _tell_change(project, before)
        done += _keep_people(project, heard, chosen, until)
        return done


def _told_of(heard: Heard, question: str) -> tuple[list[Vote], dict[Unit, frozenset[str]], tuple[str, ...]]:
    """Return the votes on a question, what gold expects there, and the values it can have."""
    return heard.votes[question], heard.expected[question], possible_values(heard.questions[question])


def _keep(project: Project, name: str, measured: Measured, until: float) -> int:
    """Write figures of one name as they are measured; those that are no more go, once all were measured."""
    began, found, is_complete = database_now(), [], True
    for each in measured:
        found.append(each)
        if time.monotonic() >= until:
            is_complete = False
            break
    return _write(project, name, found, began, is_complete=is_complete)


def _write(
    project: Project, name: str, found: Sequence[tuple[Place, Found]], began: datetime, *, is_complete: bool
) -> int:
    rows = [_row(project, name, *each) for each in found]
    with transaction.atomic():
        QualityFigure.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=IDENTITY, update_fields=MEASURED, batch_size=500
        )
        if is_complete:
            QualityFigure.objects.filter(project=project, name=name, measured_at__lt=began).delete()
    return len(rows)


def _row(project: Project, name: str, place: Place, found: Found) -> QualityFigure:
    return QualityFigure(
        customer_id=project.customer_id,
        project=project,
        name=name,
        question=place.question,
        segment=place.segment,
        segment_value=place.segment_value,
        guideline_id=place.guideline_id,
        reviewer_id=place.reviewer_id,
        value=found.value,
        low=found.low,
        high=found.high,
        units=found.units,
        why_undefined="" if found.value is not None else found.why[:300],
        detail={**found.detail, **({"no_interval": found.why} if found.value is not None and found.why else {})},
    )


def _gold_accuracy(project: Project) -> Measured:
    """By segment, and of everything by question. Gold whose answer is in dispute says nothing."""
    scores = GoldScore.objects.filter(project=project).exclude(
        gold_item__retired_because__in=[GoldRetirement.DISPUTED, GoldRetirement.LEAKED]
    )
    counted = {"right": Count("id", filter=Q(is_correct=True)), "total": Count("id")}
    whole = scores.aggregate(**counted)
    yield Place(), share_found(whole["right"], whole["total"], why=NO_GOLD)
    for segment, source in GOLD_SEGMENTS.items():
        named = scores.annotate(which=source).exclude(which="").exclude(which=None)
        rows = named.values_list("which").annotate(**counted).order_by("which")
        for which, right, total in rows.values_list("which", "right", "total"):
            yield Place(segment=segment, segment_value=which[:60]), share_found(right, total, why=NO_GOLD)
    answers: dict[str, list[bool]] = defaultdict(list)
    for by_question in scores.order_by("-pk").values_list("by_question", flat=True)[:20_000]:
        for question, is_right in by_question.items():
            answers[question].append(bool(is_right))
    for question, given in sorted(answers.items()):
        yield Place(question=question), share_found(sum(given), len(given), why=NO_GOLD)


def _agreement(heard: Heard) -> Measured:
    """By question, segment and guideline version: first everything, so that a lack of time costs the finest."""
    for question, definition in heard.questions.items():
        order = degrees(definition)
        split: dict[Place, list[Vote]] = {Place(question): []}
        for vote in heard.votes[question]:
            if (frame := heard.frames.get(vote.unit.round)) is None:
                continue  # gold is not part of the work
            for guideline in (None, frame.guideline):
                for segment, value in ((Segment.ALL, ""), *frame.segments.items()):
                    split.setdefault(Place(question, segment, value, guideline), []).append(vote)
        for place, votes in split.items():
            found = agreement_of(votes, order)
            found.detail["is_all"] = heard.is_all
            yield place, found


def _reliability(project: Project, heard: Heard, chosen: Callable[[str], Choice]) -> Measured:
    for question in heard.inferred():
        if not heard.expected[question]:
            why = "No gold asks this question, so nothing shows whether its confidence holds."
            yield Place(question), Found(None, why=why, detail={"shown": False, "reason": why})
            continue
        yield (
            Place(question),
            reliability_of(
                *_told_of(heard, question),
                method=chosen(question).method,
                target=float(project.target_confidence),
                least=min(project.overlap, project.overlap_most),
                most=project.overlap_most,
            ),
        )


def _keep_people(project: Project, heard: Heard, chosen: Callable[[str], Choice], until: float) -> int:
    """Methods side by side, and what they say of each reviewer: one fit serves both. What was measured longest ago goes first."""
    consensus: list[tuple[Place, Found]] = []
    confusion: list[tuple[Place, Found]] = []
    began, is_complete = database_now(), True
    measured = dict(
        QualityFigure.objects.filter(project=project, name=FigureName.CONSENSUS).values_list("question", "measured_at")
    )
    for question in sorted(heard.inferred(), key=lambda name: (name in measured, str(measured.get(name)), name)):
        if time.monotonic() >= until and consensus:
            is_complete = False
            break
        told = _told_of(heard, question)
        if not heard.votes[question]:
            consensus.append((Place(question), Found(None, why="Nobody has answered this question yet.")))
            continue
        fit = fit_of(*told, method=chosen(question).method)
        confusion += [(Place(question, reviewer_id=who), confusion_found(fit, who)) for who in sorted(fit.given)]
        consensus.append((Place(question), consensus_of(*told, chosen=chosen(question), fit=fit)))
    done = _write(project, FigureName.CONFUSION, confusion, began, is_complete=is_complete)
    return done + _write(project, FigureName.CONSENSUS, consensus, began, is_complete=is_complete)


def _shown(project: Project) -> dict[str, bool]:
    figures = QualityFigure.objects.filter(project=project, name=FigureName.RELIABILITY)
    return {figure.question: bool(figure.detail.get("shown")) for figure in figures}


def _tell_change(project: Project, before: dict[str, bool]) -> None:
    """Append the event where adaptive overlap may start on a question from now on, or must stop."""
    if project.overlap_kind != Overlap.ADAPTIVE:
        return
    for question, is_shown in _shown(project).items():
        if is_shown != before.get(question, False):
            kind = "overlap.adaptive" if is_shown else "overlap.fixed"
            with transaction.atomic():
                record(kind, subject=project, actor_id=None, data={"question": question})
