"""Which language a text is in, by py3langid's model, and whether that agrees with its tag. Pure; for jobs only (numpy)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from labeling.languages import UNDETERMINED

# Below either, nothing is claimed. Bytes of UTF-8, so that a sign of a dense script counts for more than a letter.
LEAST_BYTES = 40
LEAST_PROBABILITY = 0.9
MOST_CHARACTERS = 300

# Names of one language, and languages that the model cannot be trusted to tell apart.
ALIKE = (
    {"no", "nb", "nn", "da"},
    {"hr", "sr", "bs", "sh", "srp", "cnr"},
    {"id", "ms", "in", "zsm"},
    {"zh", "yue", "wuu", "cmn", "nan"},
    {"tl", "fil"},
    {"he", "iw"},
    {"ar", "arz", "ary", "apc", "arb"},
    {"fa", "prs"},
    {"uz", "uzs"},
    {"gl", "pt"},
)
FENCED = re.compile(r"```[^`]*(?:```|\Z)")


@dataclass(frozen=True, slots=True)
class Identified:
    """The language that a text is in, confidently, as a BCP 47 primary language."""

    language: str
    probability: float


@cache
def _identifier() -> Any:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@cache
def known_languages() -> frozenset[str]:
    """Return the primary languages that the model tells apart."""
    return frozenset(_identifier().labels) - {"zxx"}


def identify(text: str) -> Identified | None:
    """Return the language of the text; None where it is too short, mixed, or no language at all.

    Where it may be one of several that are hard to tell apart, their probabilities count together.
    """
    if len(text.encode("utf-8", "ignore")) < LEAST_BYTES:
        return None
    language, probability = _identifier().classify(text)
    if LEAST_PROBABILITY / 2 < probability < LEAST_PROBABILITY:
        names = next((names for names in ALIKE if language in names), {language})
        probability = sum(share for name, share in _identifier().rank(text) if name in names)
    if probability < LEAST_PROBABILITY or language not in known_languages():
        return None
    return Identified(language, round(probability, 3))


def text_to_identify(payload: Mapping[str, Any]) -> str:
    """Return the words to go by: the beginnings of what user and assistant say, without fenced code."""
    said = (each["content"] for each in payload["messages"] if each["role"] in {"user", "assistant"})
    answered = (each["text"] for each in payload["responses"])
    return f"{_beginning(said)}\n{_beginning(answered)}".strip()


def _beginning(texts: Iterable[str]) -> str:
    begun, left = [], MOST_CHARACTERS
    for text in texts:
        if left <= 0:
            break
        plain = FENCED.sub(" ", text[: 4 * MOST_CHARACTERS])[:left]
        begun.append(plain)
        left -= len(plain)
    return "\n".join(begun)


def disagrees(tag: str, found: Identified) -> bool:
    """Whether the tag names another language than was found. A tag that the model does not know cannot disagree."""
    primary = tag.split("-")[0].lower()
    if primary in {found.language, UNDETERMINED} or primary not in known_languages() | set().union(*ALIKE):
        return False
    return not any({primary, found.language} <= names for names in ALIKE)
