"""Time: business calendars, service levels, what stops the clock, and escalations with their steps."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.history import changes_of
from config.kernel.public_ids import PublicIdField
from labeling.models import Batch, Customer, Pool, Project
from labeling.querysets import CustomersQuerySet, TenantQuerySet
from routing.types import INTERNAL, ClockStopKind, EscalationKind, EscalationState, EscalationSubject, Severity


class BusinessCalendar(models.Model):
    """The hours in which a customer's work is counted: `hours` as an availability has them, less the holidays."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="calendars")
    name = models.CharField(_("name"), max_length=100)
    time_zone = models.CharField(_("time zone (IANA)"), max_length=60, default="UTC")
    hours = models.JSONField(
        _("weekly hours"),
        default=list,
        blank=True,
        help_text=_('Monday is 0: [{"day": 0, "from": "09:00", "to": "17:00"}]. Empty: every hour counts.'),
    )
    holidays = ArrayField(
        models.DateField(),
        default=list,
        blank=True,
        verbose_name=_("holidays"),
        help_text=_("Days that do not count, with commas: 2026-12-25, 2027-01-01."),
    )

    objects = CustomersQuerySet.as_manager()

    class Meta:
        verbose_name = _("business calendar")
        constraints = [models.UniqueConstraint(fields=["customer", "name"], name="calendar_name_once")]

    def __str__(self) -> str:
        return self.name


CalendarChanges: Any = changes_of(BusinessCalendar, "customer", "name", "time_zone", "hours", "holidays")


class BusinessCalendarChange(CalendarChanges):
    """A business calendar as it was from then on."""

    objects = CustomersQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.pgh_label} of calendar {self.pgh_obj_id}"


class ProjectRouting(models.Model):
    """How a project's work is routed where that differs from the house: weights of the choice between pools, skips.

    `weights` are checked by `routing.weights.weights_from`.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.OneToOneField(Project, models.PROTECT, related_name="routing")
    weights = models.JSONField(_("weights"), default=dict, blank=True)
    escalate_after_skips = models.PositiveSmallIntegerField(
        _("escalate after skips"),
        default=3,
        help_text=_("A task that so many people skipped goes to an operator instead of the next reviewer."),
    )

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("project routing")
        constraints = [
            models.CheckConstraint(condition=Q(escalate_after_skips__gte=1), name="project_routing_skips_positive")
        ]

    def __str__(self) -> str:
        return f"{self.project}"


RoutingChanges: Any = changes_of(ProjectRouting, "customer", "project", "weights", "escalate_after_skips")


class ProjectRoutingChange(RoutingChanges):
    """A project's routing as it was from then on."""

    objects = TenantQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.pgh_label} of the routing of project {self.project_id}"


