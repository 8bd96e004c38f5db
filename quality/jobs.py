"""What django-q2 runs for quality."""

import time
from collections import defaultdict

from config.kernel.jobs import enqueue
from config.kernel.types import Fact
from labeling.models import Project
from labeling.types import ProjectState, TaskKind
from quality.judged import judges_to_calibrate
from quality.models import AuditPlan, Judge
from quality.services import (
    adjudication,
    answer_checks,
    appeals,
    audit_findings,
    audit_schedules,
    audits,
    checks,
    crowd_evidence,
    escalating,
    exams,
    falls,
    feedback,
    gold,
    gold_review,
    informing,
    judge_calibrations,
    judge_slices,
    quality_rules,
    review_gold,
    rounds,
    standings,
    written,
)
from quality.types import JudgeState, PlanState

# How long one job may go on with what is unbounded.
SLICE_SECONDS = 20.0


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


def follow_erased_people(facts: list[Fact]) -> None:
    """Hears person.erased: written work under way on their words begins anew, and gold made of these is retired."""
    erasures = [fact.data["erasure"] for fact in facts if "erasure" in fact.data]
    review_gold.retire_emptied(erasure_ids=erasures)
    written.begin_anew(erasure_ids=erasures)


def follow_answers(facts: list[Fact]) -> None:
    """Hears task.completed: score what was gold or an exam's, go on with written work, adjudications and audits, then keep
    those reviewers' gold ahead of them. One subscriber for all, as each costs a row a judgment."""
    done: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        done[fact.data["kind"]].append(fact)
    if scored := done[TaskKind.GOLD]:
        gold.score_annotations(annotation_ids=[fact.data["annotation"] for fact in scored])
    if sat := done[TaskKind.TRAINING] + done[TaskKind.QUALIFICATION]:
        exams.mark_sittings(task_ids=[fact.subject_id for fact in sat])
    if wrote := done[TaskKind.ATTEMPT] + done[TaskKind.REVIEW]:
        written.go_on(round_ids=[fact.data["round"] for fact in wrote])
    if decided := done[TaskKind.ADJUDICATE]:
        adjudication.adjudicate(annotation_ids=[fact.data["annotation"] for fact in decided])
    if audited := done[TaskKind.AUDIT]:
        audits.take_verdicts(annotation_ids=[fact.data["annotation"] for fact in audited])
    reviewers = [fact.data["reviewer"] for fact in facts]
    gold.seed_gold(reviewer_ids=reviewers)
    review_gold.seed_review_gold(reviewer_ids=reviewers)


def end_sittings(facts: list[Fact]) -> None:
    """Hears task.cancelled: what was skipped or withdrawn may have been the last task of a sitting."""
    exams.mark_sittings(task_ids=[fact.subject_id for fact in facts])


def train(facts: list[Fact]) -> None:
    """Hears enrolment.begun, sitting.passed, exam.changed and exam.closed: who began in training has a standing that
    says so, and ends it once all that is needed is passed."""
    about: dict[str, list[int]] = defaultdict(list)
    for fact in facts:
        about[fact.kind].append(fact.subject_id)
    exams.begin_training(enrolment_ids=about["enrolment.begun"])
    exams.end_training(sitting_ids=about["sitting.passed"], exam_ids=about["exam.changed"] + about["exam.closed"])


def resolve_rounds(facts: list[Fact]) -> None:
    """Hears task.completed, annotation.migrated, annotation.invalidated and annotation.superseded: resolve what has the
    judgments it needs, and anew what rested on others."""
    if shaken := [fact.data["round"] for fact in facts if fact.kind == "annotation.invalidated"]:
        rounds.reconsider(round_ids=shaken)
    if corrected := [fact.data["round"] for fact in facts if fact.kind == "annotation.superseded"]:
        rounds.resolve_anew(round_ids=corrected)
    rounds.resolve_due(round_ids=[fact.data["round"] for fact in facts if fact.kind != "annotation.invalidated"])


def reconsider_written(facts: list[Fact]) -> None:
    """Hears annotation.invalidated: of written work, what counts no more is asked for again."""
    written.reconsider(annotation_ids=[fact.subject_id for fact in facts])
    written.go_on(round_ids=[fact.data["round"] for fact in facts])


def sweep_written() -> int:
    """Every minute: written work that no fact has reached, or that waits for somebody who is away."""
    return written.sweep()


def seed_gold() -> int:
    """Every minute: everybody's share of gold, after what a new form has left to be renewed."""
    gold.renew_waiting()
    return gold.seed_gold() + review_gold.seed_review_gold()


def sweep_rounds() -> int:
    """Every minute: rounds that no fact has reached."""
    return rounds.resolve_due()


def retire_served_gold() -> int:
    """Every ten minutes: retire the gold that has served, and end the sittings that no fact has reached."""
    exams.mark_sittings()
    return gold_review.review_gold()


