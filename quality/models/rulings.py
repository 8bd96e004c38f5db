"""Questions about a clause and an item, and their answers."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from labeling.models import Customer, GuidelineVersion, ItemVersion, Project, Reviewer
from labeling.querysets import TenantQuerySet


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
