"""Audits that recur: what is due is drawn from once, of what came since, however many workers look.

While audits of the project wait for experts, what is due waits as well, and then is of all that came since: so the
experts' queue does not grow by the clock, and no result falls between two windows.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction
from django.db.models.functions import Now

from config.kernel.clock import database_now
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.jobs import enqueue
from config.kernel.locks import ADVISORY_AUDIT, advisory_lock, lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from labeling.models import Project
from quality.audit_calendar import next_after
from quality.models import AuditDraw, AuditSchedule
from quality.services.audits import checked_settings, draw_audits, make_plan
from quality.types import AuditRhythm, DrawState

# A window ends so long ago that whatever was resolved in it is committed by now.
SETTLED = timedelta(minutes=2)

# Those of the latest so many results that came in the window.
RESULTS = """
SELECT count(*) FROM (
    SELECT s.created_at FROM quality_resolution s WHERE s.project_id = %s ORDER BY s.id DESC LIMIT %s) latest
WHERE latest.created_at >= %s AND latest.created_at < %s
"""


@transaction.atomic
def make_schedule(
    *,
    project: Project,
    name: str,
    every: str,
    actor: User,
    every_results: int | None = None,
    first_at: datetime | None = None,
    strata: Collection[str] = (),
    half_width: Decimal = Decimal("0.050"),
    share_twice: Decimal = Decimal("0.100"),
) -> AuditSchedule:
    """Have audits recur, of what is resolved from now on; the first is due at `first_at`, or a week or month from now.

    Raises Invalid, naming the field, for what makes no plan or says no time, and Conflict for a name that is taken.
    """
    strata = checked_settings(strata=strata, half_width=half_width, share_twice=share_twice)
    now = database_now()
    is_by_results = every == AuditRhythm.RESULTS
    if is_by_results != (every_results is not None):
        raise Invalid(
            "Say after how many results, where audits are to follow those, and only there.", field="every_results"
        )
    if is_by_results and first_at is not None:
        raise Invalid("Audits after so many results have no first date; leave it empty.", field="first_at")
    if first_at is not None and first_at < now:
        raise Invalid("The first audit lies in the future; choose a later time.", field="first_at")
    if AuditSchedule.objects.filter(project=project, name=name).exists():
        raise Conflict("The project has recurring audits of this name; choose another.")
    schedule = AuditSchedule.objects.create(
        customer_id=project.customer_id,
        project=project,
        name=name,
        every=every,
        every_results=every_results,
        strata=strata,
        half_width=half_width,
        share_twice=share_twice,
        first_at=first_at or now,
        next_at=None if is_by_results else first_at or next_after(now, every, now),
        drawn_until=now,
        made_by=actor,
    )
    record("audit_schedule.made", subject=schedule, actor_id=actor.pk, data={"project": project.pk, "every": every})
    return schedule


@transaction.atomic
def end_schedule(*, schedule: AuditSchedule, reason: str, actor: User) -> None:
    """Draw no more by it; plans that were drawn go on.

    Raises Invalid without a reason, and Conflict where it was ended before.
    """
    reason = checked_reason(reason, ask="Say why these audits end.")
    schedule = lock_row(AuditSchedule.objects.filter(pk=schedule.pk).select_related(None))
    if schedule.ended_at is not None:
        raise Conflict("These audits were ended before.")
    AuditSchedule.objects.filter(pk=schedule.pk).update(ended_at=Now())
    record("audit_schedule.ended", subject=schedule, actor_id=actor.pk, data={"reason": reason})


def order_due() -> int:
    """Queue a job for each schedule that is due; return how many. What is queued twice is drawn once."""
    now = database_now()
    due = [each.pk for each in AuditSchedule.objects.filter(ended_at=None).order_by("pk") if is_due(each, now)]
    for schedule_id in due:
        enqueue("quality.jobs.draw_recurring_audits", schedule_id, queue="bulk")
    return len(due)


@transaction.atomic
def draw_due(*, schedule_id: int) -> int:
    """Make a plan by this schedule and draw from it, if it is due and no audits wait; return how many items were drawn.

    One transaction: a worker that is killed has done nothing, and of two that meet the second finds nothing due. A
    window in which nothing was resolved is made no plan of.
    """
    project_id = AuditSchedule.objects.values_list("project_id", flat=True).get(pk=schedule_id)
    advisory_lock(ADVISORY_AUDIT, project_id)
    schedule = lock_row(AuditSchedule.objects.filter(pk=schedule_id).select_related(None))
    now = database_now()
    if schedule.ended_at is not None or not is_due(schedule, now):
        return 0
    if AuditDraw.objects.filter(project=project_id, state=DrawState.WAITING).exists():
        return 0
    until, drawn = now - SETTLED, 0
    window = {"drawn_until": until} if results_since(schedule, until, most=1) else {}
    if window:
        plan = make_plan(
            project=schedule.project,
            name=f"{schedule.name} {now:%Y-%m-%d %H:%M:%S}",
            strata=schedule.strata,
            half_width=schedule.half_width,
            share_twice=schedule.share_twice,
            resolved_from=schedule.drawn_until,
            resolved_until=until,
            schedule=schedule,
            actor=schedule.made_by,
        )
        drawn = draw_audits(plan_id=plan.pk)
    is_by_results = schedule.every == AuditRhythm.RESULTS
    next_at = None if is_by_results else next_after(schedule.first_at, schedule.every, now)
    AuditSchedule.objects.filter(pk=schedule.pk).update(next_at=next_at, **window)
    record("audit_schedule.drew", subject=schedule, actor_id=None, data={"drawn": drawn})
    return drawn


def is_due(schedule: AuditSchedule, now: datetime) -> bool:
    """Whether its time has come, or as many results as it waits for have come and are committed."""
    if schedule.next_at is not None:
        return schedule.next_at <= now
    most = schedule.every_results or 0
    return results_since(schedule, now - SETTLED, most=most) >= most


def results_since(schedule: AuditSchedule, until: datetime, *, most: int) -> int:
    """Return how many results came after the last window and before `until`, of the latest `most`."""
    with connection.cursor() as cursor:
        cursor.execute(RESULTS, [schedule.project_id, most, schedule.drawn_until, until])
        return int(cursor.fetchone()[0])
