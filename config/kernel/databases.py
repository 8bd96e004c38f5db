"""Databases as a whole: made, dropped, reached. Everything here connects as the owner."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

OLDEST_SERVER = 150000


class DatabaseUnusable(Exception):
    """The server or the database cannot be used; the message is one sentence saying why and what to do."""


def connect(parameters: Mapping[str, Any], *, name: str | None = None) -> psycopg.Connection[Any]:
    """Return an autocommit connection with Django's connection settings, to database `name` if given.

    Raises DatabaseUnusable where nothing answers, the login is refused, or the server is older than PostgreSQL 15.
    """
    try:
        connection = psycopg.connect(
            host=parameters.get("HOST") or None,
            port=parameters.get("PORT") or None,
            user=parameters["USER"],
            password=parameters.get("PASSWORD") or None,
            dbname=name or parameters["NAME"],
            autocommit=True,
            **parameters.get("OPTIONS", {}),
        )
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise DatabaseUnusable(f"PostgreSQL cannot be reached: {reason}. Check DATABASE_URL.") from error
    if connection.info.server_version < OLDEST_SERVER:
        found = connection.info.server_version // 10000
        connection.close()
        raise DatabaseUnusable(f"This is PostgreSQL {found}; Assay needs 15 or later.")
    return connection


def exists(parameters: Mapping[str, Any]) -> bool:
    with connect(parameters, name="postgres") as connection:
        return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [parameters["NAME"]]).fetchone())


def create(parameters: Mapping[str, Any]) -> bool:
    """Create the database unless it is there; return whether it was made. Raises DatabaseUnusable without the right to."""
    if exists(parameters):
        return False
    with connect(parameters, name="postgres") as connection:
        try:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(parameters["NAME"])))
        except psycopg.errors.DuplicateDatabase:
            return False
        except psycopg.errors.InsufficientPrivilege:
            raise DatabaseUnusable(
                f"{parameters['USER']} may not create the database {parameters['NAME']}; create it, or"
                f" ALTER ROLE {parameters['USER']} CREATEDB."
            ) from None
    return True


def drop(parameters: Mapping[str, Any]) -> None:
    """Drop the database if it is there, whoever is connected to it."""
    with connect(parameters, name="postgres") as connection:
        try:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(parameters["NAME"]))
            )
        except psycopg.errors.InsufficientPrivilege:
            raise DatabaseUnusable(
                f"The database {parameters['NAME']} belongs to somebody else than {parameters['USER']}; have its owner"
                " drop it, or use another server."
            ) from None


@contextmanager
def reserved(parameters: Mapping[str, Any]) -> Iterator[None]:
    """Keep the database to this process for as long as this lasts. Raises DatabaseUnusable while another one has it."""
    with connect(parameters, name="postgres") as connection:
        name = parameters["NAME"]
        had = connection.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [f"assay: {name}"]).fetchone()
        if not had or not had[0]:
            raise DatabaseUnusable(f"Another command is at work on the database {name}; wait until it has ended.")
        yield
