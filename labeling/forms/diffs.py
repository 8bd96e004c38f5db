"""The difference between a text and its edit, in words. Pure functions on plain values.

A difference is a list of [op, text] with op "=" (kept), "-" (taken out) or "+" (put in): read in order, "=" and "-"
give the original, "=" and "+" the edited text.
"""

import re
from collections.abc import Iterable, Sequence

from rapidfuzz.distance import Indel

Diff = list[list[str]]

KEPT, REMOVED, ADDED = "=", "-", "+"

# Comparing costs up to the product of the two lengths: beyond this, whole lines are compared instead of words, and
# beyond it in lines, the middle counts as written anew.
MOST_COMPARISONS = 25_000_000

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


def diff_of(original: str, edited: str) -> Diff:
    """Return the difference between two texts, with neighbouring steps of one kind joined."""
    for pattern in (_WORDS, _LINES):
        before, after = pattern.findall(original), pattern.findall(edited)
        start = _common(before, after)
        end = _common(before[start:][::-1], after[start:][::-1])
        middle = (before[start : len(before) - end], after[start : len(after) - end])
        if len(middle[0]) * len(middle[1]) <= MOST_COMPARISONS:
            break
    is_small = len(middle[0]) * len(middle[1]) <= MOST_COMPARISONS
    changed = _changes(*middle) if is_small else [(REMOVED, middle[0]), (ADDED, middle[1])]
    return _joined([(KEPT, before[:start]), *changed, (KEPT, before[len(before) - end :])])


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many tokens both begin with."""
    count = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        count += 1
    return count


def _changes(before: Sequence[str], after: Sequence[str]) -> Iterable[tuple[str, Sequence[str]]]:
    numbers: dict[str, int] = {}
    one, other = ([numbers.setdefault(token, len(numbers)) for token in tokens] for tokens in (before, after))
    removed: list[str] = []
    added: list[str] = []
    for op, i1, i2, j1, j2 in Indel.opcodes(one, other):
        old, new = before[int(i1) : int(i2)], after[int(j1) : int(j2)]
        if op == "equal":
            yield from ((REMOVED, removed), (ADDED, added), (KEPT, old))
            removed, added = [], []
        else:
            removed += old
            added += new
    yield from ((REMOVED, removed), (ADDED, added))


def _joined(steps: Iterable[tuple[str, Sequence[str]]]) -> Diff:
    joined: Diff = []
    for op, tokens in steps:
        if not (text := "".join(tokens)):
            continue
        if joined and joined[-1][0] == op:
            joined[-1][1] += text
        else:
            joined.append([op, text])
    return joined
