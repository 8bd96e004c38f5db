#!/usr/bin/env python3
"""Assay's commands. Runs in .venv wherever it is called from; what changes the schema connects as the owner."""

import importlib.util
import os
import sys
from pathlib import Path

ENVIRONMENT = Path(__file__).resolve().parent / ".venv"

# These create, drop or rewrite what the runtime role may not touch; every other command connects as that role.
OWNER_COMMANDS = frozenset(
    {
        "database",
        "dbshell",
        "flush",
        "makemigrations",
        "migrate",
        "showmigrations",
        "sqlmigrate",
    }
)


# These work on a database of their own, made anew each time.
DATABASES_OF_COMMANDS = {"bench": "assay_bench", "demo": "assay_demo", "replay": "assay_replay"}


def enter_environment() -> None:
    """Return where Django can be imported; else start again in .venv, or end with one sentence if it cannot help."""
    if importlib.util.find_spec("django") is not None:
        return
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        sys.exit("assay: Django is not installed here; run `make demo` once, which makes .venv, and try again.")
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        sys.exit("assay: .venv is incomplete; run `make demo`, which installs what is missing, and try again.")
    os.execv(python, [str(python), *sys.argv])


def unreachable(error: Exception) -> str | None:
    """Return one sentence where the error is that the database cannot be reached or entered; None for any other."""
    cause = error.__cause__
    if type(cause).__name__ not in {"OperationalError", "ConnectionTimeout"} or getattr(cause, "sqlstate", None):
        return None
    return f"PostgreSQL cannot be reached: {str(cause).strip().splitlines()[0]}. Check DATABASE_URL."


def main() -> None:
    """Run the command that the arguments name, as the database role it needs unless ASSAY_DATABASE_ROLE says another."""
    enter_environment()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("ASSAY_DATABASE_ROLE", "owner")
    if "--url" not in " ".join(sys.argv) and sys.argv[1:2] and (name := DATABASES_OF_COMMANDS.get(sys.argv[1])):
        os.environ["ASSAY_DATABASE_NAME"] = name
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if sentence := unreachable(error):
            sys.exit(f"assay: {sentence}")
        raise


if __name__ == "__main__":
    main()
