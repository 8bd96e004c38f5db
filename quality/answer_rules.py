"""What is plainly wrong with a written text, found by rules before any judge is asked. Pure functions on plain values.

Each finding is a sentence that a person reads and decides on: rules ask, they never reject. The language that a text reads as
is passed in (`labeling.language_identification`, for jobs only); personal data is found by `labeling.personal_data`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rapidfuzz import fuzz

from config.kernel.words import counted
from labeling.flag_words import PATTERNS
from labeling.personal_data import counts_in

COPIED = 90.0
COPIED_LEAST = 80
REFUSAL_WITHIN = 400


class Rule(StrEnum):
    LENGTH = "length"
    LANGUAGE = "language"
    FORMAT = "format"
    PERSONAL_DATA = "personal_data"
    COPIED_PROMPT = "copied_prompt"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a text is held against; what is None or empty is not asked of it. Lengths are in characters."""

    shortest: int | None = None
    longest: int | None = None
    language: str = ""
    format: str = ""
    prompt: str = ""
    may_refuse: bool = True


@dataclass(frozen=True, slots=True)
class Broken:
    rule: Rule
    sentence: str


def broken_rules(text: str, asked: Asked, *, reads_as: str | None = None) -> list[Broken]:
    """Return which rules the text breaks, a sentence each, in the order of `Rule`.

    `reads_as` is the primary language that it was found to be in where this disagrees with its tag; None where it does not,
    or where nothing could be told.
    """
    found = (
        (Rule.LENGTH, _length(text, asked)),
        (Rule.LANGUAGE, f"It reads as {reads_as}; {asked.language} was asked for." if reads_as else None),
        (Rule.FORMAT, _format(text, asked.format)),
        (Rule.PERSONAL_DATA, _personal_data(text)),
        (Rule.COPIED_PROMPT, _copied(text, asked.prompt)),
        (Rule.REFUSAL, None if asked.may_refuse else _refusal(text)),
    )
    return [Broken(rule, sentence) for rule, sentence in found if sentence]


def _length(text: str, asked: Asked) -> str | None:
    length = len(text.strip())
    if not length:
        return "There is no text."
    if asked.shortest is not None and length < asked.shortest:
        return f"It has {counted(length, 'character', 'characters')}; {asked.shortest} are the least."
    if asked.longest is not None and length > asked.longest:
        return f"It has {counted(length, 'character', 'characters')}; {asked.longest} are the most."
    return None


# --- format -----------------------------------------------------------------------------------------------------------

# Each is linear in the text: what repeats without a bound stays on its line, and can be read in one way only.
_FENCED = re.compile(r"```(?:json)?[^\S\n]*\n")
_TABLE_RULE = re.compile(
    r"^[^\S\n]*(?:\|[^\S\n]*)?:?-+:?[^\S\n]*(?:\|[^\S\n]*:?-+:?[^\S\n]*)+(?:\|[^\S\n]*)?$", re.MULTILINE
)
_BULLET = re.compile(r"^[^\S\n]{0,3}(?:[-*+]|\d{1,3}[.)])[^\S\n]+\S", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}[^\S\n]+\S", re.MULTILINE)
_CODE = re.compile(r"^```", re.MULTILINE)

_FORMS: Mapping[str, tuple[str, re.Pattern[str]]] = {
    "table": ("a table", _TABLE_RULE),
    "list": ("a list", _BULLET),
    "headings": ("headings", _HEADING),
    "code": ("a block of code", _CODE),
}
FORMATS = ("json", *_FORMS)

# How a prompt asks for a format, in so many words. Only what says it outright: "as JSON", "in a table".
_ASKS: Iterable[tuple[str, re.Pattern[str]]] = (
    ("json", re.compile(r"\b(?:as|in|valid|als|en|au format|in formato|em)\s+(?:a\s+|valid\s+)?json\b", re.IGNORECASE)),
    ("table", re.compile(r"\b(?:as|in)\s+a\s+(?:markdown\s+)?table\b|\bals\s+tabelle\b", re.IGNORECASE)),
    ("list", re.compile(r"\b(?:as|in)\s+a\s+(?:bulleted|bullet|numbered)\s+list\b", re.IGNORECASE)),
)


