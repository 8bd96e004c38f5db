"""Lines of life stay short: the newest of each kind, and a note where there was more."""

from operator import attrgetter
from typing import Any

from config.kernel.types import LifeMoment

MOST = 200


def newest(rows: Any, app: str, nouns: str, *, at: str = "created_at") -> tuple[list[Any], list[LifeMoment]]:
    """Return the newest MOST of `rows`, oldest first, and a moment that says so where there are more."""
    found = list(rows.order_by("-pk")[: MOST + 1])
    is_cut = len(found) > MOST
    kept = found[:MOST][::-1]
    note = [LifeMoment(attrgetter(at)(kept[0]), app, f"earlier {nouns} are not shown", kind="note")] if is_cut else []
    return kept, note
