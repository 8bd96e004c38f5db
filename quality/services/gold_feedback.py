"""A missed gold item is told later, as reviewed work: what was expected, and why."""

import random
from datetime import timedelta

from config.kernel.clock import database_now
from labeling.forms import answers_in_words
from quality.models import Evidence, GoldItem, GoldScore
from quality.services.feedback import tell_reviewer
from quality.types import EvidenceSource, FeedbackKind

# It is told between so many days after it was scored, at a moment drawn at random: neither that it is told nor when says
# which of the tasks around it was gold.
TOLD_AFTER_DAYS = (2.0, 7.0)


def tell_missed(score: GoldScore) -> None:
    """Tell whoever missed what was expected, later; nothing of a hit. The same score again is told once."""
    if score.is_correct:
        return
    annotation = score.annotation
    known = Evidence.objects.filter(annotation=annotation, source=EvidenceSource.GOLD, skill="", voids=None).first()
    later = timedelta(days=random.SystemRandom().uniform(*TOLD_AFTER_DAYS))
    tell_reviewer(
        annotation=annotation,
        kind=FeedbackKind.GOLD_MISSED,
        words=explanation_of(score.gold_item),
        evidence=known,
        tell_from=database_now() + later,
    )


def explanation_of(gold: GoldItem) -> str:
    """Return why the expected answer is right, or what it is, in words."""
    return gold.explanation.strip() or expected_in_words(gold)


def expected_in_words(gold: GoldItem) -> str:
    """Return the expected answer, question by question, in the words in which an expert's audit is told."""
    said = answers_in_words(gold.round.form.document, gold.expected)
    return "\n".join(f"{question} {'; '.join(lines)}" for question, lines in said)
