"""Reads about quality that other apps and the doors use."""

from typing import Any

from django.db.models import Count, Q

from config.kernel.types import LifeMoment
from labeling.models import Item
from quality.models import GoldScore, Resolution
from quality.posterior import quantile


def gold_accuracy(*, project_id: int) -> dict[str, Any]:
    """Return how the project's judgments of gold compared with the expected answers, with a 95 % credible interval."""
    scores = GoldScore.objects.filter(project=project_id).aggregate(
        right=Count("id", filter=Q(is_correct=True)), scored=Count("id")
    )
    right, scored = scores["right"], scores["scored"]
    interval = [round(quantile(p, correct=right, wrong=scored - right), 6) for p in (0.025, 0.975)] if scored else None
    return {
        "scored": scored,
        "correct": right,
        "accuracy": round(right / scored, 6) if scored else None,
        "interval_95": interval,
    }


def life_of_item(item: Item) -> list[LifeMoment]:
    """Quality's part of an item's line of life: what its rounds came to."""
    resolutions = Resolution.objects.filter(round__item=item).order_by("id")
    return [
        LifeMoment(
            each.created_at,
            "quality",
            f"{each.get_outcome_display().lower()} by {each.method} ({each.confidence:.0%})",
        )
        for each in resolutions
    ]
