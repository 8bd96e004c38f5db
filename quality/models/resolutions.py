"""What rounds come to."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from labeling.models import Customer, ItemVersion, Project, Round
from labeling.querysets import TenantQuerySet
from quality.types import Outcome


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
