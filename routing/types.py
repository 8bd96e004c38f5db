"""Choices, state machines and plain values of routing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.transitions import machine
from labeling.guidelines import GuidelineToRead
from labeling.presentation import Beside


class Trust(models.TextChoices):
    """What the router may give a reviewer on a project; quality moves it, through routing's service."""

    TRAINING = "training", _("Training")
    PROBATION = "probation", _("Probation")
    TRUSTED = "trusted", _("Trusted")
    CONSENSUS_ONLY = "consensus_only", _("Consensus only")
    PAUSED = "paused", _("Paused")
    RETIRED = "retired", _("Retired")


# Who is given nothing at all.
STOPPED = (Trust.PAUSED, Trust.RETIRED)


class ExclusionReason(models.TextChoices):
    AUTHOR = "author", _("Wrote what is judged")
    STANDING = "standing", _("Their own work is judged anew")
    OTHER_ROLE = "other_role", _("Judged the item in another role")


class LeaseState(models.TextChoices):
    LIVE = "live", _("Live")
    SUBMITTED = "submitted", _("Submitted")
    EXPIRED = "expired", _("Expired")
    SKIPPED = "skipped", _("Skipped")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ClockStopKind(models.TextChoices):
    RULING = "ruling", _("a ruling")
    SAMPLE = "sample", _("the check of a sample")
    CLEARANCE = "clearance", _("a clearance")
    OTHER = "other", _("something else")


class Outlook(models.TextChoices):
    """How a project's due time looks; the values are words that its customer reads."""

    NO_DUE_TIME = "no due time", _("No due time")
    UNKNOWN = "not known yet", _("Not known yet")
    IN_TIME = "in time", _("In time")
    AT_RISK = "at risk", _("At risk")
    LATE = "late", _("Late")


class EscalationKind(models.TextChoices):
    AT_RISK = "at_risk", _("The due time is at risk")
    MISSED = "missed", _("The due time was missed")
    NOBODY = "nobody", _("Work that nobody can do")
    SKIPPED = "skipped", _("Skipped again and again")
    EXPERTS = "experts", _("Expert work will miss the due time")
    QUALITY = "quality", _("A promise of quality is broken")
    APPEAL = "appeal", _("An appeal is overdue")
    PAUSE = "pause", _("A pause that nobody has confirmed")


# What is between reviewers and operators: no customer is told of it.
INTERNAL = (EscalationKind.APPEAL, EscalationKind.PAUSE)


class EscalationSubject(models.TextChoices):
    POOL = "pool", _("Pool")
    ROUND = "round", _("Round")
    PROMISE = "promise", _("Promise of quality")
    APPEAL = "appeal", _("Appeal")
    PAUSE = "pause", _("Pause")


class Severity(models.TextChoices):
    WARNING = "warning", _("Warning")
    URGENT = "urgent", _("Urgent")


class EscalationState(models.TextChoices):
    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    ACTED = "acted", _("Acted on")
    RESOLVED = "resolved", _("Resolved")


ESCALATION_MACHINE = machine(
    "escalation",
    {
        "open": {"acknowledged", "resolved"},
        "acknowledged": {"acted", "resolved"},
        "acted": {"resolved"},
    },
    {"acknowledged": "acknowledged_at", "acted": "acted_at", "resolved": "resolved_at"},
)

# An expired lease may still be submitted, if nobody has leased the task since.
LEASE_MACHINE = machine(
    "lease",
    {"live": {"submitted", "expired", "skipped", "withdrawn"}, "expired": {"submitted"}},
    {"submitted": "ended_at", "expired": "ended_at", "skipped": "ended_at", "withdrawn": "ended_at"},
)


@dataclass(frozen=True, slots=True)
class PoolChoice:
    """A pool this reviewer may serve, with what the choice between pools weighs. What is not known is None.

    `is_read`: whether the reviewer has read the guideline of its project.
    `throughput_per_hour`: the judgments an hour that its people finish while they are at it, measured: the pace of one
    times how many could serve it. `present_people`: how many people at work could, whoever asks among them.
    `difficulty`: 1 to 5. `pay_amount`: what one judgment costs, in one currency for all choices. `customer_share`: the
    part of the latest work that was its customer's, 0 to 1. `trust` and `standing`, the lower bound of accuracy, 0 to 1,
    are the reviewer's on its project.
    """

    pool_id: int
    project_id: int
    priority: int
    due_at: datetime | None
    waiting_since: int
    is_read: bool = True
    open_count: int = 1
    throughput_per_hour: float | None = None
    present_people: int | None = None
    difficulty: int = 1
    customer_id: int | None = None
    pay_amount: float | None = None
    customer_share: float | None = None
    oldest_waiting_seconds: float = 0.0
    trust: str = Trust.TRUSTED
    standing: float = 1.0


@dataclass(frozen=True, slots=True)
class Weighed:
    """A pool with its score and what each term gave to it. `spare_hours` is None where nothing is due, or too late."""

    choice: PoolChoice
    score: float
    terms: dict[str, float]
    timing: str
    spare_hours: float | None
    left_hours: float | None


@dataclass(frozen=True, slots=True)
class LeasedTask:
    """Everything the desk needs to show one task. Kinds, ids and authorship stay inside."""

    token: UUID
    until: datetime
    seconds_left: float
    task_id: int
    item_version_id: int
    project_id: int
    customer_id: int
    project_public_id: UUID
    project_name: str
    guideline_number: int
    clauses: list[dict[str, Any]]
    form: dict[str, Any]
    language: str
    payload: dict[str, Any]
    draft: dict[str, Any] | None
    work: str
    kind: str
    beside: tuple[Beside, ...] = ()


@dataclass(frozen=True, slots=True)
class NothingToDo:
    """Why there is no task, as a code and a sentence for the reviewer; with the guideline to read first, and until when."""

    code: str
    message: str
    guideline: GuidelineToRead | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """How a submit ended: placed as an annotation (perhaps by an earlier try), or kept as an unplaced answer."""

    annotation_public_id: UUID | None
    is_placed: bool
    is_repeat: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class Corrected:
    """The answer that counts after a correction: a new one, or the one that said the same already."""

    annotation_public_id: UUID
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Flagged:
    """A report as it was kept; `is_held`: the task waits for somebody to look at it, and is nobody's meanwhile."""

    flag_public_id: UUID
    is_new: bool
    is_held: bool
