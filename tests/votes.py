"""Votes as agreement reads them."""

from collections import Counter
from collections.abc import Iterable, Mapping


def patterns_of(units: Iterable[Mapping[str, int]]) -> Counter[tuple[tuple[str, int], ...]]:
    """How often each combination of votes ({value: count}) occurs; units with fewer than two votes are left out."""
    return Counter(
        tuple(sorted((value, count) for value, count in votes.items() if count))
        for votes in units
        if sum(votes.values()) > 1
    )
