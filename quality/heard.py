"""What people said of a project's items lately, vote by vote, as the figures of quality are measured on it. Reads; for jobs."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import QuerySet

from labeling.forms import CHECKS, CHOICE, CHOICES, PREFERENCE, RANKING, RATING, resolvable, values_of
from labeling.models import Annotation, FormVersion, Round
from labeling.types import ASIDE, RoundReason, RoundState, TaskKind
from quality.consensus import votes_of
from quality.models import GoldItem
from quality.types import GoldRetirement, GoldUse, Segment

# Figures are measured on so many of the latest resolved rounds, and on so many answers to gold.
LATEST_ROUNDS = 5000
LATEST_GOLD = 2000
AT_ONCE = 1000

# One answer of a few is the right one: these a model of reviewers can infer.
INFERRED = frozenset({CHOICE, CHOICES, PREFERENCE, CHECKS})
# Independent judgments; who reviews or adjudicates has seen what others said.
INDEPENDENT = (TaskKind.ANNOTATE, TaskKind.GOLD, TaskKind.IMPORTED)


class Unit(NamedTuple):
    """What votes are counted on: a part of a question, in a round."""

    round: int
    path: str


class Vote(NamedTuple):
    unit: Unit
    reviewer: int
    value: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What is known of a round beside its votes."""

    guideline: int
    segments: Mapping[str, str]


@dataclass(slots=True)
class Heard:
    """`votes` by question in the order they were given; `expected` the right values of gold, by question and unit; `kinds`
    the questions' types, `orders` the degrees of ratings from low to high, `values` those that an inferred one may have."""

    votes: dict[str, list[Vote]] = field(default_factory=lambda: defaultdict(list))
    expected: dict[str, dict[Unit, frozenset[str]]] = field(default_factory=lambda: defaultdict(dict))
    frames: dict[int, Frame] = field(default_factory=dict)
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_all: bool = True

    def inferred(self) -> list[str]:
        """Return the questions whose true answers are inferred."""
        return [name for name, question in self.questions.items() if is_inferred(question)]


def is_inferred(question: Mapping[str, Any]) -> bool:
    """Whether one of a few answers is the right one: the question is objective, and not a degree, an order or written."""
    return question["type"] in INFERRED and question.get("nature") == "objective"


def possible_values(question: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values that votes may have, as far as the form alone says: a preference's are keys of responses, too."""
    kind = question["type"]
    if kind in (CHECKS, CHOICES):
        return ("false", "true")
    if kind == CHOICE:
        return tuple(map(str, values_of(question, "options")))
    return tuple(name for name in ("tie", "both_bad") if question.get(name))


def degrees(question: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return a rating's degrees from low to high, None for other questions."""
    return tuple(map(str, values_of(question, "scale"))) if question["type"] == RATING else None


def hear(*, project_id: int) -> Heard:
    """Return the votes of the latest resolved rounds and of gold in use, with what is expected there."""
    heard = Heard()
    forms = {form.pk: form for form in FormVersion.objects.filter(project=project_id).order_by("number")}
    for form in forms.values():  # what the latest form asks under a name is what the name means
        heard.questions |= {question["id"]: question for question in resolvable(form.document)}
    asked_now = {question["id"] for question in resolvable(list(forms.values())[-1].document)} if forms else set()
    resolved = Round.objects.filter(project=project_id, state=RoundState.RESOLVED).exclude(reason__in=ASIDE)
    rounds = _framed(resolved.order_by("-closed_at")[: LATEST_ROUNDS + 1], heard)
    heard.is_all = len(rounds) <= LATEST_ROUNDS
    _expect(project_id, forms, heard)
    wanted = sorted({*rounds[:LATEST_ROUNDS], *(unit.round for units in heard.expected.values() for unit in units)})
    for first in range(0, len(wanted), AT_ONCE):
        _listen(wanted[first : first + AT_ONCE], forms, heard)
    heard.questions = {
        name: question for name, question in heard.questions.items() if name in asked_now or heard.votes[name]
    }
    return heard


def _framed(rounds: QuerySet[Round], heard: Heard) -> list[int]:
    rows = rounds.values_list(
        "pk", "guideline_id", "item_version__language", "item_version__domain", "item_version__difficulty"
    )
    for pk, guideline, language, domain, difficulty in rows:
        segments = {Segment.LANGUAGE: language, Segment.DOMAIN: domain, Segment.DIFFICULTY: str(difficulty)}
        heard.frames[pk] = Frame(guideline, {name: value[:60] for name, value in segments.items() if value})
    return list(heard.frames)


def _expect(project_id: int, forms: Mapping[int, FormVersion], heard: Heard) -> None:
    """Add what gold expects, where its answer has not been disputed."""
    gold = GoldItem.objects.filter(project=project_id, use=GoldUse.GOLD, round__reason=RoundReason.GOLD).exclude(
        retired_because__in=[GoldRetirement.DISPUTED, GoldRetirement.LEAKED, GoldRetirement.ERASED]
    )
    rows = gold.order_by("-pk").values_list("round_id", "round__form_id", "expected", "tolerance")[:LATEST_GOLD]
    for round_id, form_id, expected, tolerance in rows:
        form = forms[form_id].document
        kinds = {question["id"]: question["type"] for question in form["questions"]}
        right = defaultdict(set)
        for path, value in votes_of(form, expected).items():
            right[path].add(value)
        for name, others in tolerance.items():
            for other in others:
                answer = {"choice": other} if kinds.get(name) == PREFERENCE else other
                for path, value in votes_of(form, {**expected, name: answer}).items():
                    right[path].add(value)
        for path, values in right.items():
            heard.expected[path.partition(".")[0]][Unit(round_id, path)] = frozenset(values)


def _listen(round_ids: list[int], forms: Mapping[int, FormVersion], heard: Heard) -> None:
    counting = Annotation.objects.filter(
        round__in=round_ids, superseded_by=None, invalidation=None, task__kind__in=INDEPENDENT
    )
    rows = counting.order_by("pk").values_list("round_id", "reviewer_id", "form_id", "answers")
    for round_id, reviewer, form_id, answers in rows.iterator(chunk_size=AT_ONCE):
        for path, value in votes_of(forms[form_id].document, answers).items():
            name = path.partition(".")[0]
            if heard.questions[name]["type"] == RANKING:
                value = _sided(path, value)
            heard.votes[name].append(Vote(Unit(round_id, path), reviewer, value))


def _sided(path: str, value: str) -> str:
    """Return which side of a pair goes first, whatever the two are called."""
    if "=" in value:
        return "="
    return ">" if value == path.partition(".")[2] else "<"
