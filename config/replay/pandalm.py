"""PandaLM's human test set: 999 instructions (here half of them) x 2 responses, three annotators each, 1, 2 or 0 for a tie.

Source: Wang et al., "PandaLM: An Automatic Evaluation Benchmark for LLM Instruction Tuning Optimization" (2023),
Apache-2.0. The three annotators of the file are the three raters.
"""

import json
from pathlib import Path
from typing import Any

from config.replay.adapters import BadDataset, Dataset, Judgment, one_file, preference_form

FILE = "pairs_3annotators_half.json"
CHOICES = {1: "a", 2: "b", 0: "tie"}
ANNOTATORS = ("annotator1", "annotator2", "annotator3")


def read(folder: Path) -> Dataset:
    """Read the folder; raises BadDataset, naming the row, for what is not as described."""
    path = one_file(folder, FILE)
    items, judgments = [], []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        for row in rows:
            external_id = f"pandalm-{row['idx']:04d}"
            prompt = "\n\n".join(part for part in (row["instruction"], row["input"]) if part)
            items.append(
                {
                    "external_id": external_id,
                    "messages": [{"role": "user", "content": prompt}],
                    "responses": [
                        {"key": key, "text": _text(row[f"response{place}"]), "model": model}
                        for key, place, model in zip("ab", "12", row["cmp_key"].split("_"), strict=True)
                    ],
                    "language": "en",
                    "domain": "instructions",
                    "metadata": {"application": row["motivation_app"]},
                }
            )
            judgments += [
                Judgment(name, external_id, {"preference": {"choice": CHOICES[row[name]]}}) for name in ANNOTATORS
            ]
    except (ValueError, KeyError, TypeError) as error:
        where = f"row {len(items)}" if items else "the file"
        raise BadDataset(f"{path}: {where} is not as PandaLM has it ({type(error).__name__}: {error}).") from error
    clauses = [
        {
            "id": "better",
            "title": "Which is better",
            "text": "Say which response follows the instruction better.",
        }
    ]
    return Dataset(
        "pandalm",
        "PandaLM",
        preference_form("Which response is better?", "Which response is better?"),
        clauses,
        items,
        judgments,
    )


def _text(response: Any) -> str:
    """Some responses are bare JSON values in the file (true): their spelling there is what is shown."""
    return response if isinstance(response, str) else json.dumps(response)
