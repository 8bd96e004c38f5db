"""What django-q2 runs for the record."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from config.kernel.jobs import enqueue
from config.kernel.types import Fact
from labeling.models import Batch, Item
from labeling.services.batches import ingest_batch
from labeling.services.flagging import flag_batch
from labeling.services.free_text import flag_annotations
from labeling.services.rounds import generate_tasks
from labeling.types import BatchState, ItemState

FORGOTTEN_AFTER = timedelta(minutes=15)


def ingest(batch_id: int) -> None:
    """Read an uploaded file into items."""
    ingest_batch(batch_id=batch_id)


def generate(batch_id: int) -> int:
    """Open rounds and tasks for the batch's accepted items."""
    return generate_tasks(batch_id=batch_id)


def flag(batch_id: int) -> int:
    """Look for flags in what the batch brought."""
    return flag_batch(batch_id=batch_id)


def scan_annotations(facts: list[Fact]) -> None:
    """Hears task.completed: look for personal data in what reviewers wrote."""
    flag_annotations(annotation_ids=[fact.data["annotation"] for fact in facts])


def sweep_batches() -> int:
    """Queue again what was received or accepted long ago and is not done; return how many batches."""
    old = Batch.objects.filter(created_at__lt=Now() - FORGOTTEN_AFTER)
    received = list(old.filter(state=BatchState.RECEIVED).values_list("pk", flat=True))
    waiting = Item.objects.filter(batch=OuterRef("pk"), state=ItemState.ACCEPTED)
    accepted = list(old.filter(Exists(waiting), state=BatchState.ACCEPTED).values_list("pk", flat=True))
    unflagged = list(old.filter(state=BatchState.ACCEPTED, flagged_at=None).values_list("pk", flat=True))
    for batch_id in received:
        enqueue("labeling.jobs.ingest", batch_id, queue="bulk")
    for batch_id in accepted:
        enqueue("labeling.jobs.generate", batch_id, queue="bulk")
    for batch_id in unflagged:
        enqueue("labeling.jobs.flag", batch_id, queue="bulk")
    return len({*received, *accepted, *unflagged})
