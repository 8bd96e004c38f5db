"""How a simulated reviewer answers an item: pure, seeded, and wrong as often as its persona says.

The sample carries a quality between 0 and 1 for every response (`merit.json`). A persona reads those merits
through its own eyes: it calls close ones a tie, takes its time, and errs at a known rate, so that what the
quality machinery finds can be compared with what was put in.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BOTH_BAD_BELOW = 0.25
RATIONALE_SHARE = 0.3
SHORTEST_SECONDS = 2.0

# A person who errs mostly prefers another response; a wrong tie is rarer, a wrong "both bad" rarer still.
SLIP_WEIGHTS = {"tie": 2, "both_bad": 1}
SLIP_WEIGHT_OF_A_RESPONSE = 3

RATIONALES = {
    "tie": (
        "Both would serve the user about equally; what differs is a matter of taste.",
        "Same substance and the same care. I could not defend either order.",
        "Each has one small advantage over the other, and they cancel out.",
    ),
    "both_bad": (
        "None of them could be sent to a user as it stands.",
        "Each gets the main point wrong, so I would not rank one above the other.",
        "No response here follows the guideline well enough to be preferred.",
    ),
    "response": (
        "It answers what was asked, and the facts hold up.",
        "More accurate than the alternative, and nothing important is missing.",
        "Easier to act on: the main point comes first and the caveats are the right ones.",
        "The other one contains a mistake that the user would have to pay for.",
        "It stays within what the user told us and does not invent anything.",
    ),
}


@dataclass(frozen=True)
class Persona:
    """The simulated properties of one reviewer.

    `accuracy` is the chance to answer as the merits say; `tie_width` the difference in merit up to which the
    two best are called a tie. The time spent on an item is log-normal: `median_seconds`, and `spread`, the
    standard deviation of its natural logarithm.
    """

    username: str
    accuracy: float
    tie_width: float
    median_seconds: float
    spread: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.accuracy <= 1.0:
            raise ValueError(f"The accuracy of {self.username} must lie in 0..1, not {self.accuracy}.")
        if not 0.0 <= self.tie_width <= 1.0:
            raise ValueError(f"The tie width of {self.username} must lie in 0..1, not {self.tie_width}.")
        if self.median_seconds <= 0 or self.spread < 0:
            raise ValueError(f"The seconds of {self.username} need a median above 0 and a spread of 0 or more.")

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "Persona":
        """The persona of one entry of `people.json`; KeyError if a field is missing, ValueError if bad."""
        median, spread = entry["seconds"]
        return cls(
            username=entry["username"],
            accuracy=float(entry["accuracy"]),
            tie_width=float(entry["tie_width"]),
            median_seconds=float(median),
            spread=float(spread),
        )


@dataclass(frozen=True)
class Verdict:
    """What a persona submits: `answers` in the shape of a submit's value, and the seconds it took."""

    answers: dict[str, Any]
    seconds: float


def right_choice(merits: Mapping[str, float], *, tie_width: float) -> str:
    """What a faultless reviewer of that tie width answers: a response's key, "tie" or "both_bad".

    `merits` holds a quality in 0..1 for each response key and must not be empty (ValueError).
    """
    if not merits:
        raise ValueError("An item without merits cannot be judged: give a merit for each response.")
    ranked = sorted(merits.items(), key=lambda entry: (-entry[1], entry[0]))
    best_key, best = ranked[0]
    if best < BOTH_BAD_BELOW:
        return "both_bad"
    # Merits are decimals such as 0.80 and 0.76; their difference may exceed 0.04 by a rounding error alone.
    if len(ranked) > 1 and best - ranked[1][1] <= tie_width + 1e-9:
        return "tie"
    return best_key


def judge(persona: Persona, *, external_id: str, merits: Mapping[str, float], seed: int) -> Verdict:
    """The persona's answer to one item, the same for the same seed, username and external id.

    With the persona's accuracy it is `right_choice`, else another of the possible choices. Three answers in
    ten carry a short rationale; the key is left out when there is none.
    """
    source = random.Random(f"{seed}:{persona.username}:{external_id}")
    choice = right_choice(merits, tie_width=persona.tie_width)
    if source.random() >= persona.accuracy:
        choice = _slip(source, merits, instead_of=choice)
    answers: dict[str, Any] = {"preference": {"choice": choice}}
    if source.random() < RATIONALE_SHARE:
        answers["rationale"] = source.choice(RATIONALES.get(choice, RATIONALES["response"]))
    return Verdict(answers=answers, seconds=_seconds(source, persona))


def _slip(source: random.Random, merits: Mapping[str, float], *, instead_of: str) -> str:
    weights = dict.fromkeys(sorted(merits), SLIP_WEIGHT_OF_A_RESPONSE) | SLIP_WEIGHTS
    del weights[instead_of]
    return source.choices(list(weights), weights=list(weights.values()))[0]


def _seconds(source: random.Random, persona: Persona) -> float:
    seconds = persona.median_seconds * math.exp(source.gauss(0.0, persona.spread))
    return round(max(seconds, SHORTEST_SECONDS), 1)
