"""Reads about calibration: what customers are asked, and how far reviewers and experts agree with their verdicts."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from labeling.models import Annotation, Item, Project
from labeling.permissions import ProjectUserPermission
from labeling.selectors import form_in_use
from labeling.types import ItemState, Origin, RoundReason, Stage, TaskKind
from quality.customer_agreement import Bar, Values, WithCustomer, bar_of, compare, values_of_answers
from quality.models import CustomerVerdict

# A calibration is a few items; of more verdicts the newest are compared.
MOST_COMPARED = 2000

OF_EXPERTS = frozenset({TaskKind.ADJUDICATE, TaskKind.AUDIT})


@dataclass(frozen=True, slots=True)
class Calibration:
    """`items` have a verdict and an answer by a reviewer."""

    verdicts: int
    items: int
    reviewers: list[WithCustomer]
    experts: list[WithCustomer]
    bar: Bar


def calibration_items(project: Project) -> QuerySet[Any]:
    """Return the items of the project's calibration batches that can be answered; `has_verdict` says which are."""
    given = CustomerVerdict.objects.filter(item_version=OuterRef("current_version"), superseded_by=None)
    return (
        Item.objects.filter(project=project, batch__stage=Stage.CALIBRATION)
        .exclude(state=ItemState.WITHDRAWN)
        .exclude(current_version=None)
        .annotate(has_verdict=Exists(given))
    )


def verdict_on(item: Item) -> CustomerVerdict | None:
    """Return the customer's standing verdict on what the item is now."""
    standing = CustomerVerdict.objects.filter(item_version=item.current_version_id, superseded_by=None)
    return standing.select_related("given_by").first()


def calibration_of(project: Project) -> Calibration:
    """Compare the customer's standing verdicts with what people answered to the same versions of the items, gold apart."""
    standing = CustomerVerdict.objects.filter(project=project, superseded_by=None).order_by("-pk")[:MOST_COMPARED]
    verdicts = {verdict.item_version_id: verdict.answers for verdict in standing}
    if not verdicts:
        return Calibration(0, 0, [], [], bar_of(project.quality_contract, [], items=0))
    document = form_in_use(project).document
    said = {version_id: values_of_answers(document, answers) for version_id, answers in verdicts.items()}
    experts = set(
        ProjectUserPermission.objects.filter(content_object=project, permission__codename="audit_items").values_list(
            "user", flat=True
        )
    )
    answers = (
        Annotation.objects.filter(
            item_version__in=verdicts, origin=Origin.HUMAN, superseded_by__isnull=True, invalidation__isnull=True
        )
        .exclude(round__reason=RoundReason.GOLD)
        .select_related("form", "task", "reviewer")
        .order_by("pk")
    )
    pairs: dict[bool, list[tuple[int, Values, Values]]] = defaultdict(list)
    compared = set()
    for answer in answers:
        is_expert = answer.task.kind in OF_EXPERTS or answer.reviewer.user_id in experts
        values = values_of_answers(answer.form.document, answer.answers)
        pairs[is_expert].append((answer.item_version_id, said[answer.item_version_id], values))
        if not is_expert:
            compared.add(answer.item_version_id)
    by_reviewers = compare(pairs[False])
    return Calibration(
        verdicts=len(verdicts),
        items=len(compared),
        reviewers=by_reviewers,
        experts=compare(pairs[True]),
        bar=bar_of(project.quality_contract, by_reviewers, items=len(compared)),
    )
