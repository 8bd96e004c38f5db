"""The ladder that an escalation climbs while nobody has acknowledged it, and what its customer is told. Plain values.

A service level may have a ladder of its own, as a list of rungs, the first first:

    [{"after_minutes": 0, "see": "leads"},
     {"after_minutes": 60, "see": "operators", "raise_priority": 1},
     {"after_minutes": 240, "see": "managers", "raise_priority": 1, "tell_customer": true, "message": "..."}]

`see` names who is asked from then on, beside those asked before; `raise_priority` is added to its pool's priority until
it is resolved. The message is told as it stands, with {project}, {due}, {forecast} and {open} filled in: facts that are
the customer's own, and no names of people. It is about work that is due; where a promise of quality is broken the
customer is told which, and of what is between reviewers and operators nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from string import Formatter
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.errors import Invalid
from routing.types import EscalationKind

MOST_RUNGS = 10
MOST_RAISED = 100
LONGEST_MESSAGE = 400
FACTS = frozenset({"project", "due", "forecast", "open"})
KEYS = frozenset({"after_minutes", "see", "raise_priority", "tell_customer", "message"})


class Audience(models.TextChoices):
    LEADS = "leads", _("the project's leads")
    OPERATORS = "operators", _("the project's operators")
    MANAGERS = "managers", _("those who manage the customer")


@dataclass(frozen=True, slots=True)
class Rung:
    """What happens once an escalation has waited `after_minutes`; without a `message`, the house's for its kind."""

    after_minutes: float
    see: str
    raise_priority: int = 0
    tell_customer: bool = False
    message: str = ""


HOUSE_LADDER = (
    Rung(0, Audience.LEADS),
    Rung(60, Audience.OPERATORS, raise_priority=1),
    Rung(240, Audience.MANAGERS, raise_priority=1, tell_customer=True),
)

# What the customer is told, by kind, where the ladder has no words of its own.
MESSAGES = {
    EscalationKind.AT_RISK: _(
        "Part of {project} is due {due} and may be late: as things stand it will be done {forecast}. We are at work on it."
    ),
    EscalationKind.MISSED: _(
        "Part of {project} was due {due} and is not done; as things stand it will be done {forecast}. It goes first now."
    ),
    EscalationKind.EXPERTS: _(
        "The part of {project} that needs experts is due {due} and may be late: as things stand it will be done {forecast}."
    ),
    EscalationKind.NOBODY: _("Part of {project} waits until somebody is there who can do it ({open} judgments)."),
    EscalationKind.SKIPPED: _("An item of {project} could not be judged by several people; we are looking into it."),
    EscalationKind.QUALITY: _(
        "The measured quality of part of {project} is below what was agreed; we are at work on it."
    ),
}

# What an operator does next, by kind.
NEXT_STEPS = {
    EscalationKind.AT_RISK: _("Bring more people onto it, or agree another time with the customer."),
    EscalationKind.MISSED: _("Tell the customer when it will be done, and bring more people onto it."),
    EscalationKind.EXPERTS: _("Bring more experts onto it: more people for the other work will not help."),
    EscalationKind.NOBODY: _("Enrol or qualify somebody who meets what it needs."),
    EscalationKind.SKIPPED: _("Read why it was skipped; mend the item or the guideline, or name somebody for it."),
    EscalationKind.QUALITY: _("Read the project's figures, and see to what the promise does not do by itself."),
    EscalationKind.APPEAL: _("Decide it, or have somebody decide it who had no part in what it is about."),
    EscalationKind.PAUSE: _("Confirm the pause or lift it: its reviewer has no work until then."),
}


def ladder_from(document: Any) -> tuple[Rung, ...]:
    """Return the ladder that the document describes; the house's for an empty one. Raises Invalid, saying which rung."""
    if not isinstance(document, list):
        raise Invalid('A ladder is a list of rungs: [{"after_minutes": 0, "see": "leads"}].', field="ladder")
    if len(document) > MOST_RUNGS:
        raise Invalid(f"A ladder has at most {MOST_RUNGS} rungs.", field="ladder")
    rungs = tuple(_rung(number, entry) for number, entry in enumerate(document, start=1))
    for number, (lower, upper) in enumerate(pairwise(rungs), start=2):
        if upper.after_minutes < lower.after_minutes:
            raise Invalid(f"Rung {number} comes before the one below it; put them in order.", field="ladder")
    return rungs or HOUSE_LADDER


def reached(ladder: Sequence[Rung], minutes: float) -> int:
    """Return how many rungs are reached after so many minutes."""
    return sum(1 for rung in ladder if rung.after_minutes <= minutes)


def asked(ladder: Sequence[Rung], rung: int) -> list[str]:
    """Return who is asked once so many rungs are climbed, in the order in which they were; at least the first."""
    return list(dict.fromkeys(each.see for each in ladder[: max(rung, 1)]))


def message_for(kind: str, rung: Rung | None, facts: Mapping[str, str]) -> str:
    """Return the sentence that the customer is told; the kind is none of INTERNAL."""
    has_words = rung is not None and rung.message and kind != EscalationKind.QUALITY
    text = rung.message if rung is not None and has_words else str(MESSAGES[EscalationKind(kind)])
    return text.format_map({name: facts[name] for name in FACTS})


def _rung(number: int, entry: Any) -> Rung:
    def wrong(what: str) -> Invalid:
        return Invalid(f"Rung {number}: {what}", field="ladder")

    if not isinstance(entry, Mapping) or not {"after_minutes", "see"} <= set(entry) or not set(entry) <= KEYS:
        raise wrong(f"it has after_minutes and see, and may have {', '.join(sorted(KEYS - {'after_minutes', 'see'}))}.")
    after, raised, tells = entry["after_minutes"], entry.get("raise_priority", 0), entry.get("tell_customer", False)
    if isinstance(after, bool) or not isinstance(after, int | float) or not 0 <= after <= 60 * 24 * 90:
        raise wrong("after_minutes is a number from 0 to 129600 (90 days).")
    if entry["see"] not in Audience.values:
        raise wrong(f"see is one of {', '.join(Audience.values)}.")
    if isinstance(raised, bool) or not isinstance(raised, int) or not 0 <= raised <= MOST_RAISED:
        raise wrong(f"raise_priority is a whole number from 0 to {MOST_RAISED}.")
    if not isinstance(tells, bool):
        raise wrong("tell_customer is true or false.")
    return Rung(float(after), entry["see"], raised, tells, _message(entry.get("message", ""), wrong))


def _message(text: Any, wrong: Any) -> str:
    if not isinstance(text, str) or len(text) > LONGEST_MESSAGE:
        raise wrong(f"the message is a text of at most {LONGEST_MESSAGE} characters.")
    try:
        named = [
            (name, spec, conversion) for _text, name, spec, conversion in Formatter().parse(text) if name is not None
        ]
    except ValueError:
        raise wrong("the message has a brace that is not closed; write {{ for a brace.") from None
    if any(name not in FACTS or spec or conversion for name, spec, conversion in named):
        raise wrong("the message may name {project}, {due}, {forecast} and {open}, and nothing else in braces.")
    return text
