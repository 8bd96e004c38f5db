"""Which share of a reviewer's tasks should be gold: more where less is known of them. Pure functions."""

from dataclasses import dataclass

# The width between the two 95 % bounds of an accuracy of which nothing is known: 0.95 - 0.05.
UNKNOWN_WIDTH = 0.90


@dataclass(frozen=True, slots=True)
class GoldBounds:
    """Shares of tasks. `settled_width` is how narrow the interval must be for the lowest share to do."""

    lowest: float = 0.05
    highest: float = 0.30
    settled_width: float = 0.15


def gold_share(width: float, *, bounds: GoldBounds | None = None) -> float:
    """Return the share of gold for a reviewer between whose two bounds of accuracy lies `width`.

        share = lowest + (highest - lowest) * (width - settled_width) / (0.90 - settled_width), between the two

    It rises again by itself as old evidence fades. It never reaches zero: what is not watched can drift unseen. Gold must
    not be told by how often it comes, so the share is a mean, and the places are drawn at random by whoever seeds it.
    """
    bounds = bounds or GoldBounds()
    way = (width - bounds.settled_width) / (UNKNOWN_WIDTH - bounds.settled_width)
    return bounds.lowest + (bounds.highest - bounds.lowest) * min(max(way, 0.0), 1.0)
