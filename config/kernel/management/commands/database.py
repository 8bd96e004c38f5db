"""The development database: `database reset` empties it, `database create` makes it, `database path` says where it is."""

import shutil
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from config.kernel import databases, embedded
from config.kernel.house import is_embedded, server


class Command(BaseCommand):
    help = "Make, empty or locate the database."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["create", "reset", "path"])
        parser.add_argument("--yes", action="store_true", help="do not ask before emptying")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, options["verb"])(**options)
        except (databases.DatabaseUnusable, embedded.EmbeddedError) as error:
            raise CommandError(str(error)) from error

    def create(self, **options: Any) -> None:
        """Make the database and its tables, or bring them up to date."""
        with server():
            databases.create(settings.DATABASES["default"])
            call_command("migrate", verbosity=options["verbosity"], interactive=False)
            connections.close_all()

    def reset(self, **options: Any) -> None:
        """Drop the database and the files that belong to it, after asking."""
        target = settings.DATABASES["default"]
        where = f"the database {target['NAME']}" + ("" if is_embedded() else f" on {target['HOST']}")
        question = f"This deletes {where} and all uploaded and released files in {settings.HOME}. Type yes to go on: "
        if not options["yes"] and not self._agrees(question):
            raise CommandError("Nothing was deleted.")
        if is_embedded():
            embedded.remove()
            shutil.rmtree(settings.HOME / "files", ignore_errors=True)
        else:
            databases.drop(target)
            shutil.rmtree(settings.FILES, ignore_errors=True)
        self.stdout.write("Emptied. `make serve` begins anew.")

    def path(self, **options: Any) -> None:
        self.stdout.write(str(settings.HOME))

    def _agrees(self, question: str) -> bool:
        if not sys.stdin.isatty():
            raise CommandError("There is nobody to ask; say --yes (make reset ARGS=--yes) if you mean it.")
        return input(question).strip().lower() == "yes"
