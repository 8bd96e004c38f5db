"""Measuring: what each subject of `manage.py bench` has in common."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")


@dataclass
class Report:
    """What was measured, by name with the unit last, and what went wrong."""

    figures: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def timed(act: Callable[[], Any]) -> float:
    """Return the seconds that act() takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def peak_mb() -> float:
    """Return the most memory that this process has held at once, in MB (2**20 bytes).

    Linux says so of the program that runs; elsewhere it is that of the process, whatever it ran before.
    """
    if STATUS.exists():
        peak = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
