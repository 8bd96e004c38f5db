"""What is kept, for how long, and what is gone: legal holds, erasures, and the tombstones they leave."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from labeling.models.projects import Project
from labeling.models.tenants import Customer
from labeling.querysets import CustomersQuerySet
from labeling.types import ErasureKind


class LegalHold(models.Model):
    """While it stands, nothing of the customer (or of one project) is erased, whatever retention says."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="legal_holds")
    project = models.ForeignKey(Project, models.PROTECT, null=True, blank=True, related_name="legal_holds")
    reason = models.CharField(_("reason"), max_length=300)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(_("placed"), db_default=Now())
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    objects = CustomersQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="legal_hold_lifted_by_name",
            )
        ]

    def __str__(self) -> str:
        return self.reason


class Erasure(models.Model):
    """One erasure of one item's or one person's content, in one customer: asked for, then carried out everywhere.

    Rows in the database go first, in one transaction, by the one sanctioned function; files follow by jobs, and
    `finished_at` says that they are gone too. `counts` says how many of what.

    How far the jobs have come: `searched_through` is the last upload that was searched for the item (so many bytes of it,
    or 0 for all), `rewritten_through` the last release that was rewritten.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="erasures")
    request = models.UUIDField(_("request"), default=uuid.uuid4, editable=False)
    kind = models.CharField(_("what"), max_length=10, choices=ErasureKind)
    subject_id = models.BigIntegerField(_("which"))
    reason = models.CharField(_("reason"), max_length=300)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    counts = models.JSONField(_("how much"), default=dict)
    created_at = models.DateTimeField(_("erased"), db_default=Now())
    searched_through = models.BigIntegerField(_("files searched up to upload"), default=0, db_default=0)
    searched_bytes = models.BigIntegerField(_("bytes searched of it"), default=0, db_default=0)
    rewritten_through = models.BigIntegerField(_("files rewritten up to release"), default=0, db_default=0)
    finished_at = models.DateTimeField(_("files erased"), null=True, blank=True)

    objects = CustomersQuerySet.as_manager()

    class Meta:
        verbose_name = _("erasure")
        indexes = [models.Index(fields=["kind", "subject_id"], name="erasure_by_subject")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.subject_id})"


class Tombstone(models.Model):
    """What is left of an erased row: which it was, and the keyed digest of what it held, so that lineage still verifies."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    erasure = models.ForeignKey(Erasure, models.PROTECT, related_name="tombstones")
    subject = models.CharField(_("table"), max_length=60)
    subject_id = models.BigIntegerField(_("row"))
    keyed_digest = models.CharField(_("keyed digest"), max_length=64)
    created_at = models.DateTimeField(_("at"), db_default=Now())

    objects = CustomersQuerySet.as_manager()

    class Meta:
        verbose_name = _("tombstone")
        constraints = [
            models.UniqueConstraint(fields=["erasure", "subject", "subject_id"], name="tombstone_once"),
        ]
        indexes = [models.Index(fields=["subject", "subject_id"], name="tombstone_by_subject")]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id}"
