"""Who read whose content, through which door."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from labeling.querysets import AccessLogQuerySet


class AccessLog(models.Model):
    """One row a request that read customer content. Immutable; without foreign keys, so it can be partitioned."""

    at = models.DateTimeField(_("at"), db_default=Now())
    customer_id = models.BigIntegerField(_("customer"))
    project_id = models.BigIntegerField(_("project"), null=True)
    user_id = models.BigIntegerField(_("person"))
    door = models.CharField(_("door"), max_length=10)
    object_type = models.CharField(_("what"), max_length=40)
    object_ids = ArrayField(models.BigIntegerField(), verbose_name=_("which"))
    request_id = models.CharField(_("request"), max_length=36, default="", db_default="")

    objects = AccessLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("access")
        verbose_name_plural = _("access log")
        indexes = [
            models.Index(fields=["customer_id", "id"], name="access_by_customer"),
            # What reviewers read, their leases tell; the others are few enough to be found by what was read.
            GinIndex(fields=["object_ids"], condition=~Q(door="desk"), name="access_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.door} {self.object_type}"
