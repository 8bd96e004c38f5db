"""A project's forms: kept as drafts, revised until they are published, and never changed after."""

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from config.kernel.canonical import digest
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.transitions import transition
from labeling.answer_mapping import check_mapping
from labeling.forms import check_form
from labeling.models import FormVersion, Project
from labeling.types import FORM_MACHINE, DocumentState


@transaction.atomic
def draft_form(
    *, project: Project, document: dict[str, Any], actor: User | None, answer_mapping: dict[str, Any] | None = None
) -> FormVersion:
    """Keep the next version of the project's form as a draft; it has its number from now on, and nothing is asked by it.

    Raises InvalidForm, and InvalidMapping for a mapping of which not every test holds with the form in use.
    """
    check_form(document)
    project = lock_row(Project.objects.filter(pk=project.pk))
    _check_carries(form_in_use(project), document, answer_mapping)
    form = FormVersion.objects.create(
        customer_id=project.customer_id,
        project=project,
        number=(project.forms.aggregate(last=Max("number"))["last"] or 0) + 1,
        document=document,
        answer_mapping=answer_mapping,
        digest=digest(document),
    )
    form.refresh_from_db()
    record("form.drafted", subject=form, actor_id=_pk(actor), data={"number": form.number})
    return form


@transaction.atomic
def revise_form(
    *, form: FormVersion, document: dict[str, Any], actor: User | None, answer_mapping: dict[str, Any] | None = None
) -> FormVersion:
    """Put this in the place of what the draft said. Raises as draft_form does, and Conflict once it is published."""
    check_form(document)
    project = lock_row(Project.objects.filter(pk=form.project_id))
    form = lock_row(FormVersion.objects.filter(pk=form.pk))
    if form.state != DocumentState.DRAFT:
        raise Conflict(f"Form {form.number} is published and stays as it is; make a new one.")
    _check_carries(form_in_use(project), document, answer_mapping)
    FormVersion.objects.filter(pk=form.pk).update(
        document=document, answer_mapping=answer_mapping, digest=digest(document)
    )
    form.refresh_from_db()
    record("form.revised", subject=form, actor_id=_pk(actor), data={"number": form.number})
    return form


@transaction.atomic
def publish_form_draft(*, form: FormVersion, actor: User | None) -> FormVersion:
    """Publish the draft: rounds that are opened from now on ask by it, and with an `answer_mapping` (`labeling.answer_mapping`)
    the answers there are carry over into new rounds, by a job. Rounds that are open keep their form.

    Raises Conflict for a draft that is older than a published version or says the same as the form in use, InvalidForm and
    InvalidMapping for what does not hold any more, and TransitionRefused once it is published.
    """
    project = lock_row(Project.objects.filter(pk=form.project_id))
    form = lock_row(FormVersion.objects.filter(pk=form.pk))
    latest = form_in_use(project)
    if latest is not None and form.state == DocumentState.DRAFT:
        if latest.number > form.number:
            raise Conflict(
                f"Form {latest.number} was published since this draft was made; make it anew, as a later one."
            )
        if latest.digest == form.digest:
            raise Conflict(f"This asks the same as form {latest.number}, which is in use; there is nothing to publish.")
    check_form(form.document)
    _check_carries(latest, form.document, form.answer_mapping)
    done = {"carried_out_at": Now()} if form.answer_mapping is None else {}
    transition(
        form, DocumentState.PUBLISHED, machine=FORM_MACHINE, actor_id=_pk(actor), data={"number": form.number}, **done
    )
    return form


@transaction.atomic
def publish_form(
    *, project: Project, document: dict[str, Any], actor: User | None, answer_mapping: dict[str, Any] | None = None
) -> FormVersion:
    """Draft the next version of the project's form and publish it in one; the same form as now is not published twice.

    Raises as draft_form does.
    """
    project = lock_row(Project.objects.filter(pk=project.pk))
    latest = form_in_use(project)
    if latest is not None and latest.digest == digest(document):
        return latest
    draft = draft_form(project=project, document=document, answer_mapping=answer_mapping, actor=actor)
    return publish_form_draft(form=draft, actor=actor)


def form_in_use(project: Project) -> FormVersion | None:
    return project.forms.filter(state=DocumentState.PUBLISHED).order_by("-number").first()


def _check_carries(latest: FormVersion | None, document: dict[str, Any], answer_mapping: dict[str, Any] | None) -> None:
    if answer_mapping is None:
        return
    if latest is None:
        raise Invalid("There is no form yet whose answers could carry over.", field="answer_mapping")
    check_mapping(answer_mapping, latest.document, document)


def _pk(actor: User | None) -> int | None:
    return actor.pk if actor else None
