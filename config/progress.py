"""How commands speak: bars while they run, a report or one JSON object at the end."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


def bars(console: Console) -> Progress:
    """Return progress bars: a name, a bar, how many of how many, and the time it took."""
    return Progress(
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def console_for(*, is_json: bool) -> Console:
    """Return where people are spoken to: standard output, or standard error where that is kept for JSON."""
    return Console(file=sys.stderr if is_json else sys.stdout, highlight=False)


def print_json(figures: dict[str, Any], *, ok: bool, **more: Any) -> None:
    """Print the one JSON object that ends a command's output."""
    print(json.dumps({"ok": ok, "figures": figures, **more}, ensure_ascii=False), flush=True)
