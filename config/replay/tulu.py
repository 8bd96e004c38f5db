"""Human evaluation of Tülu 65B against ChatGPT: a five-level preference, and whether each response is acceptable.

Source: Wang et al., "How Far Can Camels Go? Exploring the State of Instruction Tuning on Open Resources" (2023). The
file swaps the two models' places from row to row; here ChatGPT is always response a. Where a rater judged an
instance twice, the later judgment counts.
"""

import json
from pathlib import Path
from typing import Any

from config.replay.adapters import BadDataset, Dataset, Judgment, last_of_each, one_file, preference_form

FILE = "annotations_chatgpt_vs_tulu65b.jsonl"
KEYS = {"chatgpt": "a", "tulu_65B": "b"}
ACCEPTABLE = {
    "id": "acceptable",
    "type": "choice",
    "text": "Is the response acceptable?",
    "nature": "objective",
    "required": True,
    "each_response": True,
    "options": [{"value": "yes", "text": "Yes"}, {"value": "no", "text": "No"}],
}


def read(folder: Path) -> Dataset:
    """Read the folder; raises BadDataset, naming the line, for what is not as described."""
    path = one_file(folder, FILE)
    items: dict[str, dict[str, Any]] = {}
    judgments = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                item = _item(row)
                judgments.append((row["timestamp"], _judgment(row)))
            except (ValueError, KeyError, TypeError) as error:
                raise BadDataset(
                    f"{path}, line {number}: not as Tülu has it ({type(error).__name__}: {error})."
                ) from error
            items.setdefault(item["external_id"], item)
    kept = last_of_each(judgment for _at, judgment in sorted(judgments, key=lambda each: each[0]))
    clauses = [{"id": "better", "title": "Which is better", "text": "Say which response is better and by how much."}]
    form = preference_form("Two assistants", "Which response is better?", ACCEPTABLE, strength=["slightly", "clearly"])
    return Dataset("tulu", "Tülu against ChatGPT", form, clauses, list(items.values()), kept)


def _item(row: dict[str, Any]) -> dict[str, Any]:
    texts = {row["model_a"]: row["completion_a"], row["model_b"]: row["completion_b"]}
    return {
        "external_id": row["instance_id"],
        "messages": [{"role": "user", "content": row["prompt"]}],
        "responses": [{"key": key, "text": texts[model], "model": model} for model, key in KEYS.items()],
        "language": "en",
        "domain": "instructions",
    }


def _judgment(row: dict[str, Any]) -> Judgment:
    key_of = {"a": KEYS[row["model_a"]], "b": KEYS[row["model_b"]]}
    acceptable = {key_of[side]: row[f"completion_{side}_is_acceptable"] for side in "ab"}
    return Judgment(
        row["evaluator"],
        row["instance_id"],
        {"preference": _preference(row["preference"], key_of), "acceptable": acceptable},
    )


def _preference(said: str, key_of: dict[str, str]) -> dict[str, str]:
    if said == "tie":
        return {"choice": "tie"}
    side, _, rest = said.partition("-is-")
    strength = {"slightly-better": "slightly", "better": "clearly"}[rest]
    return {"choice": key_of[side], "strength": strength}
