"""Who may serve what, when, and how much: qualifications, enrolments, availability, limits, blocks."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.history import changes_of
from config.kernel.public_ids import PublicIdField
from labeling.models import Customer, Project, Reviewer
from labeling.querysets import CustomersQuerySet, TenantQuerySet
from routing.types import Trust

CEILING_HELP = _("What the reviewer cannot go above; empty: no ceiling.")


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
    """A reviewer works on a project, at a trust level that quality sets and the router reads.

    `standing` is the lower bound of their accuracy there, as quality last said; the choice between pools weighs it.
    `daily_cap` and `barred_skills` are quality's as well: who is new does a few judgments a day (UTC), which each submit
    counts, and who is not good enough at a skill is given none of its work.
    `pseudonym` is the name under which the customer knows them: it names the authors of items, and whom to block.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="enrolments", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="enrolments")
    pseudonym = models.CharField(_("known to the customer as"), max_length=22, editable=False)
    trust = models.CharField(_("trust"), max_length=14, choices=Trust, default=Trust.PROBATION)
    trust_reason = models.CharField(_("why"), max_length=300, blank=True)
    standing = models.FloatField(_("standing"), default=0.5, db_default=0.5)
    max_difficulty = models.PositiveSmallIntegerField(
        _("difficulty up to"), null=True, blank=True, help_text=_("Empty: any.")
    )
    barred_skills = ArrayField(
        models.CharField(max_length=60),
        default=list,
        db_default=[],
        blank=True,
        verbose_name=_("skills they are not given work of there"),
    )
    daily_cap = models.PositiveIntegerField(_("judgments a day there"), null=True, blank=True)
    capped_on = models.DateField(_("day that is counted"), null=True, blank=True, editable=False)
    capped_count = models.PositiveIntegerField(_("judgments that day"), default=0, db_default=0, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    created_at = models.DateTimeField(_("since"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrolment")
        constraints = [
            models.UniqueConstraint(fields=["project", "reviewer"], name="enrolment_once"),
            models.CheckConstraint(condition=Q(standing__gte=0, standing__lte=1), name="enrolment_standing_is_a_share"),
            models.CheckConstraint(condition=Q(pseudonym__startswith="r-"), name="enrolment_has_a_pseudonym"),
        ]
        indexes = [models.Index(fields=["customer", "pseudonym"], name="enrolment_by_pseudonym")]

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.project}"


EnrolmentChanges: Any = changes_of(Enrolment, "trust", "max_difficulty")


class EnrolmentChange(EnrolmentChanges):
    """How far a reviewer was trusted on a project, and up to which difficulty, from then on."""

    objects = TenantQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.pgh_label} of enrolment {self.pgh_obj_id}"


class Availability(models.Model):
    """When a reviewer works, and how much at most. Without a row: always, and without limits.

    `hours` lists the week's working times in `time_zone`: [{"day": 0, "from": "09:00", "to": "17:00"}], Monday is 0;
    empty: any time. A break of `break_minutes` follows `break_after_minutes` of work without one. The person sets what
    they offer, within the ceilings that an operator sets; the lower of a limit and its ceiling holds.
    """

    reviewer = models.OneToOneField(Reviewer, models.CASCADE, related_name="availability")
    is_on = models.BooleanField(_("takes work"), default=True)
    time_zone = models.CharField(_("time zone (IANA)"), max_length=60, default="UTC")
    hours = models.JSONField(_("weekly hours"), default=list, blank=True)
    daily_limit = models.PositiveIntegerField(
        _("judgments a day"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    weekly_limit = models.PositiveIntegerField(
        _("judgments a week"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    distressing_daily_limit = models.PositiveIntegerField(_("distressing judgments a day"), null=True, blank=True)
    daily_ceiling = models.PositiveIntegerField(
        _("judgments a day at most"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=CEILING_HELP
    )
    weekly_ceiling = models.PositiveIntegerField(
        _("judgments a week at most"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=CEILING_HELP
    )
    distressing_daily_ceiling = models.PositiveIntegerField(
        _("distressing judgments a day at most"), null=True, blank=True, help_text=CEILING_HELP
    )
    break_after_minutes = models.PositiveIntegerField(
        _("break after (minutes)"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    break_minutes = models.PositiveIntegerField(_("break (minutes)"), default=10, validators=[MinValueValidator(1)])
    changed_at = models.DateTimeField(_("changed"), db_default=Now())

    class Meta:
        verbose_name = _("availability")
        verbose_name_plural = _("availabilities")
        constraints = [
            models.CheckConstraint(
                condition=Q(break_minutes__gte=1)
                & ~Q(daily_limit=0)
                & ~Q(weekly_limit=0)
                & ~Q(daily_ceiling=0)
                & ~Q(weekly_ceiling=0)
                & ~Q(break_after_minutes=0),
                name="availability_limits_positive",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}"


AvailabilityChanges: Any = changes_of(
    Availability,
    "reviewer", "is_on", "time_zone", "hours", "daily_limit", "weekly_limit", "distressing_daily_limit", "daily_ceiling",
    "weekly_ceiling", "distressing_daily_ceiling", "break_after_minutes", "break_minutes",
)  # fmt: skip


class AvailabilityChange(AvailabilityChanges):
    """An availability as it was from then on."""

    def __str__(self) -> str:
        return f"{self.pgh_label} of availability {self.pgh_obj_id}"


class Leave(models.Model):
    """Days on which a reviewer does not work."""

    public_id = PublicIdField()
    reviewer = models.ForeignKey(Reviewer, models.CASCADE, related_name="leaves")
    during = DateRangeField(_("during"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("leave")
        constraints = [
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__lower_inf=False), name="leave_has_a_first_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.during}"


class Workload(models.Model):
    """What a reviewer has done today and this week, by the calendar of their time zone; kept by each submit."""

    reviewer = models.OneToOneField(Reviewer, models.CASCADE, primary_key=True, related_name="workload")
    day = models.DateField(_("day"))
    day_count = models.PositiveIntegerField(_("judgments that day"), default=0)
    day_distressing_count = models.PositiveIntegerField(_("distressing judgments that day"), default=0)
    week = models.DateField(_("Monday of the week"))
    week_count = models.PositiveIntegerField(_("judgments that week"), default=0)
    stretch_began_at = models.DateTimeField(_("working without a break since"), null=True, blank=True)
    last_at = models.DateTimeField(_("last judgment"), null=True, blank=True)

    class Meta:
        verbose_name = _("workload")

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.day_count} on {self.day}"


class Block(models.Model):
    """A customer does not want this person on its work, until it is lifted. Never shown to the person as such."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="blocks")
    public_id = PublicIdField()
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(_("placed"), db_default=Now())
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    lift_reason = models.CharField(_("why lifted"), max_length=300, blank=True)

    objects = CustomersQuerySet.as_manager()

    class Meta:
        verbose_name = _("block")
        constraints = [
            models.UniqueConstraint(fields=["customer", "reviewer"], condition=Q(lifted_at=None), name="block_once"),
        ]

    def __str__(self) -> str:
        return self.reason
