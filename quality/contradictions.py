"""Answers of one judgment that contradict each other, told from the form. Pure functions on plain values.

A form says which questions compare responses (preference, ranking) and which rate each of them; what it cannot say yet is
that a scale runs the other way, or that one answer rules out another. `Meanings` says so beside it; see docs/measurement.md
for how a form could.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labeling.forms import BOTH_BAD, PREFERENCE, RANKING, RATING, TIE
from quality.effort import Finding, Sign

Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Whoever answers `question` with one of `values` has nothing to say at `excluded`: "safe" beside a critique of harms.

    With `excluded_values`, only these answers are ruled out there.
    """

    question: str
    values: frozenset[Any]
    excluded: str
    excluded_values: frozenset[Any] | None = None


@dataclass(frozen=True, slots=True)
class Meanings:
    """`worse_when_higher` are ratings whose high degrees are bad, such as severity."""

    worse_when_higher: frozenset[str] = frozenset()
    exclusions: tuple[Exclusion, ...] = ()


def contradictions(form: Mapping[str, Any], answers: Answers, meanings: Meanings | None = None) -> list[Finding]:
    """Return what contradicts what in one judgment's answers, checked against the form before.

    - A response preferred, or ranked first alone, that is rated lowest of all, where each response is rated.
    - Responses called equally good, or ranked at one place, that are rated from one end of the scale to the other.
    - What the exclusions rule out.
    A question may leave things open that ratings see, so anything between is no contradiction.
    """
    meanings = meanings or Meanings()
    found: list[Finding] = []
    ratings = [question for question in form["questions"] if _rates_each(question) and question["id"] in answers]
    for question in form["questions"]:
        if answers.get(question["id"]) is None:
            continue
        for rating in ratings:
            found += _against_rating(question, answers[question["id"]], rating, answers[rating["id"]], meanings)
    texts = {question["id"]: question["text"] for question in form["questions"]}
    return found + list(_excluded(answers, texts, meanings.exclusions))


def _rates_each(question: Mapping[str, Any]) -> bool:
    return question["type"] == RATING and bool(question.get("each_response"))


def _against_rating(
    question: Mapping[str, Any], answer: Any, rating: Mapping[str, Any], rated: Mapping[str, Any], meanings: Meanings
) -> Iterable[Finding]:
    best, equal = _best_and_equal(question, answer, list(rated))
    degrees = {key: _degree(value) for key, value in rated.items()}
    if rating["id"] in meanings.worse_when_higher:
        degrees = {key: -degree for key, degree in degrees.items()}
    scale = [each["value"] for each in rating["scale"]]
    others = [degree for key, degree in degrees.items() if key != best]
    if best in degrees and others and degrees[best] < min(others):
        sentence = f'Response {best} comes first at "{question["text"]}" and is rated lowest at "{rating["text"]}"'
        yield Finding(Sign.CONTRADICTION, f"{sentence}.")
    shared = [degrees[key] for key in equal if key in degrees]
    if shared and max(shared) - min(shared) >= max(scale) - min(scale):
        sentence = f'Responses {" and ".join(sorted(equal))} are equal at "{question["text"]}" and rated from one end to the other'
        yield Finding(Sign.CONTRADICTION, f'{sentence} at "{rating["text"]}".')


def _best_and_equal(question: Mapping[str, Any], answer: Any, keys: list[str]) -> tuple[str | None, list[str]]:
    """Return which response stands first alone, and which share the first place or are called equal."""
    if question["type"] == PREFERENCE:
        choice = answer["choice"]
        return (None, keys) if choice in (TIE, BOTH_BAD) else (choice, [])
    if question["type"] == RANKING:
        first = answer[0]
        return (first[0], []) if len(first) == 1 and len(answer) > 1 else (None, list(first) if len(first) > 1 else [])
    return None, []


def _degree(value: Any) -> float:
    """Return a rating's degree: of a rubric, the mean over its lines."""
    return sum(value.values()) / len(value) if isinstance(value, Mapping) else float(value)


def _excluded(answers: Answers, texts: Mapping[str, str], exclusions: Iterable[Exclusion]) -> Iterable[Finding]:
    for rule in exclusions:
        said, also = answers.get(rule.question), answers.get(rule.excluded)
        if not also or not _values(said) & rule.values:
            continue
        if rule.excluded_values is not None and not _values(also) & rule.excluded_values:
            continue
        chosen = ", ".join(sorted(map(str, _values(said) & rule.values)))
        sentence = (
            f'"{texts[rule.question]}" is answered {chosen}, which leaves nothing to say at "{texts[rule.excluded]}"'
        )
        yield Finding(Sign.CONTRADICTION, f"{sentence}.")


def _values(answer: Any) -> frozenset[Any]:
    """Return the plain values of an answer: of a list each, of an object (a response or a message each) those within."""
    if isinstance(answer, Mapping):
        return frozenset().union(*(_values(each) for each in answer.values()))
    if isinstance(answer, list):
        return frozenset().union(*(_values(each) for each in answer))
    return frozenset() if answer is None else frozenset({answer})
