"""What independent judgments of one item come to: question by question, by strict majority. Pure functions on plain values.

A question is agreed when one answer has more than half of the votes; the plurality of three different answers is not
agreement. *No agreed answer* is a valid end: on a preferential question honest dissent is data, not error. A choice of
several is voted on option by option, checks one by one, a ranking pair by pair; a rating comes to its lower median, and
is agreed whenever somebody gave one. Written answers are not voted on: the only one of a round is its answer.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeling.forms import (
    CHECKS,
    CHOICE,
    CHOICES,
    KINDS,
    PREFERENCE,
    RANKING,
    RATING,
    is_asked,
    is_required,
    resolvable,
    values_of,
)
from quality.ordering import pair_votes, weak_order

AGREED = "agreed"
NO_AGREEMENT = "no_agreement"
METHOD = "majority"
YES, NO = "true", "false"

Question = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resolved:
    """`answers` holds the agreed questions only; `distribution` the votes, {path: {option: count}}. A path is a
    question, and below it, after dots, the response or message it is asked of, the line of a rubric, the check, the
    option that was chosen or not, or the pair that was ranked. `confidence` is the smallest share of the votes that
    what was agreed on has at a path, or the leading answer where nothing was; between 0 and 1. `unsettled` are the
    questions that had to come to an answer and did not.
    """

    outcome: str
    answers: dict[str, Any]
    distribution: dict[str, dict[str, int]]
    method: str
    confidence: float
    unsettled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken at a path whatever the majority says: None where nothing is likely enough, and how probable it is."""

    value: str | None
    confidence: float


@dataclass(slots=True)
class _Tally:
    """What the votes on (a part of) a question came to: `answer` is None where they agree on none."""

    answer: Any
    votes: dict[str, Counter[str]]
    shares: list[float]


def resolve(
    form: Mapping[str, Any],
    judgments: Sequence[Mapping[str, Any]],
    *,
    taken: Mapping[str, Taken] | None = None,
    method: str = METHOD,
) -> Resolved:
    """Resolve the judgments of one round; agreed when every question that anybody had to answer is.

    `judgments` are the answers of at least one reviewer, checked against the form. The result does not depend on
    their order. A question that the agreed answers before it rule out is left out of the answer; its votes are kept.
    `taken` says, by path, what was inferred otherwise than by counting (choices, checks and preferences), and `method`
    how.
    """
    answers: dict[str, Any] = {}
    distribution: dict[str, dict[str, int]] = {}
    shares: list[float] = []
    unsettled: list[str] = []
    for question in resolvable(form):
        given = [judgment[question["id"]] for judgment in judgments if judgment.get(question["id"]) is not None]
        tally = _tally(question, given, taken or {}, is_only=len(judgments) == 1)
        distribution |= {path: dict(sorted(counts.items())) for path, counts in tally.votes.items()}
        if not is_asked(question, answers):
            continue
        shares += tally.shares
        if tally.answer is not None:
            answers[question["id"]] = tally.answer
        elif not _may_stay_open(question, given):
            unsettled.append(question["id"])
    return Resolved(
        outcome=AGREED if answers and not unsettled else NO_AGREEMENT,
        answers=answers,
        distribution=distribution,
        method=method,
        confidence=min(shares, default=0.0),
        unsettled=tuple(unsettled),
    )


def votes_of(form: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, str]:
    """Return one person's votes, by path, on the questions that are voted on: what `Resolved.distribution` counts."""
    return {path: next(iter(counts)) for path, counts in resolve(form, [answers]).distribution.items()}


def _may_stay_open(question: Question, given: Sequence[Any]) -> bool:
    """Whether the round is no worse for having no answer here: it is written, of no response or turn, or optional."""
    if KINDS[question["type"]].is_written:
        return True
    if question.get("per_turn") or (question.get("each_response") and given):
        return not any(given)
    return not given and not is_required(question)


def _tally(question: Question, given: Sequence[Any], taken: Mapping[str, Taken], *, is_only: bool) -> _Tally:
    kind, name = question["type"], question["id"]
    if KINDS[kind].is_written:
        return _Tally(given[0], {}, [1.0]) if is_only and given else _Tally(None, {}, [])
    if not given:
        return _Tally(None, {}, [])
    count = _COUNTS[kind]
    if question.get("each_response") or question.get("per_turn"):
        parts = sorted({part for answer in given for part in answer}, key=lambda part: (len(part), part))
        return _joined(
            {
                part: count(question, f"{name}.{part}", [each[part] for each in given if part in each], taken)
                for part in parts
            }
        )
    return count(question, name, given, taken)


