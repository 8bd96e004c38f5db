"""UKPConvArg1: which of two arguments is more convincing, by crowd workers with their reasons and times.

Source: Habernal and Gurevych, "Which argument is more convincing?" (ACL 2016), CC-BY 4.0. A pair's two arguments are
the responses, its topic the message; a worker's reason is the rationale, and the seconds are those between accepting
and submitting.
"""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.replay.adapters import BadDataset, Dataset, Judgment, last_of_each, one_file, preference_form

CHOICES = {"a1": "a", "a2": "b", "equal": "tie"}
RATIONALE = {"id": "rationale", "type": "rationale", "text": "Why?", "required": False}


def read(folder: Path) -> Dataset:
    """Read the folder; raises BadDataset, naming the line, for what is not as described."""
    texts = {(row["topic"], row["arg_id"]): row["text"] for _, row in _rows(one_file(folder, "arguments.csv"))}
    items: dict[str, dict[str, Any]] = {}
    judgments = []
    path = one_file(folder, "votes.csv")
    for number, row in _rows(path):
        try:
            item = _item(row, texts)
            value: dict[str, Any] = {"preference": {"choice": CHOICES[row["vote"]]}}
            if reason := row["reason"].strip():
                value["rationale"] = reason
            seconds = (_time(row["submit_utc"]) - _time(row["accept_utc"])).total_seconds()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadDataset(
                f"{path}, line {number}: not as UKPConvArg1 has it ({type(error).__name__}: {error})."
            ) from error
        items.setdefault(item["external_id"], item)
        judgments.append(Judgment(row["worker"], item["external_id"], value, max(seconds, 0.0)))
    clauses = [
        {
            "id": "convincing",
            "title": "More convincing",
            "text": "Say which argument is more convincing, and why.",
        }
    ]
    form = preference_form("Which argument is more convincing?", "Which argument is more convincing?", RATIONALE)
    return Dataset("ukp", "UKPConvArg1", form, clauses, list(items.values()), last_of_each(judgments))


def _rows(path: Path) -> Any:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            yield reader.line_num, row


def _item(row: dict[str, str], texts: dict[tuple[str, str], str]) -> dict[str, Any]:
    topic = row["topic"]
    return {
        "external_id": f"{topic}/{row['pair_id']}",
        "messages": [{"role": "user", "content": topic.replace("_", ": ", 1).replace("-", " ")}],
        "responses": [
            {"key": "a", "text": texts[topic, row["arg1"]]},
            {"key": "b", "text": texts[topic, row["arg2"]]},
        ],
        "language": "en",
        "domain": "argumentation",
        "metadata": {"topic": topic},
    }


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.0 UTC").replace(tzinfo=UTC)
