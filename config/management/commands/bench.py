"""Measure the product against its floor, on a database of its own, made anew."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.table import Table

from config import house
from config.bench import ingest
from config.kernel import databases, embedded
from config.kernel.house import server
from config.progress import console_for, print_json

SUBJECTS = {"ingest": ingest}


class Command(BaseCommand):
    help = "Measure a subject: " + ", ".join(SUBJECTS)
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", choices=sorted(SUBJECTS))
        parser.add_argument("--json", action="store_true", help="end with one JSON object")
        parser.add_argument("--batch", type=int, help="read this received batch here, and say how long it took")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"]:
            self.stdout.write(json.dumps(ingest.ingest_here(options["batch"])))
            return
        console = console_for(is_json=options["json"])
        console.print(f"Measuring {options['subject']} …")
        try:
            with server():
                house.prepare_database(is_new=True)
                figures = SUBJECTS[options["subject"]].measure(console)
        except (house.CannotStart, databases.DatabaseUnusable, embedded.EmbeddedError) as error:
            raise CommandError(str(error)) from error
        table = Table("figure", "value", box=None)
        for name, value in figures.items():
            table.add_row(name, f"{value:,}")
        console.print(table)
        if options["json"]:
            print_json(figures, ok=True)
