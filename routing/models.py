"""Who may serve what (qualifications, enrolments) and who is at work on what (leases)."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.history import changes_of
from labeling.models import Customer, GuidelineVersion, Project, Reviewer, Round, Task
from labeling.querysets import TenantQuerySet
from routing.types import LeaseState, Trust


class Qualification(models.Model):
    """A skill at a level, granted by somebody for a reason. Held until it expires."""

    reviewer = models.ForeignKey(Reviewer, models.CASCADE, related_name="qualifications")
    skill = models.CharField(_("skill"), max_length=60)
    level = models.PositiveSmallIntegerField(_("level"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(_("why"), max_length=300)
    granted_at = models.DateTimeField(_("granted"), db_default=Now())

    class Meta:
        verbose_name = _("qualification")
        constraints = [
            models.UniqueConstraint(fields=["reviewer", "skill"], name="qualification_skill_once"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=5), name="qualification_level_1_to_5"),
        ]

    def __str__(self) -> str:
        return f"{self.skill}:{self.level}"


QualificationChanges: Any = changes_of(Qualification, "reviewer", "skill", "level", "expires_at", "reason")


class QualificationChange(QualificationChanges):
    """A qualification as it was from then on."""

    def __str__(self) -> str:
        return f"{self.pgh_label} of qualification {self.pgh_obj_id}"


class Enrolment(models.Model):
    """A reviewer works on a project, at a trust level that quality sets and the router reads."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="enrolments", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="enrolments")
    trust = models.CharField(_("trust"), max_length=12, choices=Trust, default=Trust.PROBATION)
    trust_reason = models.CharField(_("why"), max_length=300, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    created_at = models.DateTimeField(_("since"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment")
        constraints = [
            models.UniqueConstraint(fields=["project", "reviewer"], name="enrolment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.project}"


class Lease(models.Model):
    """One reviewer holds one task for a while. The token fences every write; the database's clock judges `until`.

    `guideline` is the version in force when it was claimed: the answer is by that one, whatever is published meanwhile.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="leases")
    round = models.ForeignKey(Round, models.PROTECT, related_name="+", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="leases", db_index=False)
    guideline = models.ForeignKey(GuidelineVersion, models.PROTECT, related_name="+", db_index=False)
    token = models.UUIDField(_("token"), default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=LeaseState, default=LeaseState.LIVE)
    until = models.DateTimeField(_("until"))
    claimed_at = models.DateTimeField(_("claimed"), db_default=Now())
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    why = models.JSONField(_("why chosen"), default=dict)
    skip_reason = models.CharField(_("why skipped"), max_length=300, default="", db_default="", blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("lease")
        constraints = [
            models.UniqueConstraint(fields=["task"], condition=Q(state=LeaseState.LIVE), name="lease_one_live_a_task"),
            models.UniqueConstraint(
                fields=["reviewer", "round"],
                condition=Q(state=LeaseState.LIVE),
                name="lease_one_live_a_reviewer_and_round",
            ),
            models.CheckConstraint(
                condition=Q(state=LeaseState.LIVE, ended_at=None)
                | (~Q(state=LeaseState.LIVE) & Q(ended_at__isnull=False)),
                name="lease_ended_is_dated",
            ),
            models.CheckConstraint(condition=Q(state__in=LeaseState.values), name="lease_state_known"),
        ]
        indexes = [
            models.Index(fields=["until"], condition=Q(state=LeaseState.LIVE), name="lease_live_by_until"),
            models.Index(fields=["reviewer", "id"], name="lease_by_reviewer"),
            models.Index(fields=["round", "reviewer"], name="lease_by_round"),
        ]

    def __str__(self) -> str:
        return f"lease {self.pk}"
