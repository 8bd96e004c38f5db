"""Reads about judges: what experts have answered, which judges count, and which open items tell most when people judge them."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

from django.db.models import Exists, F, OuterRef, Subquery

from labeling.guidelines import versions_begun
from labeling.models import Annotation, FormVersion, GuidelineVersion, Project, Round
from labeling.types import DocumentState, ItemState, Origin, Work
from quality.judge_prompts import verdict_of, verdict_question
from quality.models import AuditVerdict, GoldItem, Judge, JudgeAlarm, JudgeCalibration, JudgeCall, Resolution
from quality.types import CallPurpose, CallState, GoldState, JudgeState

ADJUDICATED = "adjudicated"
LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class Documents:
    """What a project's judges judge by now. `question` is the one they are measured on; None where the form has none."""

    form_version: FormVersion
    guideline: GuidelineVersion
    question: dict[str, Any] | None

    @property
    def form(self) -> dict[str, Any]:
        document: dict[str, Any] = self.form_version.document
        return document

    @property
    def clauses(self) -> list[dict[str, Any]]:
        clauses: list[dict[str, Any]] = self.guideline.clauses
        return clauses


@dataclass(frozen=True, slots=True)
class Telling:
    """How much an open item would tell: bits of disagreement among judges, and how unsure they are (0 to 1)."""

    item_version_id: int
    item_id: int
    disagreement: float
    doubt: float

    @property
    def worth(self) -> float:
        return self.disagreement + self.doubt


def documents_of(project_id: int) -> Documents:
    """Return the form and the guideline that are in force."""
    form = FormVersion.objects.filter(project=project_id, state=DocumentState.PUBLISHED).order_by("-number")[0]
    return Documents(form, versions_begun(project_id)[0], verdict_question(form.document))


def expert_answers(project_id: int) -> dict[int, dict[str, Any]]:
    """Return what experts answered, by item version: expected of gold, then audits, then adjudications, the later over the
    earlier. Retired gold says nothing."""
    found: dict[int, dict[str, Any]] = {}
    gold = GoldItem.objects.filter(project=project_id, state=GoldState.ACTIVE, work=Work.JUDGE)
    found.update(gold.values_list("item_version_id", "expected"))
    audits = AuditVerdict.objects.filter(project=project_id, annotation__invalidation=None).order_by("id")
    found.update(audits.values_list("draw__resolution__item_version_id", "annotation__answers"))
    adjudicated = Resolution.objects.filter(project=project_id, method=ADJUDICATED, superseded_by=None)
    found.update(adjudicated.values_list("item_version_id", "answers"))
    return {version: answers for version, answers in found.items() if answers}


def verdicts_of(judge: Judge, *, purpose: str = CallPurpose.JUDGE, variant: str = "") -> dict[int, dict[str, Any]]:
    """Return the judge's answers by item version."""
    calls = JudgeCall.objects.filter(judge=judge, purpose=purpose, variant=variant, ended=CallState.ANSWERED)
    return {version: answers for version, answers in calls.values_list("item_version_id", "answers") if answers}


def judges_that_count(project: Project) -> list[Judge]:
    """Return the judges whose verdicts may count: the contract says that judges do ("judges_count": true), the latest
    calibration met the bar, they are at work and no alarm is open."""
    if project.quality_contract.get("judges_count") is not True:
        return []
    latest = JudgeCalibration.objects.filter(judge=OuterRef("pk")).order_by("-id")
    return list(
        Judge.objects.filter(project=project, state=JudgeState.ACTIVE)
        .alias(is_met=Subquery(latest.values("is_met")[:1]))
        .filter(~Exists(JudgeAlarm.objects.filter(judge=OuterRef("pk"), closed_at=None)), is_met=True)
        .order_by("pk")
    )


def counting_beside(rounds: Sequence[Round], given: Mapping[int, Sequence[Annotation]]) -> dict[int, list[Annotation]]:
    """Return what judges that count answered of the versions by the forms of these rounds, by round, the oldest first.

    `given` are people's judgments by round. Judges never take their place, and are fewer: two people's round hears one
    judge, one person's none. An answer that somebody in the round was shown before theirs is none beside theirs.
    """
    projects = Project.objects.filter(pk__in={each.project_id for each in rounds}, quality_contract__judges_count=True)
    reviewers = {project.pk: [judge.reviewer_id for judge in judges_that_count(project)] for project in projects}
    wanted = [each for each in rounds if reviewers.get(each.project_id) and len(given[each.pk]) > 1]
    if not wanted:
        return {}
    said = defaultdict(list)
    asked = Annotation.objects.filter(
        item_version__in={each.item_version_id for each in wanted},
        reviewer__in={who for found in reviewers.values() for who in found},
        origin=Origin.MODEL,
        invalidation=None,
    )
    for annotation in asked.order_by("reviewer_id", "pk"):
        said[annotation.item_version_id, annotation.form_id].append(annotation)
    seen = {(each.round_id, each.prelabel_id) for judgments in given.values() for each in judgments}
    return {
        each.pk: [
            annotation
            for annotation in said[each.item_version_id, each.form_id]
            if (each.pk, annotation.pk) not in seen
        ][: len(given[each.pk]) - 1]
        for each in wanted
    }


def judges_to_calibrate() -> list[int]:
    """Return the judges at work that were never measured, or have judged other items of the experts' since."""
    found = []
    for judge in Judge.objects.filter(state=JudgeState.ACTIVE).order_by("pk"):
        both = len(verdicts_of(judge).keys() & expert_answers(judge.project_id).keys())
        last = judge.calibrations.order_by("-id").first()
        if both and (last is None or last.items != both):
            found.append(judge.pk)
    return found


def most_telling(project_id: int, *, most: int = 100) -> list[Telling]:
    """Return the open items that judges disagree on or are unsure of, the most telling first.

    Disagreement is the entropy of the judges' verdicts; doubt is one less the mean of what they said of their own certainty.
    """
    question = documents_of(project_id).question
    if question is None:
        return []
    calls = JudgeCall.objects.filter(
        project=project_id,
        purpose=CallPurpose.JUDGE,
        ended=CallState.ANSWERED,
        item_version__item__state=ItemState.IN_PROGRESS,
        item_version=F("item_version__item__current_version"),
    ).order_by("item_version_id")[:LOOKED_AT]
    said = defaultdict(list)
    for version, item, answers, confidence in calls.values_list(
        "item_version_id", "item_version__item_id", "answers", "confidence"
    ):
        said[version, item].append((verdict_of(question, answers), 0.5 if confidence is None else confidence))
    found = [
        Telling(
            version,
            item,
            _entropy([verdict for verdict, _ in each if verdict is not None]),
            1 - sum(confidence for _, confidence in each) / len(each),
        )
        for (version, item), each in said.items()
    ]
    return sorted(found, key=lambda each: (-each.worth, each.item_version_id))[:most]


def _entropy(verdicts: list[str]) -> float:
    counts = Counter(verdicts)
    return sum(count / len(verdicts) * log2(len(verdicts) / count) for count in counts.values())
