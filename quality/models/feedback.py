"""What reviewers are told about their work, and how they can answer it; and reviews of what they wrote."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from labeling.models import Annotation, Customer, Project, Reviewer, Round
from labeling.querysets import TenantQuerySet
from quality.models.standings import Evidence
from quality.types import AppealState, FeedbackKind, ReviewVerdict


class Feedback(models.Model):
    """A reviewer is told what became of their answer: the reason, the clause, what would have been right.

    It is theirs to read from `tell_from` on: a missed gold item is told later, as reviewed work. Until `appeal_until`
    they may appeal.
    """

    WORDS_LONGEST = 2000

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    public_id = PublicIdField()
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="feedback", db_index=False)
    annotation = models.ForeignKey(Annotation, models.PROTECT, related_name="feedback")
    kind = models.CharField(_("kind"), max_length=20, choices=FeedbackKind)
    clause = models.CharField(_("clause"), max_length=100, default="", blank=True)
    words = models.TextField(_("what is said"), max_length=WORDS_LONGEST)
    evidence = models.ForeignKey(
        Evidence, models.PROTECT, null=True, blank=True, related_name="feedback", db_index=False
    )
    tell_from = models.DateTimeField(_("told from"), db_default=Now())
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    appeal_until = models.DateTimeField(_("open to appeal until"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [models.UniqueConstraint(fields=["annotation", "kind"], name="feedback_once_a_kind")]
        indexes = [models.Index(fields=["reviewer", "tell_from", "id"], name="feedback_by_reviewer")]

    def __str__(self) -> str:
        return self.get_kind_display()


class Appeal(models.Model):
    """A reviewer's answer to what they were told. Somebody who had no part in it decides, by `due_at`."""

    WORDS_LONGEST = 2000

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="appeals", db_index=False)
    public_id = PublicIdField()
    feedback = models.OneToOneField(Feedback, models.PROTECT, related_name="appeal")
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="appeals")
    words = models.TextField(_("what they say"), max_length=WORDS_LONGEST)
    state = models.CharField(_("state"), max_length=20, choices=AppealState, default=AppealState.OPEN)
    due_at = models.DateTimeField(_("to be decided by"))
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    answer = models.TextField(_("answer"), max_length=WORDS_LONGEST, default="", db_default="", blank=True)
    created_at = models.DateTimeField(_("appealed"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("appeal")
        constraints = [
            models.CheckConstraint(
                condition=Q(state=AppealState.OPEN, decided_at=None, decided_by=None)
                | (~Q(state=AppealState.OPEN) & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="appeal_decided_by_name",
            )
        ]
        indexes = [models.Index(fields=["project", "due_at"], condition=Q(state=AppealState.OPEN), name="appeal_open")]

    def __str__(self) -> str:
        return f"appeal {self.pk}"


class Review(models.Model):
    """What a second person made of an attempt. The words are in their annotation; this is the verdict. Append-only."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="reviews", db_index=False)
    attempt = models.ForeignKey(Annotation, models.PROTECT, related_name="reviews")
    annotation = models.OneToOneField(Annotation, models.PROTECT, related_name="review")
    author = models.ForeignKey(Reviewer, models.PROTECT, related_name="+", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="+", db_index=False)
    verdict = models.CharField(_("verdict"), max_length=10, choices=ReviewVerdict)
    clause = models.CharField(_("clause"), max_length=100, default="", blank=True)
    created_at = models.DateTimeField(_("at"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        constraints = [
            models.UniqueConstraint(fields=["round"], name="review_once_a_round"),
            models.CheckConstraint(condition=~Q(author=models.F("reviewer")), name="review_by_another"),
        ]
        indexes = [models.Index(fields=["project", "author", "id"], name="review_by_author")]

    def __str__(self) -> str:
        return self.get_verdict_display()
