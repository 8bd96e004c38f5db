"""What django-q2 runs for the record."""

import time
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from config.kernel.jobs import enqueue
from config.kernel.locks import lock_rows
from config.kernel.types import Fact
from labeling.models import Batch, Item
from labeling.selectors import batches_without_tasks
from labeling.services.carrying_out import carry_out as carry_out_documents
from labeling.services.carrying_out import pending_projects
from labeling.services.counting import count_projects as recount_projects
from labeling.services.flagging import flag_batch, forsaken_batches
from labeling.services.flagging import flag_imported as flag_imported_annotations
from labeling.services.free_text import flag_annotations
from labeling.services.ingest import ingest_batch
from labeling.services.reuploads import reopen_revised, unrevised_batches
from labeling.services.rounds import generate_tasks
from labeling.services.triage import releasable_batches, release_held, resume_stopped
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


def flag_imported(batch_id: int, after: int = 0) -> None:
    """Look for personal data in what an export of an earlier tool brought; what is left is another job's."""
    if (through := flag_imported_annotations(batch_id=batch_id, after=after)) is not None:
        enqueue("labeling.jobs.flag_imported", batch_id, through, queue="bulk")


def scan_annotations(facts: list[Fact]) -> None:
    """Hears task.completed, annotation.superseded and annotation.modelled: look for personal data in what they say."""
    flag_annotations(annotation_ids=[fact.data.get("annotation", fact.subject_id) for fact in facts])


def sweep_batches() -> int:
    """Queue again what is not done and nobody has worked on for long; return how many batches.

    It looks at what has work left only, and what it queues counts as worked on: however long the queue is, a batch has
    one more job in it by the sweep than by itself.
    """
    until = time.monotonic() + SECONDS_A_JOB
    idle = Batch.objects.filter(worked_at__lt=Now() - FORGOTTEN_AFTER)
    received = _ids(idle.filter(state=BatchState.RECEIVED))
    # A project's batches are looked through one after another, so its first one stands for all.
    first = Batch.objects.filter(state=BatchState.ACCEPTED, flagged_at=None).order_by("project_id", "pk")
    unflagged = _ids(idle.filter(pk__in=first.distinct("project_id").values("pk")))
    without_tasks = {*batches_without_tasks(), *releasable_batches(until=until)}
    unfinished = {*_ids(idle.filter(pk__in=without_tasks)), *_ids(idle & unrevised_batches())}
    for job, batch_ids in (("ingest", received), ("generate", unfinished), ("flag", unflagged)):
        for batch_id in sorted(batch_ids):
            enqueue(f"labeling.jobs.{job}", batch_id, queue="bulk")
    queued = received | unfinished | unflagged
    with transaction.atomic():  # one that is just being accepted is locked for long, and worked on
        free = lock_rows(Batch.objects.filter(pk__in=queued), skip_locked=True)
        Batch.objects.filter(pk__in=[batch.pk for batch in free]).update(worked_at=Now())
    return len(queued)


def sweep_flagging() -> int:
    """Every minute: queue again the batches whose flags a killed worker looked for; return how many."""
    forsaken = forsaken_batches()
    for batch_id in forsaken:
        enqueue("labeling.jobs.flag", batch_id, queue="bulk")
    return len(forsaken)


def count_projects() -> int:
    """Every minute: the large projects, so that whoever asks where they stand does not wait; return how many."""
    return recount_projects(until=time.monotonic() + SECONDS_A_JOB)


def release(project_id: int) -> int:
    """See that what no flag of the project holds any more goes to work; return in how many batches."""
    batches = Batch.objects.filter(project=project_id)
    held = Item.objects.filter(project=project_id, state=ItemState.HELD).order_by()
    unfinished = {
        *held.values_list("batch", flat=True).distinct(),
        *_ids(batches.filter(pk__in=batches_without_tasks())),
        *_ids(batches & unrevised_batches()),
    }
    for batch_id in sorted(unfinished):
        enqueue("labeling.jobs.generate", batch_id, queue="bulk")
    resume_stopped(project_id=project_id)
    return len(unfinished)


def _ids(batches: QuerySet[Batch]) -> set[int]:
    return set(batches.values_list("pk", flat=True))


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
