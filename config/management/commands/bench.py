"""Measure the product against its floor, on a database of its own, made anew; or its rules against people made up."""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from config import house
from config.bench import Report, claims, consensus, crowd_report, ingest, leases, reviewers
from config.bench.queues import owner
from config.kernel import databases, embedded
from config.kernel.house import server
from config.progress import bars, console_for, print_json


class Command(BaseCommand):
    help = "Measure a subject: ingest, claims, leases, reviewers, consensus"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", choices=["claims", "consensus", "ingest", "leases", "reviewers"])
        parser.add_argument("--json", action="store_true", help="end with one JSON object")
        parser.add_argument("--batch", type=int, help="ingest: read this received batch here, and say how long it took")
        parser.add_argument(
            "--small", type=int, help="ingest: only one file of so many small rows, staged and accepted"
        )
        parser.add_argument("--tasks", type=numbers, default="10000,100000,1000000", help="claims: how many open tasks")
        parser.add_argument("--reviewers", type=numbers, default="1,4,16", help="claims: how many at once")
        parser.add_argument("--answers", type=int, default=20_000, help="leases: how many tasks are judged")
        parser.add_argument("--people", type=int, default=200, help="reviewers: how many of each kind")
        parser.add_argument(
            "--through",
            choices=["rules", "services"],
            default="rules",
            help="reviewers: the rules alone, or the whole product on a database of its own, with some people of each kind",
        )
        parser.add_argument("--days", type=int, default=10, help="reviewers, through services: how long they work")
        parser.add_argument("--seed", type=int, default=1, help="reviewers: the same seed, the same people")
        parser.add_argument("--seconds", type=float, default=8.0, help="claims: how long each measurement takes")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"]:
            self.stdout.write(json.dumps(ingest.ingest_here(options["batch"])))
            return
        console = console_for(is_json=options["json"])
        console.print(f"Measuring {options['subject']} …")
        try:
            report = getattr(self, f"measure_{options['subject']}")(console, options)
        except (house.CannotStart, databases.DatabaseUnusable, embedded.EmbeddedError) as error:
            raise CommandError(str(error)) from error
        table = Table("figure", "value", box=None)
        for name, value in report.figures.items():
            table.add_row(name, f"{value:,}")
        console.print(table)
        if options["json"]:
            print_json(report.figures, ok=not report.faults, faults=report.faults)
        if report.faults:
            raise CommandError(report.faults[0])

    def measure_ingest(self, console: Console, options: dict[str, Any]) -> Report:
        with server():
            house.prepare_database(is_new=True)
            if options["small"]:
                return Report(ingest.measure_small(console, options["small"]))
            return Report(ingest.measure(console))

    def measure_claims(self, console: Console, options: dict[str, Any]) -> Report:
        with house.running(is_new=True) as running, bars(console) as progress:
            return claims.measure(
                running,
                tasks=options["tasks"],
                reviewers=options["reviewers"],
                seconds=options["seconds"],
                progress=progress,
            )

    def measure_leases(self, console: Console, options: dict[str, Any]) -> Report:
        with house.running(is_new=True), bars(console) as progress:
            return leases.measure(tasks=options["answers"], progress=progress)

    def measure_reviewers(self, console: Console, options: dict[str, Any]) -> Report:
        if options["through"] == "rules":
            return reviewers.measure(people=options["people"], seed=options["seed"])
        with server(), bars(console) as progress:
            house.prepare_database(is_new=True)
            with owner() as connection:
                return crowd_report.measure(
                    counts=crowd_report.COUNTS,
                    days=options["days"],
                    seed=options["seed"],
                    owner=connection,
                    progress=progress,
                )

    def measure_consensus(self, console: Console, options: dict[str, Any]) -> Report:
        folder = Path(os.environ.get("ASSAY_DATA") or settings.BASE_DIR.parent / "shared/data")
        with bars(console) as progress:
            report = consensus.measure(folder, progress=progress)
        if not report.figures["sets"]:
            console.print(
                f"The sets are left out: {folder} has none. ASSAY_DATA names the folder of datasets.", soft_wrap=True
            )
        return report


def numbers(text: str) -> list[int]:
    """Return the whole numbers, all above zero, that the text lists with commas; raises ValueError."""
    found = sorted({int(part) for part in text.split(",")})
    if not found or found[0] < 1:
        raise ValueError("numbers above zero")
    return found
