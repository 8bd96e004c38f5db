"""What is known about answers and about those who give them: gold, scores, standings, resolutions, rulings."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from labeling.models import Annotation, Customer, GuidelineVersion, ItemVersion, Project, Reviewer, Round
from labeling.querysets import TenantQuerySet
from quality.types import GoldState, Outcome, StandingState


class GoldItem(models.Model):
    """An item whose right answer is known. At the desk it looks like any other; it never serves another customer."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="gold_items")
    item_version = models.OneToOneField(ItemVersion, models.PROTECT, related_name="gold")
    round = models.OneToOneField(Round, models.PROTECT, related_name="gold")
    expected = models.JSONField(_("expected answer"))
    tolerance = models.JSONField(_("also right"), default=dict, blank=True)
    explanation = models.TextField(_("explanation"), blank=True)
    concept = models.CharField(_("concept"), max_length=100, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=GoldState, default=GoldState.ACTIVE)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("gold item")
        constraints = [
            models.CheckConstraint(
                condition=Q(state=GoldState.ACTIVE, retired_at=None)
                | Q(state=GoldState.RETIRED, retired_at__isnull=False),
                name="gold_retired_is_dated",
            )
        ]

    def __str__(self) -> str:
        return f"gold {self.pk}"


class GoldScore(models.Model):
    """How one annotation of a gold item compared with the expected answer."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    gold_item = models.ForeignKey(GoldItem, models.PROTECT, related_name="scores")
    annotation = models.OneToOneField(Annotation, models.PROTECT, related_name="gold_score")
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="+", db_index=False)
    is_correct = models.BooleanField(_("correct"))
    by_question = models.JSONField(_("by question"), default=dict)
    created_at = models.DateTimeField(_("scored"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("gold score")
        indexes = [models.Index(fields=["project", "reviewer", "id"], name="goldscore_by_reviewer")]

    def __str__(self) -> str:
        return "hit" if self.is_correct else "miss"


class Standing(models.Model):
    """What is known of a reviewer's accuracy on a project: a Beta posterior from gold, and the state it means."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="standings")
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="standings")
    skill = models.CharField(_("skill"), max_length=60, default="", blank=True)
    state = models.CharField(_("state"), max_length=12, choices=StandingState, default=StandingState.PROBATION)
    alpha = models.FloatField(_("alpha"))
    beta = models.FloatField(_("beta"))
    lower_bound = models.FloatField(_("lower bound of accuracy (95 %)"))
    evidence_count = models.PositiveIntegerField(_("pieces of evidence"), default=0)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("standing")
        constraints = [
            models.UniqueConstraint(fields=["project", "reviewer", "skill"], name="standing_once"),
            models.CheckConstraint(condition=Q(alpha__gt=0, beta__gt=0), name="standing_posterior_positive"),
        ]

    def __str__(self) -> str:
        return self.state


class Resolution(models.Model):
    """What a round came to: an agreed answer or none, with the votes and the annotations it rests on. Append-only."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="resolutions", db_index=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="resolutions", db_index=False)
    item_version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="+")
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    answers = models.JSONField(_("answers"))
    distribution = models.JSONField(_("votes"))
    method = models.CharField(_("method"), max_length=40)
    confidence = models.FloatField(_("confidence"))
    annotation_ids = ArrayField(models.BigIntegerField(), verbose_name=_("rests on annotations"))
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="superseded_by")
    created_at = models.DateTimeField(_("resolved"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("resolution")
        constraints = [
            models.UniqueConstraint(
                fields=["round"], condition=Q(supersedes=None), name="resolution_first_once_a_round"
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1), name="resolution_confidence_is_a_share"
            ),
            models.CheckConstraint(condition=Q(annotation_ids__len__gt=0), name="resolution_rests_on_something"),
        ]
        indexes = [models.Index(fields=["project", "id"], name="resolution_by_project")]

    def __str__(self) -> str:
        return self.outcome


class Ruling(models.Model):
    """A reviewer's question about a clause of the guideline and an item, and the answer. Once answered, never changed.

    Where only the customer can answer, an operator asks them (`customer_asked_at`), and the project's clock stands meanwhile.
    `submission` stands for the lease and what was asked, so that the same again is the same row. Everybody on the project
    reads the answer; who asked, and about which item, is the operator's to know.
    """

    QUESTION_LONGEST = 1000
    ANSWER_LONGEST = 2000

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="rulings", db_index=False)
    public_id = PublicIdField()
    guideline = models.ForeignKey(GuidelineVersion, models.PROTECT, related_name="+", db_index=False)
    clause = models.CharField(_("clause"), max_length=100)
    item_version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Reviewer, models.PROTECT, related_name="+")
    question = models.CharField(_("question"), max_length=QUESTION_LONGEST)
    submission = models.UUIDField(_("submission"), unique=True, editable=False)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    customer_asked_at = models.DateTimeField(_("customer asked"), null=True, blank=True)
    answer = models.TextField(_("answer"), default="", db_default="", blank=True, max_length=ANSWER_LONGEST)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("ruling")
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None, answer="")
                | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="ruling_answered_by_name",
            ),
        ]
        indexes = [models.Index(fields=["project", "id"], name="ruling_by_project")]

    def __str__(self) -> str:
        return f"question about {self.clause}"


class RulingReading(models.Model):
    """A reviewer has read the answer."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    ruling = models.ForeignKey(Ruling, models.PROTECT, related_name="readings")
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="+", db_index=False)
    read_at = models.DateTimeField(_("read"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading of a ruling")
        verbose_name_plural = _("readings of rulings")
        constraints = [models.UniqueConstraint(fields=["reviewer", "ruling"], name="ruling_read_once")]

    def __str__(self) -> str:
        return f"{self.reviewer}"
