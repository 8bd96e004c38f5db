"""Replay a dataset of real judgments over HTTP, exactly as people would have given them."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from config import house
from config.clients import Refused
from config.kernel.errors import DomainError
from config.progress import console_for, print_json
from config.replay.adapters import ADAPTERS, BadDataset, read_dataset
from config.replay.run import Replayed, replay


class Command(BaseCommand):
    help = "Replay a dataset of real judgments: upload, judge, resolve, release, read back."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", help=", ".join(ADAPTERS))
        parser.add_argument("path", type=Path, help="the folder that holds its files")
        parser.add_argument("--limit", type=int, help="replay the first so many items only")
        parser.add_argument(
            "--url",
            help="a running server on the configured database (ASSAY_DATABASE_NAME); its times are kept with ASSAY_TIMES_AS_TOLD=yes there",
        )
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        console = console_for(is_json=options["json"])
        try:
            dataset = read_dataset(options["dataset"], options["path"]).limited(options["limit"])
            running = nullcontext() if options["url"] else house.running(is_new=True, plays_people=True)
            with running as own:
                done = replay(dataset, url=options["url"] or getattr(own, "url", ""), console=console)
        except (BadDataset, house.CannotStart, Refused, DomainError) as error:
            raise CommandError(str(error)) from error
        tell(done, dataset.title, console)
        if options["json"]:
            print_json(done.figures, ok=not done.faults, content_digest=done.content_digest, faults=done.faults)
        if done.faults:
            raise CommandError(done.faults[0])


def tell(done: Replayed, title: str, console: Console) -> None:
    """Print the report."""
    say = partial(console.print, soft_wrap=True)
    figures = done.figures
    say(f"\n[bold]{title}[/bold]")
    say(
        f"  {figures['items']} items, {figures['annotations']} judgments by {figures['raters']} raters;"
        f" {figures['judgments_per_s']} a second over HTTP, {figures['seconds']} s in all."
    )
    say(f"  {figures['agreed']} agreed, {figures['no_agreement']} without an agreed answer.")
    if figures["alpha_nominal"] is not None:
        say(
            f"  Unanimous {figures['unanimous_share']:.1%}; Krippendorff's alpha {figures['alpha_nominal']:.3f}"
            f" ({figures['alpha_low']:.3f} to {figures['alpha_high']:.3f})."
        )
    say(f"  Released {figures['released']} records, content digest {done.content_digest}")
    say(f"  Files: {done.folder}")
    for fault in done.faults:
        say(f"  [red]{fault}[/red]")
