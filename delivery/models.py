"""What leaves the house: releases and their entries, what holds them, how they are checked, and what they cost."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from delivery.types import EntryKind, HoldKind, ReleaseState, Severity, Verdict
from labeling.models import Customer, Item, Project, Reviewer
from labeling.querysets import TenantQuerySet
from quality.models import Resolution

DECIDED = (ReleaseState.ACCEPTED, ReleaseState.REJECTED)
SEALED = (ReleaseState.FROZEN, *DECIDED)


class Release(models.Model):
    """A frozen set of resolutions with its artifacts. Once frozen, only the customer's decision is added to it.

    While it is being frozen, `records_count` says how many of about `expected_count` records are written.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="releases")
    public_id = PublicIdField()
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=10, choices=ReleaseState, default=ReleaseState.REQUESTED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    fault = models.CharField(_("why it failed"), max_length=500, blank=True)
    manifest = models.JSONField(_("manifest"), null=True, blank=True)
    content_digest = models.CharField(_("content digest"), max_length=64, blank=True)
    records_count = models.PositiveBigIntegerField(_("records"), default=0)
    outcomes = models.JSONField(_("outcomes"), default=dict)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decision_reason = models.TextField(_("why decided so"), blank=True)
    created_at = models.DateTimeField(_("requested"), db_default=Now())
    begun_at = models.DateTimeField(_("begun"), null=True, blank=True)
    worked_at = models.DateTimeField(_("last worked on"), db_default=Now())
    expected_count = models.PositiveBigIntegerField(_("records expected"), default=0, db_default=0)
    frozen_at = models.DateTimeField(_("frozen"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("release")
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="release_number_once"),
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(state=ReleaseState.REQUESTED),
                name="release_one_being_frozen",
            ),
            models.CheckConstraint(
                condition=Q(state__in=SEALED, frozen_at__isnull=False, manifest__isnull=False)
                | (~Q(state__in=SEALED) & Q(frozen_at=None, manifest=None)),
                name="release_frozen_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state__in=DECIDED, decided_at__isnull=False, decided_by__isnull=False)
                | (~Q(state__in=DECIDED) & Q(decided_at=None, decided_by=None)),
                name="release_decided_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.slug} v{self.number}"


class ReleaseEntry(models.Model):
    """One record of a release: which resolution it froze and the digest of its canonical line."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    release = models.ForeignKey(Release, models.PROTECT, related_name="entries", db_index=False)
    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="entries")
    item = models.ForeignKey(Item, models.PROTECT, related_name="entries")
    external_id = models.CharField(_("external id"), max_length=200, db_collation="C")
    outcome = models.CharField(_("outcome"), max_length=12)
    record_digest = models.CharField(_("record digest"), max_length=64)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("release entry")
        verbose_name_plural = _("release entries")
        constraints = [
            models.UniqueConstraint(fields=["release", "external_id"], name="entry_once_a_release"),
        ]

    def __str__(self) -> str:
        return self.external_id


class ReleasePart(models.Model):
    """The records of a release whose external ids come after `after`, through `through` (None: all that come).

    Parts are how far freezing has come. Afterwards they are what the release's files are made of, so that an erasure
    has those written anew that hold what is erased. `files` are stored already, by name; `rewritten` are those that
    stand ready to take their place. Neither says anything of erasures up to `erased_through`; `gone` is what was cut
    out of the part by then: when, by the digest of the record. `counts` is for the manifest: empty after it.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    release = models.ForeignKey(Release, models.PROTECT, related_name="parts", db_index=False)
    after = models.CharField(_("after"), max_length=200, blank=True, db_collation="C")
    through = models.CharField(_("through"), max_length=200, null=True, blank=True, db_collation="C")
    records_count = models.PositiveBigIntegerField(_("records"))
    counts = models.JSONField(_("counts"))
    files = models.JSONField(_("files"))
    rewritten = models.JSONField(_("files rewritten"), null=True, blank=True)
    gone = models.JSONField(_("erased records"), default=dict, db_default={})
    erased_through = models.BigIntegerField(_("without erasures up to"), default=0, db_default=0)
    written_at = models.DateTimeField(_("written"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("release part")
        constraints = [models.UniqueConstraint(fields=["release", "after"], name="part_once_a_release")]

    def __str__(self) -> str:
        return f"{self.after or _('the first')} – {self.through or _('the last')}"


class StagedEntry(models.Model):
    """A record of a part that is written, waiting to become an entry when its release is frozen; deleted then.

    Filled by the hundred thousand: whose it is, is checked by statement, not by foreign keys a row.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    part = models.ForeignKey(ReleasePart, models.CASCADE, related_name="staged")
    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    external_id = models.CharField(_("external id"), max_length=200, db_collation="C")
    outcome = models.CharField(_("outcome"), max_length=12)
    record_digest = models.CharField(_("record digest"), max_length=64)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("staged entry")
        verbose_name_plural = _("staged entries")

    def __str__(self) -> str:
        return self.external_id


class Artifact(models.Model):
    """One file of a release: its pieces as stored, in order ({"stored_as", "bytes"} each), its size and its SHA-256."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    release = models.ForeignKey(Release, models.PROTECT, related_name="artifacts", db_index=False)
    name = models.CharField(_("name"), max_length=100)
    media_type = models.CharField(_("media type"), max_length=100)
    pieces = models.JSONField(_("pieces"))
    bytes = models.BigIntegerField(_("bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("artifact")
        constraints = [models.UniqueConstraint(fields=["release", "name"], name="artifact_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def served(self) -> "Artifact | ArtifactRedaction":
        """What is handed out under this name now: the file without what was erased, or the file as it was frozen."""
        return max(self.redactions.all(), key=lambda redaction: redaction.pk, default=None) or self


class ArtifactRedaction(models.Model):
    """The file that stands in an artifact's place after an erasure. The newest is handed out; the others are gone."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    artifact = models.ForeignKey(Artifact, models.PROTECT, related_name="redactions")
    pieces = models.JSONField(_("pieces"))
    bytes = models.BigIntegerField(_("bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    created_at = models.DateTimeField(_("made"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("redacted artifact")

    def __str__(self) -> str:
        return f"redaction of artifact {self.artifact_id}"


class Hold(models.Model):
    """A reason why nothing of a project may be frozen. It stands until somebody lifts it, by name."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="holds")
    kind = models.CharField(_("kind"), max_length=12, choices=HoldKind, default=HoldKind.OPERATOR)
    reason = models.CharField(_("reason"), max_length=300)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(_("placed"), db_default=Now())
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="hold_lifted_by_name",
            )
        ]

    def __str__(self) -> str:
        return self.reason


class AcceptanceSample(models.Model):
    """The sample a customer checks before deciding: drawn by a stated plan and seed, the same for everybody."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    release = models.OneToOneField(Release, models.PROTECT, related_name="sample")
    plan = models.JSONField(_("plan"))
    seed = models.CharField(_("seed"), max_length=64)
    created_at = models.DateTimeField(_("drawn"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("acceptance sample")

    def __str__(self) -> str:
        return f"sample of {self.release_id}"


class SampleEntry(models.Model):
    """One record of the sample and the customer's verdict on it, given once."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    sample = models.ForeignKey(AcceptanceSample, models.PROTECT, related_name="entries", db_index=False)
    entry = models.ForeignKey(ReleaseEntry, models.PROTECT, related_name="+")
    public_id = PublicIdField()
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict, blank=True)
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("sample entry")
        verbose_name_plural = _("sample entries")
        constraints = [
            models.UniqueConstraint(fields=["sample", "entry"], name="sample_entry_once"),
            models.CheckConstraint(
                condition=Q(verdict="", checked_at=None, checked_by=None)
                | (~Q(verdict="") & Q(checked_at__isnull=False, checked_by__isnull=False)),
                name="sample_verdict_is_signed",
            ),
        ]

    def __str__(self) -> str:
        return f"sample entry {self.pk}"


class Defect(models.Model):
    """What is wrong with a sampled record, how badly, and against which clause of the guideline."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="defects")
    sample_entry = models.OneToOneField(SampleEntry, models.PROTECT, related_name="defect")
    severity = models.CharField(_("severity"), max_length=10, choices=Severity)
    clause = models.CharField(_("clause"), max_length=40, blank=True)
    note = models.TextField(_("note"))
    found_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("found"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("defect")

    def __str__(self) -> str:
        return f"{self.severity}: {self.note[:60]}"


class LedgerEntry(models.Model):
    """Money owed to a reviewer or by a customer. Never changed: a correction is a new entry. Currencies never add up."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="ledger")
    kind = models.CharField(_("kind"), max_length=10, choices=EntryKind)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=6)
    currency = models.CharField(_("currency"), max_length=3)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, null=True, blank=True, related_name="ledger")
    subject = models.CharField(_("for"), max_length=40)
    subject_id = models.BigIntegerField(_("which"))
    created_at = models.DateTimeField(_("entered"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "subject_id"], name="ledger_once"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="ledger_currency_iso"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
