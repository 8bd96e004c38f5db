"""What was noticed about content: by the machine, or by a reviewer who reports it. Content never changes."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from labeling.models.items import Item, ItemVersion
from labeling.models.judgments import Annotation
from labeling.models.projects import Project
from labeling.models.tenants import Customer, Reviewer
from labeling.querysets import TenantQuerySet
from labeling.types import FlagKind, FlagState


class Flag(models.Model):
    """One thing noticed in one field of an item version or of an annotation, for a person to look at.

    `detail` says what was noticed and where, never the words themselves: {"pattern": "email", "count": 2}. A reviewer's
    report also has their `note`; `report` stands for the lease and what was said, so that the same again is the same.
    """

    FIELD_LONGEST = 100

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="flags", db_index=False)
    public_id = PublicIdField()
    item_version = models.ForeignKey(ItemVersion, models.PROTECT, null=True, blank=True, related_name="flags")
    annotation = models.ForeignKey(Annotation, models.PROTECT, null=True, blank=True, related_name="flags")
    kind = models.CharField(_("kind"), max_length=20, choices=FlagKind)
    field = models.CharField(_("field"), max_length=FIELD_LONGEST, blank=True)
    detail = models.JSONField(_("what was noticed"), default=dict)
    other_item = models.ForeignKey(Item, models.PROTECT, null=True, blank=True, related_name="+")
    reported_by = models.ForeignKey(
        Reviewer, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("reported by")
    )
    note = models.CharField(_("note"), max_length=300, default="", db_default="", blank=True)
    report = models.UUIDField(_("report"), null=True, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=FlagState, default=FlagState.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("noticed"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("flag")
        constraints = [
            models.CheckConstraint(
                condition=Q(item_version__isnull=False, annotation=None)
                | Q(item_version=None, annotation__isnull=False),
                name="flag_is_about_one_thing",
            ),
            models.UniqueConstraint(
                fields=["item_version", "kind", "field", "other_item", "detail"],
                condition=Q(annotation=None, report=None),
                name="flag_once_a_version",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["annotation", "kind", "field", "detail"],
                condition=Q(item_version=None),
                name="flag_once_an_annotation",
            ),
            models.CheckConstraint(
                condition=Q(state=FlagState.OPEN, decided_at=None, decided_by=None)
                | (~Q(state=FlagState.OPEN) & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="flag_decided_by_name",
            ),
            models.CheckConstraint(
                condition=Q(kind=FlagKind.REPORTED, item_version__isnull=False, reported_by__isnull=False)
                & Q(report__isnull=False)
                | ~Q(kind=FlagKind.REPORTED) & Q(reported_by=None, report=None, note=""),
                name="flag_reported_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["project", "state", "id"], name="flag_by_state")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} in {self.field or 'the item'}"


class ItemSketch(models.Model):
    """The MinHash signature of an item version's text, and those of its bands that had room for it, by which near-duplicates
    find each other."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    item_version = models.OneToOneField(ItemVersion, models.CASCADE, related_name="sketch")
    signature = models.BinaryField(_("signature"))
    bands = ArrayField(models.BigIntegerField(), verbose_name=_("bands"))

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("sketch")
        verbose_name_plural = _("sketches")
        # Searched right after every insert: a pending list would be read through each time.
        indexes = [GinIndex(fields=["bands"], name="sketch_by_band", fastupdate=False)]

    def __str__(self) -> str:
        return f"sketch of version {self.item_version_id}"
