"""Reviewers' places in the queues: a memory that claims write, and that may be forgotten at any time."""

from routing.models import Cursor


def forget_places() -> int:
    """Forget how far everybody is in each queue; return how many places. Claims look from the front again.

    Needed once after a backup was restored into another cluster: places name transactions, and the new one counts its own
    from the beginning, so that what comes back there could seem to lie before a place.
    """
    forgotten, _ = Cursor.objects.all().delete()
    return forgotten
