"""The main job from upload to an accepted, verified release, on a database of its own, made anew."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import house
from config.clients import Refused
from config.demo import run_demo, tell
from config.kernel.errors import DomainError
from config.progress import console_for, print_json


class Command(BaseCommand):
    help = "Run the main job on the bundled sample: upload, judge, resolve, freeze, check, accept, verify."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        console = console_for(is_json=options["json"])
        console.print("Starting PostgreSQL, the web server and the job workers …")
        try:
            with house.running(is_new=True, plays_people=True) as running:
                report = run_demo(running, console)
                tell(report, console)
        except (house.CannotStart, Refused, DomainError) as error:
            raise CommandError(str(error)) from error
        is_ok = bool(report.figures["accepted"]) and report.is_foreign_refused
        if options["json"]:
            print_json(report.figures, ok=is_ok, standings=report.standings, files=str(report.folder))
        if not is_ok:
            raise CommandError("The demonstration did not end as it should; the report says where.")
