"""The two roles of the database: the owner, whom migrations run as, and the runtime role, which owns nothing.

Web and job processes connect as the runtime role: no UPDATE or DELETE on immutable tables, no TRUNCATE, no DDL. Which
tables are immutable, the database says itself: those with a trigger named `immutable` (`config.kernel.guards`).
"""

import hashlib
import hmac
import os
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from config.kernel import database_url, databases

ADVISORY_ROLES = 7_215_001

IMMUTABLE_TABLES = """
SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgname = 'immutable' AND NOT t.tgisinternal AND n.nspname = current_schema() ORDER BY 1
"""

# The runtime role reads these and never writes them. pghistory's own table of contexts stays empty: each change carries
# its context itself, so that no row of history is ever updated.
READ_ONLY_TABLES = ("django_migrations", "pghistory_context")

# Statements that are prepared, and those of functions and triggers, run all the time and are small: planning them anew, or
# compiling them, takes longer than running them.
RUNTIME_SETTINGS = ("plan_cache_mode = force_generic_plan", "jit = off")

# The owner's functions that the runtime role may call. Their parts it may not.
CALLABLE = (
    "SELECT oid::regprocedure::text FROM pg_proc WHERE proname = ANY(%s) AND pronamespace = 'public'::regnamespace"
)
CALLABLE_FUNCTIONS = ["assay_erase", "assay_customers_of_person", "routing_claim", "routing_settle", "routing_shown"]


def runtime_parameters(owner: dict[str, Any], *, secret: str) -> dict[str, Any]:
    """Return the runtime role's connection settings: DATABASE_RUNTIME_URL's, or a role of ours beside the owner.

    Our role's password is derived from the secret key, so that every host knows it and none has to be told.
    """
    if url := os.environ.get("DATABASE_RUNTIME_URL"):
        return {**database_url.parse(url), "NAME": owner["NAME"]}
    password = hmac.new(secret.encode(), b"database runtime role", hashlib.sha256).hexdigest()
    return {**owner, "USER": f"{owner['USER']}_runtime", "PASSWORD": password}


def provide_runtime_role(connection: BaseDatabaseWrapper, *, name: str, password: str) -> None:
    """Make the runtime role where it is missing, set its password, and give it exactly what it may do here.

    The connection is the owner's. Roles are the whole server's and advisory locks a database's, so two migrations at
    once take turns in the database that every server has.
    """
    with databases.connect(connection.settings_dict, name="postgres") as turns:
        turns.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_ROLES])
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            _ensure_role(cursor, name, password)
            _grant(cursor, name)


def _ensure_role(cursor: Any, name: str, password: str) -> None:
    role = sql.Identifier(name)
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    verb = "ALTER" if cursor.fetchone() else "CREATE"
    if verb == "ALTER" and os.environ.get("DATABASE_RUNTIME_URL"):
        return
    cursor.execute(
        sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD {}").format(
            role, sql.Literal(password)
        )
    )
    for setting in RUNTIME_SETTINGS:
        cursor.execute(sql.SQL("ALTER ROLE {} SET {}").format(role, sql.SQL(setting)))


def _grant(cursor: Any, name: str) -> None:
    cursor.execute(IMMUTABLE_TABLES)
    closed = [row[0] for row in cursor.fetchall()]
    role = sql.Identifier(name)
    statements = [
        "GRANT USAGE ON SCHEMA public TO {role}",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    ]
    for statement in statements:
        cursor.execute(sql.SQL(statement).format(role=role))
    for table in closed:
        cursor.execute(sql.SQL("REVOKE UPDATE, DELETE ON TABLE {} FROM {}").format(sql.Identifier(table), role))
    cursor.execute(CALLABLE, [CALLABLE_FUNCTIONS])
    for (signature,) in cursor.fetchall():
        cursor.execute(sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.SQL(signature), role))
    for table in READ_ONLY_TABLES:
        cursor.execute(sql.SQL("REVOKE INSERT, UPDATE, DELETE ON TABLE {} FROM {}").format(sql.Identifier(table), role))
