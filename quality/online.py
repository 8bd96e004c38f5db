"""What the judgments of an item come to so far, by what is known of who gave them; and what an expert costs now.

Pure functions of the standard library, for one item at a time. What is known (`Known`) was measured by the roll-up of figures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from quality.calibration import Recalibration
from quality.consensus import Taken
from quality.overlap import Action, Choice, Confusion, Terms, decide, item_posterior, one_coin

METHOD = "posterior"
# An answer beside the one that was ever given: nothing is known for certain because nobody has said otherwise yet.
OTHERWISE = "(otherwise)"
# Of people nobody knows anything about yet.
UNKNOWN_ACCURACY = 0.7
# From here on an answer is taken: more probable than all others together, as a majority has more votes than all others.
LIKELY = 0.5
# An expert's judgment is paid as so many ordinary ones, and a wait of a working day for it counts as much again.
EXPERT_RATE = 5.0
WORKING_DAY_HOURS = 8.0


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one question. `prior` is how common each answer is; `confusions` are those of reviewers, by id, and
    `accuracies` what gold says of others; of anybody else mistakes are as common as on average. `is_shown`: gold shows that
    these confidences, read by `recalibration`, may be relied on; `why` says by what, or what is missing."""

    prior: Mapping[str, float]
    confusions: Mapping[int, Confusion] = field(default_factory=dict)
    accuracies: Mapping[int, float] = field(default_factory=dict)
    accuracy: float = UNKNOWN_ACCURACY
    recalibration: Recalibration | None = None
    is_shown: bool = False
    is_model_chosen: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Inferred:
    """The likeliest of the answers that were given, its probability, and the whole posterior."""

    answer: str
    confidence: float
    posterior: dict[str, float]


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for experts: open tasks, what is done in an hour (None: not measured), and who could do it."""

    waiting: int
    an_hour: float | None
    people: int


def infer(votes: Sequence[tuple[int, str]], known: Known) -> Inferred:
    """Return what the votes (reviewer, answer), at least one, come to at one path: calibrated where that is known.

    An answer that nobody gave is never taken, however probable people's known mistakes make it.
    """
    answers = sorted({*known.prior, *(answer for _, answer in votes)})
    if len(answers) < 2:
        answers.append(OTHERWISE)
    prior = {answer: known.prior.get(answer, 0.0) for answer in answers}
    posterior = item_posterior([(answer, _confusion(who, answers, known)) for who, answer in votes], prior)
    if known.recalibration is not None:
        posterior = recalibrated(posterior, known.recalibration)
    given = sorted({answer for _, answer in votes})
    answer = max(given, key=lambda each: posterior[each])
    return Inferred(answer, posterior[answer], posterior)


def _confusion(reviewer: int, answers: Sequence[str], known: Known) -> Confusion:
    found = known.confusions.get(reviewer)
    if found is not None and set(found) >= set(answers):
        return found
    return one_coin(known.accuracies.get(reviewer, known.accuracy), answers)


def recalibrated(posterior: Mapping[str, float], recalibration: Recalibration) -> dict[str, float]:
    """Return the posterior with the leading answer as probable as such a confidence has proved, and no more probable than it
    was; it goes on leading.

    Gold takes confidence away and adds none: few gold items are answered as unevenly as work in doubt is, and where all of
    these came out right, one map would have any two who differ be sure.
    """
    leader = max(sorted(posterior), key=lambda answer: posterior[answer])
    top = posterior[leader]
    others = 1.0 - top
    if others <= 0.0:
        return dict(posterior)
    next_best = max(share for answer, share in posterior.items() if answer != leader)
    least = next_best / (others + next_best)
    share = min(top, max(recalibration(top), least))
    return {
        answer: share if answer == leader else chance * (1.0 - share) / others for answer, chance in posterior.items()
    }


def taken(inferred: Mapping[str, Inferred]) -> dict[str, Taken]:
    """Return what is taken at each path: its likeliest answer, or none where that is not more probable than the others."""
    return {
        path: Taken(each.answer if each.confidence > LIKELY else None, each.confidence)
        for path, each in inferred.items()
    }


def next_step(inferred: Iterable[Inferred], *, given: int, terms: Terms) -> Choice:
    """Return what to do with an item by the least certain of these answers, of which there is one at least."""
    weakest = min(inferred, key=lambda each: each.confidence)
    choice = decide(weakest.posterior, given=given, terms=terms)
    if choice.action != Action.RESOLVE or choice.answer == weakest.answer:
        return choice
    # The likeliest is an answer that nobody gave: it does not stand.
    if given < terms.most:
        action = Action.ONE_MORE
    else:
        action = Action.RESOLVE if terms.expert_cost is None else Action.ESCALATE
    sentence = f"The likeliest answer, {choice.answer}, was given by nobody."
    return Choice(action, weakest.answer, weakest.confidence, choice.expected_cost, sentence)


def expert_price(queue: Queue | None, *, judgment_cost: float) -> float | None:
    """Return what an expert's answer costs now, in the unit of `judgment_cost`; None where nobody could give it.

        judgment_cost * EXPERT_RATE * (1 + hours of waiting / 8)

    where the wait is what stands in the experts' queue divided by what they do in an hour. An expert's minute is scarce, so it
    is priced at its queue. A queue that nobody has measured, or that is empty, adds nothing.
    """
    if queue is None:
        return judgment_cost * EXPERT_RATE
    if not queue.people:
        return None
    hours = queue.waiting / queue.an_hour if queue.an_hour else 0.0
    return judgment_cost * EXPERT_RATE * (1.0 + hours / WORKING_DAY_HOURS)
