"""What django-q2 runs for quality."""

import time

from config.kernel.types import Fact
from labeling.types import TaskKind
from quality.services import checks, crowd_evidence, falls, gold, quality_rules, rounds, standings

# How long one job may go on with what is unbounded.
SLICE_SECONDS = 20.0

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
    invalid = [fact.data["annotation"] for fact in facts if fact.kind == "annotation.invalidated"]
    crowd_evidence.void_invalidated(annotation_ids=invalid)


def look_at_falls() -> None:
    """Look at what somebody did whose standing fell, for as long as a job may; the sweep goes on with the rest."""
    falls.look_at_falls(until=time.monotonic() + SLICE_SECONDS)


def look_at_answers(facts: list[Fact]) -> None:
    """Hears task.completed: signs that a person should look at."""
    checks.look_at_answers(annotation_ids=[fact.data["annotation"] for fact in facts])


def measure_promises() -> int:
    """Every 10 minutes: what is promised of quality, measured; what follows where it is broken, and its end."""
    return quality_rules.measure_promises()
