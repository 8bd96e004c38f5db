"""An item's whole life on one line of time, as operators see it: by name, with a way to each row."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse

from config.contributions import life_of_item
from config.kernel.models import User
from config.kernel.types import LifeMoment
from labeling.models import Item, Reviewer

ICONS = {
    "version": "upload_file",
    "flag": "flag",
    "round": "cycle",
    "lease": "timer",
    "annotation": "edit_note",
    "invalidation": "block",
    "unplaced": "move_to_inbox",
    "gold": "verified",
    "resolution": "how_to_vote",
    "ruling": "contact_support",
    "release": "inventory_2",
    "verdict": "task_alt",
    "defect": "bug_report",
    "decision": "gavel",
    "read": "visibility",
    "erasure": "delete_forever",
    "note": "more_horiz",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One moment, told: when, which app, what, who, and the row it speaks of."""

    moment: LifeMoment
    who: str
    icon: str
    link: str


def life_told(item: Item) -> list[tuple[date, list[Told]]]:
    """Return the item's life by day, oldest first."""
    moments = life_of_item(item)
    reviewers = _named(Reviewer.objects.select_related("user"), {each.reviewer_id for each in moments})
    people = _named(User.objects.all(), {each.user_id for each in moments})
    days: dict[date, list[Told]] = {}
    for moment in moments:
        who = moment.who or reviewers.get(moment.reviewer_id) or people.get(moment.user_id) or ""
        told = Told(moment, who, ICONS.get(moment.kind, "circle"), _address(moment))
        days.setdefault(moment.at.date(), []).append(told)
    return list(days.items())


def _named(rows: Any, keys: set[int | None]) -> dict[int | None, str]:
    wanted = {key for key in keys if key is not None}
    return {row.pk: str(row) for row in rows.filter(pk__in=wanted)} if wanted else {}


def _address(moment: LifeMoment) -> str:
    if moment.link is None:
        return ""
    label, key = moment.link
    return reverse(f"admin:{label.replace('.', '_')}_change", args=[key])
