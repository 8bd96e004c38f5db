"""Long lists in the portal: newest first, a page at a time, gone on from the last row that was shown."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest

from config.kernel.errors import NotFound

ROWS = 20


@dataclass(frozen=True, slots=True)
class Page:
    """The rows, and by what the next page is asked for ("" where this is the last one)."""

    rows: list[Any]
    more: str


def page_of(rows: QuerySet[Any], request: HttpRequest, name: str) -> Page:
    """Return the page of `rows` (newest first) that the address asks for with `?<name>=<public id of the last row>`."""
    after = request.GET.get(name)
    if after:
        try:
            rows = rows.filter(pk__lt=rows.values("pk").get(public_id=UUID(after))["pk"])
        except (ValueError, rows.model.DoesNotExist):
            raise NotFound("There is no such page; go back to the first one.") from None
    found = list(rows.order_by("-pk")[: ROWS + 1])
    return Page(found[:ROWS], f"?{name}={found[ROWS - 1].public_id}" if len(found) > ROWS else "")
