"""The order that several rankings have in common, pair by pair. Pure functions on plain values.

Source: the majority relation of M. de Condorcet, "Essai sur l'application de l'analyse" (1785). It may run in circles;
then there is no common order.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

Tiers = Sequence[Sequence[str]]
Pair = tuple[str, str]


def pair_votes(rankings: Sequence[Tiers]) -> dict[Pair, Counter[str]]:
    """Count for every pair of keys how many rankings say "a>b", "b>a" or "a=b" (tiers, the best first)."""
    votes: dict[Pair, Counter[str]] = {}
    for tiers in rankings:
        place = {key: number for number, tier in enumerate(tiers) for key in tier}
        for one, other in combinations(sorted(place), 2):
            counts = votes.setdefault((one, other), Counter())
            if place[one] == place[other]:
                counts[f"{one}={other}"] += 1
            else:
                counts[f"{one}>{other}" if place[one] < place[other] else f"{other}>{one}"] += 1
    return votes


def weak_order(votes: Mapping[Pair, Counter[str]], rankings: int) -> list[list[str]] | None:
    """Return the tiers in which a stands before b exactly where more than half of the rankings say so, else they share.

    None where no tiers do that: the majorities run in a circle, or ties do not carry over.
    """
    keys = sorted({key for pair in votes for key in pair})
    beaten: dict[str, set[str]] = {key: set() for key in keys}
    for (one, other), counts in votes.items():
        if 2 * counts[f"{one}>{other}"] > rankings:
            beaten[one].add(other)
        elif 2 * counts[f"{other}>{one}"] > rankings:
            beaten[other].add(one)
    levels = sorted({len(below) for below in beaten.values()}, reverse=True)
    tiers = [[key for key in keys if len(beaten[key]) == level] for level in levels]
    lower = {
        key: {each for below in tiers[number + 1 :] for each in below}
        for number, tier in enumerate(tiers)
        for key in tier
    }
    return tiers if beaten == lower else None
