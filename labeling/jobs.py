"""What django-q2 runs for the record."""

import time
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from config.kernel.jobs import enqueue
from config.kernel.types import Fact
from labeling.models import Batch, Item
from labeling.services.carrying_out import carry_out as carry_out_documents
from labeling.services.carrying_out import pending_projects
from labeling.services.flagging import flag_batch
from labeling.services.free_text import flag_annotations
from labeling.services.ingest import ingest_batch
from labeling.services.reuploads import reopen_revised, revised_versions
from labeling.services.rounds import generate_tasks
from labeling.services.triage import releasable_items, release_held, resume_stopped
from labeling.types import BatchState, ItemState

FORGOTTEN_AFTER = timedelta(minutes=15)
SECONDS_A_JOB = 20.0


def ingest(batch_id: int) -> None:
    """Read an uploaded file into items, for a while; what is left is another job's."""
    if not ingest_batch(batch_id=batch_id):
        enqueue("labeling.jobs.ingest", batch_id, queue="bulk")


def generate(batch_id: int) -> int:
    """Open rounds and tasks for the batch's accepted items, and the next round of those it brought a new version of.

    Items that were held and are no more come first. It works for a while; what is left then is another job's.
    """
    until = time.monotonic() + SECONDS_A_JOB
    release_held(batch_id=batch_id, until=until)
    done = generate_tasks(batch_id=batch_id, until=until) + reopen_revised(batch_id=batch_id, until=until)
    if time.monotonic() >= until:
        enqueue("labeling.jobs.generate", batch_id, queue="bulk")
    return done


def flag(batch_id: int) -> int:
    """Look for flags in what the batch brought."""
    return flag_batch(batch_id=batch_id)


def scan_annotations(facts: list[Fact]) -> None:
    """Hears task.completed and annotation.superseded: look for personal data in what reviewers wrote."""
    flag_annotations(annotation_ids=[fact.data.get("annotation", fact.subject_id) for fact in facts])


def sweep_batches() -> int:
    """Queue again what was received or accepted long ago and is not done; return how many batches."""
    old = Batch.objects.filter(created_at__lt=Now() - FORGOTTEN_AFTER)
    received = list(old.filter(state=BatchState.RECEIVED).values_list("pk", flat=True))
    unflagged = list(old.filter(state=BatchState.ACCEPTED, flagged_at=None).values_list("pk", flat=True))
    accepted = list(_unfinished(old).values_list("pk", flat=True))
    for batch_id in received:
        enqueue("labeling.jobs.ingest", batch_id, queue="bulk")
    for batch_id in accepted:
        enqueue("labeling.jobs.generate", batch_id, queue="bulk")
    for batch_id in unflagged:
        enqueue("labeling.jobs.flag", batch_id, queue="bulk")
    return len({*received, *accepted, *unflagged})


def release(project_id: int) -> int:
    """See that what no flag of the project holds any more goes to work; return in how many batches."""
    unfinished = list(_unfinished(Batch.objects.filter(project=project_id)).values_list("pk", flat=True))
    for batch_id in unfinished:
        enqueue("labeling.jobs.generate", batch_id, queue="bulk")
    resume_stopped(project_id=project_id)
    return len(unfinished)


def _unfinished(batches: QuerySet[Batch]) -> QuerySet[Batch]:
    """Return the accepted ones of these with items that could go to work: accepted, held no more, or to be judged anew."""
    revising = batches.filter(state=BatchState.ACCEPTED, versions_created__gt=0)
    accepted = Item.objects.filter(batch=OuterRef("pk"), state=ItemState.ACCEPTED)
    return batches.filter(
        Exists(accepted)
        | Q(pk__in=releasable_items().values("batch"))
        | Q(pk__in=revised_versions().filter(batch__in=revising).values("batch")),
        state=BatchState.ACCEPTED,
    )


def carry_out_published(facts: list[Fact]) -> None:
    """Hears guideline.published and form.published: see that what follows from them is carried out."""
    carry_out_guidelines()


def carry_out_guidelines() -> int:
    """Every minute: what has taken effect and is not yet carried out; return in how many projects."""
    waiting = pending_projects()
    for project_id in waiting:
        enqueue("labeling.jobs.carry_out", project_id, queue="bulk")
    return len(waiting)


def carry_out(project_id: int) -> None:
    """Carry out a piece of what the project's documents bring about, and queue the next one."""
    if carry_out_documents(project_id=project_id):
        enqueue("labeling.jobs.carry_out", project_id, queue="bulk")
