"""What is promised of quality, what is measured of it, and what follows where it falls short."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from labeling.models import Customer, GuidelineVersion, ItemVersion, Project, Reviewer
from labeling.querysets import TenantQuerySet
from labeling.types import Stage
from quality.types import FigureName, Measure, Response, RuleState, Segment


class CustomerVerdict(models.Model):
    """The customer's own answer to an item of the calibration: what reviewers are compared with. Append-only.

    A changed mind is another verdict, which supersedes.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    item_version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="customer_verdicts")
    answers = models.JSONField(_("answers"))
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="superseded_by")
    created_at = models.DateTimeField(_("given"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer's verdict")
        constraints = [
            models.UniqueConstraint(
                fields=["item_version"], condition=Q(supersedes=None), name="customerverdict_first_once"
            )
        ]
        indexes = [models.Index(fields=["project", "id"], name="customerverdict_by_project")]

    def __str__(self) -> str:
        return f"verdict {self.pk}"


class StageDecision(models.Model):
    """A stage was opened: what was measured against the bar of the contract, and who waived it where it was not met."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    stage = models.CharField(_("stage"), max_length=12, choices=Stage)
    is_met = models.BooleanField(_("bar met"))
    measured = models.JSONField(_("measured"), default=dict)
    reason = models.CharField(_("why"), max_length=300)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("at"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("opening of a stage")
        verbose_name_plural = _("openings of stages")
        indexes = [models.Index(fields=["project", "id"], name="stagedecision_by_project")]

    def __str__(self) -> str:
        return self.get_stage_display()


class QualityRule(models.Model):
    """One promise of the quality contract, for the whole project or a segment: the threshold, what is done when it is
    breached, who owns that, and from which figure on it is over."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="quality_rules", db_index=False)
    measure = models.CharField(_("measure"), max_length=20, choices=Measure)
    question = models.CharField(_("question"), max_length=40, default="", blank=True)
    segment = models.CharField(_("segment"), max_length=12, choices=Segment, default=Segment.ALL)
    segment_value = models.CharField(_("which"), max_length=60, default="", blank=True)
    threshold = models.FloatField(_("at least"))
    returns_at = models.FloatField(_("over once at least"))
    response = models.CharField(_("response"), max_length=14, choices=Response)
    more_overlap = models.PositiveSmallIntegerField(_("more judgments an item"), default=0)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=RuleState, default=RuleState.HOLDING)
    measured = models.FloatField(_("measured"), null=True, blank=True)
    measured_at = models.DateTimeField(_("measured at"), null=True, blank=True)
    changed_at = models.DateTimeField(_("since"), db_default=Now())
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("promise of quality")
        verbose_name_plural = _("promises of quality")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "measure", "question", "segment", "segment_value"],
                condition=Q(ended_at=None),
                name="qualityrule_once",
            ),
            models.CheckConstraint(
                condition=Q(returns_at__gte=models.F("threshold")), name="qualityrule_returns_above_threshold"
            ),
            models.CheckConstraint(
                condition=Q(segment=Segment.ALL, segment_value="") | (~Q(segment=Segment.ALL) & ~Q(segment_value="")),
                name="qualityrule_names_its_segment",
            ),
            models.CheckConstraint(
                condition=~Q(response=Response.MORE_OVERLAP) | Q(more_overlap__gte=1), name="qualityrule_says_how_many"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_measure_display()} at least {self.threshold:g}"


class QualityFigure(models.Model):
    """One measured figure of a project, as the roll-up last found it: with its interval, or why there is none.

    Replaced by each roll-up; what is promised to customers is in releases, which freeze it.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(_("figure"), max_length=20, choices=FigureName)
    question = models.CharField(_("question"), max_length=60, default="", blank=True)
    segment = models.CharField(_("segment"), max_length=12, choices=Segment, default=Segment.ALL)
    segment_value = models.CharField(_("which"), max_length=60, default="", blank=True)
    guideline = models.ForeignKey(
        GuidelineVersion, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    value = models.FloatField(_("value"), null=True, blank=True)
    low = models.FloatField(_("from"), null=True, blank=True)
    high = models.FloatField(_("to"), null=True, blank=True)
    units = models.PositiveIntegerField(_("units"), default=0)
    why_undefined = models.CharField(_("why there is none"), max_length=300, default="", blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    measured_at = models.DateTimeField(_("measured"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("figure")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name", "question", "segment", "segment_value", "guideline", "reviewer"],
                nulls_distinct=False,
                name="qualityfigure_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_name_display()}"
