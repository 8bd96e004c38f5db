"""What customers upload: the batch and its source, the rows refused, the item and its immutable versions."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from labeling.models.projects import Project
from labeling.models.tenants import Customer
from labeling.querysets import TenantQuerySet
from labeling.types import BatchState, ItemState, Provenance, Stage


class Batch(models.Model):
    """A source file as it came: the snapshot that lineage ends in. The same bytes again are the same batch."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, models.PROTECT, related_name="batches")
    public_id = PublicIdField()
    name = models.CharField(_("file name"), max_length=200)
    state = models.CharField(_("state"), max_length=10, choices=BatchState, default=BatchState.RECEIVED)
    stage = models.CharField(_("stage"), max_length=12, choices=Stage, default=Stage.PRODUCTION)
    source_path = models.CharField(_("stored as"), max_length=300)
    source_digest = models.CharField(_("SHA-256"), max_length=64)
    source_bytes = models.BigIntegerField(_("bytes"))
    rows_read = models.BigIntegerField(_("rows read"), default=0)
    items_created = models.BigIntegerField(_("items created"), default=0)
    duplicates = models.BigIntegerField(_("duplicates"), default=0)
    conflicts = models.BigIntegerField(_("conflicts"), default=0)
    rejected = models.BigIntegerField(_("rejected"), default=0)
    tasks_generated = models.BigIntegerField(_("tasks generated"), default=0)
    fault = models.CharField(_("why refused"), max_length=500, blank=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("received"), db_default=Now())
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "source_digest"],
                condition=~Q(state=BatchState.REFUSED),
                name="batch_source_once",
            ),
            models.CheckConstraint(
                condition=Q(state=BatchState.RECEIVED, finished_at=None)
                | (~Q(state=BatchState.RECEIVED) & Q(finished_at__isnull=False)),
                name="batch_finished_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(state=BatchState.ACCEPTED)
                | Q(rows_read=F("items_created") + F("duplicates") + F("conflicts") + F("rejected")),
                name="batch_counts_add_up",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StagedRow(models.Model):
    """A sound row waiting for its batch to be accepted; deleted then."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="staged", db_index=False)
    line = models.BigIntegerField(_("line"))
    external_id = models.CharField(_("external id"), max_length=200)
    payload = models.JSONField(_("payload"))
    expected = models.JSONField(_("expected answer"), null=True)
    language = models.CharField(_("language"), max_length=35)
    domain = models.CharField(_("domain"), max_length=60)
    difficulty = models.PositiveSmallIntegerField(_("difficulty"))
    provenance = models.CharField(_("provenance"), max_length=12)
    metadata = models.JSONField(_("metadata"))
    digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        verbose_name = _("staged row")
        indexes = [models.Index(fields=["batch", "external_id"], name="staged_by_external_id")]

    def __str__(self) -> str:
        return f"line {self.line}"


class RejectedRow(models.Model):
    """A row that was not taken, with its line, the field at fault and the reason. It never stops the others."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rejects", db_index=False)
    line = models.BigIntegerField(_("line"))
    field = models.CharField(_("field"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    excerpt = models.TextField(_("how it begins"), blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("rejected row")
        indexes = [models.Index(fields=["batch", "id"], name="rejects_by_batch")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class Item(models.Model):
    """The head of an item: who it is, where it stands, and which version is current. Content lies in the versions."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="items", db_index=False)
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="items")
    public_id = PublicIdField()
    external_id = models.CharField(_("external id"), max_length=200, db_collation="C")
    state = models.CharField(_("state"), max_length=12, choices=ItemState, default=ItemState.ACCEPTED)
    current_version = models.ForeignKey(
        "labeling.ItemVersion", models.PROTECT, null=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(_("accepted"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("item")
        constraints = [
            models.UniqueConstraint(fields=["project", "external_id"], name="item_external_id_once"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="item_state_known"),
        ]
        indexes = [models.Index(fields=["project", "state", "id"], name="item_by_state")]

    def __str__(self) -> str:
        return self.external_id


class ItemVersion(models.Model):
    """The content, immutable: messages and responses, and what routing reads of them. Version 1 is the raw input."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    item = models.ForeignKey(Item, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField(_("number"), default=1, db_default=1)
    payload = models.JSONField(_("payload"))
    expected = models.JSONField(_("expected answer"), null=True, blank=True)
    language = models.CharField(_("language (BCP 47)"), max_length=35)
    domain = models.CharField(_("domain"), max_length=60)
    difficulty = models.PositiveSmallIntegerField(_("difficulty (1-5)"))
    provenance = models.CharField(_("provenance"), max_length=12, choices=Provenance)
    metadata = models.JSONField(_("metadata"), default=dict)
    digest = models.CharField(_("digest"), max_length=64)
    created_at = models.DateTimeField(_("created"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("item version")
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="itemversion_number_once"),
            models.CheckConstraint(
                condition=Q(difficulty__gte=1, difficulty__lte=5), name="itemversion_difficulty_1_to_5"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"
