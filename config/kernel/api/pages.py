"""Every list is paged by a cursor: no counts, no offsets, the same cost on every page."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class Pages(CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Any:
        """Return the cursor, if one was sent; raises NotFound for one that no page has named."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not self.is_position(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    @staticmethod
    def is_position(text: str) -> bool:
        """Return whether a row of the list can stand there."""
        return text.isascii() and text.isdigit()


class OldestFirst(Pages):
    """For lists that are read from their beginning, as the rows of a file are."""

    ordering = "id"
