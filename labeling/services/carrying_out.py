"""Carrying out what a published guideline or form brings about: slice by slice, with progress in its row, and again from
there after a crash.

Editorial: nothing. Clarification: a sample is judged again. Breaking: its slice is judged anew, or carried over where
there is a mapping. Releases stay as they are.
"""

import time
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from config.kernel.events import record
from config.kernel.locks import ADVISORY_CARRY_OUT, lock_row, session_lock
from labeling.guidelines import REACHED, reach_of, versions_begun
from labeling.models import FormVersion, GuidelineVersion
from labeling.services.carrying_over import CarriedOver, Way, carry_over
from labeling.services.rounds import reopen_items
from labeling.types import ChangeKind, DocumentState, Overlap, RoundReason

SLICE = 200
WORK_SECONDS = 20.0

NEXT_ITEMS = f"SELECT item_id FROM ({REACHED}) reached ORDER BY item_id LIMIT %(most)s"

# The items whose latest round asks the form that the mapping is from; what asks a still older one stays as it is.
NEXT_OF_FORM = """
SELECT i.id FROM labeling_item i
JOIN LATERAL (SELECT r.form_id FROM labeling_round r WHERE r.item_id = i.id AND r.state IN ('open', 'resolved')
  AND r.reason <> 'audit'
              ORDER BY r.number DESC LIMIT 1) latest ON true
WHERE i.project_id = %(project)s AND latest.form_id = %(form)s AND i.state IN ('in_progress', 'resolved') AND i.id > %(after)s
ORDER BY i.id LIMIT %(most)s
"""

Document = GuidelineVersion | FormVersion


def carry_out(*, project_id: int) -> bool:
    """Carry out what the project's published documents bring about, oldest first; return whether it has to go on.

    Works for WORK_SECONDS, in slices that are each a transaction. Run twice at once, the second leaves it to the first.
    """
    ends = time.monotonic() + WORK_SECONDS
    with session_lock(ADVISORY_CARRY_OUT, project_id) as is_alone:
        while is_alone and (document := _next_document(project_id)) is not None:
            if time.monotonic() > ends:
                return True
            carry_out_slice(document=document)
    return False


def pending_projects() -> list[int]:
    """Return the projects with a document in force whose consequences are not yet carried out."""
    guidelines = GuidelineVersion.objects.filter(
        state=DocumentState.PUBLISHED, in_force__startswith__lte=Now(), carried_out_at=None
    )
    forms = FormVersion.objects.filter(state=DocumentState.PUBLISHED, carried_out_at=None)
    return sorted({*guidelines.values_list("project_id", flat=True), *forms.values_list("project_id", flat=True)})


def _next_document(project_id: int) -> Document | None:
    """Return the document that took effect first of those that are not carried out."""
    guideline = versions_begun(project_id).filter(carried_out_at=None).order_by("number").first()
    form = FormVersion.objects.filter(project=project_id, state=DocumentState.PUBLISHED, carried_out_at=None)
    first = form.order_by("number").first()
    if guideline is None or first is None:
        return guideline or first
    assert first.published_at is not None, "A published form is dated."
    return guideline if guideline.in_force.lower < first.published_at else first


@transaction.atomic
def carry_out_slice(*, document: Document) -> int:
    """Do the next slice of what the document brings about; return how many items. Done, it says so in the row."""
    document = _locked(document)
    if document.carried_out_at is not None:
        return 0
    ids = _next_items(document)
    if ids:
        done = _carry_out(document, ids)
        type(document)._default_manager.filter(pk=document.pk).update(
            carried_through=ids[-1],
            reopened_count=F("reopened_count") + done.items,
            mapped_count=F("mapped_count") + done.mapped,
            requeued_count=F("requeued_count") + done.requeued,
        )
    if len(ids) < SLICE:
        _finish(document)
    return len(ids)


def _locked(document: Document) -> Document:
    if isinstance(document, GuidelineVersion):
        return lock_row(GuidelineVersion.objects.filter(pk=document.pk).select_related("project"))
    return lock_row(FormVersion.objects.filter(pk=document.pk).select_related("project"))


def _next_items(document: Document) -> list[int]:
    if isinstance(document, GuidelineVersion):
        statement, parameters = NEXT_ITEMS, reach_of(document, after=document.carried_through)
    else:
        statement = NEXT_OF_FORM
        parameters = {
            "form": _form_before(document).pk,
            "project": document.project_id,
            "after": document.carried_through,
        }
    with connection.cursor() as cursor:
        cursor.execute(statement, {**parameters, "most": SLICE})
        return [row[0] for row in cursor.fetchall()]


def _carry_out(document: Document, ids: list[int]) -> CarriedOver:
    project = document.project
    if document.answer_mapping is not None and project.overlap_kind != Overlap.REVIEWED:
        return carry_over(project=project, item_ids=ids, way=_way(document, document.answer_mapping))
    if document.answer_mapping is not None:  # written work is reviewed as it stands, and so begun anew
        return CarriedOver(reopen_items(item_ids=ids, reason=RoundReason.MIGRATION, actor=None), 0, 0)
    assert isinstance(document, GuidelineVersion), "A form without a mapping brings about nothing."
    is_breaking = document.change_kind == ChangeKind.BREAKING
    reason = RoundReason.GUIDELINE if is_breaking else RoundReason.RECHECK
    return CarriedOver(reopen_items(item_ids=ids, reason=reason, actor=None), 0, 0)


def _way(document: Document, mapping: dict[str, Any]) -> Way:
    """A form's mapping leads from the form before it; a guideline's stays with the form in use."""
    if isinstance(document, FormVersion):
        return Way(_form_before(document), document, None, mapping)
    form = _published_forms(document)[0]
    return Way(form, form, document, mapping)


def _form_before(form: FormVersion) -> FormVersion:
    return _published_forms(form).filter(number__lt=form.number)[0]


def _published_forms(document: Document) -> QuerySet[FormVersion]:
    """Return the forms of the document's project, newest first."""
    forms = FormVersion.objects.filter(project=document.project_id, state=DocumentState.PUBLISHED)
    return forms.order_by("-number")


def _finish(document: Document) -> None:
    type(document)._default_manager.filter(pk=document.pk).update(carried_out_at=Now())
    document.refresh_from_db(fields=["carried_out_at", "reopened_count", "mapped_count", "requeued_count"])
    noun = "guideline" if isinstance(document, GuidelineVersion) else "form"
    record(
        f"{noun}.carried_out",
        subject=document,
        actor_id=None,
        data={
            "number": document.number,
            "reopened": document.reopened_count,
            "mapped": document.mapped_count,
            "requeued": document.requeued_count,
        },
    )
