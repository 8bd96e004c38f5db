"""What every test stands on: the database server, the runtime role, the cast, and jobs run where they can be seen."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.signals import connection_created
from psycopg import sql

from config.kernel.house import server
from tests.cast import Cast, gather_cast
from tests.quality.models import Models, models

OTHERS_SECONDS = 10.0
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'
"""


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    """The embedded server for as long as the tests run, or the one of DATABASE_URL."""
    with server():
        yield


@pytest.fixture(scope="session")
def django_db_setup(database_server: None, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Once the owner has made and migrated the test database, every connection goes on as the runtime role."""
    with django_db_blocker.unblock():
        connection.close()
    os.environ["ASSAY_TEST_DATABASE"] = connection.settings_dict["NAME"]
    connection_created.connect(become_runtime)
    flush = DatabaseOperations.execute_sql_flush

    def flush_as_owner(self: DatabaseOperations, statements: Any) -> None:
        """Emptying tables between tests is the owner's: the runtime role may not. Knox's own, unused table goes along."""
        with self.connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            wait_for_others(cursor)
        flush(self, [statement.replace(";", " CASCADE;") for statement in statements])
        become_runtime(self.connection)

    DatabaseOperations.execute_sql_flush = flush_as_owner
    yield
    DatabaseOperations.execute_sql_flush = flush
    connection_created.disconnect(become_runtime)
    with django_db_blocker.unblock():
        connection.close()


def wait_for_others(cursor: Any) -> None:
    """Wait until no page that a browser left is still being answered: it would deadlock with whoever empties tables."""
    ends = time.monotonic() + OTHERS_SECONDS
    while time.monotonic() < ends:
        cursor.execute(OTHERS)
        if not cursor.fetchone()[0]:
            return
        time.sleep(0.02)


def become_runtime(connection: Any, **_: Any) -> None:
    if connection.alias != "default" or connection.settings_dict["NAME"] == "postgres":
        return
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(settings.RUNTIME_ROLE["USER"])))


@pytest.fixture
def cast(db: None) -> Cast:
    """Two customers and everybody who has to do with them; see tests/cast.py."""
    return gather_cast()


@pytest.fixture
def endpoint(settings: Any) -> Iterator[Models]:
    """A server that plays the models that judges ask."""
    settings.JUDGES_MAY_CALL_PRIVATE = True
    with models() as played:
        yield played
