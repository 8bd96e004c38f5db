"""What the choice between pools weighs, and how much: the one place that says so.

Scores are in doublings of time: a pool due in half the time scores one more. Every other weight is read against that:
a weight of 3 outweighs a due time that is eight times as near.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from config.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of the house; a project may differ in any of them (`weights_from`).

    urgency              for each doubling of the time that is left until the pool is due
    scarcity             for each circle of people who could serve the pool and have no hour to spare for anything else
    protection           for each level of priority, up to the pool's own, whose work leaves no hour to spare
    priority             for each level of priority below the pool's own, however much time there is
    standing             for work as far above the reviewer's standing as can be (the hardest, with no standing)
    cost                 for the dearest judgment among the pools at hand, against one that costs nothing
    fairness             for a customer that has had all of the work lately, against one that has had none
    spare_hours          hours to spare at which a circle or a level counts half as much as with none
    safe_judgments       typical judgments that must fit before the due time; with less time a judgment may be late
    doubtful_hours       pools with less time than that, but some, count as due in so many hours at the nearest
    late_hours           pools whose time is over count as due in so many hours: nothing can make them punctual
    probation_standing   the most that the standing of a reviewer on probation counts
    starving_after_hours work that has waited so long goes before everything else, the oldest first
    unknown_seconds      what a judgment takes where nothing has been measured

    Why these. Scarcity is the highest: an hour of the few that goes into what many can do is lost for good, while many
    make up for an hour quickly. Protection is one doubling: more would set important work that is due late before lesser
    work that is due at once, and lose the lesser though both could have been done. Priority by itself, standing, cost and
    fairness are a fraction of a doubling each: they decide between pools that are otherwise close, and cost no due time.
    """

    urgency: float = 1.0
    scarcity: float = 3.0
    protection: float = 1.0
    priority: float = 0.25
    standing: float = 0.5
    cost: float = 0.25
    fairness: float = 0.25
    spare_hours: float = 1.0
    safe_judgments: float = 2.0
    doubtful_hours: float = 1.0
    late_hours: float = 8.0
    probation_standing: float = 0.5
    starving_after_hours: float = 72.0
    unknown_seconds: float = 240.0


HOUSE = Weights()

# Divisors, and the hours after which nothing waits any longer: nought would make no sense of them.
ABOVE_NOUGHT = ("spare_hours", "starving_after_hours", "unknown_seconds")


def weights_from(settings: Mapping[str, Any], *, base: Weights = HOUSE) -> Weights:
    """Return the base with a project's own settings put over it.

    Raises Invalid, naming the setting, for a name that is no weight and for anything but a finite number of at least
    nought (above nought for scales and limits of time).
    """
    known = {field.name for field in fields(Weights)}
    for name, value in settings.items():
        if name not in known:
            raise Invalid(f"{name!r} is no weight of routing; the weights are {', '.join(sorted(known))}.", field=name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise Invalid(f"The weight {name} must be a number of at least 0.", field=name)
        if value == 0 and name in ABOVE_NOUGHT:
            raise Invalid(f"The weight {name} must be above 0.", field=name)
    return replace(base, **{name: float(value) for name, value in settings.items()})
