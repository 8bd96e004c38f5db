"""Answers in words, for people who look at what was agreed on. Pure functions on plain values; the words are not markup."""

from collections.abc import Callable, Mapping
from typing import Any

from labeling.forms.documents import Form, resolvable
from labeling.forms.questions import (
    CHECKS,
    CHOICE,
    CHOICES,
    CRITIQUE,
    EDIT,
    PREFERENCE,
    RANKING,
    RATING,
    SPANS,
    WRITING,
    Question,
)

SPOKEN = {"tie": "a tie", "both_bad": "both bad"}


def answers_in_words(
    document: Form, answers: Mapping[str, Any], names: Mapping[str, str] | None = None
) -> list[tuple[str, list[str]]]:
    """Return each answered question's text with its answer, a line for each part of it, in the order of the form.

    `names` say what responses are called where the words are read, by key; without them they go by their keys.
    """
    return [
        (question["text"], _lines(question, _named(question, answers[question["id"]], names or {})))
        for question in resolvable(document)
        if question["id"] in answers
    ]


def _named(question: Question, answer: Any, names: Mapping[str, str]) -> Any:
    """Return the answer with its responses by name; texts, options and degrees stay."""
    if question.get("each_response"):
        return {names.get(key, key): inner for key, inner in answer.items()}
    if question.get("per_turn"):
        return answer
    match question["type"]:
        case "preference":
            return {**answer, "choice": names.get(answer["choice"], answer["choice"])}
        case "ranking":
            return [[names.get(key, key) for key in tier] for tier in answer]
        case "edit":
            return {**answer, "response": names.get(answer["response"], answer["response"])}
        case "critique" | "spans":
            return [
                {**mark, "response": names.get(mark["response"], mark["response"])} if "response" in mark else mark
                for mark in answer
            ]
    return answer


def _lines(question: Question, answer: Any) -> list[str]:
    say = _SAYERS[question["type"]]
    if question.get("each_response") or question.get("per_turn"):
        what = "message " if question.get("per_turn") else ""
        return [f"{what}{part}: {line}" for part, inner in answer.items() for line in say(question, inner)]
    return say(question, answer)


def _text_of(question: Question, field: str, value: Any) -> str:
    """Return what an option, a degree or a label is called; its bare value where the form no longer has it."""
    return str(next((each["text"] for each in question[field] if each["value"] == value), value))


def _preference(_question: Question, answer: Any) -> list[str]:
    choice = SPOKEN.get(answer["choice"], answer["choice"])
    return [f"{choice}, {answer['strength']}" if answer.get("strength") else choice]


def _ranking(_question: Question, answer: Any) -> list[str]:
    return [" > ".join(" = ".join(tier) for tier in answer)]


def _choice(question: Question, answer: Any) -> list[str]:
    return [_text_of(question, "options", answer)]


def _choices(question: Question, answer: Any) -> list[str]:
    return [", ".join(_text_of(question, "options", value) for value in answer) or "none"]


def _rating(question: Question, answer: Any) -> list[str]:
    if not isinstance(answer, Mapping):
        return [_text_of(question, "scale", answer)]
    names = {line["id"]: line["text"] for line in question.get("rubric", ())}
    return [f"{names.get(line, line)}: {_text_of(question, 'scale', degree)}" for line, degree in answer.items()]


def _checks(question: Question, answer: Any) -> list[str]:
    names = {check["id"]: check["text"] for check in question["checks"]}
    return [f"{names.get(check, check)}: {'yes' if is_so else 'no'}" for check, is_so in answer.items()]


def _edit(_question: Question, answer: Any) -> list[str]:
    return [f"{answer['response']}: {answer['text']}"]


def _writing(_question: Question, answer: Any) -> list[str]:
    return [str(answer)]


def _place(mark: Mapping[str, Any]) -> str:
    owner = str(mark["response"]) if "response" in mark else f"message {mark['message']}" if "message" in mark else ""
    return f"{owner} {mark['start']}–{mark['end']}".strip() if "end" in mark else owner


def _critique(_question: Question, answer: Any) -> list[str]:
    return [f"{place}: {mark['text']}" if (place := _place(mark)) else str(mark["text"]) for mark in answer]


def _spans(question: Question, answer: Any) -> list[str]:
    return [f"{_place(mark)}: {_text_of(question, 'labels', mark['label'])}" for mark in answer] or ["none"]


_SAYERS: dict[str, Callable[[Question, Any], list[str]]] = {
    PREFERENCE: _preference,
    RANKING: _ranking,
    CHOICE: _choice,
    CHOICES: _choices,
    RATING: _rating,
    CHECKS: _checks,
    EDIT: _edit,
    CRITIQUE: _critique,
    WRITING: _writing,
    SPANS: _spans,
}
