"""Desk, console, portal, API and jobs on this machine, with the sample in a lively state and a login for everybody."""

import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from rich.console import Console

from config import house, sample
from config.clients import Refused
from config.kernel import embedded
from config.kernel.errors import DomainError
from config.kernel.house import is_embedded
from config.lively import make_lively
from config.progress import console_for
from config.sample.founding import found_sample
from labeling.models import Customer

LOOK_SECONDS = 1.0
LOCAL = ("127.0.0.1", "localhost", "::1")
SURFACES = (
    ("Reviewer, at the desk", "/desk/", lambda people: people["guest"]),
    ("Operator, in the console", "/admin/", lambda people: people["operators"][0]),
    ("Customer, in the portal", "/portal/", lambda people: people["customers"][0]["admin"]),
    ("The other customer", "/portal/", lambda people: people["customers"][1]["admin"]),
)


class Command(BaseCommand):
    help = "Serve the three surfaces on this machine until Ctrl+C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000)")
        parser.add_argument("--empty", action="store_true", help="leave a new database empty: no sample")

    def handle(self, *args: Any, **options: Any) -> None:
        console = console_for(is_json=False)
        console.print("Starting PostgreSQL, the web server and the job workers …")
        try:
            has_sample = not options["empty"] and not settings.IS_PRODUCTION
            with house.running(host=options["host"], port=options["port"], plays_people=has_sample) as running:
                if not options["empty"]:
                    provide_sample(running, console)
                self._tell(console, options["port"])
                if options["host"] not in LOCAL:
                    console.print("From other machines it answers to the names in ASSAY_HOSTS only.")
                self._wait(running)
        except KeyboardInterrupt:
            console.print("\nStopped.")
        except (house.CannotStart, Refused, DomainError, embedded.EmbeddedError) as error:
            raise CommandError(str(error)) from error

    def _tell(self, console: Console, port: int) -> None:
        passwords, people = known_passwords(), sample.load("people.json")
        console.print()
        for who, path, pick in SURFACES:
            email = pick(people)["email"]
            if email in passwords:
                address = f"http://localhost:{port}{path}"
                console.print(f"{who:<26} {address:<31} {email:<18} {passwords[email]}", soft_wrap=True)
        console.print(f"{'API pages':<26} http://localhost:{port}/api/docs/", soft_wrap=True)
        console.print(f"{'Logs':<26} {settings.HOME / 'logs'}", soft_wrap=True)
        console.print("Ctrl+C stops it.")

    def _wait(self, running: house.House) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            running.check()
            if is_embedded():
                embedded.ensure_running()


def provide_sample(running: house.House, console: Console) -> None:
    """Found the sample in an empty database, with passwords made up here and kept for the next start."""
    if Customer.objects.exists():
        connections.close_all()
        if _logins().exists() and not _is_complete().exists():
            console.print("The sample was left half made when it was interrupted; `make reset` begins anew.")
        return
    passwords = {email: secrets.token_urlsafe(9) for email in _emails()}
    with open(os.open(_logins(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(passwords, file)
    make_lively(running, found_sample(password_of=passwords.get), console)
    _is_complete().touch(mode=0o600)


def known_passwords() -> dict[str, str]:
    """Return the passwords that were made up for this database, if they were."""
    path = _logins()
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _logins() -> Path:
    folder: Path = settings.FILES
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / "logins.json"


def _is_complete() -> Path:
    """Return the file that is there once the sample has been made to its end."""
    return _logins().with_name("sample-complete")


def _emails() -> list[str]:
    people = sample.load("people.json")
    return [pick(people)["email"] for _who, _path, pick in SURFACES]
