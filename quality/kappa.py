"""How far two people (or a person and a judge) agree beyond chance on the same items. Pure functions of the standard library.

Sources: kappa (J. Cohen, "A coefficient of agreement for nominal scales", 1960) with its large-sample variance (J. L. Fleiss, J.
Cohen and B. S. Everitt, "Large sample standard errors of kappa and weighted kappa", 1969).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from quality.proportions import Interval, normal_quantile


@dataclass(frozen=True, slots=True)
class Kappa:
    """None where all verdicts of both are one and the same: agreement beyond chance is not defined then."""

    value: float | None
    interval: Interval | None


def cohen_kappa(one: Sequence[str], other: Sequence[str], *, confidence: float = 0.95) -> Kappa:
    """Return kappa = (p_o - p_e) / (1 - p_e), with a normal interval from Fleiss, Cohen and Everitt's variance."""
    total = len(one)
    cells = Counter(zip(one, other, strict=True))
    rows, columns = Counter(one), Counter(other)
    values = rows.keys() | columns.keys()
    if len(values) < 2:
        return Kappa(None, None)
    observed = sum(cells[value, value] for value in values) / total
    expected = sum(rows[value] * columns[value] for value in values) / total**2
    kappa = (observed - expected) / (1 - expected)
    agreeing = sum(
        cells[value, value] / total * (1 - (rows[value] + columns[value]) / total * (1 - kappa)) ** 2
        for value in values
    )
    differing = (1 - kappa) ** 2 * sum(
        count / total * ((columns[a] + rows[b]) / total) ** 2 for (a, b), count in cells.items() if a != b
    )
    variance = (agreeing + differing - (kappa - expected * (1 - kappa)) ** 2) / (total * (1 - expected) ** 2)
    half = normal_quantile(confidence) * sqrt(max(0.0, variance))
    return Kappa(kappa, Interval(max(-1.0, kappa - half), min(1.0, kappa + half)))
