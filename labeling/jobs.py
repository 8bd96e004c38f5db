"""What django-q2 runs for the record."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from config.kernel.jobs import enqueue
from labeling.models import Batch, Item
from labeling.services.ingest import ingest_batch
from labeling.services.revisions import reopen_revised, revised_items
from labeling.services.rounds import generate_tasks
from labeling.types import BatchState, ItemState

FORGOTTEN_AFTER = timedelta(minutes=15)


def ingest(batch_id: int) -> None:
    """Read an uploaded file into items, for a while; what is left is another job's."""
    if not ingest_batch(batch_id=batch_id):
        enqueue("labeling.jobs.ingest", batch_id, queue="bulk")


def generate(batch_id: int) -> int:
    """Open rounds and tasks for the batch's accepted items, and the next round of those it brought a new version of."""
    return generate_tasks(batch_id=batch_id) + reopen_revised(batch_id=batch_id)


def sweep_batches() -> int:
    """Queue again what was received or accepted long ago and is not done; return how many batches."""
    old = Batch.objects.filter(created_at__lt=Now() - FORGOTTEN_AFTER)
    received = list(old.filter(state=BatchState.RECEIVED).values_list("pk", flat=True))
    waiting = Item.objects.filter(batch=OuterRef("pk"), state=ItemState.ACCEPTED)
    is_unfinished = Exists(waiting) | Exists(revised_items(OuterRef("pk")))
    accepted = list(old.filter(is_unfinished, state=BatchState.ACCEPTED).values_list("pk", flat=True))
    for batch_id in received:
        enqueue("labeling.jobs.ingest", batch_id, queue="bulk")
    for batch_id in accepted:
        enqueue("labeling.jobs.generate", batch_id, queue="bulk")
    return len(received) + len(accepted)
