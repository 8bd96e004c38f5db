"""What a dataset of existing judgments is, whatever its format; the table of formats that can be read."""

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Each module has a pure `read(folder) -> Dataset`, and says where the data come from.
ADAPTERS = {"pandalm": "config.replay.pandalm", "tulu": "config.replay.tulu", "ukp": "config.replay.ukp"}


class BadDataset(Exception):
    """The dataset cannot be read; the message says which file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Judgment:
    """One real verdict: who judged which item how, and how long it took them where that is known."""

    rater: str
    external_id: str
    value: dict[str, Any]
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """Items as they are uploaded, and every rater's judgment of them: at most one a rater and item."""

    name: str
    title: str
    form: dict[str, Any]
    clauses: list[dict[str, str]]
    items: list[dict[str, Any]]
    judgments: list[Judgment]

    def limited(self, most: int | None) -> "Dataset":
        """Return the first `most` items with their judgments."""
        if most is None:
            return self
        items = self.items[:most]
        names = {item["external_id"] for item in items}
        kept = [judgment for judgment in self.judgments if judgment.external_id in names]
        return Dataset(self.name, self.title, self.form, self.clauses, items, kept)


def read_dataset(name: str, path: Path) -> Dataset:
    """Read the dataset in `path`. Raises BadDataset for an unknown name and for files that are missing or malformed."""
    if name not in ADAPTERS:
        raise BadDataset(f"There is no adapter for {name!r}; there are {', '.join(ADAPTERS)}.")
    if not path.is_dir():
        raise BadDataset(f"{path} is not a folder; give the one that holds the dataset's files.")
    dataset: Dataset = importlib.import_module(ADAPTERS[name]).read(path)
    return dataset


def one_file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise BadDataset(f"{path} is missing; is this the folder of another dataset?")
    return path


def last_of_each(judgments: Iterable[Judgment]) -> list[Judgment]:
    """Keep a rater's last judgment of an item, in the order in which items were first judged."""
    return list({(judgment.rater, judgment.external_id): judgment for judgment in judgments}.values())


def preference_form(
    title: str, question: str, *more: dict[str, Any], strength: list[str] | None = None
) -> dict[str, Any]:
    """Return a form that asks which of two responses is better, ties allowed, and what else is given."""
    preference = {
        "id": "preference",
        "type": "preference",
        "text": question,
        "nature": "preferential",
        "required": True,
        "tie": True,
        "both_bad": False,
        "strength": strength,
    }
    return {"title": title, "questions": [preference, *more]}
