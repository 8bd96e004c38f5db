"""Releases that carry what came to be doubted are named: on the fall, and each by an event of its own."""

from django.db import transaction

from config.kernel.events import record
from delivery.holding import doubted_releases
from quality.models import Doubt
from quality.services.falls import note_carried
from quality.types import DoubtState


@transaction.atomic
def name_releases(*, fall_id: int) -> int:
    """Count what frozen releases carry of this fall's doubts, and name them; return how many releases. Idempotent."""
    carrying = doubted_releases(fall_id=fall_id)
    if note_carried(fall_id=fall_id, count=sum(count for _, count in carrying)):
        for release, count in carrying:
            about = {"fall": fall_id, "results": count}
            record("release.doubted", subject=release, actor_id=None, data=about)
    return len(carrying)


def name_release(*, release_id: int) -> int:
    """Name the release for every fall that came to doubt what it carries while it was frozen; return how many.

    A fall may have ended before the release was there to be found. Idempotent.
    """
    doubts = Doubt.objects.filter(resolution__entries__release=release_id).exclude(state=DoubtState.CLEARED)
    falls = sorted(set(doubts.values_list("fall", flat=True)))
    for fall_id in falls:
        name_releases(fall_id=fall_id)
    return len(falls)
