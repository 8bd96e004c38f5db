"""What django-q2 runs for quality."""

from config.kernel.jobs import enqueue
from config.kernel.types import Fact
from labeling.models import Project
from labeling.types import ProjectState, TaskKind
from quality.judged import judges_to_calibrate
from quality.models import Judge
from quality.services import answer_checks, gold, informing, judge_calibrations, judge_slices, rounds
from quality.types import JudgeState

# What changes judgments that were there before.
SHAKES = ("annotation.invalidated", "annotation.superseded")


def make_gold(facts: list[Fact]) -> None:
    """Hears item.gold: make the gold items, and put them before reviewers."""
    if gold.make_gold(item_ids=[fact.subject_id for fact in facts]):
        gold.seed_gold()


def renew_gold(facts: list[Fact]) -> None:
    """Hears form.published: gold is asked under the new form, or is gold no more."""
    gold.renew_gold(form_ids=[fact.subject_id for fact in facts])
    gold.seed_gold()


def retire_erased(facts: list[Fact]) -> None:
    """Hears item.erased: gold that was erased is gold no more."""
    gold.retire_erased(item_ids=[fact.subject_id for fact in facts])


def score_gold(facts: list[Fact]) -> None:
    """Hears task.completed: score what was gold, then keep those reviewers' gold ahead of them."""
    gold.score_annotations(
        annotation_ids=[fact.data["annotation"] for fact in facts if fact.data["kind"] == TaskKind.GOLD]
    )
    gold.seed_gold(reviewer_ids=[fact.data["reviewer"] for fact in facts])


def resolve_rounds(facts: list[Fact]) -> None:
    """Hears task.completed, annotation.migrated, annotation.invalidated and annotation.superseded: resolve what has the
    judgments it needs, and anew what rested on others."""
    if shaken := [fact.data["round"] for fact in facts if fact.kind == "annotation.invalidated"]:
        rounds.reconsider(round_ids=shaken)
    if corrected := [fact.data["round"] for fact in facts if fact.kind == "annotation.superseded"]:
        rounds.resolve_anew(round_ids=corrected)
    rounds.resolve_due(round_ids=[fact.data["round"] for fact in facts if fact.kind not in SHAKES])


def seed_gold() -> int:
    """Every minute: everybody's share of gold, after what a new form has left to be renewed."""
    gold.renew_waiting()
    return gold.seed_gold()


def sweep_rounds() -> int:
    """Every minute: rounds that no fact has reached."""
    return rounds.resolve_due()


def judge_items() -> None:
    """Every minute: a slice of each judge at work, as a job of its own."""
    for judge_id in Judge.objects.filter(state=JudgeState.ACTIVE).values_list("pk", flat=True):
        enqueue("quality.jobs.run_judge", judge_id, queue="bulk")


def run_judge(judge_id: int) -> int:
    return judge_slices.run_slice(judge_id=judge_id)


def calibrate_judge(judge_id: int) -> None:
    judge_calibrations.calibrate(judge_id=judge_id)


def calibrate_judges() -> None:
    """Every day: measure those at work again of which experts have answered more since."""
    for judge_id in judges_to_calibrate():
        enqueue("quality.jobs.calibrate_judge", judge_id, queue="bulk")


def apply_rules(facts: list[Fact]) -> None:
    """Hears task.completed and annotation.superseded: hold what was written against the rules."""
    answer_checks.check_written(annotation_ids=[fact.data.get("annotation", fact.subject_id) for fact in facts])


def order_by_judges() -> None:
    """Every 10 minutes: where the contract says "judges_order", people get first what judges disagree on."""
    for project in Project.objects.filter(state=ProjectState.OPEN, quality_contract__judges_order=True):
        informing.order_by_judges(project=project)
