"""What is known of each reviewer, brought up to date from their gold; routing is told when the state changes."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Q

from config.kernel.locks import lock_row
from config.kernel.transitions import transition
from labeling.models import Project
from quality.models import GoldScore, Standing
from quality.posterior import lower_bound, posterior, standing_state
from quality.types import STANDING_MACHINE, StandingState
from routing.services.enrolments import set_trust


@transaction.atomic
def review_standings(*, pairs: Iterable[tuple[int, int]]) -> None:
    """Bring the standing of each (project id, reviewer id) in line with their gold, and what routing knows of it.

    All standings are locked before the first enrolment, as the order of locks has it.
    """
    for standing in [_review(*pair) for pair in sorted(set(pairs))]:
        set_trust(
            project_id=standing.project_id,
            reviewer_id=standing.reviewer_id,
            trust=standing.state,
            reason=standing.reason,
            standing=standing.lower_bound,
        )


def _review(project_id: int, reviewer_id: int) -> Standing:
    """Bring one standing up to date and return it."""
    standing = _locked_standing(project_id, reviewer_id)
    scores = GoldScore.objects.filter(project=project_id, reviewer=reviewer_id).aggregate(
        correct=Count("id", filter=Q(is_correct=True)), wrong=Count("id", filter=Q(is_correct=False))
    )
    state, reason = standing_state(**scores, current=standing.state)
    alpha, beta = posterior(**scores)
    known = {
        "alpha": alpha,
        "beta": beta,
        "lower_bound": lower_bound(**scores),
        "evidence_count": scores["correct"] + scores["wrong"],
        "reason": reason[:300],
    }
    if state == standing.state:
        Standing.objects.filter(pk=standing.pk).update(**known)
        standing.refresh_from_db(fields=list(known))
        return standing
    transition(
        standing,
        StandingState(state),
        machine=STANDING_MACHINE,
        actor_id=None,
        data={"reviewer": reviewer_id, "project": project_id, **scores},
        **known,
    )
    return standing


def _locked_standing(project_id: int, reviewer_id: int) -> Standing:
    """Return the standing, locked; a new one knows nothing yet."""
    known = Standing.objects.filter(project=project_id, reviewer=reviewer_id, skill="")
    if not known.exists():
        alpha, beta = posterior(correct=0, wrong=0)
        Standing.objects.get_or_create(
            project_id=project_id,
            reviewer_id=reviewer_id,
            skill="",
            defaults={
                "customer_id": Project.objects.values_list("customer_id", flat=True).get(pk=project_id),
                "alpha": alpha,
                "beta": beta,
                "lower_bound": lower_bound(correct=0, wrong=0),
            },
        )
    return lock_row(known)
