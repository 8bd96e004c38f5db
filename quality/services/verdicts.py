"""The customer answers items of the calibration themselves; a changed mind is another verdict, over the first."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record_many
from config.kernel.locks import lock_rows
from config.kernel.models import User
from labeling.forms import InvalidAnswers, ItemShape, check_answers
from labeling.models import Item, Project
from labeling.selectors import form_in_use
from labeling.services.judgments import as_kept
from labeling.types import ItemState
from quality.models import CustomerVerdict

MOST_AT_ONCE = 1000


@transaction.atomic
def give_verdicts(*, project: Project, verdicts: Sequence[Mapping[str, Any]], actor: User) -> int:
    """Keep the customer's answers to these items ({external_id, answers}), all or none; return how many were new.

    The same again changes nothing. Raises Invalid for an item that is unknown or named twice, for more than MOST_AT_ONCE and
    for answers that do not fit the form in use, Conflict for an item that was withdrawn.
    """
    if len(verdicts) > MOST_AT_ONCE:
        raise Invalid(f"Send at most {MOST_AT_ONCE:,} verdicts at once.", field="verdicts")
    named = [each["external_id"] for each in verdicts]
    if len(set(named)) < len(named):
        raise Invalid("Name each item once.", field="verdicts")
    of_project = Item.objects.filter(project=project, external_id__in=named).select_related("current_version")
    items = {item.external_id: item for item in lock_rows(of_project)}
    if unknown := sorted(set(named) - items.keys()):
        raise Invalid(f"The project has no item {unknown[0]!r}.", field="verdicts")
    versions = [item.current_version_id for item in items.values()]
    known = {
        verdict.item_version_id: verdict
        for verdict in CustomerVerdict.objects.filter(item_version__in=versions, superseded_by=None)
    }
    document, new = form_in_use(project).document, []
    for place, each in enumerate(verdicts):
        item = items[each["external_id"]]
        answers = _checked(document, item, each["answers"], place)
        assert item.current_version_id is not None, "Its answers were checked against it."
        before = known.get(item.current_version_id)
        if before is not None and before.answers == answers:
            continue
        new.append(
            CustomerVerdict(
                customer_id=project.customer_id,
                project=project,
                item_version_id=item.current_version_id,
                answers=answers,
                given_by=actor,
                supersedes=before,
            )
        )
    item_of = {item.current_version_id: item.pk for item in items.values()}
    rows = [
        (each.pk, each.customer_id, {"item": item_of[each.item_version_id]})
        for each in CustomerVerdict.objects.bulk_create(new)
    ]
    record_many("verdict.given", subject="quality.customerverdict", rows=rows, actor_id=actor.pk)
    return len(rows)


def _checked(document: dict[str, Any], item: Item, answers: Any, place: int) -> dict[str, Any]:
    version = item.current_version
    if item.state == ItemState.WITHDRAWN or version is None:
        raise Conflict(f"Item {item.external_id!r} was withdrawn; there is nothing to compare with.")
    try:
        check_answers(document, ItemShape.of(version.payload), answers)
    except InvalidAnswers as fault:
        where = f"verdicts.{place}.answers.{fault.field}" if fault.field else f"verdicts.{place}.answers"
        raise InvalidAnswers(f"Item {item.external_id!r}: {fault.message}", field=where) from None
    return as_kept(document=document, payload=version.payload, answers=answers)[0]
