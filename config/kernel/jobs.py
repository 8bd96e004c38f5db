"""Enqueueing. The broker's table is in the same database, so a job enqueued in a transaction exists exactly when it commits."""

from django_q.tasks import async_task

QUEUES = ("quick", "bulk")


def enqueue(job: str, *ids: int | str, queue: str = "quick") -> str:
    """Queue the dotted path `job` with ids (never content) as its arguments, and return the job's id.

    `quick` is for what people wait for, `bulk` for slices of long work.
    """
    if queue not in QUEUES:
        raise ValueError(f"{queue!r} is not a queue; there are {QUEUES}.")
    return str(async_task(job, *ids, cluster=queue))
