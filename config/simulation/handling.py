"""How long judgments take: the real times of UKPConvArg1, or a log-normal with its percentiles where it is not there."""

import csv
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# Seconds from accepting to submitting a vote: half of them under 166, and 5 % beyond 53 and 540 on either side.
MEDIAN_SECONDS, LOW_SECONDS, HIGH_SECONDS = 166.0, 53.0, 540.0
NORMAL_95 = 1.6449
SIGMA = math.log(HIGH_SECONDS / LOW_SECONDS) / (2 * NORMAL_95)
# The task had a limit of fifteen minutes; the tail is cut there.
MOST_SECONDS = 900.0


@dataclass(frozen=True)
class HandlingTimes:
    """Draws the seconds of one judgment; `source` says in words where they come from."""

    source: str
    is_real: bool
    draw: Callable[[random.Random], float]


def handling_times(folder: Path) -> HandlingTimes:
    """Return the times of the dataset in this folder, or the log-normal where it is not there."""
    path = folder / "ukpconvarg1" / "votes.csv"
    if path.is_file():
        seconds = read_seconds(path)
        return HandlingTimes(f"{len(seconds):,} times of UKPConvArg1", True, lambda chance: chance.choice(seconds))
    return HandlingTimes(
        f"a log-normal (median {MEDIAN_SECONDS:g} s, 5 to 95 %: {LOW_SECONDS:g} to {HIGH_SECONDS:g} s): {path} is not there",
        False,
        log_normal,
    )


def read_seconds(path: Path) -> list[float]:
    """Return the seconds between accepting and submitting each vote, those above nought."""
    with path.open(encoding="utf-8", newline="") as file:
        took = [_time(row["submit_utc"]) - _time(row["accept_utc"]) for row in csv.DictReader(file)]
    return [each.total_seconds() for each in took if each.total_seconds() > 0]


def log_normal(chance: random.Random) -> float:
    return min(chance.lognormvariate(math.log(MEDIAN_SECONDS), SIGMA), MOST_SECONDS)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix(" UTC") + "+00:00")
