"""What stops a project's clock: the project waits for its customer, both see it, and what is due is due so much later."""

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from labeling.models import Project
from routing.models import ClockStop
from routing.types import ClockStopKind


@transaction.atomic
def stop_clock(*, project: Project, kind: str, reason: str, actor: User | None) -> ClockStop | None:
    """Stop the project's clock, for a reason that its customer reads too; None where it stands for that kind already.

    Called by an operator, or (without an actor) by whoever makes the product wait for the customer: the check of a
    sample, a ruling, a clearance. Raises Invalid without a reason, for one that is too long and for an unknown kind.
    """
    if kind not in ClockStopKind.values:
        raise Invalid(f"The clock stops for one of {', '.join(ClockStopKind.values)}.", field="kind")
    reason = checked_reason(reason, ask="Say what the project waits for; its customer reads this.")
    made = ClockStop(customer_id=project.customer_id, project_id=project.pk, kind=kind, reason=reason, started_by=actor)
    ClockStop.objects.bulk_create([made], ignore_conflicts=True)
    standing = ClockStop.objects.filter(public_id=made.public_id).first()
    if standing is None:
        return None
    record("clock.stopped", subject=standing, actor_id=actor.pk if actor else None, data={"project": project.pk})
    return standing


@transaction.atomic
def stop_clock_by_hand(*, project: Project, kind: str, reason: str, actor: User) -> ClockStop:
    """Do what `stop_clock` does, for an operator. Raises Conflict where the clock stands for that kind already."""
    made = stop_clock(project=project, kind=kind, reason=reason, actor=actor)
    if made is None:
        raise Conflict("The clock stands for that already; end that stop first.", field="kind")
    return made


@transaction.atomic
def end_stop(*, stop: ClockStop, actor: User | None) -> None:
    """Let the clock go on, as far as this stop is concerned. Raises Conflict for one that has ended."""
    ended = ClockStop.objects.filter(pk=stop.pk, ended_at=None).update(ended_at=Now(), ended_by=actor)
    if not ended:
        raise Conflict("This stop has ended before.")
    record("clock.resumed", subject=stop, actor_id=actor.pk if actor else None, data={"project": stop.project_id})


@transaction.atomic
def resume_clock(*, project: Project, kind: str, actor: User | None) -> bool:
    """End the project's stop of that kind, if there is one; return whether there was."""
    stop = ClockStop.objects.filter(project=project, kind=kind, ended_at=None).first()
    if stop is None or not ClockStop.objects.filter(pk=stop.pk, ended_at=None).update(ended_at=Now(), ended_by=actor):
        return False
    record("clock.resumed", subject=stop, actor_id=actor.pk if actor else None, data={"project": project.pk})
    return True
