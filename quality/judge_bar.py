"""What a judge must show for its verdicts to count. Pure, and without numpy: web workers show it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class JudgeBar:
    """What makes a judge's verdicts count towards acceptance: bounds of 95 % intervals, never the estimates."""

    items_least: int = 100
    kappa_low: float = 0.6
    sensitivity_low: float = 0.8
    specificity_low: float = 0.8
    consistent_low: float = 0.85
    flipped_high: float = 0.05


def bar_of(contract: Mapping[str, Any]) -> JudgeBar:
    """Return the bar of the contract: "judge_kappa_low": 0.7, and so on for each part; the usual one else."""
    named: dict[str, Any] = {field.name: contract.get(f"judge_{field.name}") for field in fields(JudgeBar)}
    given: dict[str, Any] = {name: value for name, value in named.items() if isinstance(value, (int, float))}
    return JudgeBar(**given)
