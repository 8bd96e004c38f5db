"""The stages of a project: the pilot and production open once calibration meets the contract's bar, or somebody waives it.

What is uploaded belongs to the stage that its project is in, so until production is open there is nothing of production to
hand out: its pools are shut by being empty.
"""

from dataclasses import asdict

from django.db import transaction

from config.kernel.errors import Conflict
from config.kernel.locks import lock_row
from config.kernel.models import User
from labeling.models import Project
from labeling.services.projects import change_stage
from labeling.types import Stage
from quality.models import StageDecision
from quality.verdicts import calibration_of

# What the bar of the calibration stands before.
BARRED = (Stage.PILOT, Stage.PRODUCTION)


@transaction.atomic
def open_stage(*, project: Project, stage: str, reason: str, actor: User) -> Project:
    """Move the project to this stage. Raises as `change_stage` does, and Conflict where the bar before it is not met.

    Back to an earlier stage there is no bar. What was measured is kept with the decision.
    """
    return _open(project, stage, reason, actor, is_waived=False)


@transaction.atomic
def waive_bar(*, project: Project, stage: str, reason: str, actor: User) -> Project:
    """Open the stage though its bar is not met: the reason stays with the name of whoever says so."""
    return _open(project, stage, reason, actor, is_waived=True)


def _open(project: Project, stage: str, reason: str, actor: User, *, is_waived: bool) -> Project:
    before = lock_row(Project.objects.filter(pk=project.pk)).stage
    opened = change_stage(project=project, stage=stage, reason=reason, actor=actor)
    if stage not in BARRED or Stage.values.index(stage) < Stage.values.index(before):
        return opened
    bar = calibration_of(opened).bar
    if not bar.is_met and not is_waived:
        raise Conflict(f"{bar.sentence} Go on with the calibration, or waive the bar with a reason.")
    StageDecision.objects.create(
        customer_id=opened.customer_id,
        project=opened,
        stage=stage,
        is_met=bar.is_met,
        measured=asdict(bar),
        reason=reason.strip()[:300],
        decided_by=actor,
    )
    return opened
