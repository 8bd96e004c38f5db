"""Who is at work on what (leases), who may never be (exclusions), and what routing remembers and measures of the queues."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from labeling.models import Customer, FormVersion, GuidelineVersion, Pool, Project, Reviewer, Round, Task
from labeling.querysets import TenantQuerySet
from routing.types import ExclusionReason, LeaseState


class Exclusion(models.Model):
    """This reviewer may never be given this round: they wrote what is judged, or judged the item in another role.

    The reason is the operator's to know; the reviewer is simply never offered the work.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="exclusions", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(_("why"), max_length=20, choices=ExclusionReason)
    created_at = models.DateTimeField(_("since"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("exclusion")
        constraints = [models.UniqueConstraint(fields=["round", "reviewer"], name="exclusion_once")]

    def __str__(self) -> str:
        return self.get_reason_display()


class Cursor(models.Model):
    """How far into a pool's queue there is nothing left for this reviewer: a claim begins to look behind it.

    One place in the line of those that take their turn, one in the lane of those that came back. Only a memory: without
    the row a claim looks from the front.
    """

    reviewer = models.ForeignKey(Reviewer, models.CASCADE, related_name="+", db_index=False)
    pool = models.ForeignKey(Pool, models.CASCADE, related_name="+", db_index=False)
    position = models.BigIntegerField(_("nothing left up to"), default=-1)
    returned_xid = models.BigIntegerField(_("nothing that came back left up to"), default=0)
    returned_position = models.BigIntegerField(_("and up to its position"), default=-1)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("cursor")
        constraints = [models.UniqueConstraint(fields=["reviewer", "pool"], name="cursor_once")]

    def __str__(self) -> str:
        return f"{self.position}"


class PoolStat(models.Model):
    """What is known of a pool, measured each minute: what the policy weighs and the dashboards show.

    `by_due` splits what is open and leased by when it is due, the earliest first: [{"batch": id or null, "due_at",
    "count", "finish_at"}].
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    pool = models.OneToOneField(Pool, models.CASCADE, primary_key=True, related_name="stat")
    open_count = models.PositiveIntegerField(_("open tasks"), default=0)
    leased_count = models.PositiveIntegerField(_("leased tasks"), default=0)
    eligible_count = models.PositiveIntegerField(_("people who may do it"), default=0)
    present_count = models.PositiveIntegerField(_("of them at work"), default=0)
    throughput_per_hour = models.FloatField(_("judgments an hour, of those at work"), null=True, blank=True)
    recent_share = models.FloatField(_("its customer's part of the latest work"), default=0.0)
    oldest_at = models.DateTimeField(_("oldest open task"), null=True, blank=True)
    finish_at = models.DateTimeField(_("forecast finish"), null=True, blank=True)
    by_due = models.JSONField(_("by due time"), default=list, blank=True)
    measured_at = models.DateTimeField(_("measured"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("pool statistic")

    def __str__(self) -> str:
        return f"{self.open_count} open"


class HandlingTime(models.Model):
    """How long judgments by a form take, measured; the length of leases follows from it. Seconds.

    The mean counts what took longer than 95 % of the others as long as that: somebody who went for lunch is no measure.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    form = models.OneToOneField(FormVersion, models.CASCADE, primary_key=True, related_name="handling_time")
    count = models.PositiveIntegerField(_("judgments measured"))
    median_seconds = models.FloatField(_("median (s)"))
    mean_seconds = models.FloatField(_("mean (s)"), default=0.0, db_default=0.0)
    p95_seconds = models.FloatField(_("95 % within (s)"))
    measured_at = models.DateTimeField(_("measured"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("handling time")

    def __str__(self) -> str:
        return f"{self.median_seconds:.0f} s"


class Lease(models.Model):
    """One reviewer holds one task for a while. The token fences every write; the database's clock judges `until`.

    `seconds` is how long a heartbeat renews it for. Somebody works on one task at a time, and may have the next one ready
    (`is_prefetched`).

    `guideline` is the version in force when it was claimed: the answer is by that one, whatever is published meanwhile.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    task = models.ForeignKey(Task, models.PROTECT, related_name="leases")
    round = models.ForeignKey(Round, models.PROTECT, related_name="+", db_index=False)
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="leases", db_index=False)
    guideline = models.ForeignKey(GuidelineVersion, models.PROTECT, related_name="+", db_index=False)
    token = models.UUIDField(_("token"), default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=LeaseState, default=LeaseState.LIVE)
    until = models.DateTimeField(_("until"))
    claimed_at = models.DateTimeField(_("claimed"), db_default=Now())
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    seconds = models.PositiveIntegerField(_("length (s)"), default=900, db_default=900)
    why = models.JSONField(_("why chosen"), default=dict)
    extended_at = models.DateTimeField(_("extended by the reviewer"), null=True, blank=True)
    is_prefetched = models.BooleanField(_("taken ahead"), default=False, db_default=False)
    skip_reason = models.CharField(_("why skipped"), max_length=300, default="", db_default="", blank=True)
    pasted = models.PositiveIntegerField(_("characters pasted into own words"), default=0, db_default=0)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("lease")
        constraints = [
            models.UniqueConstraint(fields=["task"], condition=Q(state=LeaseState.LIVE), name="lease_one_live_a_task"),
            models.UniqueConstraint(
                fields=["reviewer", "round"],
                condition=Q(state=LeaseState.LIVE),
                name="lease_one_live_a_reviewer_and_round",
            ),
            models.UniqueConstraint(
                fields=["reviewer", "is_prefetched"],
                condition=Q(state=LeaseState.LIVE),
                name="lease_one_in_hand_and_one_ahead",
            ),
            models.CheckConstraint(
                condition=Q(state=LeaseState.LIVE, ended_at=None)
                | (~Q(state=LeaseState.LIVE) & Q(ended_at__isnull=False)),
                name="lease_ended_is_dated",
            ),
            models.CheckConstraint(condition=Q(state__in=LeaseState.values), name="lease_state_known"),
        ]
        indexes = [
            models.Index(fields=["until"], condition=Q(state=LeaseState.LIVE), name="lease_live_by_until"),
            models.Index(fields=["reviewer", "id"], name="lease_by_reviewer"),
            models.Index(fields=["round", "reviewer"], name="lease_by_round"),
            models.Index(fields=["project", "ended_at"], name="lease_by_end"),
        ]

    def __str__(self) -> str:
        return f"lease {self.pk}"
