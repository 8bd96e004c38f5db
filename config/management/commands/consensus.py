"""Infer what is true of items from many workers' labels, without a database."""

import csv
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.table import Table

from config.crowds import AUTO, Found, Unreadable, correctness, infer, read_answers, read_labels
from config.progress import console_for, print_json
from quality.choosing import methods


class Command(BaseCommand):
    help = "Infer true labels from a CSV file of many workers' labels, by a method that is chosen and explained."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("labels", type=Path, help="a CSV file with the columns item, worker and label")
        parser.add_argument(
            "--truth", type=Path, help="a CSV file with the columns item and truth, to be measured against"
        )
        parser.add_argument("--gold", type=Path, help="the same, of items whose truth the methods may learn from")
        parser.add_argument("--method", choices=[AUTO, *methods()], default=AUTO, help="how (auto)")
        parser.add_argument("--ordered", action="store_true", help="the labels are degrees, in order of their names")
        parser.add_argument("--out", type=Path, help="write item, label and belief of each item to this CSV file")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.perf_counter()
        try:
            gold = read_answers(options["gold"]) if options["gold"] else {}
            truth = read_answers(options["truth"]) if options["truth"] else {}
            labels = read_labels(options["labels"], values=tuple(gold.values()))
        except Unreadable as error:
            raise CommandError(str(error)) from error
        found = infer(labels, method=options["method"], gold=gold, is_ordered=options["ordered"])
        figures = {
            "items": len(labels.items),
            "workers": len(labels.workers),
            "labels": len(labels),
            "duplicates": found.votes.duplicates,
            "contradictions": found.votes.contradictions,
            "gold": sum(item in gold for item in labels.items),
            **correctness(found, truth=truth, gold=gold),
            "alpha_nominal": _rounded(found.alpha_nominal.value),
            "alpha_ordinal": _rounded(found.alpha_ordinal.value),
            "seconds": round(time.perf_counter() - began, 3),
        }
        if options["out"]:
            _write(options["out"], found)
        console = console_for(is_json=options["json"])
        table = Table("figure", "value", box=None)
        for name, value in figures.items():
            table.add_row(name, "–" if value is None else f"{value:,}")
        console.print(table)
        console.print(f"By {found.method}. {found.why}", soft_wrap=True)
        undefined = {
            f"alpha_{name}": each.why
            for name, each in (("nominal", found.alpha_nominal), ("ordinal", found.alpha_ordinal))
            if each.why
        }
        for name, why in undefined.items():
            console.print(f"{name}: {why}", soft_wrap=True)
        if options["json"]:
            print_json(figures, ok=True, method=found.method, why=found.why, undefined=undefined)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _write(path: Path, found: Found) -> None:
    """Write the likeliest label of each item and how far it is believed; of several that tie the first in order."""
    labels, posterior = found.votes.labels, found.truth.posterior
    best = found.truth.answers().argmax(axis=1)
    try:
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["item", "label", "belief"])
            writer.writerows(
                (item, labels.values[place], f"{row[place]:.6f}")
                for item, place, row in zip(labels.items, best, posterior, strict=True)
            )
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
