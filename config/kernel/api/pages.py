"""Every list is paged by a cursor: no counts, no offsets, the same cost on every page."""

from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering = "-id"


class OldestFirst(Pages):
    """For lists that are read from their beginning, as the rows of a file are."""

    ordering = "id"
