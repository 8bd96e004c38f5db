"""A release as trainers want it: one generator a format, from a record to its rows. Pure.

Formats: TRL's conversational preference and unpaired preference ("Dataset formats and types" in TRL's documentation),
OpenAI's preference fine-tuning (`input`, `preferred_output`, `non_preferred_output`) and chat `messages` for supervised
fine-tuning. Only agreed records become rows: ties, "both bad" and no agreement teach no preference. A ranking teaches
what its places say: the best against all below, and each place against the next. What somebody wrote, by editing a
response or anew, is taught as a response.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa

from labeling.forms import EDIT, PREFERENCE, RANKING, WRITING

Record = Mapping[str, Any]
Row = dict[str, Any]

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


@dataclass(frozen=True, slots=True)
class Lessons:
    """The questions of a form whose answers can be trained on, by id."""

    preference: str | None = None
    rankings: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    writings: tuple[str, ...] = ()

    @classmethod
    def of(cls, form: Mapping[str, Any]) -> Self:
        """Return what the form has to teach: of preferences the first, of what is written only responses."""
        asked: dict[str, list[str]] = {PREFERENCE: [], RANKING: [], EDIT: [], WRITING: []}
        for question in form["questions"]:
            if question["type"] in asked and question.get("what", "response") == "response":
                asked[question["type"]].append(question["id"])
        return cls(
            preference=next(iter(asked[PREFERENCE]), None),
            rankings=tuple(asked[RANKING]),
            edits=tuple(asked[EDIT]),
            writings=tuple(asked[WRITING]),
        )


@dataclass(frozen=True, slots=True)
class View:
    """One format: the rows that a record gives, and the columns that they have."""

    rows: Callable[[Record, Lessons], Iterator[Row]]
    columns: pa.Schema


def _answer(record: Record, question: str | None) -> Any:
    """Return what was agreed on, or None where the record as a whole was not agreed."""
    resolution = record["resolution"]
    return resolution["answers"].get(question) if question and resolution["outcome"] == "agreed" else None


def _texts(record: Record) -> dict[str, str]:
    return {response["key"]: response["text"] for response in record["responses"]}


def _chosen(record: Record, lessons: Lessons) -> tuple[str, list[str]] | None:
    """Return the chosen response's key and the others' keys, or None where none was agreed on."""
    answer = _answer(record, lessons.preference)
    keys = list(_texts(record))
    if not isinstance(answer, Mapping) or answer.get("choice") not in keys:
        return None
    return answer["choice"], [key for key in keys if key != answer["choice"]]


def _pairs(record: Record, lessons: Lessons) -> list[tuple[str, str]]:
    """Return (better, worse) by key, each pair once: of the preference, then of the rankings."""
    pairs: dict[tuple[str, str], None] = {}
    if chosen := _chosen(record, lessons):
        pairs |= dict.fromkeys((chosen[0], other) for other in chosen[1])
    for question in lessons.rankings:
        tiers = _answer(record, question) or []
        for place, tier in enumerate(tiers):
            below = (
                [key for lower in tiers[1:] for key in lower]
                if place == 0
                else [k for t in tiers[place + 1 : place + 2] for k in t]
            )
            pairs |= dict.fromkeys((better, worse) for better in tier for worse in below)
    return [(better, worse) for better, worse in pairs if (worse, better) not in pairs]


def _prompt(record: Record, upto: int | None = None) -> list[Row]:
    return [{"role": message["role"], "content": message["content"]} for message in record["messages"][:upto]]


def _said(text: str) -> list[Row]:
    return [{"role": "assistant", "content": text}]


def preference_rows(record: Record, lessons: Lessons) -> Iterator[Row]:
    """TRL preference: a better response against a worse one."""
    texts = _texts(record)
    for better, worse in _pairs(record, lessons):
        yield {"prompt": _prompt(record), "chosen": _said(texts[better]), "rejected": _said(texts[worse])}


def unpaired_rows(record: Record, lessons: Lessons) -> Iterator[Row]:
    """TRL unpaired preference: the chosen response labelled true, the others false."""
    if pair := _chosen(record, lessons):
        texts = _texts(record)
        for key in (pair[0], *pair[1]):
            yield {"prompt": _prompt(record), "completion": _said(texts[key]), "label": key == pair[0]}


def openai_preference_rows(record: Record, lessons: Lessons) -> Iterator[Row]:
    """OpenAI preference fine-tuning."""
    texts = _texts(record)
    for better, worse in _pairs(record, lessons):
        yield {
            "input": {"messages": _prompt(record), "tools": [], "parallel_tool_calls": True},
            "preferred_output": _said(texts[better]),
            "non_preferred_output": _said(texts[worse]),
        }


def sft_rows(record: Record, lessons: Lessons) -> Iterator[Row]:
    """Chat messages that end in a response worth imitating: what was edited or written, and the chosen one as it stood
    unless it was edited. What was written for an earlier message of the assistant ends the conversation there.
    """
    edits = [edit for question in lessons.edits if (edit := _answer(record, question))]
    if (pair := _chosen(record, lessons)) and pair[0] not in {edit["response"] for edit in edits}:
        yield {"messages": [*_prompt(record), *_said(_texts(record)[pair[0]])]}
    for edit in edits:
        yield {"messages": [*_prompt(record), *_said(edit["text"])]}
    for question in lessons.writings:
        written = _answer(record, question)
        by_turn = written if isinstance(written, Mapping) else {}
        if isinstance(written, str):
            yield {"messages": [*_prompt(record), *_said(written)]}
        for turn, text in sorted(by_turn.items(), key=lambda each: int(each[0])):
            yield {"messages": [*_prompt(record, int(turn)), *_said(text)]}


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
