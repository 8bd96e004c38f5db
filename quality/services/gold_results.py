"""What reviewers answered to gold, as results that a project which delivers gold puts into its releases.

They come to something as any round does, by the answers alone: what was expected has no part in it.
"""

from collections import defaultdict

from django.db import transaction

from config.kernel.events import record_many
from config.kernel.locks import lock_rows
from labeling.models import Item, Round
from labeling.selectors import counting_annotations_of, erased_items
from labeling.types import ItemState, RoundReason, TaskKind
from quality.consensus import resolve
from quality.models import Resolution
from quality.services.rounds import resolution_of

SLICE = 200


def resolve_gold(*, project_id: int) -> int:
    """Append what the gold of this project comes to where its answers are others than before; return how many.

    In slices, each a transaction of its own; again does only what is left. Only gold unseen counts, not exams.
    """
    items = Item.objects.filter(project=project_id, state=ItemState.GOLD).order_by("pk")
    done, last = 0, 0
    while taken := list(items.filter(pk__gt=last).values_list("pk", flat=True)[:SLICE]):
        done += _resolve(taken)
        last = taken[-1]
    return done


@transaction.atomic
def _resolve(item_ids: list[int]) -> int:
    locked = lock_rows(Item.objects.filter(pk__in=item_ids, state=ItemState.GOLD))
    erased = erased_items([item.pk for item in locked])
    alive = [item.pk for item in locked if item.pk not in erased]
    rounds = lock_rows(Round.objects.filter(item__in=alive, reason=RoundReason.GOLD).select_related("form"))
    judgments = defaultdict(list)
    for annotation in counting_annotations_of([asked.pk for asked in rounds]).filter(task__kind=TaskKind.GOLD):
        judgments[annotation.round_id].append(annotation)
    current = {each.round_id: each for each in Resolution.objects.filter(round__in=rounds, superseded_by=None)}
    made = []
    for asked in rounds:
        ids = [annotation.pk for annotation in judgments[asked.pk]]
        before = current.get(asked.pk)
        if not ids or (before is not None and before.annotation_ids == ids):
            continue
        resolved = resolve(asked.form.document, [annotation.answers for annotation in judgments[asked.pk]])
        made.append(resolution_of(asked, resolved, ids, before))
    Resolution.objects.bulk_create(made)
    rows = [(each.pk, each.customer_id, {"round": each.round_id, "outcome": each.outcome}) for each in made]
    record_many("gold.resolved", subject="quality.resolution", rows=rows, actor_id=None)
    return len(made)
