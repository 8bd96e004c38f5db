"""Training and qualification tests: gold items that somebody sits, and what they are granted for passing."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.history import changes_of
from config.kernel.public_ids import PublicIdField
from labeling.models import Customer, Project, Reviewer, Task
from labeling.querysets import TenantQuerySet
from quality.models.gold import GoldItem
from quality.types import ExamKind, ExamState, SittingState


class Exam(models.Model):
    """Training, which explains each answer at once, or a test, which grants a skill at a level for a time.

    A sitting asks `size` items of the project's gold for this use (of one `concept`, where it is named) that the reviewer
    has not met. After a failed one, the next waits `wait_days`; after `attempts_most` an operator decides.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="exams", db_index=False)
    public_id = PublicIdField()
    kind = models.CharField(_("kind"), max_length=14, choices=ExamKind)
    name = models.CharField(_("name"), max_length=100)
    skill = models.CharField(_("skill granted"), max_length=60, default="", blank=True)
    level = models.PositiveSmallIntegerField(_("at level"), default=1, validators=[MinValueValidator(1)])
    concept = models.CharField(_("concept"), max_length=100, default="", blank=True)
    size = models.PositiveSmallIntegerField(
        _("items a sitting"), default=10, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    pass_share = models.DecimalField(
        _("share to pass"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.800"),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    attempts_most = models.PositiveSmallIntegerField(
        _("sittings at most"), default=3, validators=[MinValueValidator(1)]
    )
    wait_days = models.PositiveSmallIntegerField(_("days between sittings"), default=1)
    valid_days = models.PositiveIntegerField(
        _("skill is valid for (days)"), null=True, blank=True, help_text=_("Empty: for good.")
    )
    is_needed = models.BooleanField(
        _("needed before work"), default=False, help_text=_("Who is new on the project begins in training.")
    )
    state = models.CharField(_("state"), max_length=10, choices=ExamState, default=ExamState.OPEN)
    version = models.PositiveSmallIntegerField(_("version"), default=1, db_default=1)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("training or test")
        verbose_name_plural = _("training and tests")
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="exam_name_once"),
            models.CheckConstraint(
                condition=~Q(kind=ExamKind.QUALIFICATION) | ~Q(skill=""), name="exam_test_grants_a_skill"
            ),
            models.CheckConstraint(
                condition=Q(state=ExamState.OPEN, closed_at=None)
                | (~Q(state=ExamState.OPEN) & Q(closed_at__isnull=False)),
                name="exam_closed_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return self.name


ExamChanges: Any = changes_of(
    Exam, "concept", "size", "pass_share", "attempts_most", "wait_days", "valid_days", "is_needed", "version"
)


class ExamChange(ExamChanges):
    """An exam's settings as they were from then on."""

    objects = TenantQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.pgh_label} of exam {self.pgh_obj_id}"


class Sitting(models.Model):
    """One reviewer's sitting of a version of an exam: what was asked, what was right, whether it was passed."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    exam = models.ForeignKey(Exam, models.PROTECT, related_name="sittings", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="sittings")
    number = models.PositiveSmallIntegerField(_("number"))
    asked = models.PositiveSmallIntegerField(_("items asked"))
    version = models.PositiveSmallIntegerField(_("version of the exam"))
    pass_share = models.DecimalField(_("share to pass"), max_digits=4, decimal_places=3)
    valid_days = models.PositiveIntegerField(_("valid for (days)"), null=True, blank=True)
    right = models.FloatField(_("right"), default=0, db_default=0)
    state = models.CharField(_("state"), max_length=10, choices=SittingState, default=SittingState.OPEN)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    created_at = models.DateTimeField(_("began"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("sitting")
        constraints = [
            models.UniqueConstraint(fields=["exam", "reviewer", "number"], name="sitting_number_once"),
            models.UniqueConstraint(
                fields=["exam", "reviewer"], condition=Q(state=SittingState.OPEN), name="sitting_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state=SittingState.OPEN, finished_at=None)
                | (~Q(state=SittingState.OPEN) & Q(finished_at__isnull=False)),
                name="sitting_finished_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"sitting {self.number}"


class SittingTask(models.Model):
    """One item of a sitting, and the task it is asked by."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    sitting = models.ForeignKey(Sitting, models.PROTECT, related_name="tasks", db_index=False)
    gold_item = models.ForeignKey(GoldItem, models.PROTECT, related_name="+")
    task = models.OneToOneField(Task, models.PROTECT, related_name="sitting_task")

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("item of a sitting")
        verbose_name_plural = _("items of sittings")
        constraints = [models.UniqueConstraint(fields=["sitting", "gold_item"], name="sitting_asks_once")]

    def __str__(self) -> str:
        return f"item {self.pk}"
