"""Which state follows from what is known of a reviewer, why, and how much they may do a day. Pure functions.

Whoever rises must pass a higher bar than whoever falls, so that one answer more or less rarely flips anybody (hysteresis).
How rarely follows from the gap and the evidence: by thirty answers a miss moves the lower bound by about four points, by ten
by about ten. Bounds are of a Beta posterior: see `quality.evidence`.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import floor

from quality.evidence import Belief, Source

# The lower 95 % bound of an accuracy of which nothing is known: where the daily cap begins to rise.
UNKNOWN_LOW = 0.05
WORDS = {
    Source.GOLD: "gold",
    Source.AUDIT: "audited",
    Source.REVIEW: "reviewed",
    Source.CONSENSUS: "agreed by others",
}


class State(StrEnum):
    TRAINING = "training"
    PROBATION = "probation"
    TRUSTED = "trusted"
    CONSENSUS_ONLY = "consensus_only"
    PAUSED = "paused"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Bars:
    """What a project asks of its reviewers. Accuracies; `evidence_least` and `probation_most` in sure answers.

    `probation_most` ends probation: who is not trusted by then judges on, but never alone.
    """

    trusted_from: float = 0.60
    trusted_until: float = 0.50
    paused_below: float = 0.60
    returns_from: float = 0.60
    evidence_least: float = 4.0
    probation_most: float = 60.0
    cap_lowest: int = 20
    cap_highest: int = 200


@dataclass(frozen=True, slots=True)
class Decided:
    """`reason` is one sentence for a person."""

    state: State
    reason: str


def decide_state(
    belief: Belief, *, current: State, bars: Bars | None = None, is_trained: bool = False, alarm: str = ""
) -> Decided:
    """Return the state that follows. `alarm` says since when errors are more, where a drift alarm stands; else it is empty.

    - Retired stays: it is an operator's act, and so is its end. Training ends once `is_trained`.
    - Under `evidence_least` sure answers nobody is judged.
    - Paused: even the upper bound is below `paused_below`. A pause ends once the lower bound reaches `returns_from`: gold
      that was withdrawn can do that, and age, which only lowers that bound, cannot; an operator may end it any time.
    - Trusted from a lower bound of `trusted_from`, until it is below `trusted_until` or an alarm stands.
    - Else probation up to `probation_most` sure answers, and after that, or by an alarm that ends trust, consensus-only: the
      work counts, but nothing rests on it alone. That ends where trust begins.
    """
    bars = bars or Bars()
    found = _found(belief)
    if current == State.RETIRED:
        return Decided(current, "Retired by an operator.")
    if current == State.TRAINING:
        if not is_trained:
            return Decided(current, "Still in training.")
        return Decided(State.PROBATION, "The training is passed.")
    if belief.weight < bars.evidence_least:
        return Decided(current, f"{found}: too little to say.")
    if belief.high < bars.paused_below:
        return Decided(State.PAUSED, f"{found}: even the upper end is below {bars.paused_below:.0%}.")
    if current == State.PAUSED:
        if belief.low < bars.returns_from:
            return Decided(current, f"{found}: a pause ends once the lower end reaches {bars.returns_from:.0%}.")
        return Decided(State.PROBATION, f"{found}: back from {bars.returns_from:.0%} on.")
    if alarm:
        return Decided(
            State.CONSENSUS_ONLY if current != State.PROBATION else current, f"{alarm.rstrip('.')}. {found}."
        )
    return _by_bounds(belief, current, bars, found)


def _by_bounds(belief: Belief, current: State, bars: Bars, found: str) -> Decided:
    if current == State.TRUSTED and belief.low >= bars.trusted_until:
        return Decided(current, f"{found}: trusted until the lower end is below {bars.trusted_until:.0%}.")
    if belief.low >= bars.trusted_from:
        return Decided(State.TRUSTED, f"{found}: trusted from {bars.trusted_from:.0%} on.")
    if current != State.CONSENSUS_ONLY and belief.weight < bars.probation_most:
        return Decided(State.PROBATION, f"{found}: trusted once the lower end reaches {bars.trusted_from:.0%}.")
    return Decided(
        State.CONSENSUS_ONLY, f"{found}: judges along with others until the lower end reaches {bars.trusted_from:.0%}."
    )


def daily_cap(belief: Belief, *, bars: Bars | None = None) -> int:
    """Return how many judgments a day somebody on probation may give.

        cap = lowest + (highest - lowest) * (low - 0.05) / (trusted_from - 0.05), rounded down, between the two

    where `low` is the lower bound of their accuracy: 0.05 of somebody unknown, `trusted_from` of somebody about to be
    trusted. Each right answer raises it, so what a careless newcomer can spoil is bounded, and a good one is soon free.
    """
    bars = bars or Bars()
    way = (belief.low - UNKNOWN_LOW) / (bars.trusted_from - UNKNOWN_LOW)
    return floor(bars.cap_lowest + (bars.cap_highest - bars.cap_lowest) * min(max(way, 0.0), 1.0) + 1e-6)


def _found(belief: Belief) -> str:
    of = ", ".join(f"{count} {WORDS[source]}" for source, count in belief.pieces.items() if count)
    if not of:
        return "Nothing is known yet"
    return f"Accuracy {belief.low:.0%} to {belief.high:.0%} ({of}, worth {belief.weight:.1f} sure answers)"
