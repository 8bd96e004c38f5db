"""Erasure and retention across the apps: what would go, what is due, and the files that follow the rows."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models.functions import Now
from django.utils.module_loading import import_string

from config.contributions import ERASURE_FILES
from config.kernel.jobs import enqueue
from config.kernel.locks import ADVISORY_ERASURE, session_lock
from config.kernel.types import Fact
from config.kernel.words import counted
from delivery.selectors import releases_carrying
from labeling.models import Customer, Erasure
from labeling.services import retention

# So many erasures are finished together, each release being written anew once for all of them.
TOGETHER = 1000
SECONDS_A_JOB = 20.0
ERASED_A_RUN = 200


def hear(facts: list[Fact]) -> None:
    """Hears item.erased, person.erased and batch.erased: the files of these customers follow, in a job of their own."""
    for customer_id in sorted({fact.customer_id for fact in facts if fact.customer_id is not None}):
        enqueue("config.erasures.finish", customer_id, queue="bulk")


def finish(customer_id: int) -> int:
    """Erase the files of the customer's unfinished erasures, and say that they are gone; return how many were finished.

    It works for SECONDS_A_JOB, or a little longer for what it is at (one release), and leaves the rest to another job.
    How far it has come is in the erasures' rows: killed at any point the next one goes on; run twice at once, the second
    returns.
    """
    until = time.monotonic() + SECONDS_A_JOB
    with session_lock(ADVISORY_ERASURE, customer_id) as is_alone:
        if not is_alone:
            return 0
        unfinished = Erasure.objects.filter(customer=customer_id, finished_at=None)
        erasures = list(unfinished.order_by("pk")[:TOGETHER])
        waiting: set[int] = set()
        for path in ERASURE_FILES if erasures else ():
            if waiting and time.monotonic() >= until:
                waiting = {erasure.pk for erasure in erasures}
                break
            part: Callable[..., set[int]] = import_string(path)
            waiting |= part(erasures=erasures, until=until)
        done = [erasure.pk for erasure in erasures if erasure.pk not in waiting]
        Erasure.objects.filter(pk__in=done).update(finished_at=Now())
    if (waiting and time.monotonic() >= until) or (len(erasures) == TOGETHER and done):
        enqueue("config.erasures.finish", customer_id, queue="bulk")
    return len(done)


def sweep() -> int:
    """Every few minutes: queue again the customers with unfinished erasures; return how many."""
    customers = list(
        Erasure.objects.filter(finished_at=None)
        .order_by("customer_id")
        .values_list("customer_id", flat=True)
        .distinct()
    )
    for customer_id in customers:
        enqueue("config.erasures.finish", customer_id, queue="bulk")
    return len(customers)


def erase_due() -> int:
    """Every day: erase what retention says, a slice a run, until nothing is due; return how many items."""
    erased = retention.erase_due(most=ERASED_A_RUN)
    if erased == ERASED_A_RUN:
        enqueue("config.erasures.erase_due", queue="bulk")
    return erased


def what_would_go(*, customer: Customer | None = None, by: datetime | None = None) -> list[dict[str, Any]]:
    """Return what retention would erase now, or by a later day: a plain row a project, from every app. Nothing changes."""
    return [_row(due) for due in retention.what_would_go(customer=customer, by=by)]


def _row(due: retention.Due) -> dict[str, Any]:
    return {
        "customer": due.project.customer.slug,
        "project": due.project.slug,
        "project_id": str(due.project.public_id),
        "days": due.days,
        "held_by": due.held_by,
        "items": due.items,
        "in_work": due.in_work,
        "versions": due.versions,
        "annotations": due.annotations,
        "files": due.files,
        "files_searched": due.files_searched,
        "releases": releases_carrying(due.counted),
        "oldest": due.oldest,
        "is_more": due.is_more,
    }


def in_words(row: dict[str, Any]) -> str:
    """Return a row of `what_would_go` as a sentence."""
    at_least = "more than " if row["is_more"] else ""
    text = (
        f"{row['project']} (kept for {counted(row['days'], 'day', 'days')}): {at_least}{counted(row['items'], 'item', 'items')} with"
        f" {counted(row['versions'], 'version', 'versions')} and"
        f" {counted(row['annotations'], 'annotation', 'annotations')},"
        f" {counted(row['files'], 'uploaded file', 'uploaded files')},"
        f" {counted(row['releases'], 'release', 'releases')} written anew"
    )
    if row["files_searched"]:
        text += f"; {counted(row['files_searched'], 'more file is', 'more files are')} searched for their names"
    if row["in_work"]:
        text += f"; {counted(row['in_work'], 'more is', 'more are')} still being worked on"
    return text + (f". A legal hold keeps them all: {row['held_by']}" if row["held_by"] else ".")
