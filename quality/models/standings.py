"""How reviewers stand: the evidence, what follows from it, and what becomes of the work when somebody falls."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from labeling.models import Annotation, Customer, Project, Reviewer
from labeling.querysets import TenantQuerySet
from quality.models.resolutions import Resolution
from quality.types import (
    CheckKind,
    CheckState,
    DoubtState,
    EvidenceSource,
    PauseState,
    StandingState,
)


class Evidence(models.Model):
    """One thing that is known of one answer: how right it was, by a reference that is itself right with some probability.

    Append-only: what turns out wrong is voided by a row that names it (`voids`), after an appeal say. `reliability` is how
    probably the reference is right, of `answers_count` answers that were possible (`quality.evidence`). What others agreed on
    names the `resolution` that says so: another resolution of the round may say it anew once this piece was voided.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="+", db_index=False)
    skill = models.CharField(_("skill"), max_length=60, default="", blank=True)
    source = models.CharField(_("from"), max_length=10, choices=EvidenceSource)
    annotation = models.ForeignKey(Annotation, models.PROTECT, related_name="evidence")
    agreed = models.BooleanField(_("agreed with the reference"))
    reliability = models.FloatField(_("reliability of the reference"), default=1.0)
    answers_count = models.PositiveSmallIntegerField(_("answers that were possible"), default=2)
    voids = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="voided_by")
    resolution = models.ForeignKey(Resolution, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("at"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        constraints = [
            models.UniqueConstraint(
                fields=["annotation", "source", "skill", "resolution"],
                condition=Q(voids=None),
                nulls_distinct=False,
                name="evidence_once_a_source",
            ),
            models.CheckConstraint(
                condition=Q(resolution=None) | Q(source=EvidenceSource.CONSENSUS), name="evidence_of_a_resolution"
            ),
            models.CheckConstraint(
                condition=Q(reliability__gt=0, reliability__lte=1, answers_count__gte=2), name="evidence_reliability"
            ),
        ]
        indexes = [models.Index(fields=["project", "reviewer", "skill", "id"], name="evidence_by_reviewer")]

    def __str__(self) -> str:
        return f"{self.get_source_display()}: {'agreed' if self.agreed else 'otherwise'}"


class Standing(models.Model):
    """What is known of a reviewer's accuracy on a project: a Beta posterior from evidence, and the state it means.

    The row without a skill is what the router goes by; one with a skill says how they do at its work, and may close
    that to them. `drift` is the CUSUM of their errors, `good_until` when it last stood at nothing: they were known good.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="standings")
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="standings")
    skill = models.CharField(_("skill"), max_length=60, default="", blank=True)
    state = models.CharField(_("state"), max_length=14, choices=StandingState, default=StandingState.PROBATION)
    alpha = models.FloatField(_("alpha"))
    beta = models.FloatField(_("beta"))
    lower_bound = models.FloatField(_("lower bound of accuracy (95 %)"))
    upper_bound = models.FloatField(_("upper bound of accuracy (95 %)"), default=1.0, db_default=1.0)
    drift = models.FloatField(_("drift (CUSUM)"), default=0.0, db_default=0.0)
    good_until = models.DateTimeField(_("last known good"), null=True, blank=True)
    evidence_count = models.PositiveIntegerField(_("pieces of evidence"), default=0)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("standing")
        constraints = [
            models.UniqueConstraint(fields=["project", "reviewer", "skill"], name="standing_once"),
            models.CheckConstraint(condition=Q(alpha__gt=0, beta__gt=0), name="standing_posterior_positive"),
        ]

    def __str__(self) -> str:
        return self.state


class Pause(models.Model):
    """A standing that fell to paused. An automatic one is provisional: a person confirms or lifts it by `due_at`."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    standing = models.ForeignKey(Standing, models.PROTECT, related_name="pauses", db_index=False)
    is_automatic = models.BooleanField(_("automatic"))
    reason = models.CharField(_("why"), max_length=300)
    way_back = models.CharField(_("the way back"), max_length=300)
    state = models.CharField(_("state"), max_length=12, choices=PauseState, default=PauseState.PROVISIONAL)
    due_at = models.DateTimeField(_("to be confirmed by"))
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decision_reason = models.CharField(_("why decided so"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("since"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause")
        constraints = [
            models.UniqueConstraint(
                fields=["standing"], condition=~Q(state=PauseState.LIFTED), name="pause_one_a_standing"
            ),
            models.CheckConstraint(
                condition=Q(state=PauseState.PROVISIONAL, decided_at=None)
                | (~Q(state=PauseState.PROVISIONAL) & Q(decided_at__isnull=False)),
                name="pause_decided_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["project", "state", "due_at"], name="pause_waiting")]

    def __str__(self) -> str:
        return self.reason


class Fall(models.Model):
    """A standing fell: what its reviewer did since they were last known good is looked at again, in slices.

    `through_annotation` is how far that has come. What rests on them alone is judged anew; the rest is held until settled.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="falls", db_index=False)
    standing = models.ForeignKey(Standing, models.PROTECT, related_name="falls")
    reason = models.CharField(_("why"), max_length=300)
    good_until = models.DateTimeField(_("last known good"))
    through_annotation = models.BigIntegerField(_("looked at up to annotation"), default=0, db_default=0)
    held_count = models.PositiveIntegerField(_("results held"), default=0, db_default=0)
    requeued_count = models.PositiveIntegerField(_("items judged anew"), default=0, db_default=0)
    carried_count = models.PositiveIntegerField(_("results in releases"), default=0, db_default=0)
    created_at = models.DateTimeField(_("at"), db_default=Now())
    finished_at = models.DateTimeField(_("looked at"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("fall")
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="fall_under_way")]

    def __str__(self) -> str:
        return self.reason


class Doubt(models.Model):
    """A resolution that rests on somebody whose standing fell: it is in no release until the doubt is settled."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    fall = models.ForeignKey(Fall, models.PROTECT, related_name="doubts", db_index=False)
    resolution = models.ForeignKey(Resolution, models.PROTECT, related_name="doubts")
    rests_alone = models.BooleanField(_("rests on them alone"))
    state = models.CharField(_("state"), max_length=10, choices=DoubtState, default=DoubtState.OPEN)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    reason = models.CharField(_("why settled so"), max_length=300, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("doubt")
        constraints = [
            models.UniqueConstraint(fields=["fall", "resolution"], name="doubt_once"),
            models.CheckConstraint(
                condition=Q(state=DoubtState.OPEN, settled_at=None)
                | (~Q(state=DoubtState.OPEN) & Q(settled_at__isnull=False)),
                name="doubt_settled_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["project", "id"], condition=Q(state=DoubtState.OPEN), name="doubt_open")]

    def __str__(self) -> str:
        return self.get_state_display()


class Check(models.Model):
    """Something about an answer that a person should look at: too fast, copied, contradictory. It never bans anybody."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="checks", db_index=False)
    public_id = PublicIdField()
    kind = models.CharField(_("what"), max_length=20, choices=CheckKind)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="+")
    annotation = models.ForeignKey(Annotation, models.PROTECT, related_name="checks")
    sentence = models.CharField(_("what was seen"), max_length=300)
    state = models.CharField(_("state"), max_length=10, choices=CheckState, default=CheckState.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    reason = models.CharField(_("why decided so"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("seen"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("check")
        constraints = [
            models.UniqueConstraint(fields=["annotation", "kind"], name="check_once_a_kind"),
            models.CheckConstraint(
                condition=Q(state=CheckState.OPEN, decided_at=None, decided_by=None)
                | (~Q(state=CheckState.OPEN) & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="check_decided_by_name",
            ),
        ]
        indexes = [models.Index(fields=["project", "id"], condition=Q(state=CheckState.OPEN), name="check_open")]

    def __str__(self) -> str:
        return self.sentence
