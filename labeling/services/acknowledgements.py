"""Reviewers say that they have read a version of the guideline; routing gives them no task before."""

from django.db import transaction

from config.kernel.errors import NotFound
from config.kernel.events import record
from labeling.guidelines import versions_begun
from labeling.models import GuidelineAcknowledgement, Project, Reviewer


@transaction.atomic
def acknowledge_guideline(*, reviewer: Reviewer, project: Project, number: int) -> GuidelineAcknowledgement:
    """Remember that the reviewer has read this version; again is the same.

    Raises NotFound for a version that is not, or not yet, in force. The caller has seen to it that they work there.
    """
    guideline = versions_begun(project.pk).filter(number=number).first()
    if guideline is None:
        raise NotFound(f"Version {number} of the guideline is not in force; ask for the next task again.")
    read, is_new = GuidelineAcknowledgement.objects.get_or_create(
        reviewer=reviewer,
        project=project,
        number=number,
        defaults={"customer_id": project.customer_id, "guideline": guideline},
    )
    if is_new:
        actor_id = reviewer.user_id
        record("guideline.acknowledged", subject=guideline, actor_id=actor_id, data={"reviewer": reviewer.pk})
    return read
