"""How soon poor reviewers are found, and how often good ones are blamed: seeded people against the rules of `quality`.

Each person judges one item after another, 40 a day, four answers each; some are gold, as the rule of gold's share has it. What
is watched is what the product watches: the standing and its state, the CUSUM of misses on gold, the signs of low effort
in blocks of fifty judgments, and for pairs the wrong answers that they share where the right one is known. Nobody knows the
truth but the simulation. No database is needed.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from config.bench import Report
from quality.drift import Alarm, chart_for, error_alarm
from quality.effort import BothAnswered, long_run, same_answers, shared_wrong, too_fast
from quality.evidence import Belief, Piece, Source, believe
from quality.gold_rate import gold_share
from quality.standing_rule import Bars, State, decide_state

ANSWERS = ("a", "b", "c", "d")
EVEN = dict.fromkeys(ANSWERS, 0.25)
A_DAY = 40
MOST = 1500
BLOCK = 50
KNOWN_SHARE = 0.2
OTHERS = 5
OTHERS_ACCURACY = 0.88
BARS = Bars()
# A person is looked at MOST / BLOCK times, by three signs: together once in a thousand people is blamed by these.
CHANCE_BELOW = 0.001 / (3 * MOST / BLOCK)


@dataclass(frozen=True, slots=True)
class Person:
    """`accuracy` falls to `later` at the judgment `changes_at`. `hurry` is the share of judgments in a rush, `one_place` that
    of those that choose the first place shown, unread."""

    accuracy: float
    later: float
    changes_at: int = 0
    hurry: float = 0.04
    one_place: float = 0.0


PEOPLE = {
    "excellent": Person(0.95, 0.95),
    "careless": Person(0.55, 0.55, hurry=0.5, one_place=0.4),
    "drifting": Person(0.95, 0.72, changes_at=500),
}
COLLUDING = 0.9


@dataclass(slots=True)
class Watch:
    """What is known of one person so far."""

    state: State = State.PROBATION
    belief: Belief = field(default_factory=lambda: believe([]))
    gold: list[tuple[int, bool]] = field(default_factory=list)
    timed: list[tuple[float, float]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def judge(self, person: Person, number: int, chance: random.Random) -> None:
        """Let the person give one judgment, and see what can be seen of it."""
        is_blind = chance.random() < person.one_place
        self.places.append("a" if is_blind else chance.choice(ANSWERS))
        self.timed.append((4.0 if chance.random() < person.hurry else 30.0, 5.0))
        accuracy = person.accuracy if number < person.changes_at else person.later
        if chance.random() < gold_share(self.belief.width):
            self.gold.append((number, chance.random() >= accuracy))
            self._review(number)

    def found(self, number: int) -> str | None:
        """Return what speaks against this person now, or None."""
        if self.state in (State.PAUSED, State.CONSENSUS_ONLY):
            return "standing"
        if self.gold and self.gold[-1][0] == number and self.alarm() is not None:
            return "drift"
        if (number + 1) % BLOCK:
            return None
        places, timed = self.places[-BLOCK:], self.timed[-BLOCK:]
        signs = (
            same_answers(places, EVEN, chance_below=CHANCE_BELOW),
            long_run(places, EVEN, chance_below=CHANCE_BELOW),
            too_fast(timed, chance_below=CHANCE_BELOW),
        )
        return next((str(sign.sign) for sign in signs if sign), None)

    def alarm(self) -> Alarm | None:
        misses = [miss for _, miss in self.gold]
        return error_alarm(misses, chart_for(misses))

    def _review(self, number: int) -> None:
        evidence = [Piece(Source.GOLD, not miss, (number - when) / A_DAY) for when, miss in self.gold]
        self.belief = believe(evidence)
        self.state = decide_state(self.belief, current=self.state, bars=BARS).state


@dataclass(frozen=True, slots=True)
class Outcome:
    """`delay` is how many judgments it took from when there was something to find; None where nothing was found. `by` says
    what found it; `dated` how many judgments after the change the last one known good is put (below 0: before it)."""

    delay: int | None
    by: str = ""
    dated: int | None = None


def watch_person(person: Person, chance: random.Random) -> Outcome:
    """Return when somebody is found. Who is blamed before they changed is no longer watched: that is a false alarm."""
    watch = Watch()
    for number in range(MOST):
        watch.judge(person, number, chance)
        if by := watch.found(number):
            if number < person.changes_at:
                return Outcome(None, by)
            return Outcome(number - person.changes_at + 1, by, _dated(watch, person, by))
    return Outcome(None)


def watch_pair(copying: float, chance: random.Random) -> Outcome:
    """Return when two people with a fifth of wrong answers, of whom one copies the other this often, are found."""
    shared: list[BothAnswered] = []
    for number in range(MOST):
        if chance.random() < KNOWN_SHARE:
            one = _answer(0.8, chance)
            other = one if chance.random() < copying else _answer(0.8, chance)
            others = Counter(_answer(OTHERS_ACCURACY, chance) for _ in range(OTHERS))
            shared.append(BothAnswered(one, other, "a", others, len(ANSWERS)))
        if not (number + 1) % BLOCK and shared_wrong(shared, chance_below=0.001 / (MOST / BLOCK)):
            return Outcome(number + 1, "shared_wrong")
    return Outcome(None)


def measure(*, people: int, seed: int) -> Report:
    """Return, by kind of person: the share found, the judgments until then (median and 90 %), and what found them."""
    report = Report()
    for name, outcomes in _simulated(people, seed):
        delays = [each.delay for each in outcomes if each.delay is not None]
        if name in ("excellent", "independent"):
            report.figures[f"{name}_falsely_found_share"] = round(len(delays) / people, 4)
            continue
        report.figures |= _summary(name, outcomes, delays, people)
    report.figures["judgments_each"] = MOST
    return report


def _simulated(people: int, seed: int) -> Iterator[tuple[str, list[Outcome]]]:
    for name, person in PEOPLE.items():
        yield name, [watch_person(person, random.Random(f"{seed} {name} {n}")) for n in range(people)]
    for name, copying in (("colluding", COLLUDING), ("independent", 0.0)):
        yield name, [watch_pair(copying, random.Random(f"{seed} {name} {n}")) for n in range(people)]


def _summary(name: str, outcomes: list[Outcome], delays: list[int], people: int) -> dict[str, Any]:
    figures: dict[str, Any] = {f"{name}_found_share": round(len(delays) / people, 4)}
    if len(delays) > 1:
        figures[f"{name}_delay_median_judgments"] = round(median(delays))
        figures[f"{name}_delay_p90_judgments"] = round(quantiles(delays, n=10)[-1])
    for by, count in sorted(Counter(each.by for each in outcomes if each.delay is not None).items()):
        figures[f"{name}_found_by_{by}_share"] = round(count / people, 4)
    dated = [each.dated for each in outcomes if each.dated is not None]
    if dated:
        figures[f"{name}_dated_median_judgments"] = round(median(dated))
    return figures


def _dated(watch: Watch, person: Person, by: str) -> int | None:
    """Return how many judgments after the change the last known good one lies; None where no drift was to be dated."""
    alarm = watch.alarm() if by == "drift" and person.changes_at else None
    if alarm is None:
        return None
    return (watch.gold[alarm.good_until][0] if alarm.good_until >= 0 else 0) - person.changes_at


def _answer(accuracy: float, chance: random.Random) -> str:
    """The right answer is "a", here as for the others."""
    return "a" if chance.random() < accuracy else chance.choice(ANSWERS[1:])
