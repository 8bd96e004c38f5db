"""Pauses, and what else operators do to a standing: each by name, with a reason. The reviewer reads why, and the way back.

An automatic pause is provisional: the reviewer gets no work from then on, and a person confirms or lifts it within a day.
"""

from datetime import timedelta

from django.db import transaction

from config.kernel.clock import database_now
from config.kernel.errors import Conflict
from config.kernel.events import record
from config.kernel.locks import lock_row, lock_rows
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition
from quality.evidence import Belief
from quality.models import Pause, Standing
from quality.services.known import belief_of, what_is_known
from quality.services.trust import tell_router
from quality.standing_rule import Bars
from quality.types import PAUSE_MACHINE, STANDING_MACHINE, PauseState, StandingState

DECIDED_WITHIN = timedelta(days=1)
WAY_BACK = (
    "A person looks at this within a day. If they lift it, you go on at once, on probation; if you think that an answer of"
    " yours was right, appeal against what you were told of it."
)
WAY_BACK_BY_NAME = "Ask your operator: they can lift the pause, and you go on at once, on probation."


def begin_automatic_pause(*, standing: Standing, belief: Belief, bars: Bars) -> Pause:
    """Write the provisional pause of a locked standing that evidence has just paused. It is due in a day."""
    reason = (
        f"Answers of yours that were checked put your accuracy at {belief.low:.0%} to {belief.high:.0%}; this project needs"
        f" {bars.paused_below:.0%}."
    )
    return _begin(standing, reason=reason, way_back=WAY_BACK, is_automatic=True, actor_id=None)


def end_pause(*, pause: Pause, reason: str, actor_id: int | None) -> None:
    """Lift a locked pause; the caller moves the standing."""
    transition(
        pause,
        PauseState.LIFTED,
        machine=PAUSE_MACHINE,
        actor_id=actor_id,
        decided_by_id=actor_id,
        decision_reason=reason[:300],
    )


@transaction.atomic
def pause_standing(*, standing: Standing, reason: str, actor: User) -> Pause:
    """Pause a reviewer on a project by name: no work there until a person lifts it. Raises Invalid without a reason,
    Conflict for somebody who is paused, TransitionRefused for somebody retired."""
    reason = checked_reason(reason, ask="Say why they are paused; they read it.")
    standing = _locked(standing)
    if standing.state == StandingState.PAUSED:
        raise Conflict("They are paused there already; confirm that pause, or lift it.")
    _move(standing, StandingState.PAUSED, reason, actor)
    pause = _begin(standing, reason=reason, way_back=WAY_BACK_BY_NAME, is_automatic=False, actor_id=actor.pk)
    _confirm(lock_row(Pause.objects.filter(pk=pause.pk)), reason, actor)
    _tell(standing)
    return pause


@transaction.atomic
def confirm_pause(*, pause: Pause, reason: str, actor: User) -> None:
    """Confirm a provisional pause: it stands until it is lifted. Raises Invalid without a reason, TransitionRefused where
    somebody has decided before."""
    reason = checked_reason(reason, ask="Say why the pause is confirmed; the reviewer reads it.")
    _confirm(lock_row(Pause.objects.filter(pk=pause.pk)), reason, actor)


@transaction.atomic
def lift_pause(*, pause: Pause, reason: str, actor: User) -> None:
    """Lift a pause: the reviewer goes on at once, on probation, and is paused again only for what comes from now on.

    Raises Invalid without a reason, TransitionRefused for a pause that was lifted before.
    """
    reason = checked_reason(reason, ask="Say why the pause is lifted.")
    standing = _locked(Standing(pk=pause.standing_id))
    end_pause(pause=lock_row(Pause.objects.filter(pk=pause.pk)), reason=reason, actor_id=actor.pk)
    if standing.state == StandingState.PAUSED:
        _move(standing, StandingState.PROBATION, reason, actor)
        _tell(standing)


@transaction.atomic
def retire_reviewer(*, standing: Standing, reason: str, actor: User) -> None:
    """End somebody's work on a project for good, as far as standings go; what they did stays. Only `bring_back` undoes it.

    Raises Invalid without a reason, TransitionRefused again.
    """
    reason = checked_reason(reason, ask="Say why they are retired; they read it.")
    standing = _locked(standing)
    _move(standing, StandingState.RETIRED, reason, actor)
    for pause in lock_rows(Pause.objects.filter(standing=standing).exclude(state=PauseState.LIFTED)):
        end_pause(pause=pause, reason=reason, actor_id=actor.pk)
    _tell(standing)


@transaction.atomic
def bring_back(*, standing: Standing, reason: str, actor: User) -> None:
    """Let somebody who was retired work again, on probation. Raises Invalid without a reason, Conflict for anybody else."""
    reason = checked_reason(reason, ask="Say why they are brought back.")
    standing = _locked(standing)
    if standing.state != StandingState.RETIRED:
        raise Conflict(f"They are not retired there; their standing is {standing.get_state_display().lower()}.")
    _move(standing, StandingState.PROBATION, reason, actor)
    _tell(standing)


def _locked(standing: Standing) -> Standing:
    found = lock_row(Standing.objects.filter(pk=standing.pk))
    if found.skill:
        raise Conflict("Choose the row without a skill: skills open and close by the evidence on their own work.")
    return found


def _begin(standing: Standing, *, reason: str, way_back: str, is_automatic: bool, actor_id: int | None) -> Pause:
    pause = Pause.objects.create(
        customer_id=standing.customer_id,
        project_id=standing.project_id,
        standing=standing,
        is_automatic=is_automatic,
        reason=reason,
        way_back=way_back,
        due_at=database_now() + DECIDED_WITHIN,
    )
    about = {"reviewer": standing.reviewer_id, "project": standing.project_id, "automatic": is_automatic}
    record("pause.begun", subject=pause, actor_id=actor_id, data=about)
    return pause


def _confirm(pause: Pause, reason: str, actor: User) -> None:
    transition(
        pause,
        PauseState.CONFIRMED,
        machine=PAUSE_MACHINE,
        actor_id=actor.pk,
        decided_by_id=actor.pk,
        decision_reason=reason,
    )


def _move(standing: Standing, state: StandingState, reason: str, actor: User) -> None:
    about = {"reviewer": standing.reviewer_id, "project": standing.project_id}
    transition(standing, state, machine=STANDING_MACHINE, actor_id=actor.pk, data=about, reason=reason)


def _tell(standing: Standing) -> None:
    known = what_is_known(project_id=standing.project_id, reviewer_id=standing.reviewer_id)
    tell_router(standing, belief_of([each for each in known if not each.skill], now=database_now()))
