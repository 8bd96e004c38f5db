"""Gold that operators make: from what an item was resolved to, or from an expert's answer to it.

The item stays resolved, with its history; it is asked again in a round of its own beside that. While it is gold it leaves the
releases, unless the project delivers gold; once it is retired it is released as before.
"""

from typing import Any

from django.db import transaction

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import ADVISORY_GOLD, advisory_lock, lock_row
from config.kernel.models import User
from labeling.forms import KINDS, ItemShape, check_expected
from labeling.models import Annotation, FormVersion, Item, ItemVersion, Task
from labeling.permissions import ProjectUserPermission
from labeling.services.gold_rounds import open_gold_round
from labeling.types import ItemState, RoundReason
from quality.models import GoldItem, Resolution
from quality.types import GoldSource, GoldState, GoldUse, Outcome

NOT_RESOLVED = "Only an item that is resolved, and not under way again, can be made gold."


@transaction.atomic
def make_gold_of_resolution(*, resolution: Resolution, actor: User, use: str = GoldUse.GOLD) -> GoldItem:
    """Make gold of a resolved item, its resolution being the expected answer.

    Raises Conflict where the item is not resolved so, has no agreed answer, or is gold already, and Invalid where nothing
    of the answer can be compared.
    """
    item = lock_row(Item.objects.filter(pk=resolution.item_version.item_id))
    if resolution.outcome != Outcome.AGREED:
        raise Conflict("There is no agreed answer that could be expected of anybody.")
    if Resolution.objects.filter(supersedes=resolution).exists():
        raise Conflict("This resolution was superseded; make gold of the one that took its place.")
    return _make(
        item,
        resolution.item_version,
        resolution.round.form,
        resolution.answers,
        source=GoldSource.ADJUDICATED,
        use=use,
        actor=actor,
    )


@transaction.atomic
def make_gold_of_answer(*, annotation: Annotation, actor: User, use: str = GoldUse.GOLD) -> GoldItem:
    """Make gold of an item that an expert answered; raises as `make_gold_of_resolution` does, and Conflict for anybody
    else's answer."""
    item = lock_row(Item.objects.filter(pk=annotation.item_version.item_id))
    author = annotation.reviewer.user_id
    is_expert = ProjectUserPermission.objects.filter(
        user=author, content_object=annotation.project_id, permission__codename="audit_items"
    ).exists()
    if author is None or not is_expert:
        raise Conflict("Gold is made of an expert's answer; its author may not audit this project.")
    if Annotation.objects.filter(supersedes=annotation).exists() or hasattr(annotation, "invalidation"):
        raise Conflict("This answer counts no more; take the one that took its place.")
    return _make(
        item,
        annotation.item_version,
        annotation.form,
        annotation.answers,
        source=GoldSource.EXPERT,
        use=use,
        actor=actor,
    )


def _make(
    item: Item,
    version: ItemVersion,
    form: FormVersion,
    answers: dict[str, Any],
    *,
    source: str,
    use: str,
    actor: User,
) -> GoldItem:
    if item.state != ItemState.RESOLVED or item.current_version_id != version.pk:
        raise Conflict(NOT_RESOLVED)
    if GoldItem.objects.filter(item_version=version).exists():
        raise Conflict("This item is gold, or was; it is made gold once.")
    expected = comparable(form.document, answers)
    if not expected:
        raise Invalid(
            "Nothing of this answer can be compared with another's; gold needs an answer that is not written."
        )
    check_expected(form.document, ItemShape.of(version.payload), expected)
    gold = GoldItem.objects.create(
        customer_id=item.customer_id,
        project_id=item.project_id,
        item_version=version,
        round=open_gold_round(item_version=version),
        expected=expected,
        source=source,
        use=use,
        made_by=actor,
    )
    record("gold.made", subject=gold, actor_id=actor.pk, data={"item": item.pk, "source": source})
    return gold


def comparable(form: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """Return the answers to the questions that are not answered in words of one's own."""
    kinds = {question["id"]: KINDS[question["type"]] for question in form["questions"]}
    return {name: answer for name, answer in answers.items() if name in kinds and not kinds[name].is_free_text}


@transaction.atomic
def describe_gold(
    *,
    gold_item: GoldItem,
    concept: str,
    explanation: str,
    exposures_most: int | None,
    use: str,
    expected_hit_rate: float | None,
    actor: User,
) -> GoldItem:
    """Say what a gold item tests and why its answer is right, how many may see it, and what it is used for.

    What it is used for changes only as long as nobody was asked it: raises Conflict later, and for retired gold; Invalid for
    a hit rate that is no share.
    """
    if expected_hit_rate is not None and not 0 < expected_hit_rate < 1:
        raise Invalid("The hit rate is a share between 0 and 1, such as 0.8.", field="expected_hit_rate")
    advisory_lock(ADVISORY_GOLD, gold_item.project_id)  # nobody is asked it meanwhile
    gold = lock_row(GoldItem.objects.filter(pk=gold_item.pk).select_related("item_version"))
    if gold.state == GoldState.RETIRED:
        raise Conflict("This gold item was retired; what it was stays as it was.")
    asked = Task.objects.filter(round__item=gold.item_version.item_id, round__reason=RoundReason.GOLD)
    if use != gold.use and asked.exists():
        raise Conflict("Somebody was asked this item already; what it is used for stays, or it would not be unseen.")
    changes = {
        "concept": concept.strip(),
        "explanation": explanation.strip(),
        "exposures_most": exposures_most,
        "use": use,
        "expected_hit_rate": expected_hit_rate,
    }
    GoldItem.objects.filter(pk=gold.pk).update(**changes)
    record("gold.described", subject=gold, actor_id=actor.pk, data={"use": use})
    gold.refresh_from_db()
    return gold
