"""Standings, brought up to date from all evidence; routing is told, and what follows a fall or a pause begins.

Whoever adds or voids evidence need do nothing more: the job that hears of it comes here.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Q

from config.kernel.clock import database_now
from config.kernel.locks import lock_rows
from config.kernel.transitions import transition
from labeling.models import Project
from quality.evidence import PRIOR, TAIL, Belief
from quality.exams import trained
from quality.models import Evidence, Pause, Standing
from quality.proportions import beta_quantile
from quality.services.falls import begin_fall
from quality.services.known import Known, belief_of, drift_of, what_is_known
from quality.services.pauses import begin_automatic_pause, end_pause
from quality.services.trust import tell_router
from quality.standing_rule import Bars, Decided, State, decide_state
from quality.types import STANDING_MACHINE, PauseState, StandingState
from routing.models import Enrolment

BARS = Bars()
SLICE = 50

# What is worth less than what it was worth before, where trust ends; a pause is a fall from anywhere.
TRUST_ENDS = {StandingState.PROBATION, StandingState.CONSENSUS_ONLY}


def review_all() -> int:
    """Review every standing that is not of somebody retired: evidence ages. Return how many. In slices."""
    alive = Standing.objects.filter(skill="").exclude(state=StandingState.RETIRED).order_by("project", "reviewer")
    pairs = list(alive.values_list("project_id", "reviewer_id"))
    for start in range(0, len(pairs), SLICE):
        review_standings(pairs=pairs[start : start + SLICE])
    return len(pairs)


@transaction.atomic
def review_standings(*, pairs: Iterable[tuple[int, int]]) -> None:
    """Bring the standings of each (project id, reviewer id) in line with the evidence, and what routing knows of them.

    All standings are locked before the first pause, and pauses before the first enrolment, as the order of locks has it.
    Idempotent: what follows from a fall or a pause begins when the state changes, once.
    """
    wanted = sorted(set(pairs))
    if not wanted:
        return
    _make_missing(wanted)
    locked = lock_rows(Standing.objects.filter(_of(wanted)))
    pauses = {
        pause.standing_id: pause
        for pause in lock_rows(Pause.objects.filter(standing__in=locked).exclude(state=PauseState.LIFTED))
    }
    now = database_now()
    told = [
        _review([each for each in locked if (each.project_id, each.reviewer_id) == pair], pauses, now)
        for pair in wanted
    ]
    for standing, belief in told:
        tell_router(standing, belief)


def _of(pairs: Sequence[tuple[int, int]]) -> Q:
    return reduce(or_, (Q(project=project, reviewer=reviewer) for project, reviewer in pairs))


def _make_missing(pairs: Sequence[tuple[int, int]]) -> None:
    """Make the rows that are not there, one overall and one a skill; each begins where routing has the reviewer."""
    known = set(Standing.objects.filter(_of(pairs)).values_list("project_id", "reviewer_id", "skill"))
    skilled = (
        Evidence.objects.filter(_of(pairs)).order_by().values_list("project_id", "reviewer_id", "skill").distinct()
    )
    missing = ({(*pair, "") for pair in pairs} | set(skilled)) - known
    if not missing:
        return
    trust = {
        (project, reviewer): state
        for project, reviewer, state in Enrolment.objects.filter(_of(pairs)).values_list(
            "project_id", "reviewer_id", "trust"
        )
    }
    customers = dict(
        Project.objects.filter(pk__in={project for project, _, _ in missing}).values_list("pk", "customer_id")
    )
    Standing.objects.bulk_create(
        [
            Standing(
                customer_id=customers[project],
                project_id=project,
                reviewer_id=reviewer,
                skill=skill,
                state=trust.get((project, reviewer), StandingState.PROBATION) if not skill else StandingState.PROBATION,
                alpha=PRIOR,
                beta=PRIOR,
                lower_bound=beta_quantile(TAIL, PRIOR, PRIOR),
                upper_bound=beta_quantile(1 - TAIL, PRIOR, PRIOR),
            )
            for project, reviewer, skill in sorted(missing)
        ],
        ignore_conflicts=True,
    )


def _review(rows: Sequence[Standing], pauses: dict[int, Pause], now: datetime) -> tuple[Standing, Belief]:
    """Bring one reviewer's locked rows on one project up to date; return the overall one and what is believed of them."""
    [overall] = [row for row in rows if not row.skill]
    known = what_is_known(project_id=overall.project_id, reviewer_id=overall.reviewer_id)
    for row in rows:
        if row.skill:
            of_skill = belief_of([each for each in known if each.skill == row.skill], now=now)
            _write(row, decide_state(of_skill, current=State(row.state), bars=BARS), of_skill, {})
    of_all = [each for each in known if not each.skill]
    belief = belief_of(of_all, now=now)
    _adopt(overall, pauses)
    pause = pauses.get(overall.pk)
    before, drift = overall.state, drift_of(of_all)
    decided = decide_state(belief, current=State(before), bars=BARS, is_trained=_is_trained(overall), alarm=drift.alarm)
    is_by_name = before == StandingState.PAUSED and (pause is None or not pause.is_automatic)
    if is_by_name or before == StandingState.RETIRED:
        decided = Decided(State(before), overall.reason)  # what a person decided ends by a person
    elif decided.state == State.PAUSED and before != StandingState.PAUSED:
        decided = _unless_forgiven(overall, of_all, decided, now)
    _write(overall, decided, belief, {"drift": drift.value, "good_until": drift.good_until})
    _follow(overall, before, pause, of_all, belief)
    return overall, belief


