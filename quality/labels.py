"""The labels that workers gave to items, as arrays that inference and agreement read. Pure; for jobs and commands only (numpy).

A row is one label: `item`, `worker` and `value` are places in the sorted names, `weight` is how much of a vote it is. Nothing
is stored by item and worker together, so memory grows with the labels and not with items times workers.
"""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """n labels. `items`, `workers` and `values` name the places; `item`, `worker`, `value` and `weight` have shape (n,)."""

    items: tuple[str, ...]
    workers: tuple[str, ...]
    values: tuple[str, ...]
    item: Places
    worker: Places
    value: Places
    weight: Floats

    def __len__(self) -> int:
        return len(self.item)

    def only(self, rows: NDArray[np.bool_]) -> "Labels":
        """Return the chosen rows; all names stay, so that places mean the same."""
        return replace(
            self, item=self.item[rows], worker=self.worker[rows], value=self.value[rows], weight=self.weight[rows]
        )


@dataclass(frozen=True, slots=True, eq=False)
class OneVoteEach:
    """Labels in which each worker has one vote an item; how many rows only repeated one, and how many pairs of worker and
    item contradict themselves."""

    labels: Labels
    duplicates: int
    contradictions: int


def index_labels(rows: Iterable[tuple[str, str, str]], *, values: Iterable[str] = ()) -> Labels:
    """Return the (item, worker, value) rows as arrays, each row one vote. `values` are those possible beside the given ones.

    Names are sorted, numbers by size, so the order of the rows changes no name's place.
    """
    codes: tuple[dict[str, int], ...] = ({}, {}, {})
    columns = (array("q"), array("q"), array("q"))
    for value in values:
        codes[2].setdefault(value, len(codes[2]))
    for row in rows:
        for code, column, name in zip(codes, columns, row, strict=True):
            column.append(code.setdefault(name, len(code)))
    (items, item), (workers, worker), (kinds, kind) = (
        _sorted_places(code, column) for code, column in zip(codes, columns, strict=True)
    )
    return Labels(items, workers, kinds, item, worker, kind, np.ones(len(item)))


def _sorted_places(code: dict[str, int], column: "array[int]") -> tuple[tuple[str, ...], Places]:
    names = in_order(code)
    place = np.empty(len(names), dtype=np.intp)
    place[[code[name] for name in names]] = np.arange(len(names))
    return names, place[np.frombuffer(column, dtype=np.int64)] if len(column) else np.empty(0, dtype=np.intp)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names sorted: by size where all are numbers, else by their letters."""
    listed = sorted(names)
    numbers = numbers_of(listed)
    return tuple(listed) if numbers is None else tuple(sorted(listed, key=float))


def numbers_of(names: Sequence[str]) -> list[float] | None:
    """Return the numbers that the names stand for; None where one of them stands for no finite number."""
    try:
        numbers = [float(name) for name in names]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def one_vote_each(labels: Labels) -> OneVoteEach:
    """Return the labels with the vote of a worker on an item counted once, however often they gave it.

    The rule: a worker has one vote an item. Who said the same again said nothing new, for their two answers are not
    independent of each other. Who said different things divides the vote in the proportion in which they said them: which
    was meant is not known, and no order of rows tells. So the result does not depend on the order of the rows.
    """
    size, kinds = len(labels.workers), len(labels.values)
    cells = (labels.item * size + labels.worker) * kinds + labels.value
    said, counts = np.unique(cells, return_counts=True)
    voters, starts = np.unique(said // kinds, return_index=True)
    different = np.diff(np.append(starts, len(said)))
    totals = np.add.reduceat(counts, starts) if len(said) else counts
    return OneVoteEach(
        Labels(
            labels.items,
            labels.workers,
            labels.values,
            np.repeat(voters // size, different) if size else labels.item,
            np.repeat(voters % size, different) if size else labels.worker,
            said % kinds if kinds else labels.value,
            counts / np.repeat(totals, different),
        ),
        duplicates=int((counts - 1).sum()),
        contradictions=int((different > 1).sum()),
    )