def format_asked_for(prompt: str) -> str:
    """Return the format that the prompt asks for outright, one of FORMATS; "" where it asks for none."""
    return next((name for name, pattern in _ASKS if pattern.search(prompt)), "")


def _format(text: str, wanted: str) -> str | None:
    if not wanted:
        return None
    if wanted == "json":
        return _not_json(text)
    words, pattern = _FORMS[wanted]
    return None if pattern.search(text) else f"It was asked for {words}, and there is none."


def _not_json(text: str) -> str | None:
    """JSON alone, or alone in a fence: a parser downstream takes nothing around it."""
    bare = text.strip()
    fenced = _FENCED.match(bare)
    is_fenced = fenced is not None and bare.endswith("\n```")
    try:
        json.loads(bare[fenced.end() : -len("\n```")] if fenced is not None and is_fenced else text)
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        return f"It was asked for JSON, and is none{place}."
    return None


# --- what it says -----------------------------------------------------------------------------------------------------


def _personal_data(text: str) -> str | None:
    """Name what was found, never its words: sentences are shown where texts are not."""
    names = sorted({str(PATTERNS.get(name, name)) for name in counts_in(text)})
    return f"It holds what looks like personal data or a secret: {', '.join(names)}." if names else None


def _copied(text: str, prompt: str) -> str | None:
    """Whether the text is little else than the prompt. A short prompt is quoted with good reason, so it is not looked for."""
    if len(prompt.strip()) < COPIED_LEAST or not text.strip():
        return None
    alike = fuzz.ratio(text.strip(), prompt.strip(), score_cutoff=COPIED)
    return f"It is {alike:.0f} % the same as the prompt." if alike else None


# How a refusal begins, in some languages. Only openings count: further down the words are quoted or reported.
_REFUSALS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bI(?:['’]m| am) (?:sorry|afraid)\b.{0,60}\b(?:can(?:['’]t|not| not)|unable|won['’]t)\b",
        r"\bI (?:can(?:['’]t|not| not)|am unable to|won['’]t|will not) (?:help|assist|provide|answer|comply|fulfil+|create|write|discuss)\b",
        r"\b(?:as an AI|as a language model)\b.{0,80}\b(?:can(?:['’]t|not| not)|unable|not able)\b",
        r"\bich kann (?:dir|Ihnen|das|diese\w*|dabei)?\b.{0,60}\bnicht (?:helfen|beantworten|weiterhelfen|erfüllen|unterstützen)\b",
        r"\bje (?:suis désolée?|regrette)\b.{0,80}\bne (?:peux|puis)\b|\bje ne (?:peux|puis) pas (?:vous )?(?:aider|répondre|fournir)\b",
        r"\b(?:lo siento|lamento)\b.{0,80}\bno puedo\b|\bno puedo (?:ayudar\w*|proporcionar\w*|responder)\b",
        r"\b(?:desculpe|lamento|sinto muito)\b.{0,80}\bnão posso\b|\bnão posso (?:ajudar|fornecer|responder)\b",
        r"\bmi dispiace\b.{0,80}\bnon posso\b|\bnon posso (?:aiutar\w*|fornire|rispondere)\b",
        r"(?:抱歉|对不起|很遗憾).{0,30}(?:无法|不能)",
        r"(?:申し訳|すみません).{0,40}(?:できません|いたしかねます)",
    )
)


def is_refusal(text: str) -> bool:
    """Whether the text opens as a refusal does. A careful answer that warns first is none; one that apologises, then helps, may
    be taken for one."""
    opening = text.strip()[:REFUSAL_WITHIN]
    return any(pattern.search(opening) for pattern in _REFUSALS)


def _refusal(text: str) -> str | None:
    return "It opens as a refusal does." if is_refusal(text) else None


# --- an item ----------------------------------------------------------------------------------------------------------


def prompt_of(payload: Mapping[str, Any]) -> str:
    """Return the last thing that the user said, which the responses answer."""
    said = [message["content"] for message in payload["messages"] if message["role"] == "user"]
    return said[-1] if said else ""
