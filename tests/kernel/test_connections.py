"""A connection that the server has ended is seen to have gone, and one in use is not asked each time."""

import time
from typing import Any

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other():
    """Another connection of the owner's, who sees what the first one does, and can end it."""
    connection.ensure_connection()
    other: Any = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("RESET ROLE")
        yield cursor
    other.close()


def backend() -> int:
    connection.ensure_connection()
    raw: Any = connection.connection
    return int(raw.info.backend_pid)


def last_statement(other) -> str:
    other.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [backend()])
    return str(other.fetchone()[0])


def test_a_connection_in_use_is_not_asked_whether_it_is_there(other, monkeypatch):
    assert connection.is_usable()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'mine'")
    assert connection.is_usable()
    assert last_statement(other) == "SELECT 'mine'"
    monkeypatch.setattr("config.kernel.postgresql.base.ASK_AFTER", 0.0)
    assert connection.is_usable()
    assert last_statement(other) == "SELECT 1"


def test_a_connection_that_the_server_has_ended_is_seen_at_once(other):
    assert connection.is_usable()
    ended = backend()
    other.execute("SELECT pg_terminate_backend(%s)", [ended])
    until = time.monotonic() + 10
    while connection.is_usable() and time.monotonic() < until:
        time.sleep(0.01)
    assert not connection.is_usable()
    connection.close()
    assert backend() != ended
    assert connection.is_usable()
