"""What django-q2 runs for delivery."""

from datetime import timedelta

from django.db.models.functions import Now

from config.kernel.jobs import enqueue
from config.kernel.types import Fact
from delivery.models import Release
from delivery.services import acceptance, doubts, ledger
from delivery.services.freezing import freeze_release
from delivery.types import ReleaseState

FORGOTTEN_AFTER = timedelta(minutes=15)


def freeze(release_id: int) -> None:
    """Build, hash, sign and freeze a release."""
    freeze_release(release_id=release_id)


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
    """Hears standing.fell: name the releases that carry what is doubted."""
    for fact in facts:
        doubts.name_releases(fall_id=fact.subject_id)


def sweep_releases() -> int:
    """Queue again the releases that were asked for long ago and are not frozen; return how many.

    It also sees that clocks stand where a sample waits, and nowhere else.
    """
    old = Release.objects.filter(state=ReleaseState.REQUESTED, created_at__lt=Now() - FORGOTTEN_AFTER)
    ids = list(old.values_list("pk", flat=True))
    for release_id in ids:
        enqueue("delivery.jobs.freeze", release_id, queue="bulk")
    for project in acceptance.projects_that_wait():
        acceptance.keep_clock(project=project)
    return len(ids)
