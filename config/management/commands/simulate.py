"""Simulate routing: the product's policy beside simple ones and beside the most that any plan could reach."""

import os
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from config.progress import bars, console_for, print_json
from config.simulation.handling import handling_times
from config.simulation.policies import POLICIES
from config.simulation.report import ScenarioResult, figures_of, run_all
from config.simulation.workload import SCENARIOS

SEEDS = 20


class Command(BaseCommand):
    help = "Simulate routing in five fixed scenarios: hits, turnaround, cost, and the bound of a clairvoyant plan."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many traces a scenario ({SEEDS})")
        parser.add_argument("--data", type=Path, help="the folder of datasets (ASSAY_DATA, or ../shared/data)")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seeds"] < 1:
            raise CommandError("--seeds must be at least 1.")
        console = console_for(is_json=options["json"])
        folder = options["data"] or Path(os.environ.get("ASSAY_DATA") or settings.BASE_DIR.parent / "shared/data")
        times = handling_times(folder)
        console.print(f"Handling times: {times.source}.", soft_wrap=True)
        with bars(console) as progress:
            task = progress.add_task("Scenarios and seeds", total=len(SCENARIOS) * options["seeds"])
            results = run_all(seeds=options["seeds"], times=times, step=partial(progress.advance, task))
        figures = {**figures_of(results), "seeds": options["seeds"], "handling_times_real": int(times.is_real)}
        tell(results, figures, console)
        below = [each.scenario.name for each in results if not each.is_never_below]
        if options["json"]:
            print_json(figures, ok=not below, handling_times=times.source, below_best_simple=below)
        if below:
            raise CommandError(f"The policy is below the best simple one, beyond noise, in: {', '.join(below)}.")


def tell(results: list[ScenarioResult], figures: dict[str, float], console: Console) -> None:
    """Print a table a scenario."""
    console.print(
        "In time: shares of tasks, all and by priority; ±: standard error over seeds. p95 h: turnaround. Scarce: how much of"
        " the hours of those who alone can do the scarcest work went into it. Cost: of a task.\n",
        soft_wrap=True,
    )
    for result in results:
        name = result.scenario.name
        table = Table(title=f"{name}: {result.task_count} tasks in all", title_justify="left")
        for column in ("policy", "in time", "±", "p0", "p1", "p2", "p95 h", "scarce", "cost"):
            table.add_column(column, justify="left" if column == "policy" else "right", no_wrap=True)
        for policy in POLICIES:
            of = f"{policy}_{name}"
            hits = [f"{figures[f'sla_hit_{each}{of}']:.2%}" for each in ("", "error_", "p0_", "p1_", "p2_")]
            rest = (f"{figures[f'p95_turnaround_hours_{of}']:.2f}", f"{figures[f'scarce_use_{of}']:.1%}")
            table.add_row(policy, *hits, *rest, f"{figures[f'cost_per_task_{of}']:.2f}")
        table.add_row("bound", f"{figures[f'sla_hit_bound_{name}']:.2%}")
        console.print(table)
        console.print(
            f"Ours over {result.best_simple}: {figures[f'advantage_over_best_simple_{name}']:+.2%}"
            f" ± {figures[f'advantage_error_{name}']:.2%};"
            f" {figures[f'ratio_to_bound_{name}']:.2%} of the bound"
            f" ({figures[f'worth_ratio_to_bound_{name}']:.2%} by worth).\n",
            soft_wrap=True,
        )