def _joined(parts: Mapping[str, _Tally]) -> _Tally:
    """Return the tallies of a question's parts as one, agreed where each of them is."""
    is_agreed = bool(parts) and all(part.answer is not None for part in parts.values())
    return _Tally(
        {name: part.answer for name, part in parts.items()} if is_agreed else None,
        {path: counts for part in parts.values() for path, counts in part.votes.items()},
        [share for part in parts.values() for share in part.shares],
    )


def _majority(path: str, given: Sequence[str], taken: Mapping[str, Taken]) -> _Tally:
    counts = Counter(given)
    if (inferred := taken.get(path)) is not None:
        return _Tally(inferred.value, {path: counts}, [inferred.confidence])
    leader, votes = counts.most_common(1)[0]
    answer = leader if 2 * votes > counts.total() else None
    return _Tally(answer, {path: counts}, [votes / counts.total()])


def _preference(question: Question, path: str, given: Sequence[Any], taken: Mapping[str, Taken]) -> _Tally:
    tally = _majority(path, [answer["choice"] for answer in given], taken)
    if tally.answer is not None:
        strength = _strength(question, [answer for answer in given if answer["choice"] == tally.answer])
        tally.answer = {"choice": tally.answer, **({"strength": strength} if strength else {})}
    return tally


def _strength(question: Question, agreeing: Sequence[Mapping[str, Any]]) -> str | None:
    """Return how strongly those who agree feel, in the middle; of two middles the weaker. Degrees are listed weakest first."""
    degrees = question.get("strength") or []
    ranks = [degrees.index(answer["strength"]) for answer in agreeing if answer.get("strength") in degrees]
    return degrees[_lower_median(ranks)] if ranks else None


def _lower_median(values: Sequence[int]) -> int:
    return sorted(values)[(len(values) - 1) // 2]


def _choice(_question: Question, path: str, given: Sequence[Any], taken: Mapping[str, Taken]) -> _Tally:
    return _majority(path, given, taken)


def _yes_or_no(path: str, given: Sequence[bool], taken: Mapping[str, Taken]) -> _Tally:
    tally = _majority(path, [YES if answer else NO for answer in given], taken)
    tally.answer = None if tally.answer is None else tally.answer == YES
    return tally


def _choices(question: Question, path: str, given: Sequence[Any], taken: Mapping[str, Taken]) -> _Tally:
    """Each option is in where more than half chose it; together they must be as many as the question asks for."""
    values = values_of(question, "options")
    tally = _joined(
        {value: _yes_or_no(f"{path}.{value}", [value in answer for answer in given], taken) for value in values}
    )
    if tally.answer is not None:
        chosen = sorted(value for value, is_in in tally.answer.items() if is_in)
        is_sound = question.get("least", 0) <= len(chosen) <= question.get("most", len(values))
        tally.answer = chosen if is_sound else None
    return tally


def _checks(question: Question, path: str, given: Sequence[Any], taken: Mapping[str, Taken]) -> _Tally:
    names = values_of(question, "checks", "id")
    return _joined({name: _yes_or_no(f"{path}.{name}", [answer[name] for answer in given], taken) for name in names})


def _rating(question: Question, path: str, given: Sequence[Any], _taken: Mapping[str, Taken]) -> _Tally:
    if lines := values_of(question, "rubric", "id"):
        return _joined({line: _rated(f"{path}.{line}", [answer[line] for answer in given]) for line in lines})
    return _rated(path, given)


def _rated(path: str, given: Sequence[Any]) -> _Tally:
    degrees = [int(degree) for degree in given]
    counts, middle = Counter(map(str, degrees)), _lower_median(degrees)
    return _Tally(middle, {path: counts}, [counts[str(middle)] / counts.total()])


def _ranking(question: Question, path: str, given: Sequence[Any], _taken: Mapping[str, Taken]) -> _Tally:
    """The order that more than half hold of every pair, where these orders fit together."""
    votes = pair_votes(given)
    order = weak_order(votes, len(given)) if votes else given[0]
    if order is not None and not question.get("ties") and any(len(tier) > 1 for tier in order):
        order = None
    shares = [max(counts.values()) / counts.total() for counts in votes.values()]
    return _Tally(order, {f"{path}.{one}>{other}": counts for (one, other), counts in votes.items()}, shares)


_COUNTS: dict[str, Callable[[Question, str, Sequence[Any], Mapping[str, Taken]], _Tally]] = {
    PREFERENCE: _preference,
    RANKING: _ranking,
    CHOICE: _choice,
    CHOICES: _choices,
    RATING: _rating,
    CHECKS: _checks,
}
