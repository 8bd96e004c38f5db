"""What reviewers say: annotations (append-only), what invalidates them, and answers that have no place yet."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from labeling.models.items import ItemVersion
from labeling.models.projects import FormVersion, GuidelineVersion, Project
from labeling.models.tenants import Customer, Reviewer
from labeling.models.work import Round, Task
from labeling.querysets import TenantQuerySet
from labeling.types import Origin


class Annotation(models.Model):
    """One judgment, never changed: a correction is a new row that supersedes it.

    `guideline` is the version that was in force when the task was leased. A migrated annotation carries the answers of
    `migrated_from` over to another form or guideline.

    `submission` is the lease's token: the same submit again finds the same row. `presented` is the order in which the
    responses stood on the screen. `prelabel` is the model's answer that its author was shown before they gave theirs.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    public_id = PublicIdField()
    task = models.ForeignKey(Task, models.PROTECT, related_name="annotations")
    round = models.ForeignKey(Round, models.PROTECT, related_name="annotations", db_index=False)
    item_version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="+", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="annotations", db_index=False)
    guideline = models.ForeignKey(GuidelineVersion, models.PROTECT, related_name="+", db_index=False)
    form = models.ForeignKey(FormVersion, models.PROTECT, related_name="+", db_index=False)
    code_version = models.CharField(_("code version"), max_length=40)
    answers = models.JSONField(_("answers"))
    rationale = models.TextField(_("rationale"), blank=True)
    presented = models.JSONField(_("order shown"), default=list)
    seconds = models.FloatField(_("seconds"), null=True, blank=True)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.HUMAN)
    is_guideline_current = models.BooleanField(
        _("by the guideline in force when it came"), default=True, db_default=True
    )
    migrated_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="migrated_to")
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="superseded_by")
    prelabel = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("the model's answer shown before"),
    )
    submission = models.UUIDField(_("submission"), default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(_("submitted"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("annotation")
        constraints = [
            models.UniqueConstraint(
                fields=["round", "reviewer"], condition=Q(supersedes=None), name="annotation_once_a_round"
            ),
            models.CheckConstraint(
                condition=Q(seconds=None) | Q(seconds__gte=0), name="annotation_seconds_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(origin=Origin.MIGRATED, migrated_from__isnull=False)
                | (~Q(origin=Origin.MIGRATED) & Q(migrated_from=None)),
                name="annotation_migrated_cites_its_source",
            ),
        ]
        indexes = [
            models.Index(fields=["reviewer", "id"], name="annotation_by_reviewer"),
            models.Index(fields=["item_version"], condition=Q(origin=Origin.MODEL), name="annotation_of_models"),
        ]

    def __str__(self) -> str:
        return f"annotation {self.pk}"


class Prelabel(models.Model):
    """For how long a model's answer is shown to people before they give theirs: at most one about a version at a time.

    Who was given the item in between has seen it (`labeling.prelabels`), whatever the item is to them: a gold item
    shows its pre-label as any other does.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    item_version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="+")
    annotation = models.ForeignKey(Annotation, models.PROTECT, related_name="shown_as")
    shown_from = models.DateTimeField(_("shown from"), db_default=Now())
    shown_until = models.DateTimeField(_("until"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("pre-label")
        constraints = [
            models.UniqueConstraint(
                fields=["item_version"], condition=Q(shown_until=None), name="prelabel_one_a_version"
            ),
        ]

    def __str__(self) -> str:
        return f"pre-label {self.pk}"


class AnnotationInvalidation(models.Model):
    """Why an annotation no longer counts. The annotation itself stays as it was."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    annotation = models.OneToOneField(Annotation, models.PROTECT, related_name="invalidation")
    reason = models.CharField(_("reason"), max_length=300)
    invalidated_by = models.ForeignKey("kernel.User", models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("at"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("invalidation")

    def __str__(self) -> str:
        return self.reason


class Draft(models.Model):
    """What a reviewer has typed so far; deleted with the submit."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    task = models.ForeignKey(Task, models.CASCADE, related_name="drafts", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.CASCADE, related_name="+")
    answers = models.JSONField(_("answers"))
    saved_at = models.DateTimeField(_("saved"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        constraints = [models.UniqueConstraint(fields=["task", "reviewer"], name="draft_once")]

    def __str__(self) -> str:
        return f"draft of task {self.task_id}"


class UnplacedAnswer(models.Model):
    """An answer that came after its task had gone to somebody else. Kept whole; an operator can use it.

    Its author is told at once, and again at the desk until they have read it there.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="unplaced")
    round = models.ForeignKey(Round, models.PROTECT, related_name="unplaced", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="+")
    answers = models.JSONField(_("answers"))
    seconds = models.FloatField(_("seconds"), null=True, blank=True)
    submission = models.UUIDField(_("submission"), unique=True, editable=False)
    created_at = models.DateTimeField(_("came"), db_default=Now())
    read_at = models.DateTimeField(_("read by its author"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("unplaced answer")
        indexes = [
            models.Index(fields=["round", "reviewer"], name="unplaced_by_round"),
            models.Index(fields=["reviewer", "id"], condition=Q(read_at=None), name="unplaced_to_read"),
        ]

    def __str__(self) -> str:
        return f"unplaced answer {self.pk}"
