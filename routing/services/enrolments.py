"""Who works where, at which trust, with which skills."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import ADVISORY_REVIEWER, advisory_lock, lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from labeling.models import Project, Reviewer, Task
from labeling.pseudonyms import pseudonym
from labeling.services.people import add_member
from labeling.types import Role
from routing.models import Enrolment, Lease, Qualification
from routing.services.withdrawals import take_work_from
from routing.types import Trust


@transaction.atomic
def enrol_reviewer(*, project: Project, reviewer: Reviewer, actor: User | None) -> Enrolment:
    """Let the reviewer work on the project, with the membership that permits it. Again is the same; an ended one revives.

    Where the project trains whoever is new, the database has them begin in training. Raises Invalid for a model
    reviewer, and where the reviewer's clearance is below the project's.
    """
    if reviewer.user is None:
        raise Invalid("A model does not work at the desk; only people are enrolled.", field="reviewer")
    if reviewer.clearance < project.clearance:
        raise Invalid(
            f"The project needs clearance {project.clearance}, and {reviewer} has {reviewer.clearance}.",
            field="reviewer",
        )
    add_member(user=reviewer.user, customer=project.customer, project=project, role=Role.REVIEWER, actor=actor)
    known_as = pseudonym(key=bytes(project.customer.pseudonym_key), reviewer=reviewer.public_id)
    enrolment, is_new = Enrolment.objects.get_or_create(
        project=project,
        reviewer=reviewer,
        defaults={"customer_id": project.customer_id, "pseudonym": known_as},
    )
    if is_new or enrolment.ended_at:
        Enrolment.objects.filter(pk=enrolment.pk).update(ended_at=None)
        enrolment.refresh_from_db()
        record("enrolment.begun", subject=enrolment, actor_id=actor.pk if actor else None)
    return enrolment


@transaction.atomic
def grant_qualification(
    *,
    reviewer: Reviewer,
    skill: str,
    level: int,
    reason: str,
    actor: User | None,
    expires_at: datetime | None = None,
) -> Qualification:
    """Grant (or regrade) a skill, by name. Raises Invalid without a reason."""
    reason = checked_reason(reason, ask="Say why this qualification is granted.")
    qualification, _ = Qualification.objects.update_or_create(
        reviewer=reviewer,
        skill=skill,
        defaults={
            "level": level,
            "reason": reason,
            "granted_by": actor,
            "granted_at": Now(),
            "expires_at": expires_at,
        },
    )
    record(
        "qualification.granted",
        subject=qualification,
        actor_id=actor.pk if actor else None,
        data={"skill": skill, "level": level},
    )
    return qualification


@transaction.atomic
def set_trust(
    *,
    project_id: int,
    reviewer_id: int,
    trust: str,
    reason: str,
    standing: float | None = None,
    daily_cap: int | None = None,
    barred_skills: Sequence[str] = (),
) -> None:
    """Say how far the router may trust the reviewer on the project, and why; and their standing there, where it is known.

    `daily_cap` is how many judgments a day they are given there (None: any number), `barred_skills` those of whose work
    they are given none. Only a change of trust is an event: a standing moves a little with every piece of evidence.
    """
    enrolment = lock_row(Enrolment.objects.filter(project=project_id, reviewer=reviewer_id))
    known: dict[str, Any] = {"daily_cap": daily_cap, "barred_skills": sorted(barred_skills)}
    if standing is not None:
        known["standing"] = standing
    Enrolment.objects.filter(pk=enrolment.pk).update(**known)
    if enrolment.trust == trust:
        return
    Enrolment.objects.filter(pk=enrolment.pk).update(trust=Trust(trust), trust_reason=reason)
    record(
        "enrolment.trust_changed",
        subject=enrolment,
        actor_id=None,
        data={"from": enrolment.trust, "to": trust},
    )


@transaction.atomic
def trust_fully(*, enrolment: Enrolment, reason: str, actor: User) -> None:
    """Trust the reviewer on the project, by name and with a reason, until quality moves it again."""
    _trust(enrolment, Trust.TRUSTED, reason, actor)


@transaction.atomic
def put_on_probation(*, enrolment: Enrolment, reason: str, actor: User) -> None:
    """Put the reviewer on probation there, or end their pause; as trust_fully."""
    _trust(enrolment, Trust.PROBATION, reason, actor)


@transaction.atomic
def pause_reviewer(*, enrolment: Enrolment, reason: str, actor: User) -> None:
    """Give the reviewer no more work of the project until somebody or quality ends it; as trust_fully."""
    _trust(enrolment, Trust.PAUSED, reason, actor)


def _trust(enrolment: Enrolment, trust: Trust, reason: str, actor: User) -> None:
    reason = checked_reason(reason, ask="Say why: the reason is kept beside it.")
    enrolment = lock_row(Enrolment.objects.filter(pk=enrolment.pk))
    if enrolment.trust == trust:
        raise Conflict(f"The trust there is {trust.label.lower()} already.")
    Enrolment.objects.filter(pk=enrolment.pk).update(trust=trust, trust_reason=reason)
    moved = {"from": enrolment.trust, "to": trust.value}
    record("enrolment.trust_changed", subject=enrolment, actor_id=actor.pk, data=moved)


@transaction.atomic
def limit_difficulty(*, enrolment: Enrolment, most: int | None, actor: User) -> Enrolment:
    """Give the reviewer only items of the project up to this difficulty, 1 to 5; None lifts it. Raises Invalid for another."""
    if most is not None and not 1 <= most <= 5:
        raise Invalid("Difficulty is from 1 to 5; leave it empty for any.", field="max_difficulty")
    enrolment = lock_row(Enrolment.objects.filter(pk=enrolment.pk))
    if enrolment.max_difficulty != most:
        Enrolment.objects.filter(pk=enrolment.pk).update(max_difficulty=most)
        record("enrolment.difficulty_limited", subject=enrolment, actor_id=actor.pk, data={"most": most})
        enrolment.refresh_from_db()
    return enrolment


@transaction.atomic
def end_enrolment(*, enrolment: Enrolment, actor: User) -> None:
    """Give the reviewer no more work of the project; what they hold can still be submitted, and what waited for them alone
    goes to whoever is free. Raises Conflict again."""
    reviewer = Reviewer.objects.select_related("user").get(pk=enrolment.reviewer_id)
    if reviewer.user_id is not None:
        advisory_lock(ADVISORY_REVIEWER, reviewer.user_id)
    theirs = Task.objects.filter(project=enrolment.project_id)
    take_work_from(reviewer=reviewer, leases=Lease.objects.none(), reserved=theirs, actor_id=actor.pk)
    enrolment = lock_row(Enrolment.objects.filter(pk=enrolment.pk))
    if enrolment.ended_at is not None:
        raise Conflict("This enrolment has ended before.")
    Enrolment.objects.filter(pk=enrolment.pk).update(ended_at=Now())
    record("enrolment.ended", subject=enrolment, actor_id=actor.pk)