def follow_audits(facts: list[Fact]) -> None:
    """Hears audit.done: what it says of reviewers, and what goes to repair."""
    audit_findings.follow_audits(draw_ids=[fact.subject_id for fact in facts])


def void_audits(facts: list[Fact]) -> None:
    """Hears resolution.made and round.cancelled: audits of what came to something else are void, disputes of it dropped."""
    cancelled = [fact.subject_id for fact in facts if fact.kind == "round.cancelled"]
    audits.void_cancelled(round_ids=cancelled)
    adjudication.drop_disputes(round_ids=cancelled)
    audits.void_superseded(resolution_ids=[fact.subject_id for fact in facts if fact.kind == "resolution.made"])


def tell_invalidated(facts: list[Fact]) -> None:
    """Hears annotation.invalidated: its author is told why."""
    feedback.tell_invalidated(annotation_ids=[fact.subject_id for fact in facts])


def follow_appeals(facts: list[Fact]) -> None:
    """Hears appeal.upheld and appeal.guideline: what gold said counts for nobody; what else an upheld one was about is
    restored, or adjudicated."""
    appeals.free_from_gold(appeal_ids=[fact.subject_id for fact in facts])
    appeals.follow_upheld(appeal_ids=[fact.subject_id for fact in facts if fact.kind == "appeal.upheld"])


def draw_audits(plan_id: int) -> None:
    """Draw from an audit plan."""
    audits.draw_audits(plan_id=plan_id)


def open_audits() -> int:
    """After a draw, and every five minutes: open the audits and disputes whose items were in other work."""
    return audits.open_audits() + adjudication.open_waiting()


def order_recurring_audits() -> int:
    """Every five minutes: the recurring audits that are due, each in a job of its own."""
    return audit_schedules.order_due()


def draw_recurring_audits(schedule_id: int) -> None:
    audit_schedules.draw_due(schedule_id=schedule_id)


def measure_audits() -> int:
    """Every five minutes: what audits find right, project by project."""
    drawn = AuditPlan.objects.exclude(state=PlanState.DRAFT)
    return audit_findings.measure_audits(project_ids=drawn.order_by().values_list("project_id", flat=True).distinct())


def watch_quality() -> int:
    """Every five minutes: what waits for a person is escalated, and closed once it does no more."""
    return escalating.watch_quality()


def see_to_quality(facts: list[Fact]) -> None:
    """Hears of promises that broke, hold or were ended, and of what was decided of appeals and pauses."""
    escalating.watch_quality()


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


def order_by_judges() -> None:
    """Every 10 minutes: where the contract says "judges_order", people get first what judges disagree on."""
    for project in Project.objects.filter(state=ProjectState.OPEN, quality_contract__judges_order=True):
        informing.order_by_judges(project=project)


def review_standings(facts: list[Fact]) -> None:
    """Hears evidence.added and evidence.voided: bring the standings of those it is about up to date."""
    pairs = sorted({(fact.data["project"], fact.data["reviewer"]) for fact in facts})
    for start in range(0, len(pairs), standings.SLICE):
        standings.review_standings(pairs=pairs[start : start + standings.SLICE])


def review_all_standings() -> int:
    """Every 10 minutes: evidence ages, and what fell is gone on with."""
    falls.look_at_falls(until=time.monotonic() + SLICE_SECONDS)
    return standings.review_all()


def weigh_resolutions(facts: list[Fact]) -> None:
    """Hears resolution.made and annotation.invalidated: what others agreed on is evidence; earlier doubts are settled."""
    made = [fact.subject_id for fact in facts if fact.kind == "resolution.made"]
    crowd_evidence.weigh_resolutions(resolution_ids=made)
    falls.settle_doubts(resolution_ids=made)
    invalid = [fact.subject_id for fact in facts if fact.kind == "annotation.invalidated"]
    crowd_evidence.void_invalidated(annotation_ids=invalid)


def look_at_falls() -> None:
    """Look at what somebody did whose standing fell, for as long as a job may; the sweep goes on with the rest."""
    falls.look_at_falls(until=time.monotonic() + SLICE_SECONDS)


def look_at_answers(facts: list[Fact]) -> None:
    """Hears task.completed, annotation.superseded and gold.scored: signs that a person should look at, and what is
    against the rules."""
    checks.look_at_gold(score_ids=[fact.subject_id for fact in facts if fact.kind == "gold.scored"])
    new = [fact.data["annotation"] for fact in facts if fact.kind == "task.completed"]
    checks.look_at_answers(annotation_ids=new)
    corrected = [fact.subject_id for fact in facts if fact.kind == "annotation.superseded"]
    answer_checks.check_written(annotation_ids=new + corrected)


def measure_promises() -> int:
    """Every 10 minutes: what is promised of quality, measured; what follows where it is broken, and its end."""
    return quality_rules.measure_promises()
