"""A release as trainers want it: one generator a format, from a record to its rows. Pure.

Formats: TRL's conversational preference and unpaired preference ("Dataset formats and types" in TRL's documentation),
OpenAI's preference fine-tuning (`input`, `preferred_output`, `non_preferred_output`) and chat `messages` for supervised
fine-tuning. Only agreed choices of one response become rows: ties, "both bad" and no agreement teach no preference.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

Record = Mapping[str, Any]
Row = dict[str, Any]

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


@dataclass(frozen=True, slots=True)
class View:
    """One format: the rows that a record gives, and the columns that they have."""

    rows: Callable[[Record, str | None], Iterator[Row]]
    columns: pa.Schema


def _chosen(record: Record, question: str | None) -> tuple[str, list[str]] | None:
    """Return the chosen response's text and the others' texts, or None where none was agreed on."""
    answer = record["resolution"]["answers"].get(question) if question else None
    if record["resolution"]["outcome"] != "agreed" or not isinstance(answer, Mapping):
        return None
    texts = {response["key"]: response["text"] for response in record["responses"]}
    chosen = texts.pop(answer.get("choice"), None)
    return None if chosen is None else (chosen, list(texts.values()))


def _prompt(record: Record) -> list[Row]:
    return [{"role": message["role"], "content": message["content"]} for message in record["messages"]]


def _said(text: str) -> list[Row]:
    return [{"role": "assistant", "content": text}]


def preference_rows(record: Record, question: str | None) -> Iterator[Row]:
    """TRL preference: the chosen response against each of the others."""
    if pair := _chosen(record, question):
        chosen, others = pair
        for rejected in others:
            yield {"prompt": _prompt(record), "chosen": _said(chosen), "rejected": _said(rejected)}


def unpaired_rows(record: Record, question: str | None) -> Iterator[Row]:
    """TRL unpaired preference: the chosen response labelled true, the others false."""
    if pair := _chosen(record, question):
        chosen, others = pair
        yield {"prompt": _prompt(record), "completion": _said(chosen), "label": True}
        for rejected in others:
            yield {"prompt": _prompt(record), "completion": _said(rejected), "label": False}


def openai_preference_rows(record: Record, question: str | None) -> Iterator[Row]:
    """OpenAI preference fine-tuning."""
    if pair := _chosen(record, question):
        chosen, others = pair
        for rejected in others:
            yield {
                "input": {"messages": _prompt(record), "tools": [], "parallel_tool_calls": True},
                "preferred_output": _said(chosen),
                "non_preferred_output": _said(rejected),
            }


def sft_rows(record: Record, question: str | None) -> Iterator[Row]:
    """Chat messages that end in the chosen response."""
    if pair := _chosen(record, question):
        yield {"messages": [*_prompt(record), *_said(pair[0])]}


_INPUT = pa.struct(
    [("messages", _MESSAGES), ("tools", pa.list_(pa.string())), ("parallel_tool_calls", pa.bool_())],
)

VIEWS: dict[str, View] = {
    "openai_preference": View(
        openai_preference_rows,
        pa.schema([("input", _INPUT), ("preferred_output", _MESSAGES), ("non_preferred_output", _MESSAGES)]),
    ),
    "preference": View(
        preference_rows,
        pa.schema([("prompt", _MESSAGES), ("chosen", _MESSAGES), ("rejected", _MESSAGES)]),
    ),
    "sft": View(sft_rows, pa.schema([("messages", _MESSAGES)])),
    "unpaired": View(
        unpaired_rows,
        pa.schema([("prompt", _MESSAGES), ("completion", _MESSAGES), ("label", pa.bool_())]),
    ),
}
