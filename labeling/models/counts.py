"""Counts that are kept, because counting anew would read whole tables."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from labeling.models.projects import Project
from labeling.models.tenants import Customer
from labeling.querysets import TenantQuerySet


class ProjectCount(models.Model):
    """Where a large project stood when it was last counted, and how long that took. `labeling.services.counting` writes it."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.OneToOneField(Project, models.PROTECT, related_name="kept_count", primary_key=True)
    states = models.JSONField(_("items by state"), default=dict)
    judgments = models.BigIntegerField(_("judgments"))
    judgments_needed = models.BigIntegerField(_("judgments needed"))
    seconds = models.FloatField(_("seconds it took"))
    counted_at = models.DateTimeField(_("counted"))

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("count of a project")
        verbose_name_plural = _("counts of projects")

    def __str__(self) -> str:
        return f"{self.project_id}"
