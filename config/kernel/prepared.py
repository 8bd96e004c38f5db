"""Statements that run all the time: the server parses them once a connection, and keeps their plans.

Django's own cursors put the values into the text, so the server sees another statement each time. These send them apart
(and are logged and counted like any other). Behind pgbouncer that needs `max_prepared_statements`, from its 1.21 on.
"""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.postgresql import base

# What Django's types do not know of its own cursors.
ServerBindingCursor: Any = base.ServerBindingCursor


class _Cursor(ServerBindingCursor):
    """psycopg forgets the text of a statement that it sends by its name; Django wants to log it."""

    def _send_query_prepared(self, name: bytes, pgq: Any, *, binary: bool | None = None) -> None:
        self._query = pgq
        super()._send_query_prepared(name, pgq, binary=binary)


def fetch(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run the statement in the present transaction, or by itself, and return all its rows.

    Values whose type the statement does not tell need a cast in it: `%(project)s::uuid`.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    database.close_if_health_check_failed()
    database.ensure_connection()
    with database.wrap_database_errors, database._prepare_cursor(_Cursor(database.connection)) as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def fetch_one(statement: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
    """As `fetch`, for a statement that returns one row at most."""
    rows = fetch(statement, parameters)
    return rows[0] if rows else None
