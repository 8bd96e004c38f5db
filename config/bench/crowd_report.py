"""What the product finds of people made up who work through it: whom, how soon, how often falsely, and what a fall reaches."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

import psycopg
from django.db.models import Sum
from rich.progress import Progress

from config.bench import Report
from config.bench.crowd import A_DAY, GOOD, OVERLAP, Person, World, found_world, live, settle, truth_of
from config.kernel.errors import DomainError
from config.kernel.models import Event
from delivery.services.releases import request_release
from labeling.models import Annotation
from labeling.types import RoundReason
from quality.models import Check, Doubt, Fall, GoldItem, Resolution, Standing
from quality.types import DoubtState, GoldState, StandingState

# A release is frozen in the evening of these days.
RELEASED_AFTER = (1, 4)
GOLD = 150
COUNTS = {"excellent": 5, "honest": 2, "careless": 1, "straight": 1, "drifting": 1, "colluding": 2}

# What takes somebody's judgments out of use, or keeps anything from resting on them alone; checks only ask a person to look.
SUSPENDED = {StandingState.PAUSED, StandingState.CONSENSUS_ONLY}


@dataclass(slots=True)
class Seen:
    """The judgments that each person had given when something first spoke against them, and what it was."""

    found: dict[str, tuple[int, str]] = field(default_factory=dict)
    blamed: dict[str, str] = field(default_factory=dict)
    paused: dict[str, int] = field(default_factory=dict)
    checks: int = 0

    def look(self, world: World) -> None:
        person_of = world.person_of
        for standing in Standing.objects.filter(project=world.project, skill="", state__in=SUSPENDED).order_by("pk"):
            self._note(person_of[standing.reviewer_id], standing.state)
        checks = Check.objects.filter(project=world.project, pk__gt=self.checks).order_by("pk")
        for check in checks:
            self.checks = check.pk
            self._note(person_of[check.reviewer_id], check.kind)

    def _note(self, person: Person, by: str) -> None:
        if by == StandingState.PAUSED:
            self.paused.setdefault(person.name, person.given)
        if person.is_bad:
            self.found.setdefault(person.name, (person.given - person.changes_at, by))
        else:
            self.blamed.setdefault(person.name, by)


def measure(
    *,
    counts: Mapping[str, int],
    days: int,
    seed: int,
    owner: psycopg.Connection[Any],
    progress: Progress,
    gold_share: str = "0.05",
    gold: int = GOLD,
) -> Report:
    """Let so many people of each kind work so many days, two releases in between, and return what was found of whom."""
    most = sum(counts.values()) * days * A_DAY
    items = most // OVERLAP + 100
    world = found_world(counts=counts, seed=seed, items=items, gold=gold, gold_share=gold_share, owner=owner)
    seen = Seen()
    for day in live(world, days=days, look=lambda: seen.look(world), progress=progress):
        if day in RELEASED_AFTER:
            _release(world)
    settle()
    report = Report({"days": days, "judgments": sum(person.given for person in world.people)})
    for kind in counts:
        report.figures |= _of_kind(kind, [person for person in world.people if person.kind == kind], seen)
    report.figures |= _of_falls(world) | _of_results(world)
    return report


def _release(world: World) -> None:
    """Freeze what is resolved by now; where nothing may be released yet, the next evening is another day."""
    try:
        request_release(project=world.project, actor=world.operator)
    except DomainError:
        return
    settle()


def _of_kind(kind: str, people: list[Person], seen: Seen) -> dict[str, Any]:
    """Return who was found; for good kinds, and before there was anything to find, that is a false alarm."""
    share = 1 / len(people)
    blamed = [seen.blamed[person.name] for person in people if person.name in seen.blamed]
    paused = [person for person in people if person.name in seen.paused]
    figures: dict[str, Any] = {
        f"{kind}_people": len(people),
        f"{kind}_falsely_found_share": round(len(blamed) * share, 4),
        f"{kind}_paused_share": round(len(paused) * share, 4),
    }
    if kind in GOOD:
        return figures | _by(kind, blamed, share)
    found = [seen.found[person.name] for person in people if person.name in seen.found]
    figures[f"{kind}_found_share"] = round(len(found) * share, 4)
    figures |= _delays(f"{kind}_delay", [delay for delay, _ in found])
    late = [seen.paused[person.name] - person.changes_at for person in paused]
    return figures | _delays(f"{kind}_until_paused", late) | _by(kind, [by for _, by in found], share)


def _delays(name: str, delays: list[int]) -> dict[str, int]:
    if not delays:
        return {}
    last = round(quantiles(delays, n=10, method="inclusive")[-1]) if len(delays) > 1 else delays[0]
    return {f"{name}_median_judgments": round(median(delays)), f"{name}_p90_judgments": last}


def _by(kind: str, found: list[str], share: float) -> dict[str, float]:
    return {f"{kind}_found_by_{by}_share": round(count * share, 4) for by, count in sorted(Counter(found).items())}


def _of_falls(world: World) -> dict[str, Any]:
    """Return what falls reached: results held and judged anew, what releases carry of them, and how well a drift was dated."""
    falls = Fall.objects.filter(project=world.project)
    sums = falls.aggregate(held=Sum("held_count"), requeued=Sum("requeued_count"), carried=Sum("carried_count"))
    named = Event.objects.filter(kind="release.doubted", customer_id=world.project.customer_id)
    person_of = world.person_of
    dated = []
    for fall in falls.select_related("standing").order_by("pk"):
        person = person_of[fall.standing.reviewer_id]
        if person.changes_at and person.is_bad:
            before = Annotation.objects.filter(reviewer=person.reviewer, created_at__lte=fall.good_until).count()
            dated.append(before - person.changes_at)
    figures = {
        "falls": falls.count(),
        "falls_of_good": sum(
            person_of[fall.standing.reviewer_id].kind in GOOD for fall in falls.select_related("standing")
        ),
        "results_held": sums["held"] or 0,
        "items_judged_anew": sums["requeued"] or 0,
        "results_carried": sums["carried"] or 0,
        "releases_named": len(set(named.values_list("subject_id", flat=True))),
        "doubts_open": Doubt.objects.filter(project=world.project, state=DoubtState.OPEN).count(),
        "doubts_cleared": Doubt.objects.filter(project=world.project, state=DoubtState.CLEARED).count(),
    }
    return figures | ({"drifting_dated_median_judgments": round(median(dated))} if dated else {})


def _of_results(world: World) -> dict[str, Any]:
    """Return how right what is resolved is, and the gold that was retired."""
    right = total = undecided = 0
    current = Resolution.objects.filter(project=world.project, superseded_by=None).exclude(
        round__reason=RoundReason.GOLD
    )
    for name, answers in current.values_list("item_version__item__external_id", "answers"):
        if "topic" not in answers:
            undecided += 1
            continue
        total += 1
        right += answers["topic"] == truth_of(name)
    return {
        "resolved_right_share": round(right / total, 4) if total else None,
        "resolved": total,
        "no_agreed_answer": undecided,
        "gold_retired": GoldItem.objects.filter(project=world.project, state=GoldState.RETIRED).count(),
    }
