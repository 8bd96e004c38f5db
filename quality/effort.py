"""Signs of low effort in what somebody answered, for a person to look at: never proof, and never a reason to ban.

Pure functions on plain values, without numpy. Each finds something only where it would be seen of somebody honest less than
once in a thousand times (`chance`, or a bound on it); who looks at many people or pairs divides `chance_below` by how many
(C. E. Bonferroni, 1936). A finding's sentence is what the operator reads.

Sources: long strings of the same answer (J. A. Johnson, 2005; A. W. Meade and S. B. Craig, "Identifying careless responses in
survey data", 2012); containment of word runs (A. Z. Broder, "On the resemblance and containment of documents", 1997); agreement
on wrong answers (G. O. Wesolowsky, "Detecting excessive similarity in answers on multiple choice exams", 2000).
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from math import ceil, log2
from typing import Any

from rapidfuzz import fuzz

from quality.proportions import at_least, at_least_of

CHANCE_BELOW = 0.001
FAST_SHARE = 0.05
TIMES_LEAST = 50
WORDS_IN_A_RUN = 5
COPIED_SHARE = 0.6
SIMILAR = 90.0
PASTED_SHARE = 0.8
TEXT_LEAST = 80
# How many even answers of strangers are added to what others answered: nobody else's silence makes an answer impossible.
STRANGERS = 2.0
_WORD = re.compile(r"\w+")


class Sign(StrEnum):
    TOO_FAST = "too_fast"
    SAME_ANSWERS = "same_answers"
    LONG_RUN = "long_run"
    COPIED = "copied"
    PASTED = "pasted"
    REPEATED_TEXT = "repeated_text"
    SHARED_WRONG = "shared_wrong"
    TOGETHER = "together"
    UNSTEADY = "unsteady"
    CONTRADICTION = "contradiction"


@dataclass(frozen=True, slots=True)
class Finding:
    """`chance` is how likely so much or more is of somebody honest; None where the sign is no matter of chance."""

    sign: Sign
    sentence: str
    chance: float | None = None


# --- pace -------------------------------------------------------------------------------------------------------------


def fast_bound(seconds: Sequence[float], *, share: float = FAST_SHARE) -> float | None:
    """Return the seconds under which `share` of these judgments of others lie; None of fewer than TIMES_LEAST.

    Take them from judgments of the same form and, where lengths differ much, of items of about this length.
    """
    if len(seconds) < TIMES_LEAST:
        return None
    return sorted(seconds)[ceil(share * len(seconds)) - 1]


def too_fast(
    timed: Sequence[tuple[float, float]], *, share: float = FAST_SHARE, chance_below: float = CHANCE_BELOW
) -> Finding | None:
    """Whether too many judgments were faster than their bound; `timed` are (seconds, bound of that item).

    One fast judgment says nothing: one in twenty of everybody's is. The number of them is compared with the binomial one.
    """
    fast = sum(seconds < bound for seconds, bound in timed)
    chance = at_least(fast, len(timed), share)
    if chance >= chance_below:
        return None
    sentence = f"{fast} of {len(timed)} judgments took less time than {1 - share:.0%} of others need for such items."
    return Finding(Sign.TOO_FAST, sentence, chance)


# --- the same again and again -----------------------------------------------------------------------------------------


def same_answers(
    answers: Sequence[str], usual: Mapping[str, float], *, chance_below: float = CHANCE_BELOW
) -> Finding | None:
    """Whether one answer is given far more often than others give it on such items; `usual` are their shares.

    For a choice between responses pass the *places* at which they were shown: somebody who does not read chooses a place,
    and places are shuffled, so that honest shares are even whatever the items are.
    """
    if not answers:
        return None
    answer, count = Counter(answers).most_common(1)[0]
    chance = at_least(count, len(answers), usual.get(answer, 0.0))
    if chance * max(1, len(usual)) >= chance_below:
        return None
    sentence = (
        f"{count} of {len(answers)} answers are {answer}, which others give to {usual.get(answer, 0.0):.0%} of such items "
        f"(the answers vary by {entropy(answers):.2f} bits)."
    )
    return Finding(Sign.SAME_ANSWERS, sentence, chance)


def long_run(
    answers: Sequence[str], usual: Mapping[str, float], *, chance_below: float = CHANCE_BELOW
) -> Finding | None:
    """Whether the same answer stands so often in a row that chance does not make it, the items being in random order.

    A run of length l of an answer of share p begins at a given place with probability p^l, and so anywhere among n with at
    most n p^l.
    """
    runs = [(sum(1 for _ in group), answer) for answer, group in groupby(answers)]
    if not runs:
        return None
    length, answer = max(runs)
    chance = min(1.0, len(answers) * usual.get(answer, 0.0) ** length)
    if chance >= chance_below:
        return None
    sentence = (
        f"{length} answers in a row are {answer}, which others give to {usual.get(answer, 0.0):.0%} of such items."
    )
    return Finding(Sign.LONG_RUN, sentence, chance)


def entropy(answers: Sequence[str]) -> float:
    """Return how much the answers vary, in bits: 0 where all are the same (C. E. Shannon, 1948)."""
    counts = Counter(answers)
    return sum(count / len(answers) * log2(len(answers) / count) for count in counts.values())


def unsteady(
    repeats: Sequence[tuple[Any, Any]], *, usual_change: float, chance_below: float = CHANCE_BELOW
) -> Finding | None:
    """Whether somebody who met items twice answered otherwise more often than others do (`usual_change`)."""
    changed = sum(first != second for first, second in repeats)
    chance = at_least(changed, len(repeats), usual_change)
    if chance >= chance_below:
        return None
    sentence = (
        f"{changed} of {len(repeats)} items were answered otherwise the second time; others change {usual_change:.0%}."
    )
    return Finding(Sign.UNSTEADY, sentence, chance)


# --- text -------------------------------------------------------------------------------------------------------------


def copied(text: str, responses: Mapping[str, str], *, share: float = COPIED_SHARE) -> Finding | None:
    """Whether most of what was written stands word for word in a response: runs of WORDS_IN_A_RUN words that occur there.

    Not for edits, which keep most of a response on purpose; nor for quotations, which are short.
    """
    own = _runs(text)
    if len(text) < TEXT_LEAST or not own:
        return None
    shares = {key: len(own & _runs(response)) / len(own) for key, response in responses.items()}
    key = max(shares, key=lambda each: shares[each], default="")
    if not key or shares[key] < share:
        return None
    return Finding(Sign.COPIED, f"{shares[key]:.0%} of the text stands word for word in response {key}.")


def repeated_text(text: str, earlier: Sequence[str], *, similar: float = SIMILAR) -> Finding | None:
    """Whether a text is nearly one that the same person wrote before, of another item (similarity of 0 to 100)."""
    if len(text) < TEXT_LEAST:
        return None
    closest = max((fuzz.ratio(text, other, score_cutoff=similar) for other in earlier), default=0.0)
    if closest < similar:
        return None
    return Finding(Sign.REPEATED_TEXT, f"The text is {closest:.0f} % the same as one written of another item.")


def pasted(length: int, pasted_characters: int, *, share: float = PASTED_SHARE) -> Finding | None:
    """Whether most of a text (lengths in characters) came in by pasting. People may write elsewhere, so this only asks."""
    if length < TEXT_LEAST or pasted_characters < share * length:
        return None
    return Finding(Sign.PASTED, f"{min(1.0, pasted_characters / length):.0%} of the text was pasted.")


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return {tuple(words[place : place + WORDS_IN_A_RUN]) for place in range(len(words) - WORDS_IN_A_RUN + 1)}


# --- two people -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BothAnswered:
    """An item that two people answered, and whose right answer is known. `others` counts what everybody else answered;
    `answers` is how many answers there are."""

    one: str
    other: str
    right: str
    others: Mapping[str, int]
    answers: int

    def chance(self, answer: str) -> float:
        """How likely the next person gives this answer."""
        return self._weight(answer) / self._whole

    def chance_of_same_wrong(self) -> float:
        """How likely the next two people give one and the same wrong answer: the sum of E[p^2] over these, where the p have
        a Dirichlet distribution after what others answered (the urn of F. Eggenberger and G. Pólya, 1923).

        More than the square of the mean: others are few, and whether an item misleads is itself not known for sure."""
        wrong = [self._weight(answer) for answer in self.others if answer != self.right]
        wrong += [STRANGERS / self.answers] * (self.answers - len(self.others.keys() | {self.right}))
        return sum(weight * (weight + 1) for weight in wrong) / (self._whole * (self._whole + 1))

    def _weight(self, answer: str) -> float:
        return self.others.get(answer, 0) + STRANGERS / self.answers

    @property
    def _whole(self) -> float:
        return sum(self.others.values()) + STRANGERS


def shared_wrong(items: Sequence[BothAnswered], *, chance_below: float = CHANCE_BELOW) -> Finding | None:
    """Whether two people give the same wrong answer more often than two who do not know of each other.

    Two of the others would share a wrong answer with a chance that the item's other answers tell; these two do so times how
    much more or less each errs overall (so misleading items and weak people explain what they can). How many items see the
    same wrong answer twice is a sum of independent events of unequal chance, whose distribution is exact. The same right answers
    show nothing. A finding can also be a shared source or a wrong reference: a person finds out which.
    """
    same = sum(item.one == item.other != item.right for item in items)
    if not same:
        return None
    expected = sum(1 - item.chance(item.right) for item in items)
    one = sum(item.one != item.right for item in items) / expected
    other = sum(item.other != item.right for item in items) / expected
    chances = [min(1.0, one * other * item.chance_of_same_wrong()) for item in items]
    chance = at_least_of(same, chances)
    if chance >= chance_below:
        return None
    sentence = (
        f"Of {len(items)} items that both answered, {same} have the same wrong answer from both; "
        f"two who do not know of each other would share {sum(chances):.1f}."
    )
    return Finding(Sign.SHARED_WRONG, sentence, chance)
