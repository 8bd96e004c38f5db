"""Reads about quality that other apps and the doors use."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from config.kernel.life import newest
from config.kernel.types import LifeMoment, Touched
from labeling.guidelines import REACHED, reach_of
from labeling.models import GuidelineVersion, Item
from labeling.types import ItemState
from quality.models import GoldItem, GoldScore, QualityFigure, Resolution, Ruling
from quality.proportions import beta_quantile
from quality.types import FigureName, Segment

# Figures that are told customers, and how many of them at once.
OF_WORK = (FigureName.AGREEMENT, FigureName.GOLD_ACCURACY, FigureName.AUDIT_ACCURACY)
MOST_FIGURES = 1000

# What the reached rounds came to; and how much of it without an agreed answer, which is redone anyway.
RADIUS = f"""
WITH reached AS MATERIALIZED ({REACHED})
SELECT count(*), count(*) FILTER (WHERE s.outcome <> 'agreed')
FROM quality_resolution s JOIN reached ON reached.round_id = s.round_id
WHERE NOT EXISTS (SELECT FROM quality_resolution later WHERE later.supersedes_id = s.id)
"""


def gold_accuracy(*, project_id: int) -> dict[str, Any]:
    """Return how the project's judgments of gold compared with the expected answers, with a 95 % credible interval."""
    scores = GoldScore.objects.filter(project=project_id).aggregate(
        right=Count("id", filter=Q(is_correct=True)), scored=Count("id")
    )
    right, scored = scores["right"], scores["scored"]
    interval = [round(beta_quantile(p, 1 + right, 1 + scored - right), 6) for p in (0.025, 0.975)] if scored else None
    return {
        "scored": scored,
        "correct": right,
        "accuracy": round(right / scored, 6) if scored else None,
        "interval_95": interval,
    }


def figures_of_work(*, project_id: int) -> dict[str, list[QualityFigure]]:
    """Return what is measured of the project's work, by figure: nothing of any person."""
    figures: dict[str, list[QualityFigure]] = {str(name): [] for name in OF_WORK}
    rows = QualityFigure.objects.filter(project=project_id, name__in=OF_WORK, reviewer=None).exclude(
        segment=Segment.COUNTRY
    )
    ordered = rows.select_related("guideline").order_by(
        "question", "segment", "segment_value", "guideline__number", "pk"
    )
    for row in ordered[:MOST_FIGURES]:
        figures[row.name].append(row)
    return figures


def life_of_item(item: Item) -> list[LifeMoment]:
    """Quality's part of an item's line of life: what its rounds came to, what was asked about it and ruled; of gold, how it
    was answered."""
    resolutions, moments = newest(
        Resolution.objects.filter(round__item=item).defer("answers", "distribution"), "quality", "resolutions"
    )
    for each in resolutions:
        anew = ", in place of an earlier one" if each.supersedes_id else ""
        moments.append(
            LifeMoment(
                each.created_at,
                "quality",
                f"{each.get_outcome_display().lower()} by {each.method} ({each.confidence:.0%}){anew}",
                kind="resolution",
                detail=f"rests on annotations {', '.join(map(str, each.annotation_ids))}",
                link=("quality.resolution", each.pk),
            )
        )
    moments += _life_of_rulings(item)
    if item.state in (ItemState.GOLD, ItemState.WITHDRAWN):
        moments += _life_of_gold(item)
    return moments


def blast_radius(version: GuidelineVersion, clauses: Collection[str]) -> list[Touched]:
    """Quality's part: the resolutions of the items that are judged anew. They stay, under the round they came from."""
    with connection.cursor() as cursor:
        cursor.execute(RADIUS, reach_of(version))
        resolutions, without_agreement = cursor.fetchone()
    return [
        Touched("quality", "resolutions", resolutions),
        Touched("quality", "resolutions without an agreed answer", without_agreement),
    ]


def _life_of_rulings(item: Item) -> list[LifeMoment]:
    rulings, moments = newest(Ruling.objects.filter(item_version__item=item), "quality", "rulings", at="asked_at")
    for ruling in rulings:
        asked = LifeMoment(
            ruling.asked_at,
            "quality",
            f"ruling asked for on clause {ruling.clause}",
            kind="ruling",
            detail=ruling.question,
            link=("quality.ruling", ruling.pk),
            reviewer_id=ruling.asked_by_id,
        )
        moments.append(asked)
        if ruling.answered_at is not None:
            moments.append(
                replace(
                    asked,
                    at=ruling.answered_at,
                    what=f"ruling given on clause {ruling.clause}",
                    detail=ruling.answer,
                    reviewer_id=None,
                    user_id=ruling.answered_by_id,
                )
            )
    return moments


def _life_of_gold(item: Item) -> list[LifeMoment]:
    moments = []
    for gold in GoldItem.objects.filter(item_version__item=item).defer("expected", "explanation"):
        link = ("quality.golditem", gold.pk)
        moments.append(LifeMoment(gold.created_at, "quality", "made gold", kind="gold", link=link))
        if gold.retired_at:
            moments.append(LifeMoment(gold.retired_at, "quality", "retired as gold", kind="gold", link=link))
    scores, cut = newest(GoldScore.objects.filter(gold_item__item_version__item=item), "quality", "gold scores")
    for score in scores:
        moments.append(
            LifeMoment(
                score.created_at,
                "quality",
                "answered as expected" if score.is_correct else "answered otherwise than expected",
                kind="gold",
                link=("quality.goldscore", score.pk),
                reviewer_id=score.reviewer_id,
            )
        )
    return moments + cut
