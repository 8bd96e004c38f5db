"""What routing is told of a standing. Whoever moves a standing tells it here, in the same transaction."""

from quality.evidence import Belief
from quality.models import Standing
from quality.standing_rule import daily_cap
from quality.types import StandingState
from routing.models import Enrolment
from routing.services.enrolments import set_trust


def tell_router(standing: Standing, belief: Belief) -> None:
    """Say how far the reviewer may be trusted there: state, lower bound, the day's cap on probation, and closed skills.

    Nothing is said of whoever is not enrolled: they are given no work.
    """
    of_project = {"project": standing.project_id, "reviewer": standing.reviewer_id}
    if not Enrolment.objects.filter(**of_project).exists():
        return
    barred = Standing.objects.filter(**of_project, state=StandingState.PAUSED).exclude(skill="")
    set_trust(
        project_id=standing.project_id,
        reviewer_id=standing.reviewer_id,
        trust=standing.state,
        reason=standing.reason,
        standing=standing.lower_bound,
        daily_cap=daily_cap(belief) if standing.state == StandingState.PROBATION else None,
        barred_skills=list(barred.values_list("skill", flat=True)),
    )
