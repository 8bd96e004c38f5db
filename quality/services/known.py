"""What is known of a reviewer on a project, read from the evidence that still counts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from quality.drift import Alarm, chart_for, last_good, standing_alarm
from quality.evidence import Belief, Piece, Source, believe
from quality.models import Evidence

# By then the oldest have next to no weight left.
PIECES_MOST = 5000
DAY = timedelta(days=1)

# What a drift is told by. Consensus is left out: where a crowd errs, whoever is right would seem to drift.
SURE_SOURCES = (Source.GOLD, Source.AUDIT, Source.REVIEW)


@dataclass(frozen=True, slots=True)
class Known:
    """One piece of evidence, with when its answer was given."""

    skill: str
    source: Source
    agreed: bool
    reliability: float
    answers: int
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Drift:
    """The CUSUM of the errors, when it last stood at nothing (None: never), and the alarm that stands, in words."""

    value: int
    good_until: datetime | None
    alarm: str


def what_is_known(*, project_id: int, reviewer_id: int) -> list[Known]:
    """Return the latest PIECES_MOST pieces that still count, of all skills, in the order of the answers they are about."""
    rows = (
        Evidence.objects.filter(project=project_id, reviewer=reviewer_id, voids=None, voided_by=None)
        .order_by("-pk")
        .values_list("skill", "source", "agreed", "reliability", "answers_count", "annotation__created_at")
    )
    known = [
        Known(skill, Source(source), agreed, reliability, answers, judged_at)
        for skill, source, agreed, reliability, answers, judged_at in rows[:PIECES_MOST]
    ]
    return sorted(known, key=lambda each: each.judged_at)


def belief_of(known: Collection[Known], *, now: datetime) -> Belief:
    """Return what these pieces say. They age by whole days: a standing does not move from one minute to the next."""
    return believe(
        [
            Piece(each.source, each.agreed, (now - each.judged_at) // DAY, each.reliability, each.answers)
            for each in known
        ]
    )


def drift_of(known: Collection[Known]) -> Drift:
    """Return how the errors found by gold, audits and reviews have developed; `known` is in time's order."""
    sure = [each for each in known if each.source in SURE_SOURCES]
    errors = [not each.agreed for each in sure]
    chart = chart_for(errors)
    alarm = standing_alarm(errors, chart)
    value, place = last_good(errors, chart)
    if alarm is not None:
        place = alarm.good_until
    return Drift(value, sure[place].judged_at if place >= 0 else None, _words(alarm, sure) if alarm else "")


def _words(alarm: Alarm, sure: list[Known]) -> str:
    if alarm.good_until < 0:
        return "Errors have been more than they should be from the beginning"
    return f"Errors are more than before since {sure[alarm.good_until].judged_at:%d %B %Y}"
