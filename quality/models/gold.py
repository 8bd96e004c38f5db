"""Gold: items whose answer is known, and how they were answered."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from labeling.models import Annotation, Customer, ItemVersion, Project, Reviewer, Round
from labeling.querysets import TenantQuerySet
from labeling.types import Work
from quality.types import GoldRetirement, GoldSource, GoldState, GoldUse


class GoldItem(models.Model):
    """An item whose right answer is known. At the desk it looks like any other; it never serves another customer.

    `work` is the stage it tests: judging, or reviewing what others wrote. Then `shown` is the flawed attempt that stands
    beside it, and the expected answer is the verdict on that. `expected_hit_rate` is the share of trusted people who
    should know it; a hit rate that jumps above it says that the answer has leaked.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="gold_items")
    item_version = models.OneToOneField(ItemVersion, models.PROTECT, related_name="gold")
    round = models.OneToOneField(Round, models.PROTECT, related_name="gold")
    expected = models.JSONField(_("expected answer"))
    tolerance = models.JSONField(_("also right"), default=dict, blank=True)
    explanation = models.TextField(_("explanation"), blank=True)
    concept = models.CharField(_("concept"), max_length=100, blank=True)
    source = models.CharField(
        _("from"), max_length=12, choices=GoldSource, default=GoldSource.CUSTOMER, db_default=GoldSource.CUSTOMER
    )
    work = models.CharField(_("tests"), max_length=10, choices=Work, default=Work.JUDGE, db_default=Work.JUDGE)
    shown = models.ForeignKey(Annotation, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    use = models.CharField(_("used for"), max_length=14, choices=GoldUse, default=GoldUse.GOLD, db_default=GoldUse.GOLD)
    expected_hit_rate = models.FloatField(_("expected hit rate"), null=True, blank=True)
    exposures_most = models.PositiveIntegerField(
        _("people it is shown to at most"), null=True, blank=True, help_text=_("Empty: any number.")
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=GoldState, default=GoldState.ACTIVE)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
    retired_because = models.CharField(
        _("retired because"), max_length=12, choices=GoldRetirement, default="", db_default="", blank=True
    )
    created_at = models.DateTimeField(_("created"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("gold item")
        constraints = [
            models.CheckConstraint(
                condition=Q(state=GoldState.ACTIVE, retired_at=None)
                | Q(state=GoldState.RETIRED, retired_at__isnull=False),
                name="gold_retired_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(expected_hit_rate=None) | Q(expected_hit_rate__gt=0, expected_hit_rate__lt=1),
                name="gold_hit_rate_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(work=Work.REVIEW, shown__isnull=False) | (~Q(work=Work.REVIEW) & Q(shown=None)),
                name="gold_of_reviews_shows_an_attempt",
            ),
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
