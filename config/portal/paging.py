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


def page_of(rows: QuerySet[Any], request: HttpRequest, name: str, *, by: str = "pk") -> Page:
    """Return the page of `rows` (newest first, by that field) that the address asks for with `?<name>=<public id of the
    last row>`. What else the address says, a filter or where other lists are, stays in the address of the next page.
    """
    after = request.GET.get(name)
    if after:
        try:
            rows = rows.filter(**{f"{by}__lt": rows.values_list(by, flat=True).get(public_id=UUID(after))})
        except (ValueError, rows.model.DoesNotExist):
            raise NotFound("There is no such page; go back to the first one.") from None
    found = list(rows.order_by(f"-{by}")[: ROWS + 1])
    if len(found) <= ROWS:
        return Page(found, "")
    query = request.GET.copy()
    query[name] = str(found[ROWS - 1].public_id)
    return Page(found[:ROWS], f"?{query.urlencode()}")
