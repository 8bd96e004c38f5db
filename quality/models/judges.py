"""Models as reviewers: judges, every call they make, and what is known of how far they can be trusted."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from labeling.models import Annotation, Customer, ItemVersion, Project, Reviewer
from labeling.querysets import TenantQuerySet
from quality.types import AlarmKind, CallPurpose, CallState, JudgeState


class Judge(models.Model):
    """A reviewer of kind model: endpoint, pinned model, prompt version and parameters are its identity and never change.

    The key is in the environment, under `key_variable`. It may call only endpoints that the project lists, within its
    rate and budget, and counts towards nothing until it is calibrated. `family` is who made the model: it never judges
    what its own family wrote. Pre-labels are hidden from people until they have submitted, unless `is_shown_before`.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="judges", db_index=False)
    reviewer = models.OneToOneField(Reviewer, models.PROTECT, related_name="judge")
    name = models.CharField(_("name"), max_length=100)
    endpoint = models.CharField(_("endpoint"), max_length=200)
    model = models.CharField(_("model"), max_length=120)
    family = models.CharField(_("model family"), max_length=60)
    prompt = models.TextField(_("prompt"))
    prompt_version = models.PositiveIntegerField(_("prompt version"), default=1)
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    digest = models.CharField(_("digest"), max_length=64, editable=False)
    key_variable = models.CharField(_("key is in the variable"), max_length=60, default="", blank=True)
    timeout_seconds = models.PositiveSmallIntegerField(
        _("timeout (seconds)"), default=20, validators=[MinValueValidator(1), MaxValueValidator(25)]
    )
    calls_a_minute = models.PositiveIntegerField(_("calls a minute"), default=60, validators=[MinValueValidator(1)])
    budget = models.DecimalField(
        _("budget"), max_digits=18, decimal_places=6, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    currency = models.CharField(_("currency (ISO 4217)"), max_length=3, default="USD")
    price_in = models.DecimalField(
        _("price of a million tokens read"), max_digits=18, decimal_places=6, default=Decimal(0)
    )
    price_out = models.DecimalField(
        _("price of a million tokens written"), max_digits=18, decimal_places=6, default=Decimal(0)
    )
    is_shown_before = models.BooleanField(_("pre-labels are shown before people submit"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=JudgeState, default=JudgeState.DRAFT)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("made"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("judge")
        constraints = [
            models.UniqueConstraint(fields=["project", "digest"], name="judge_identity_once"),
            models.CheckConstraint(condition=Q(budget__gte=0, price_in__gte=0, price_out__gte=0), name="judge_money"),
        ]

    def __str__(self) -> str:
        return self.name


class JudgeCall(models.Model):
    """One call: the exact request and response, what was read from it, what it cost. Append-only, but for an erasure.

    `variant` tells calls about one item apart: the order of the responses, an injected instruction, the day of a
    re-judging. What it answers when plainly asked is an annotation, too.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="calls", db_index=False)
    item_version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="+")
    purpose = models.CharField(_("for"), max_length=12, choices=CallPurpose)
    variant = models.CharField(_("variant"), max_length=40, default="", blank=True)
    ended = models.CharField(_("ended"), max_length=12, choices=CallState)
    request = models.JSONField(_("request"))
    response = models.JSONField(_("response"), null=True, blank=True)
    answers = models.JSONField(_("answers"), null=True, blank=True)
    confidence = models.FloatField(_("confidence"), null=True, blank=True)
    model_said = models.CharField(_("model that answered"), max_length=120, default="", blank=True)
    fault = models.CharField(_("what went wrong"), max_length=300, default="", blank=True)
    tokens_in = models.PositiveIntegerField(_("tokens read"), default=0)
    tokens_out = models.PositiveIntegerField(_("tokens written"), default=0)
    cost = models.DecimalField(_("cost"), max_digits=18, decimal_places=6, default=Decimal(0))
    milliseconds = models.PositiveIntegerField(_("milliseconds"), default=0)
    annotation = models.OneToOneField(
        Annotation, models.PROTECT, null=True, blank=True, related_name="judge_call", verbose_name=_("annotation")
    )
    created_at = models.DateTimeField(_("at"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("call of a judge")
        verbose_name_plural = _("calls of judges")
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "item_version", "purpose", "variant"],
                condition=Q(ended=CallState.ANSWERED),
                name="judgecall_answered_once",
            )
        ]
        indexes = [models.Index(fields=["judge", "id"], name="judgecall_by_judge")]

    def __str__(self) -> str:
        return f"call {self.pk}"


class JudgeCalibration(models.Model):
    """What was measured of a judge against experts, and whether it meets the bar to count. Append-only."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="calibrations", db_index=False)
    items = models.PositiveIntegerField(_("items"))
    measured = models.JSONField(_("measured"))
    is_met = models.BooleanField(_("meets the bar"))
    sentence = models.CharField(_("in words"), max_length=500)
    created_at = models.DateTimeField(_("at"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("calibration of a judge")
        verbose_name_plural = _("calibrations of judges")
        indexes = [models.Index(fields=["judge", "-id"], name="judgecalibration_latest")]

    def __str__(self) -> str:
        return self.sentence


class Anchor(models.Model):
    """An item that a judge is asked again and again, on a schedule, to see whether it has changed."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="anchors", db_index=False)
    item_version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("anchor")
        constraints = [models.UniqueConstraint(fields=["judge", "item_version"], name="anchor_once")]

    def __str__(self) -> str:
        return f"anchor {self.pk}"


class JudgeAlarm(models.Model):
    """Something is wrong with a judge: it does not count until a person has looked."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    judge = models.ForeignKey(Judge, models.PROTECT, related_name="alarms", db_index=False)
    kind = models.CharField(_("what"), max_length=14, choices=AlarmKind)
    sentence = models.CharField(_("what was seen"), max_length=300)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    reason = models.CharField(_("why closed"), max_length=300, default="", blank=True)
    created_at = models.DateTimeField(_("seen"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("alarm about a judge")
        verbose_name_plural = _("alarms about judges")
        constraints = [
            models.UniqueConstraint(fields=["judge", "kind"], condition=Q(closed_at=None), name="judgealarm_one_open"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None) | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="judgealarm_closed_by_name",
            ),
        ]

    def __str__(self) -> str:
        return self.sentence
