"""What differs between two versions of a guideline. Pure functions on plain values.

A clause keeps its id for ever, so that what changed can be said clause by clause: added, removed, reworded, moved.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from labeling.forms.diffs import Diff, diff_of

Clause = Mapping[str, Any]

COMPARED = 256  # pairs of texts


@dataclass(frozen=True, slots=True)
class Reworded:
    """A clause of both versions that says something else now. `diff` is over its text, `title_diff` over its title."""

    id: str
    title: str
    title_diff: Diff
    diff: Diff


@dataclass(frozen=True, slots=True)
class Changes:
    """`added` and `removed` hold whole clauses, `moved` the ids of those that stand elsewhere among the others."""

    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    reworded: list[Reworded]
    moved: list[str]
    examples_added: list[dict[str, Any]]
    examples_removed: list[dict[str, Any]]

    @property
    def clauses(self) -> list[str]:
        """The ids of the clauses whose words changed, came or went; a move alone changes nothing that is asked."""
        return sorted({each["id"] for each in [*self.added, *self.removed]} | {each.id for each in self.reworded})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def changes_between(
    old: Sequence[Clause],
    new: Sequence[Clause],
    *,
    old_examples: Sequence[Mapping[str, Any]] = (),
    new_examples: Sequence[Mapping[str, Any]] = (),
) -> Changes:
    """Return what `new` changes of `old`: clauses with unique ids each, compared by id."""
    before = {clause["id"]: clause for clause in old}
    after = {clause["id"]: clause for clause in new}
    return Changes(
        added=[dict(clause) for clause in new if clause["id"] not in before],
        removed=[dict(clause) for clause in old if clause["id"] not in after],
        reworded=[
            _reworded(before[name], clause)
            for name, clause in after.items()
            if name in before and _words(before[name]) != _words(clause)
        ],
        moved=_moved([name for name in before if name in after], [name for name in after if name in before]),
        examples_added=[dict(each) for each in new_examples if each not in old_examples],
        examples_removed=[dict(each) for each in old_examples if each not in new_examples],
    )


def _words(clause: Clause) -> tuple[str, str]:
    return clause.get("title", ""), clause.get("text", "")


def _reworded(old: Clause, new: Clause) -> Reworded:
    (old_title, old_text), (title, text) = _words(old), _words(new)
    return Reworded(new["id"], title, _diff(old_title, title), _diff(old_text, text))


def _diff(old: str, new: str) -> Diff:
    return [list(step) for step in _compared(old, new)]


# A reviewer is told what changed whenever they ask for work before they have read it: it is found once a process.
@lru_cache(maxsize=COMPARED)
def _compared(old: str, new: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(step) for step in diff_of(old, new))


def _moved(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the ids, in their new order, outside of a longest run that kept its order: the fewest that can have moved."""
    places = {name: place for place, name in enumerate(old)}
    tails: list[int] = []  # the smallest last place of a run of each length
    ends: list[int] = []  # where in `new` that run ends
    before: list[int | None] = []
    for index, name in enumerate(new):
        length = bisect_left(tails, places[name])
        before.append(ends[length - 1] if length else None)
        tails[length : length + 1] = [places[name]]
        ends[length : length + 1] = [index]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return [name for index, name in enumerate(new) if index not in kept]
