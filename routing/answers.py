"""Reads about what a reviewer was given and what they answered: which of it they may still correct, and until when."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Left, Now

from config.kernel.errors import NotFound
from config.kernel.models import User
from labeling.forms import form_of_stage, given_answers
from labeling.models import Annotation
from labeling.prelabels import afterwards, of_models
from labeling.presentation import Beside, shown_item
from labeling.services.access import log_read
from labeling.services.judgments import CORRECTABLE, TOO_LATE, why_final
from labeling.types import Origin
from routing.eligibility import ENROLLED, OF_PAST, all_of
from routing.errors import NoSuchLease
from routing.models import Lease

EXCERPT = 160

OPEN_UNTIL = f"You can correct it for {CORRECTABLE.seconds // 60} minutes after you gave it."


def projects_at_work(user: User) -> RawSQL:
    """The projects whose work this person may look at, to filter by: they are enrolled, and nobody wants them off it."""
    where = f"SELECT e.project_id FROM {ENROLLED} WHERE r.user_id = %s AND {all_of(OF_PAST)}"
    return RawSQL(where, [user.pk])


def lease_of(*, user: User, token: UUID) -> Lease:
    """Return the lease under which this person was given a task, live or over; NoSuchLease for any other token, and
    once they are off the project."""
    leases = Lease.objects.filter(reviewer__user=user, project__in=projects_at_work(user))
    lease = leases.select_related("task__round", "reviewer", "guideline", "project").filter(token=token).first()
    if lease is None:
        raise NoSuchLease("There is no such task under your name.")
    return lease


def answers_of(user: User) -> QuerySet[Annotation]:
    """Return what this person answered on the projects they may work on: of each answer the latest correction.

    Each carries `seed` (what its responses were ordered by), `excerpt`, `is_open`: whether it may still be corrected,
    and `is_answered_by_models`.
    That goes by when it was given and by nothing else: a gold round never resolves, so whatever followed from the round
    would tell gold. Written work is never corrected (`why_closed`).
    """
    first = Annotation.objects.filter(round=OuterRef("round"), reviewer=OuterRef("reviewer"), supersedes=None)
    message = KeyTransform("0", KeyTransform("messages", "item_version__payload"))
    return (
        _said_by(user)
        .filter(superseded_by=None)
        .select_related("project", "form", "guideline", "round", "item_version", "invalidation", "task__pool")
        .defer("item_version__payload", "item_version__expected", "item_version__metadata")
        .annotate(
            seed=Subquery(first.values("submission")[:1]),
            given_at=Subquery(first.values("created_at")[:1]),
            excerpt=Left(KeyTextTransform("content", message), EXCERPT),
            is_answered_by_models=Exists(of_models(OuterRef("item_version"), OuterRef("form"))),
        )
        .annotate(is_open=ExpressionWrapper(Q(given_at__gt=Now() - CORRECTABLE), output_field=BooleanField()))
    )


def _said_by(user: User) -> QuerySet[Annotation]:
    return Annotation.objects.filter(reviewer__user=user, project__in=projects_at_work(user), origin=Origin.HUMAN)


def get_answer(*, user: User, public_id: UUID) -> Annotation:
    """Return the answer under this id, or the correction that took its place, as `answers_of` does; NotFound otherwise."""
    said = _said_by(user).filter(public_id=public_id).values("round_id")
    answer = answers_of(user).filter(round__in=said).first()
    if answer is None:
        raise NotFound("There is no such answer under your name.")
    return answer


def why_closed(answer: Any) -> str:
    """Say why this answer of `answers_of` can no longer be corrected; "" while it can."""
    if answer.excerpt is None:
        return "The item was erased."
    if hasattr(answer, "invalidation"):
        return "It no longer counts; your operator can tell you why."
    return why_final(answer) or ("" if answer.is_open else TOO_LATE)


def may_see_models(answer: Any) -> bool:
    """Whether its author may see what models answered to the same: once nothing of theirs can follow it any more.

    That goes by time alone, as corrections do, so that gold cannot be told by it. Written work may come back.
    """
    return answer.is_answered_by_models and not answer.is_open and not why_final(answer) and answer.excerpt is not None


def models_on(answer: Any) -> list[Beside]:
    """Return an answer of `answers_of` and models' to the same, in words; nothing until its author may see them."""
    if not may_see_models(answer):
        return []
    return afterwards(answer, payload=answer.item_version.payload, seed=answer.seed)


def shown_summary(answer: Any) -> dict[str, Any]:
    """Return what a list shows of an answer."""
    closed = why_closed(answer)
    return {
        "id": answer.public_id,
        "project": {"id": answer.project.public_id, "name": answer.project.name},
        "title": answer.form.document["title"],
        "excerpt": answer.excerpt or "",
        "submitted_at": answer.created_at,
        "is_correction": answer.supersedes_id is not None,
        "can_be_corrected": not closed,
        "until": closed or OPEN_UNTIL,
        "has_models": may_see_models(answer),
    }


def shown_answer(answer: Any) -> dict[str, Any]:
    """Return the task as it was shown, with what was answered; of an erased item nothing is left to show."""
    payload = answer.item_version.payload
    is_erased = "erased" in payload
    task, document, clauses = answer.task, answer.form.document, answer.guideline.clauses
    form = form_of_stage(task.pool.work, document, clauses, kind=task.kind, is_of_work=task.beside is not None)
    return {
        **shown_summary(answer),
        "guideline": {"number": answer.guideline.number, "clauses": answer.guideline.clauses},
        "form": form,
        "item": None if is_erased else shown_item(payload, language=answer.item_version.language, seed=answer.seed),
        "value": {} if is_erased else given_answers(form, answer.answers, answer.rationale),
    }


def log_answers_read(*, user: User, answers: Iterable[Annotation]) -> None:
    """Leave the trace that a person saw the items of these answers: a row for each project."""
    seen: dict[tuple[int, int], set[int]] = {}
    for answer in answers:
        seen.setdefault((answer.customer_id, answer.project_id), set()).add(answer.item_version_id)
    for (customer_id, project_id), versions in sorted(seen.items()):
        log_read(
            user_id=user.pk,
            customer_id=customer_id,
            project_id=project_id,
            door="desk",
            object_type="labeling.itemversion",
            object_ids=sorted(versions),
        )
