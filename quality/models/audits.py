"""Audits: resolved items drawn by a plan and answered blind by experts; and disputes, which an adjudicator decides."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from labeling.models import Annotation, Customer, Project, Reviewer, Round
from labeling.querysets import TenantQuerySet
from quality.models.resolutions import Resolution
from quality.types import AuditRhythm, AuditSeverity, DisputeOutcome, DisputeReason, DisputeState, DrawState, PlanState


class AuditSchedule(models.Model):
    """Audits that recur: when they are due a plan of these settings is drawn from, of what came since the last.

    It is due every week or month from `first_at` on (`next_at` says when), or after every `every_results` results.
    `drawn_until` is where the last plan's window ended. It goes on until a person ends it.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="audit_schedules", db_index=False)
    name = models.CharField(_("name"), max_length=80)
    every = models.CharField(_("every"), max_length=8, choices=AuditRhythm)
    every_results = models.PositiveIntegerField(
        _("results"),
        null=True,
        blank=True,
        validators=[MinValueValidator(10), MaxValueValidator(1_000_000)],
        help_text=_("For audits after so many results; else empty."),
    )
    strata = ArrayField(models.CharField(max_length=20), default=list, blank=True, verbose_name=_("strata"))
    half_width = models.DecimalField(_("half the interval"), max_digits=4, decimal_places=3, default=Decimal("0.050"))
    share_twice = models.DecimalField(
        _("share audited twice"), max_digits=4, decimal_places=3, default=Decimal("0.100")
    )
    first_at = models.DateTimeField(_("first"), db_default=Now())
    next_at = models.DateTimeField(_("next"), null=True, blank=True)
    drawn_until = models.DateTimeField(_("drawn until"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("made"), db_default=Now())
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("recurring audit")
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="auditschedule_name_once"),
            models.CheckConstraint(
                condition=Q(every=AuditRhythm.RESULTS, every_results__isnull=False, next_at=None)
                | (~Q(every=AuditRhythm.RESULTS) & Q(every_results=None, next_at__isnull=False)),
                name="auditschedule_says_when",
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(ended_at=None), name="auditschedule_going_on")]

    def __str__(self) -> str:
        return self.name


class AuditPlan(models.Model):
    """How resolved items are drawn for audits: at random within strata, as many as the wanted interval needs.

    `strata` names what the strata are made by (language, domain, difficulty, reviewer agreement); `seed` makes the draw
    repeatable; `half_width` is half the wanted 95 % interval of the share of errors. `sizes` is what was worked out, by
    stratum: {"en": {"items": 900, "drawn": 120}}. Once drawn from, a plan never changes.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="audit_plans", db_index=False)
    name = models.CharField(_("name"), max_length=100)
    strata = ArrayField(models.CharField(max_length=20), default=list, blank=True, verbose_name=_("strata"))
    half_width = models.DecimalField(
        _("half the interval"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.050"),
        validators=[MinValueValidator(Decimal("0.005")), MaxValueValidator(Decimal("0.5"))],
    )
    share_twice = models.DecimalField(
        _("share audited twice"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.100"),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    resolved_from = models.DateTimeField(_("resolved from"), null=True, blank=True)
    resolved_until = models.DateTimeField(_("resolved until"), null=True, blank=True)
    seed = models.BigIntegerField(_("seed"))
    sizes = models.JSONField(_("sizes"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=PlanState, default=PlanState.DRAFT)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    schedule = models.ForeignKey(
        AuditSchedule, models.PROTECT, null=True, blank=True, related_name="plans", verbose_name=_("recurring audit")
    )
    drawn_at = models.DateTimeField(_("drawn"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit plan")
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="auditplan_name_once"),
            models.CheckConstraint(
                condition=Q(state=PlanState.DRAFT, drawn_at=None)
                | (~Q(state=PlanState.DRAFT) & Q(drawn_at__isnull=False)),
                name="auditplan_drawn_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AuditDraw(models.Model):
    """A resolution that a plan drew, with the probability it was drawn with, and the round in which experts answer it.

    One that was resolved again before the experts had answered is void: the estimate leaves it out.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    plan = models.ForeignKey(AuditPlan, models.PROTECT, related_name="draws", db_index=False)
    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="draws")
    stratum = models.CharField(_("stratum"), max_length=100)
    probability = models.FloatField(_("probability of being drawn"))
    is_twice = models.BooleanField(_("audited twice"))
    round = models.OneToOneField(Round, models.PROTECT, null=True, blank=True, related_name="audit_draw")
    state = models.CharField(_("state"), max_length=10, choices=DrawState, default=DrawState.WAITING)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit")
        constraints = [
            models.UniqueConstraint(fields=["plan", "resolution"], name="audit_once_a_plan"),
            models.CheckConstraint(condition=Q(probability__gt=0, probability__lte=1), name="audit_probability"),
            models.CheckConstraint(
                condition=Q(state=DrawState.WAITING, settled_at=None)
                | (~Q(state=DrawState.WAITING) & Q(settled_at__isnull=False)),
                name="audit_settled_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["project", "id"], condition=Q(state=DrawState.WAITING), name="audit_waiting")]

    def __str__(self) -> str:
        return f"audit {self.pk}"


class AuditVerdict(models.Model):
    """What an expert's blind answer said of the resolution as it stood, before any repair: by question, and as a whole.

    Of what was written it is a verdict on the whole: where it is not good enough, which clause it misses, how badly.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    draw = models.ForeignKey(AuditDraw, models.PROTECT, related_name="verdicts")
    annotation = models.OneToOneField(Annotation, models.PROTECT, related_name="audit_verdict")
    is_right = models.BooleanField(_("the resolution was right"))
    by_question = models.JSONField(_("by question"), default=dict)
    clause = models.CharField(_("clause"), max_length=100, default="", db_default="", blank=True)
    severity = models.CharField(
        _("severity"), max_length=10, choices=AuditSeverity, default="", db_default="", blank=True
    )
    created_at = models.DateTimeField(_("at"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit verdict")

    def __str__(self) -> str:
        return "right" if self.is_right else "wrong"


class Dispute(models.Model):
    """A result that is in question, and the round in which an adjudicator, who sees both sides blind, decides it.

    `annotations` are the sides. Its outcome may also be that no answer is right, or that the guideline is at fault: then
    nobody is marked down.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="disputes", db_index=False)
    reason = models.CharField(_("why"), max_length=14, choices=DisputeReason)
    round = models.ForeignKey(Round, models.PROTECT, related_name="disputes")
    resolution = models.ForeignKey(Resolution, models.PROTECT, null=True, blank=True, related_name="disputes")
    annotations = ArrayField(models.BigIntegerField(), default=list, verbose_name=_("sides"))
    adjudicated_in = models.ForeignKey(Round, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=DisputeState, default=DisputeState.OPEN)
    outcome = models.CharField(_("outcome"), max_length=20, choices=DisputeOutcome, default="", blank=True)
    clause = models.CharField(_("clause"), max_length=100, default="", blank=True)
    decided_by = models.ForeignKey(Reviewer, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    created_at = models.DateTimeField(_("opened"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispute")
        constraints = [
            models.UniqueConstraint(
                fields=["round"], condition=Q(state=DisputeState.OPEN), name="dispute_one_open_a_round"
            ),
            models.CheckConstraint(
                condition=Q(state=DisputeState.OPEN, decided_at=None, outcome="")
                | (~Q(state=DisputeState.OPEN) & Q(decided_at__isnull=False)),
                name="dispute_decided_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["project", "id"], condition=Q(state=DisputeState.OPEN), name="dispute_open")]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}"
