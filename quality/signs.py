"""What an answer looks like from outside: its text, its place on the screen, and what a form means by its words. Pure.

A form cannot say yet that one answer rules out another, or that a scale runs the other way. Until it can, these names do:
an answer called "safe" or "none" at a question leaves nothing to say at a critique whose name has "safety" or "harm" in it;
and a rating whose name begins with "severity" or "harm" is worse the higher it is.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labeling.forms import BOTH_BAD, CHECKS, CHOICE, CHOICES, CRITIQUE, PREFERENCE, RATING, RATIONALE, TIE, WRITING
from quality.contradictions import Exclusion, Meanings

HARMLESS = frozenset({"safe", "none", "harmless"})
OF_HARM = ("safety", "harm")
WORSE = ("severity", "harm")
OWN_WORDS = (CRITIQUE, WRITING, RATIONALE)

Form = Mapping[str, Any]


def meanings_of(form: Form) -> Meanings:
    """Return what the names in a form tell of its meaning."""
    ratings = {each["id"] for each in form["questions"] if each["type"] == RATING and each["id"].startswith(WORSE)}
    harms = [
        each["id"] for each in form["questions"] if each["type"] == CRITIQUE and any(n in each["id"] for n in OF_HARM)
    ]
    exclusions = []
    for each in form["questions"]:
        offered = {option["value"] for option in each.get("options") or []} if each["type"] in (CHOICE, CHOICES) else ()
        if harmless := HARMLESS & set(offered):
            exclusions += [Exclusion(each["id"], frozenset(harmless), harm) for harm in harms]
    return Meanings(worse_when_higher=frozenset(ratings), exclusions=tuple(exclusions))


def words_of(form: Form, answers: Mapping[str, Any], rationale: str) -> str:
    """Return what was written in one's own words: critiques, texts and the rationale; never edits, which keep most."""
    written = [
        answers[each["id"]] for each in form["questions"] if each["type"] in OWN_WORDS and answers.get(each["id"])
    ]
    return " ".join([*(text for answer in written for text in _texts(answer)), rationale]).strip()


def _texts(answer: Any) -> Iterator[str]:
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, Mapping):
        for part in answer.values():
            yield from _texts(part)
    elif isinstance(answer, list):
        for part in answer:
            yield from _texts(part)


def first_answer(form: Form, answers: Mapping[str, Any], presented: Sequence[str]) -> str | None:
    """Return the answer to the first question with few answers, as a word; None where there is none.

    Of a preference it is the *place* at which the response stood: who does not read chooses a place.
    """
    for question in form["questions"]:
        answer = answers.get(question["id"])
        if answer is None or question.get("each_response") or question.get("per_turn"):
            continue
        if question["type"] == PREFERENCE:
            choice = answer["choice"]
            if choice in (TIE, BOTH_BAD):
                return str(choice)
            return f"place {presented.index(choice) + 1}" if choice in presented else None
        if question["type"] in (CHOICE, CHECKS) or (question["type"] == RATING and not question.get("rubric")):
            return json.dumps(answer, sort_keys=True)
    return None


def as_label(answers: Mapping[str, Any], questions: Sequence[str]) -> str:
    """Return these answers as one word that is the same for the same answers."""
    return json.dumps({name: answers.get(name) for name in sorted(questions)}, sort_keys=True)
