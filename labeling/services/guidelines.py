"""Guidelines: proposed as drafts, revised until they are published or declined, and never changed after."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Max
from django.db.models.functions import Now

from config.kernel.canonical import digest
from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition
from labeling.answer_mapping import check_mapping
from labeling.guideline_documents import check_guideline
from labeling.models import GuidelineVersion, Project
from labeling.types import GUIDELINE_MACHINE, ChangeKind, DocumentState, ProjectState


@transaction.atomic
def propose_guideline(
    *,
    project: Project,
    clauses: list[dict[str, Any]],
    actor: User | None,
    examples: list[dict[str, Any]] | None = None,
    change_kind: str = ChangeKind.EDITORIAL,
    summary: str = "",
    redo: dict[str, Any] | None = None,
    answer_mapping: dict[str, Any] | None = None,
    planned_from: datetime | None = None,
) -> GuidelineVersion:
    """Make the draft of the project's next guideline version; it has its number from now on.

    Raises Invalid, naming the place, for what `labeling.guideline_documents` does not take, and for a mapping that is
    none or comes with another kind of change than a breaking one.
    """
    examples, redo = examples or [], redo or {}
    project = lock_row(Project.objects.filter(pk=project.pk))
    _check(project, clauses, examples, change_kind, redo, answer_mapping)
    guideline = GuidelineVersion.objects.create(
        customer_id=project.customer_id,
        project=project,
        number=(project.guidelines.aggregate(last=Max("number"))["last"] or 0) + 1,
        change_kind=change_kind,
        summary=summary,
        clauses=clauses,
        examples=examples,
        redo=redo,
        answer_mapping=answer_mapping,
        planned_from=planned_from,
        proposed_by=actor,
        digest=_digest(clauses, examples),
    )
    guideline.refresh_from_db()
    record("guideline.proposed", subject=guideline, actor_id=_pk(actor), data={"number": guideline.number})
    return guideline


@transaction.atomic
def revise_draft(
    *,
    guideline: GuidelineVersion,
    clauses: list[dict[str, Any]],
    actor: User | None,
    examples: list[dict[str, Any]] | None = None,
    change_kind: str = ChangeKind.EDITORIAL,
    summary: str = "",
    redo: dict[str, Any] | None = None,
    answer_mapping: dict[str, Any] | None = None,
    planned_from: datetime | None = None,
) -> GuidelineVersion:
    """Put this in the place of what the draft said. Raises as propose_guideline does, and Conflict once it is decided."""
    examples, redo = examples or [], redo or {}
    project = lock_row(Project.objects.filter(pk=guideline.project_id))
    guideline = lock_row(GuidelineVersion.objects.filter(pk=guideline.pk))
    if guideline.state != DocumentState.DRAFT:
        raise Conflict(f"Version {guideline.number} is {guideline.state}; propose a new one.")
    _check(project, clauses, examples, change_kind, redo, answer_mapping)
    GuidelineVersion.objects.filter(pk=guideline.pk).update(
        change_kind=change_kind,
        summary=summary,
        clauses=clauses,
        examples=examples,
        redo=redo,
        answer_mapping=answer_mapping,
        planned_from=planned_from,
        digest=_digest(clauses, examples),
    )
    guideline.refresh_from_db()
    record("guideline.revised", subject=guideline, actor_id=_pk(actor), data={"number": guideline.number})
    return guideline


@transaction.atomic
def publish_draft(
    *, guideline: GuidelineVersion, actor: User | None, effective_from: datetime | None = None
) -> GuidelineVersion:
    """Publish the draft, in force from now or from `effective_from`; the version before it ends then.

    Several may be scheduled ahead, in the order of their numbers. What follows from it is carried out by a job once it is
    in force. Raises Conflict for a closed project and for a draft that is older than a published version, Invalid for a
    time that is past or not after the version before, InvalidMapping where a test of the mapping does not hold, and
    TransitionRefused once it is decided.
    """
    project = lock_row(Project.objects.filter(pk=guideline.project_id))
    guideline = lock_row(GuidelineVersion.objects.filter(pk=guideline.pk))
    if project.state == ProjectState.CLOSED:
        raise Conflict("The project is closed; its guideline stays as it is.")
    latest = project.guidelines.filter(state=DocumentState.PUBLISHED).order_by("-number").first()
    begins = _begins(guideline, latest, effective_from)
    _check(
        project,
        guideline.clauses,
        guideline.examples,
        guideline.change_kind,
        guideline.redo,
        guideline.answer_mapping,
    )
    if latest is not None and guideline.state == DocumentState.DRAFT:
        latest.in_force = DateTimeTZRange(latest.in_force.lower, begins)
        latest.save(update_fields=["in_force"])
    # Where nothing follows, it is done already.
    done = {"carried_out_at": Now()} if latest is None or guideline.change_kind == ChangeKind.EDITORIAL else {}
    transition(
        guideline,
        DocumentState.PUBLISHED,
        machine=GUIDELINE_MACHINE,
        actor_id=_pk(actor),
        data={"number": guideline.number},
        in_force=DateTimeTZRange(begins, None),
        **done,
    )
    return guideline


@transaction.atomic
def decline_draft(*, guideline: GuidelineVersion, reason: str, actor: User) -> GuidelineVersion:
    """Decline the draft, and say why. Raises Invalid without a reason, and TransitionRefused once it is decided."""
    reason = checked_reason(reason, ask="Say why this draft is declined; whoever proposed it will ask.")
    guideline = lock_row(GuidelineVersion.objects.filter(pk=guideline.pk))
    transition(
        guideline,
        DocumentState.DECLINED,
        machine=GUIDELINE_MACHINE,
        actor_id=actor.pk,
        data={"number": guideline.number},
        decline_reason=reason,
    )
    return guideline


@transaction.atomic
def publish_guideline(
    *, project: Project, actor: User | None, effective_from: datetime | None = None, **content: Any
) -> GuidelineVersion:
    """Propose a version and publish it in one; `content` is what propose_guideline takes. Raises as both do."""
    draft = propose_guideline(project=project, actor=actor, **content)
    return publish_draft(guideline=draft, effective_from=effective_from, actor=actor)


def _begins(guideline: GuidelineVersion, latest: GuidelineVersion | None, effective_from: datetime | None) -> datetime:
    now = database_now()
    begins = effective_from or now
    if effective_from is not None and effective_from < now:
        raise Invalid("This time is past; a guideline takes effect now or later.", field="effective_from")
    if latest is None or guideline.state != DocumentState.DRAFT:
        return begins
    if latest.number > guideline.number:
        raise Conflict(
            f"Version {latest.number} was published since this draft was made; propose it again, as a later version."
        )
    if begins <= latest.in_force.lower:
        raise Invalid(
            "A guideline takes effect after the version before it; choose a later time.", field="effective_from"
        )
    return begins


def _check(
    project: Project,
    clauses: list[dict[str, Any]],
    examples: list[dict[str, Any]],
    change_kind: str,
    redo: dict[str, Any],
    answer_mapping: dict[str, Any] | None,
) -> None:
    check_guideline(clauses=clauses, examples=examples, redo=redo)
    if change_kind not in ChangeKind.values:
        raise Invalid(f"A change is one of {', '.join(ChangeKind.values)}.", field="change_kind")
    if answer_mapping is None:
        return
    if change_kind != ChangeKind.BREAKING:
        raise Invalid("Only a breaking change carries answers over; leave the mapping out.", field="answer_mapping")
    form = project.forms.filter(state=DocumentState.PUBLISHED).order_by("-number").first()
    if form is None:
        raise Invalid("There is no form yet whose answers could carry over.", field="answer_mapping")
    check_mapping(answer_mapping, form.document, form.document)


def _digest(clauses: list[dict[str, Any]], examples: list[dict[str, Any]]) -> str:
    return digest({"clauses": clauses, "examples": examples})


def _pk(actor: User | None) -> int | None:
    return actor.pk if actor else None
