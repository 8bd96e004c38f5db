"""Django's migrate, and after it the runtime role with its grants: a new table is never open to what may not touch it."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import ProgrammingError, connections

from config.kernel import roles


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if options["check_unapplied"] or options["plan"]:
            return
        connection = connections[options["database"]]
        name, password = settings.RUNTIME_ROLE["USER"], settings.RUNTIME_ROLE["PASSWORD"]
        try:
            roles.provide_runtime_role(connection, name=name, password=password)
        except ProgrammingError as error:
            raise CommandError(
                f"The runtime role {name} could not be set up ({str(error).splitlines()[0]}); give the owner CREATEROLE,"
                " or make a role without rights and name it in DATABASE_RUNTIME_URL."
            ) from error
