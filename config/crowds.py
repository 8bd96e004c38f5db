"""Files of many workers' labels: reading them, and what each method of inference makes of them.

Rows are read one by one; what is kept of a file is its names and three numbers a row.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quality.choosing import choose, methods
from quality.coefficients import Coefficient, counts_of, krippendorff
from quality.correctness import accuracy, macro_f1
from quality.labels import Labels, OneVoteEach, index_labels, numbers_of, one_vote_each
from quality.truth import Crowd, Truth

AUTO = "auto"
# Beliefs are kept for each item and value, several times over: more than this (160 MB a time) are refused.
MOST_BELIEFS = 20_000_000
NO_ORDER = "The labels are not numbers, so they have no order to go by."


class Unreadable(Exception):
    """A file cannot be used; the message is one sentence saying where and why, and what to do."""


def read_labels(path: Path, *, values: Sequence[str] = ()) -> Labels:
    """Return the labels of a CSV file with the columns item, worker and label; `values` are possible beside those given.

    Raises Unreadable.
    """
    rows = ((item, worker, label) for _, (item, worker, label) in _rows(path, ("item", "worker", "label")))
    labels = index_labels(rows, values=values)
    if not len(labels):
        raise Unreadable(f"{path} has no labels: below its header there is no row.")
    if len(labels.items) * len(labels.values) > MOST_BELIEFS:
        raise Unreadable(
            f"{path} has {len(labels.values):,} different labels for {len(labels.items):,} items: this is for labels from a"
            " short list. Is the right column called label?"
        )
    return labels


def read_answers(path: Path) -> dict[str, str]:
    """Return {item: its true label} of a CSV file with the columns item and truth. Raises Unreadable."""
    answers: dict[str, str] = {}
    for line, (item, truth) in _rows(path, ("item", "truth")):
        if answers.setdefault(item, truth) != truth:
            raise Unreadable(
                f"{path}, line {line}: item {item} has another answer above, {answers[item]} and not {truth}; keep the right one."
            )
    return answers


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the line and the named columns of each row, without the space around, wherever the columns stand."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip().lower() for name in next(reader, [])]
            if missing := [name for name in columns if name not in header]:
                raise Unreadable(
                    f"{path}, line 1: the header must name the columns {', '.join(columns)}; it lacks {', '.join(missing)}."
                )
            places = [header.index(name) for name in columns]
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise Unreadable(
                        f"{path}, line {reader.line_num}: {len(row)} fields where the header has {len(header)}."
                    )
                found = tuple([row[place].strip() for place in places])
                if not all(found):
                    empty = columns[found.index("")]
                    raise Unreadable(
                        f"{path}, line {reader.line_num}: {empty} is empty; fill it in, or take the line out."
                    )
                yield reader.line_num, found
    except csv.Error as error:
        raise Unreadable(f"{path}, line {reader.line_num}: not CSV: {error}.") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}.") from error


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a crowd's labels: the method used and why, its answers, the others' beside it, and agreement."""

    votes: OneVoteEach
    method: str
    why: str
    truth: Truth
    others: dict[str, Truth]
    alpha_nominal: Coefficient
    alpha_ordinal: Coefficient


def infer(labels: Labels, *, method: str = AUTO, gold: dict[str, str], is_ordered: bool = False) -> Found:
    """Infer true values by the method, and by all others; `gold` is {item: value}, its values among those of the labels.

    Agreement is that of workers who said one thing of an item: who contradicted themselves there is left out of it.
    """
    votes = one_vote_each(labels)
    kept, place = votes.labels, {value: place for place, value in enumerate(labels.values)}
    known = {number: place[gold[item]] for number, item in enumerate(kept.items) if item in gold}
    why = "It was asked for."
    if method == AUTO:
        choice = choose(kept, gold=known, is_ordered=is_ordered)
        method, why = choice.method, choice.why
    crowd = Crowd(kept)
    truths = {name: each(crowd, gold=known) for name, each in methods(is_ordered=is_ordered).items()}
    counts = counts_of(kept.only(kept.weight == 1))
    has_order = is_ordered or numbers_of(labels.values) is not None
    return Found(
        votes,
        method,
        why,
        truths[method],
        truths,
        krippendorff(counts, has_interval=False),
        krippendorff(counts, level="ordinal", has_interval=False)
        if has_order
        else Coefficient(None, None, None, 0, NO_ORDER),
    )


def correctness(found: Found, *, truth: dict[str, str], gold: dict[str, str]) -> dict[str, float | None]:
    """Return accuracy of each method and macro F1 of the one used, in percent; None where no item's truth is known.

    Items of declared gold are left out: their answer was told.
    """
    labels = found.votes.labels
    names = {value: place for place, value in enumerate(labels.values)}
    judged = [place for place, item in enumerate(labels.items) if item in truth and item not in gold]
    true = np.array([names.setdefault(truth[labels.items[place]], len(names)) for place in judged], dtype=np.intp)
    figures = {"accuracy": accuracy(found.truth.answers()[judged], true)}
    for name, each in found.others.items():
        figures[f"accuracy_{name.replace('-', '_')}"] = accuracy(each.answers()[judged], true)
    figures["macro_f1"] = macro_f1(found.truth.answers()[judged], true)
    return {name: None if value is None else round(100 * value, 2) for name, value in figures.items()}