def _write(row: Standing, decided: Decided, belief: Belief, more: dict[str, Any]) -> None:
    """Write what is known to a locked row, and move its state where another follows."""
    known = {
        "alpha": belief.alpha,
        "beta": belief.beta,
        "lower_bound": belief.low,
        "upper_bound": belief.high,
        "evidence_count": sum(belief.pieces.values()),
        "reason": decided.reason[:300],
        **more,
    }
    if decided.state == row.state:
        Standing.objects.filter(pk=row.pk).update(**known)
        row.refresh_from_db(fields=list(known))
        return
    pieces = {source.value: count for source, count in belief.pieces.items()}
    about = {"reviewer": row.reviewer_id, "project": row.project_id, "skill": row.skill, **pieces}
    transition(row, StandingState(decided.state), machine=STANDING_MACHINE, actor_id=None, data=about, **known)


def _adopt(overall: Standing, pauses: dict[int, Pause]) -> None:
    """Where an operator has moved the trust in routing, by name, the standing goes along, and evidence from there on."""
    enrolment = Enrolment.objects.filter(project=overall.project_id, reviewer=overall.reviewer_id).first()
    if enrolment is None or enrolment.trust == overall.state:
        return
    if not STANDING_MACHINE.allows(overall.state, enrolment.trust):
        return
    about = {"reviewer": overall.reviewer_id, "project": overall.project_id, "by": "operator"}
    reason = enrolment.trust_reason[:300]
    transition(
        overall, StandingState(enrolment.trust), machine=STANDING_MACHINE, actor_id=None, data=about, reason=reason
    )
    if (pause := pauses.pop(overall.pk, None)) is not None:
        end_pause(pause=pause, reason=reason or "An operator ended it.", actor_id=None)


def _is_trained(standing: Standing) -> bool:
    return standing.state == StandingState.TRAINING and trained(Standing.objects.filter(pk=standing.pk)).exists()


def _unless_forgiven(standing: Standing, known: Sequence[Known], decided: Decided, now: datetime) -> Decided:
    """Nobody is paused again for what was known when a person lifted their pause: only what came since counts for that."""
    lifted = (
        Pause.objects.filter(standing=standing, state=PauseState.LIFTED, decided_by__isnull=False)
        .order_by("-decided_at")
        .values_list("decided_at", flat=True)
        .first()
    )
    if lifted is None:
        return decided
    since = belief_of([each for each in known if each.judged_at > lifted], now=now)
    if since.weight >= BARS.evidence_least and since.high < BARS.paused_below:
        return decided
    return Decided(State.PROBATION, f"A pause was lifted on {lifted:%d %B %Y}; what came since is too little to say.")


def _follow(overall: Standing, before: str, pause: Pause | None, known: Collection[Known], belief: Belief) -> None:
    """Begin what follows from a change of state: a pause, its end, or that earlier work is looked at again."""
    after = overall.state
    if after == before:
        return
    if before == StandingState.PAUSED and pause is not None:
        end_pause(pause=pause, reason=overall.reason, actor_id=None)
    if after == StandingState.PAUSED:
        begin_automatic_pause(standing=overall, belief=belief, bars=BARS)
    ends_trust = before == StandingState.TRUSTED and after in TRUST_ENDS
    if after == StandingState.PAUSED or (ends_trust and not _is_by_age(known)):
        begin_fall(standing=overall, reason=overall.reason, good_until=overall.good_until)


def _is_by_age(known: Collection[Known]) -> bool:
    """Whether trust would stand if nothing had aged since the last answer: then nothing speaks against the work done."""
    if not known or drift_of(known).alarm:
        return not known
    return belief_of(known, now=max(each.judged_at for each in known)).low >= BARS.trusted_until
