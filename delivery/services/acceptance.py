"""Acceptance: a sample drawn by a stated plan, the customer's verdict on each record of it, and the decision."""

import hashlib
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition
from delivery.errors import SampleUnchecked
from delivery.models import AcceptanceSample, Defect, Release, SampleEntry
from delivery.types import RELEASE_MACHINE, ReleaseState, Severity, Verdict
from labeling.models import Project
from routing.models import ClockStop
from routing.services.clocks import resume_clock, stop_clock
from routing.types import ClockStopKind

# A single sampling plan, where the project has none: check `size` records, accept with at most `defects` defective ones.
USUAL_PLAN = {"size": 20, "defects": 1}

DECISION_LONGEST = 5000

DRAW = """
INSERT INTO delivery_sampleentry (customer_id, project_id, sample_id, entry_id, public_id, verdict)
SELECT e.customer_id, e.project_id, %(sample)s, e.id, gen_random_uuid(), ''
FROM delivery_releaseentry e WHERE e.release_id = %(release)s
ORDER BY sha256(convert_to(%(seed)s || e.external_id, 'UTF8')), e.external_id LIMIT %(size)s
"""


@transaction.atomic
def draw_sample(*, release_id: int) -> AcceptanceSample:
    """Draw the release's sample: the records whose SHA-256 with the seed is smallest. Again is the same sample.

    The seed follows from the content digest, so nobody can choose the sample, and everybody can draw it again.
    """
    release = lock_row(Release.objects.filter(pk=release_id).select_related(None))
    existing = AcceptanceSample.objects.filter(release=release).first()
    if existing is not None:
        return existing
    plan = {**USUAL_PLAN, **release.project.acceptance_plan}
    seed = hashlib.sha256(f"acceptance sample of {release.content_digest}".encode()).hexdigest()
    sample = AcceptanceSample.objects.create(
        customer_id=release.customer_id, project_id=release.project_id, release=release, plan=plan, seed=seed
    )
    with connection.cursor() as cursor:
        cursor.execute(DRAW, {"sample": sample.pk, "release": release.pk, "seed": seed, "size": plan["size"]})
    record("sample.drawn", subject=sample, actor_id=None, data={"release": release.pk})
    keep_clock(project=release.project)
    return sample


@transaction.atomic
def keep_clock(*, project: Project) -> None:
    """Stop the project's clock while a sample waits for the customer's decision, and let it go on once none does."""
    waiting = Release.objects.filter(project=project, state=ReleaseState.FROZEN, sample__isnull=False)
    release = waiting.order_by("number").first()
    if release is None:
        resume_clock(project=project, kind=ClockStopKind.SAMPLE, actor=None)
    else:
        reason = f"The sample of version {release.number} waits to be checked and decided on."
        stop_clock(project=project, kind=ClockStopKind.SAMPLE, reason=reason, actor=None)


def projects_that_wait() -> QuerySet[Project]:
    """Return the projects whose sample waits for its customer, and those whose clock stands for one."""
    waiting = Release.objects.filter(state=ReleaseState.FROZEN, sample__isnull=False)
    stopped = ClockStop.objects.filter(kind=ClockStopKind.SAMPLE, ended_at=None)
    return Project.objects.filter(Q(pk__in=waiting.values("project")) | Q(pk__in=stopped.values("project")))


@transaction.atomic
def give_verdict(
    *, entry: SampleEntry, verdict: str, actor: User, severity: str = "", note: str = "", clause: str = ""
) -> SampleEntry:
    """Say whether a sampled record is good; a defect has a severity and a note. Given once.

    Raises Invalid for a defect without these, Conflict after the decision or a second time.
    """
    if verdict not in Verdict.values:
        raise Invalid(f"The verdict is one of {', '.join(Verdict.values)}.", field="verdict")
    if verdict == Verdict.DEFECT:
        if severity not in Severity.values:
            raise Invalid(f"A defect has a severity: {', '.join(Severity.values)}.", field="severity")
        if not note.strip():
            raise Invalid("Say what is wrong, so that it can be mended.", field="note")
    release = lock_row(Release.objects.filter(sample=entry.sample_id))
    _undecided(release)
    entry = lock_row(SampleEntry.objects.filter(pk=entry.pk))
    if entry.verdict:
        raise Conflict("A verdict was given on this record before; verdicts are not changed.")
    SampleEntry.objects.filter(pk=entry.pk).update(verdict=verdict, checked_by=actor, checked_at=Now())
    if verdict == Verdict.DEFECT:
        Defect.objects.create(
            customer_id=entry.customer_id,
            project_id=entry.project_id,
            sample_entry=entry,
            severity=severity,
            note=note.strip(),
            clause=clause[:40],
            found_by=actor,
        )
    record("sample.checked", subject=entry, actor_id=actor.pk, data={"verdict": verdict, "release": release.pk})
    entry.refresh_from_db()
    return entry


@transaction.atomic
def decide_release(*, release: Release, decision: str, reason: str, actor: User) -> Release:
    """Accept or reject the frozen release, for good.

    Accepting needs every sampled record checked, and a reason when there are more defects than the plan allows;
    rejecting needs a reason. Raises Invalid, SampleUnchecked, or Conflict after a decision.
    """
    if decision not in {"accept", "reject"}:
        raise Invalid("The decision is accept or reject.", field="decision")
    release = lock_row(Release.objects.filter(pk=release.pk))
    _undecided(release)
    if decision == "reject":
        ask = "Say why the release is sent back, so that the next one is better."
    else:
        ask = _check_acceptance(release)
    reason = checked_reason(reason, ask=ask, most=DECISION_LONGEST) if ask or reason.strip() else ""
    target = ReleaseState.ACCEPTED if decision == "accept" else ReleaseState.REJECTED
    transition(
        release,
        target,
        machine=RELEASE_MACHINE,
        actor_id=actor.pk,
        decided_by=actor,
        decision_reason=reason,
    )
    keep_clock(project=release.project)
    return release


def _undecided(release: Release) -> None:
    if release.state != ReleaseState.FROZEN:
        raise Conflict(f"The release is {release.state}; only a frozen one can be checked and decided on.")


def _check_acceptance(release: Release) -> str:
    """Return what asks for a reason to accept the release all the same, or "" where none is needed."""
    sample = AcceptanceSample.objects.filter(release=release).first()
    if sample is None:
        raise SampleUnchecked("The sample is being drawn; try again in a moment.")
    standing = sample_standing(sample)
    if standing["unchecked"]:
        raise SampleUnchecked(
            f"{standing['unchecked']} of {standing['size']} sampled records are unchecked; give a verdict on each first.",
            unchecked=standing["unchecked"],
        )
    if standing["defects"] <= sample.plan["defects"]:
        return ""
    return (
        f"The sample has {standing['defects']} defects and the plan allows {sample.plan['defects']};"
        " say why you accept the release all the same."
    )


def sample_standing(sample: AcceptanceSample) -> dict[str, Any]:
    """Return size, unchecked and defects of the sample."""
    verdicts = list(SampleEntry.objects.filter(sample=sample).values_list("verdict", flat=True))
    return {
        "size": len(verdicts),
        "unchecked": verdicts.count(""),
        "defects": verdicts.count(Verdict.DEFECT.value),
    }
