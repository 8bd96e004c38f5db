"""What django-q2 runs for quality."""

from config.kernel.types import Fact
from labeling.types import TaskKind
from quality.services import gold, review_gold, rounds, written

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
    review_gold.seed_review_gold(reviewer_ids=[fact.data["reviewer"] for fact in facts])


def resolve_rounds(facts: list[Fact]) -> None:
    """Hears task.completed, annotation.migrated, annotation.invalidated and annotation.superseded: resolve what has the
    judgments it needs, and anew what rested on others."""
    if shaken := [fact.data["round"] for fact in facts if fact.kind == "annotation.invalidated"]:
        rounds.reconsider(round_ids=shaken)
    if corrected := [fact.data["round"] for fact in facts if fact.kind == "annotation.superseded"]:
        rounds.resolve_anew(round_ids=corrected)
    rounds.resolve_due(round_ids=[fact.data["round"] for fact in facts if fact.kind not in SHAKES])


def go_on_written(facts: list[Fact]) -> None:
    """Hears task.completed and annotation.invalidated: attempts are reviewed, reviews acted on, what counts no more is asked
    for again."""
    if shaken := [fact.subject_id for fact in facts if fact.kind == "annotation.invalidated"]:
        written.reconsider(annotation_ids=shaken)
    done = {TaskKind.ATTEMPT, TaskKind.REVIEW}
    written.go_on(round_ids=[fact.data["round"] for fact in facts if fact.data.get("kind", TaskKind.ATTEMPT) in done])


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
