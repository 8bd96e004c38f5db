"""What customers upload: the batch and its source, the rows refused, the item and its immutable versions."""

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from labeling.languages import UNDETERMINED
from labeling.models.projects import Project
from labeling.models.tenants import Customer
from labeling.querysets import CustomersQuerySet, TenantQuerySet
from labeling.types import BatchState, ItemState, OnConflict, Provenance, SourceFormat, Stage, VersionReason


class Authors(Func):
    """What the metadata says under "authors", a list or one name, as a JSON array."""

    template = "jsonb_path_query_array(%(expressions)s, '$.authors[*]')"

    def __init__(self) -> None:
        super().__init__(F("metadata"))


class ColumnMapping(models.Model):
    """How a file's columns become an item's fields (`labeling.columns`). A version never changes: it is lineage."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="column_mappings", db_index=False)
    public_id = PublicIdField()
    name = models.CharField(_("name"), max_length=100)
    number = models.PositiveIntegerField(_("version"))
    document = models.JSONField(_("mapping"))
    digest = models.CharField(_("digest"), max_length=64)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("saved"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("column mapping")
        constraints = [
            models.UniqueConstraint(fields=["project", "name", "number"], name="mapping_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"


class SourceGrant(models.Model):
    """Files under this path of the `imports` storage may be read into the customer's batches, until it is ended."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="source_grants")
    path = models.CharField(_("path, a folder"), max_length=300)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("since"), db_default=Now())
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = CustomersQuerySet.as_manager()

    class Meta:
        verbose_name = _("granted path")
        constraints = [
            models.UniqueConstraint(fields=["customer", "path"], condition=Q(ended_at=None), name="source_grant_once"),
        ]

    def __str__(self) -> str:
        return self.path


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
    source_erased_at = models.DateTimeField(_("file erased"), null=True, blank=True)
    format = models.CharField(
        _("format"), max_length=14, choices=SourceFormat, default=SourceFormat.NDJSON, db_default=SourceFormat.NDJSON
    )
    mapping = models.ForeignKey(ColumnMapping, models.PROTECT, null=True, blank=True, related_name="batches")
    on_conflict = models.CharField(
        _("on other content"),
        max_length=12,
        choices=OnConflict,
        default=OnConflict.REFUSE,
        db_default=OnConflict.REFUSE,
    )
    rows_read = models.BigIntegerField(_("rows read"), default=0)
    items_created = models.BigIntegerField(_("items created"), default=0)
    versions_created = models.BigIntegerField(_("new versions"), default=0, db_default=0)
    duplicates = models.BigIntegerField(_("duplicates"), default=0)
    conflicts = models.BigIntegerField(_("conflicts"), default=0)
    rejected = models.BigIntegerField(_("rejected"), default=0)
    tasks_generated = models.BigIntegerField(_("tasks generated"), default=0)
    flagged_through = models.BigIntegerField(_("flags looked for up to version"), default=0, db_default=0)
    flagged_count = models.BigIntegerField(_("versions looked at for flags"), default=0, db_default=0)
    flagged_at = models.DateTimeField(_("flags looked for"), null=True, blank=True)
    # While a job looks for them, and after it was killed.
    flagging_since = models.DateTimeField(_("flags being looked for"), null=True, blank=True)
    revised_through = models.BigIntegerField(_("judged anew up to version"), default=0, db_default=0)
    revised_at = models.DateTimeField(_("new versions sent to work"), null=True, blank=True)
    # When a job last did some of it: what nobody has worked on for long is queued again.
    worked_at = models.DateTimeField(_("last worked on"), db_default=Now())
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
                fields=["project", "source_digest", "format", "mapping", "on_conflict"],
                condition=~Q(state=BatchState.REFUSED),
                name="batch_source_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(state=BatchState.RECEIVED, finished_at=None)
                | (~Q(state=BatchState.RECEIVED) & Q(finished_at__isnull=False)),
                name="batch_finished_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(state=BatchState.ACCEPTED)
                | Q(
                    rows_read=F("items_created")
                    + F("versions_created")
                    + F("duplicates")
                    + F("conflicts")
                    + F("rejected")
                ),
                name="batch_counts_add_up",
            ),
        ]
        # What the sweep looks for: batches with work left are few, however many there are.
        indexes = [
            models.Index(fields=["worked_at"], condition=Q(state=BatchState.RECEIVED), name="batch_unread"),
            models.Index(fields=["id"], condition=Q(flagging_since__isnull=False), name="batch_flagging"),
            models.Index(
                fields=["project", "id"],
                condition=Q(state=BatchState.ACCEPTED, flagged_at=None),
                name="batch_unflagged",
            ),
            models.Index(
                fields=["worked_at"],
                condition=Q(state=BatchState.ACCEPTED, versions_created__gt=0, revised_at=None),
                name="batch_unrevised",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StagedRow(models.Model):
    """A sound row waiting for its batch to be accepted; deleted then.

    Filled by the hundred thousand: whose it is, is checked by statement, not by a foreign key a row.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="staged", db_index=False, db_constraint=False)
    line = models.BigIntegerField(_("line"))
    external_id = models.CharField(_("external id"), max_length=200)
    payload = models.JSONField(_("payload"))
    expected = models.JSONField(_("expected answer"), null=True)
    language = models.CharField(_("language"), max_length=35)
    domain = models.CharField(_("domain"), max_length=60)
    difficulty = models.PositiveSmallIntegerField(_("difficulty"))
    provenance = models.CharField(_("provenance"), max_length=12)
    metadata = models.JSONField(_("metadata"))
    history = models.JSONField(_("imported annotations"), null=True)
    digest = models.CharField(_("digest"), max_length=64)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("staged row")
        indexes = [models.Index(fields=["batch"], name="staged_by_batch")]

    def __str__(self) -> str:
        return f"line {self.line}"


class RejectedRow(models.Model):
    """A row that was not taken, with its line, the field at fault and the reason. It never stops the others.

    An erasure finds what it empties by indexes; those on what the text says are in migration 0013.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rejects", db_index=False)
    line = models.BigIntegerField(_("line"))
    field = models.CharField(_("field"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    excerpt = models.TextField(_("how it begins"), blank=True)
    raw = models.TextField(_("the row"), blank=True, default="", db_default="")
    # What an erasure finds the row by, as it was read: its text may spell it otherwise. None where none could be read.
    external_id = models.CharField(_("external id"), max_length=200, null=True, blank=True, db_collation="C")

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("rejected row")
        indexes = [
            models.Index(fields=["batch", "id"], name="rejects_by_batch"),
            models.Index(
                fields=["customer", "external_id"],
                condition=Q(external_id__isnull=False),
                name="rejects_by_external_id",
            ),
            models.Index(fields=["batch"], condition=~Q(excerpt="") | ~Q(raw=""), name="rejects_with_text"),
            models.Index(
                fields=["batch"], condition=Q(external_id__isnull=True) & ~Q(reason="Erased."), name="rejects_unnamed"
            ),
        ]

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
    # The guard own_version sees to it that this is a version of the item, and versions are never deleted.
    current_version = models.ForeignKey(
        "labeling.ItemVersion", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    created_at = models.DateTimeField(_("accepted"), db_default=Now())
    # By the sanctioned erasure alone: what retention has left to look at is what has none.
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("item")
        constraints = [
            models.UniqueConstraint(fields=["project", "external_id"], name="item_external_id_once"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="item_state_known"),
        ]
        indexes = [
            models.Index(fields=["project", "state", "id"], name="item_by_state"),
            models.Index(fields=["batch", "id"], condition=Q(state=ItemState.ACCEPTED), name="item_without_tasks"),
            models.Index(fields=["id"], condition=Q(state=ItemState.HELD), name="item_held"),
            models.Index(fields=["project", "created_at", "id"], condition=Q(erased_at=None), name="item_kept_by_age"),
        ]

    def __str__(self) -> str:
        return self.external_id


class ItemVersion(models.Model):
    """The content, immutable: messages and responses, and what routing reads of them. Version 1 is the raw input.

    `batch` is the upload that brought this version, `line` its row there; a redaction and an identified language have neither.
    `authors` are the names of those who wrote it, as the metadata has them: a reviewer under such a name never judges it.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    item = models.ForeignKey(Item, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField(_("number"), default=1, db_default=1)
    reason = models.CharField(
        _("made because"),
        max_length=10,
        choices=VersionReason,
        default=VersionReason.UPLOAD,
        db_default=VersionReason.UPLOAD,
    )
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="versions", db_index=False)
    line = models.BigIntegerField(_("line"), null=True, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    payload = models.JSONField(_("payload"))
    expected = models.JSONField(_("expected answer"), null=True, blank=True)
    language = models.CharField(_("language (BCP 47)"), max_length=35)
    domain = models.CharField(_("domain"), max_length=60)
    difficulty = models.PositiveSmallIntegerField(_("difficulty (1-5)"))
    provenance = models.CharField(_("provenance"), max_length=12, choices=Provenance)
    metadata = models.JSONField(_("metadata"), default=dict)
    authors = models.GeneratedField(
        expression=Authors(), output_field=models.JSONField(_("authors")), db_persist=True, verbose_name=_("authors")
    )
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
        indexes = [
            models.Index(fields=["batch", "id"], name="itemversion_by_batch"),
            models.Index(fields=["batch"], condition=Q(language=UNDETERMINED), name="itemversion_undetermined"),
            models.Index(fields=["batch", "id"], condition=Q(reason=VersionReason.REUPLOAD), name="itemversion_again"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"
