"""A ruling that was given becomes a worked example in the next version of the guideline."""

from typing import Any

from django.db import transaction

from config.kernel.errors import Conflict
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from labeling.models import GuidelineVersion, Project
from labeling.services.guidelines import propose_guideline, revise_draft
from labeling.types import ChangeKind, DocumentState
from quality.models import Ruling

SUMMARY = "Rulings as worked examples."


@transaction.atomic
def add_example(*, ruling: Ruling, actor: User) -> GuidelineVersion:
    """Put the ruling among the worked examples of the project's latest draft, or of a new one; return the draft.

    It cites its clause and says question and answer, without who asked; the item is not named, as it may be gold. Raises
    Conflict for a question without an answer, for one whose words were erased, where the draft has no such clause, and
    where a version has the example already.
    """
    if ruling.answered_at is None or not ruling.answer:
        raise Conflict("This question has no answer yet; there is nothing to learn from it.")
    project = lock_row(Project.objects.filter(pk=ruling.project_id).select_related(None))
    latest = project.guidelines.exclude(state=DocumentState.DECLINED).order_by("-number").first()
    assert latest is not None, "A question cites a clause of a guideline."
    example = example_of(ruling)
    if any(known["text"] == example["text"] for known in latest.examples):
        raise Conflict(f"Version {latest.number} has this example already.")
    if ruling.clause not in {clause["id"] for clause in latest.clauses}:
        raise Conflict(
            f"Version {latest.number} has no clause {ruling.clause!r} any more; put the answer in words there."
        )
    examples = [*latest.examples, example]
    if latest.state == DocumentState.DRAFT:
        draft = revise_draft(
            guideline=latest,
            clauses=latest.clauses,
            examples=examples,
            change_kind=latest.change_kind,
            summary=latest.summary,
            redo=latest.redo,
            answer_mapping=latest.answer_mapping,
            planned_from=latest.planned_from,
            actor=actor,
        )
    else:
        draft = propose_guideline(
            project=project,
            clauses=latest.clauses,
            examples=examples,
            change_kind=ChangeKind.CLARIFICATION,
            summary=SUMMARY,
            actor=actor,
        )
    record("ruling.exemplified", subject=ruling, actor_id=actor.pk, data={"number": draft.number})
    return draft


def example_of(ruling: Ruling) -> dict[str, Any]:
    """Return the ruling as a worked example."""
    return {"text": "\n".join(filter(None, [ruling.question, ruling.answer])), "clause": ruling.clause}