class ServiceLevel(models.Model):
    """What was promised for a project: how many business hours a batch takes at most, and from when on it is at risk.

    `ladder` says who is told and what is done as a miss comes nearer (`routing.ladder`).
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.OneToOneField(Project, models.PROTECT, related_name="service_level")
    calendar = models.ForeignKey(BusinessCalendar, models.PROTECT, related_name="+")
    turnaround_hours = models.FloatField(_("turnaround (business hours)"))
    at_risk_hours = models.FloatField(
        _("at risk from (business hours before)"),
        default=4.0,
        help_text=_("Work whose forecast comes later than that before its due time is at risk."),
    )
    ladder = models.JSONField(
        _("escalation ladder"),
        default=list,
        blank=True,
        help_text=_(
            'Empty: the house\'s. Otherwise its rungs: [{"after_minutes": 60, "see": "operators", "raise_priority": 1,'
            ' "tell_customer": true, "message": "{project} is due {due} and will be done {forecast}."}]. See: leads,'
            " operators or managers."
        ),
    )
    created_at = models.DateTimeField(_("since"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("service level")
        constraints = [
            models.CheckConstraint(
                condition=Q(turnaround_hours__gt=0) & Q(at_risk_hours__gte=0), name="service_level_positive"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project}: {self.turnaround_hours:g} h"


LevelChanges: Any = changes_of(
    ServiceLevel, "customer", "project", "calendar", "turnaround_hours", "at_risk_hours", "ladder"
)


class ServiceLevelChange(LevelChanges):
    """A service level as it was from then on; also once it was ended."""

    objects = TenantQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.pgh_label} of the service level of project {self.project_id}"


class Promise(models.Model):
    """When an accepted batch is due, by its project's service level; kept by the roll-up of the pools.

    `first_item` to `last_item` are the keys of its items: acceptance gives them in order, so a task's position tells its
    batch. `finished_at` is set once, when none of them is waiting or worked on any more.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="promises", db_index=False)
    batch = models.OneToOneField(Batch, models.PROTECT, primary_key=True, related_name="promise")
    began_at = models.DateTimeField(_("accepted"))
    first_item = models.BigIntegerField(_("first item"))
    last_item = models.BigIntegerField(_("last item"))
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    forecast_at = models.DateTimeField(_("forecast finish"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("promise")
        constraints = [
            models.CheckConstraint(condition=Q(last_item__gte=models.F("first_item")), name="promise_items_in_order")
        ]
        indexes = [
            models.Index(fields=["project", "first_item"], condition=Q(finished_at=None), name="promise_unfinished"),
            models.Index(fields=["project", "began_at"], name="promise_by_acceptance"),
        ]

    def __str__(self) -> str:
        return f"{self.batch}: {self.due_at}"


class ClockStop(models.Model):
    """The project waits for its customer: from here to there the clock stands still. Both see it, with the reason."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="clock_stops")
    public_id = PublicIdField()
    kind = models.CharField(_("waiting for"), max_length=12, choices=ClockStopKind)
    reason = models.CharField(_("reason"), max_length=300)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(_("since"), db_default=Now())
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock stop")
        constraints = [
            models.UniqueConstraint(fields=["project", "kind"], condition=Q(ended_at=None), name="clock_stop_once"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("started_at")), name="clock_stop_ends_after"
            ),
        ]

    def __str__(self) -> str:
        return self.reason


class Escalation(models.Model):
    """Something somebody has to see to: opened by a rule, closed by a person or by the facts. One open for a cause."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="escalations")
    public_id = PublicIdField()
    kind = models.CharField(_("kind"), max_length=20, choices=EscalationKind)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity)
    subject = models.CharField(_("about"), max_length=10, choices=EscalationSubject)
    subject_id = models.BigIntegerField(_("which"))
    pool = models.ForeignKey(Pool, models.PROTECT, null=True, blank=True, related_name="+")
    message = models.CharField(_("what is wrong"), max_length=500)
    state = models.CharField(_("state"), max_length=14, choices=EscalationState, default=EscalationState.OPEN)
    rung = models.PositiveSmallIntegerField(_("rungs of the ladder climbed"), default=0)
    raised = models.PositiveSmallIntegerField(
        _("pool's priority raised by"), default=0, db_default=0, help_text=_("Until it is resolved.")
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(_("opened"), db_default=Now())
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acted_at = models.DateTimeField(_("acted on"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    customer_told_at = models.DateTimeField(_("customer told"), null=True, blank=True)
    customer_message = models.CharField(_("what the customer was told"), max_length=500, blank=True)
    customer_draft = models.CharField(
        _("what its rule would tell the customer"), max_length=500, blank=True, default="", db_default=""
    )

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("escalation")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind", "subject", "subject_id"],
                condition=~Q(state=EscalationState.RESOLVED),
                name="escalation_one_open_for_a_cause",
            ),
            models.CheckConstraint(
                condition=Q(state=EscalationState.RESOLVED, resolved_at__isnull=False)
                | (~Q(state=EscalationState.RESOLVED) & Q(resolved_at=None)),
                name="escalation_resolved_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[EscalationState.ACKNOWLEDGED, EscalationState.ACTED])
                | Q(acknowledged_at__isnull=False, owner__isnull=False),
                name="escalation_acknowledged_by_name",
            ),
        ]
        indexes = [models.Index(fields=["project", "state", "id"], name="escalation_by_state")]

    def __str__(self) -> str:
        return self.message

    @property
    def is_internal(self) -> bool:
        """Whether it is between reviewers and operators, so that the customer is not told."""
        return self.kind in INTERNAL


class EscalationStep(models.Model):
    """One thing that was done about an escalation: by whom, when, what. Never changed."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    escalation = models.ForeignKey(Escalation, models.PROTECT, related_name="steps")
    what = models.CharField(_("what"), max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("at"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("escalation step")

    def __str__(self) -> str:
        return self.what
