"""The work on items: rounds frame independent judgments, pools gather tasks with one requirement, tasks are units of work."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from labeling.models.items import Item, ItemVersion
from labeling.models.projects import FormVersion, GuidelineVersion, Project
from labeling.models.tenants import Customer, Reviewer
from labeling.querysets import TenantQuerySet
from labeling.types import RoundReason, RoundState, Stage, TaskKind, TaskState, Work


class Round(models.Model):
    """The frame within which judgments of one item version are independent of each other."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="rounds", db_index=False)
    item = models.ForeignKey(Item, models.PROTECT, related_name="rounds", db_index=False)
    item_version = models.ForeignKey(ItemVersion, models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField(_("number"), default=1)
    stage = models.CharField(_("stage"), max_length=12, choices=Stage)
    reason = models.CharField(_("reason"), max_length=10, choices=RoundReason)
    state = models.CharField(_("state"), max_length=10, choices=RoundState, default=RoundState.OPEN)
    guideline = models.ForeignKey(GuidelineVersion, models.PROTECT, related_name="+", db_index=False)
    form = models.ForeignKey(FormVersion, models.PROTECT, related_name="+", db_index=False)
    judgments_needed = models.PositiveSmallIntegerField(_("judgments needed"))
    created_at = models.DateTimeField(_("opened"), db_default=Now())
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("round")
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="round_number_once"),
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(state=RoundState.OPEN) & ~Q(reason=RoundReason.GOLD),
                name="round_one_open_an_item",
            ),
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(state=RoundState.OPEN, reason=RoundReason.GOLD),
                name="round_one_open_as_gold",
            ),
            models.CheckConstraint(
                condition=Q(state=RoundState.OPEN, closed_at=None)
                | (~Q(state=RoundState.OPEN) & Q(closed_at__isnull=False)),
                name="round_closed_is_dated",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "state", "id"], name="round_by_state"),
            models.Index(
                fields=["project", "closed_at"], condition=Q(state=RoundState.RESOLVED), name="round_by_close"
            ),
        ]

    def __str__(self) -> str:
        return f"round {self.number}"


class Pool(models.Model):
    """Tasks that need the same of a reviewer. The router reasons about pools: hundreds, not millions."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, models.PROTECT, related_name="pools")
    signature = models.CharField(_("signature"), max_length=64)
    stage = models.CharField(_("stage"), max_length=12, choices=Stage)
    language = models.CharField(_("language"), max_length=35)
    skills = ArrayField(
        models.CharField(max_length=70), default=list, blank=True, verbose_name=_("skills (name:level)")
    )
    difficulty = models.PositiveSmallIntegerField(_("difficulty"))
    work = models.CharField(_("work"), max_length=10, choices=Work, default=Work.JUDGE, db_default=Work.JUDGE)
    clearance = models.PositiveSmallIntegerField(_("clearance"), default=0)
    is_distressing = models.BooleanField(_("distressing"), default=False, db_default=False)
    needs_trusted = models.BooleanField(
        _("trusted reviewers only"), default=False, db_default=False, help_text=_("Set while quality asks for it.")
    )
    is_paused = models.BooleanField(
        _("paused"), default=False, db_default=False, help_text=_("Nothing is handed out while quality asks for it.")
    )
    more_overlap = models.PositiveSmallIntegerField(
        _("more judgments an item"),
        default=0,
        db_default=0,
        help_text=_("Of rounds that open while quality asks for it."),
    )
    tail = models.BigIntegerField(_("position of the last task that took its turn"), default=0, db_default=0)
    priority = models.SmallIntegerField(_("priority"), default=0)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("pool")
        constraints = [
            models.UniqueConstraint(fields=["project", "signature"], name="pool_signature_once"),
        ]

    def __str__(self) -> str:
        work = "" if self.work == Work.JUDGE else f"{self.get_work_display().lower()}: "
        return f"{work}{self.language}, {', '.join(self.skills) or 'any skill'}, difficulty {self.difficulty}"


class Task(models.Model):
    """One unit of work for exactly one reviewer. `position` orders the open and reserved tasks of a pool as one queue.

    Tasks take their turn at the pool's tail, position by position, commit by commit: so a reviewer's place in the queue
    can be remembered (`routing.Cursor`). A task that comes back, or is put before the tail, stands in a lane of its own
    that goes first: `returned_xid` is the transaction it came in, and only the database writes it.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="tasks", db_index=False)
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="tasks", db_index=False)
    kind = models.CharField(_("kind"), max_length=14, choices=TaskKind)
    slot = models.PositiveSmallIntegerField(_("slot"))
    state = models.CharField(_("state"), max_length=10, choices=TaskState, default=TaskState.OPEN)
    reserved_for = models.ForeignKey(Reviewer, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    beside = ArrayField(
        models.BigIntegerField(), null=True, editable=False, verbose_name=_("annotations that are shown beside it")
    )
    position = models.BigIntegerField(_("position in the queue"))
    returned_xid = models.BigIntegerField(_("came back in transaction"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        constraints = [
            models.UniqueConstraint(fields=["round", "slot"], name="task_slot_once"),
            models.CheckConstraint(
                condition=Q(state=TaskState.COMPLETED, completed_at__isnull=False)
                | (~Q(state=TaskState.COMPLETED) & Q(completed_at=None)),
                name="task_completed_is_dated",
            ),
            models.CheckConstraint(condition=Q(state__in=TaskState.values), name="task_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["pool", "position", "id"],
                condition=Q(state=TaskState.OPEN, reserved_for=None, returned_xid=None),
                name="task_open",
            ),
            models.Index(
                fields=["pool", "returned_xid", "position", "id"],
                condition=Q(state=TaskState.OPEN, reserved_for=None) & ~Q(returned_xid=None),
                name="task_open_returned",
            ),
            models.Index(
                fields=["reserved_for", "pool", "position", "id"],
                condition=Q(state=TaskState.OPEN) & ~Q(reserved_for=None),
                name="task_open_reserved",
            ),
            models.Index(fields=["project", "state", "id"], name="task_by_state"),
        ]

    def __str__(self) -> str:
        return f"task {self.pk}"
