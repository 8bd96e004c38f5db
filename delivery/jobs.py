"""What django-q2 runs for delivery."""

import time
from datetime import timedelta

from django.db.models.functions import Now

from config.kernel.jobs import enqueue
from config.kernel.types import Fact
from delivery.models import Release
from delivery.services import acceptance, doubts, ledger
from delivery.services.freezing import freeze_release
from delivery.types import ReleaseState

FORGOTTEN_AFTER = timedelta(minutes=5)
SECONDS_A_JOB = 20.0


def freeze(release_id: int) -> None:
    """Build, hash, sign and freeze a release, for a while; what is left is another job's."""
    if not freeze_release(release_id=release_id, until=time.monotonic() + SECONDS_A_JOB):
        enqueue("delivery.jobs.freeze", release_id, queue="bulk")


def draw_samples(facts: list[Fact]) -> None:
    """Hears release.frozen: draw the acceptance sample."""
    for fact in facts:
        acceptance.draw_sample(release_id=fact.subject_id)


def pay_for_judgments(facts: list[Fact]) -> None:
    """Hears task.completed: owe the reviewer."""
    ledger.pay_for_judgments(annotation_ids=[fact.data["annotation"] for fact in facts])


def charge_for_records(facts: list[Fact]) -> None:
    """Hears release.accepted: charge the customer."""
    for fact in facts:
        ledger.charge_for_records(release_id=fact.subject_id)


def name_doubted(facts: list[Fact]) -> None:
    """Hears standing.fell and fall.doubted: name the releases that carry what is doubted."""
    for fact in facts:
        doubts.name_releases(fall_id=fact.subject_id)


def name_frozen(facts: list[Fact]) -> None:
    """Hears release.frozen: name it if it carries what is doubted."""
    for fact in facts:
        doubts.name_release(release_id=fact.subject_id)


def sweep_releases() -> int:
    """Queue again the releases that are not frozen and that nobody has worked on for long; return how many.

    What it queues counts as worked on, so that nothing is queued twice for a long queue. It also sees that clocks stand
    where a sample waits, and nowhere else.
    """
    idle = Release.objects.filter(state=ReleaseState.REQUESTED, worked_at__lt=Now() - FORGOTTEN_AFTER)
    ids = list(idle.values_list("pk", flat=True))
    Release.objects.filter(pk__in=ids, state=ReleaseState.REQUESTED).update(worked_at=Now())
    for release_id in ids:
        enqueue("delivery.jobs.freeze", release_id, queue="bulk")
    for project in acceptance.projects_that_wait():
        acceptance.keep_clock(project=project)
    return len(ids)
