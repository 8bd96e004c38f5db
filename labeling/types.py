"""Choices, state machines and plain values of the record."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.transitions import machine


class Role(models.TextChoices):
    CUSTOMER_ADMIN = "customer_admin", _("Customer admin")
    CUSTOMER_VIEWER = "customer_viewer", _("Customer viewer")
    OPERATOR = "operator", _("Operator")
    LEAD = "lead", _("Lead")
    REVIEWER = "reviewer", _("Reviewer")
    AUDITOR = "auditor", _("Auditor")


class Stage(models.TextChoices):
    CALIBRATION = "calibration", _("Calibration")
    PILOT = "pilot", _("Pilot")
    PRODUCTION = "production", _("Production")


class Confidentiality(models.TextChoices):
    STANDARD = "standard", _("Standard")
    CONFIDENTIAL = "confidential", _("Confidential")


class Overlap(models.TextChoices):
    FIXED = "fixed", _("Fixed number of judgments an item")
    ADAPTIVE = "adaptive", _("As many judgments as it takes to be sure")
    REVIEWED = "reviewed", _("Written by one, reviewed by another")
    ASSIGNED = "assigned", _("Judged by the people it is assigned to")


class ChangeKind(models.TextChoices):
    EDITORIAL = "editorial", _("Editorial")
    CLARIFICATION = "clarification", _("Clarification")
    BREAKING = "breaking", _("Breaking")


class Provenance(models.TextChoices):
    HUMAN = "human", _("Human")
    PRODUCTION = "production", _("Production")
    SYNTHETIC = "synthetic", _("Synthetic")


class ReviewerKind(models.TextChoices):
    HUMAN = "human", _("Human")
    MODEL = "model", _("Model")
    IMPORTED = "imported", _("Somebody in an earlier tool")


class OrganisationKind(models.TextChoices):
    IN_HOUSE = "in_house", _("In-house")
    VENDOR = "vendor", _("Vendor")


class TaskKind(models.TextChoices):
    ANNOTATE = "annotate", _("Annotate")
    ATTEMPT = "attempt", _("Attempt")
    REVIEW = "review", _("Review of an attempt")
    ADJUDICATE = "adjudicate", _("Adjudicate")
    AUDIT = "audit", _("Audit")
    GOLD = "gold", _("Gold")
    TRAINING = "training", _("Training")
    QUALIFICATION = "qualification", _("Qualification test")
    IMPORTED = "imported", _("Done in an earlier tool")
    MODEL = "model", _("Answered by a model")


# Made for one person, to learn about them: nobody else is given it.
MADE_FOR_ONE = (TaskKind.GOLD, TaskKind.TRAINING, TaskKind.QUALIFICATION)


class Work(models.TextChoices):
    """What a pool's tasks are, as far as it decides who may do them: a requirement like language or skill."""

    JUDGE = "judge", _("Judgments")
    REVIEW = "review", _("Reviews of what others wrote")
    EXPERT = "expert", _("Adjudication and audits")
    EXAM = "exam", _("Training and tests")


class RoundReason(models.TextChoices):
    FIRST = "first", _("First judgment")
    GOLD = "gold", _("Gold")
    REWORK = "rework", _("Rework")
    REVISION = "revision", _("New version of the item")
    GUIDELINE = "guideline", _("Breaking change of the guideline")
    RECHECK = "recheck", _("Clarified guideline, checked again")
    MIGRATION = "migration", _("Answers carried over to a new form or guideline")
    IMPORTED = "imported", _("Imported history")
    SENT_BACK = "sent_back", _("Sent back to its author")
    STANDING = "standing", _("Its reviewer's standing fell")
    DISPUTE = "dispute", _("Disputed, for an adjudicator")
    AUDIT = "audit", _("Audit")
    MODEL = "model", _("Answers of models")


# Rounds beside the work on an item: they come to no resolution.
ASIDE = (RoundReason.GOLD, RoundReason.AUDIT, RoundReason.MODEL)


class Origin(models.TextChoices):
    HUMAN = "human", _("Human")
    MODEL = "model", _("Model")
    IMPORTED = "imported", _("Imported")
    MIGRATED = "migrated", _("Migrated")


class ProjectState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    PAUSED = "paused", _("Paused")
    CLOSED = "closed", _("Closed")


class DocumentState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    DECLINED = "declined", _("Declined")


class SourceFormat(models.TextChoices):
    NDJSON = "ndjson", _("NDJSON")
    CSV = "csv", _("CSV")
    PARQUET = "parquet", _("Parquet")
    LABEL_STUDIO = "label_studio", _("Label Studio export")
    ARGILLA = "argilla", _("Argilla export")


# What names the people of an earlier tool.
HISTORY_FORMATS = (SourceFormat.LABEL_STUDIO, SourceFormat.ARGILLA)


class OnConflict(models.TextChoices):
    REFUSE = "refuse", _("Refuse the row")
    NEW_VERSION = "new_version", _("Make a new version of the item")


class VersionReason(models.TextChoices):
    UPLOAD = "upload", _("Uploaded")
    REUPLOAD = "reupload", _("Uploaded again with other content")
    REDACTION = "redaction", _("Redacted")
    IDENTIFIED = "identified", _("Language identified")


class FlagKind(models.TextChoices):
    LANGUAGE = "language", _("Language")
    NEAR_DUPLICATE = "near_duplicate", _("Near-duplicate")
    PERSONAL_DATA = "personal_data", _("Personal data")
    REPORTED = "reported", _("Reported by a reviewer")
    RULE = "rule", _("A response breaks a rule")


# Kinds that are found before an item is in work, or on it: a project may hold items back for them. Rules are looked at with
# judges, beside the work.
HOLDING = frozenset(FlagKind) - {FlagKind.RULE}


class Problem(models.TextChoices):
    """What a reviewer reports of an item."""

    BROKEN = "broken", _("It is broken or incomplete")
    UNSAFE = "unsafe", _("It is unsafe to read")
    PERSONAL_DATA = "personal_data", _("It holds personal data")
    WRONG_LANGUAGE = "wrong_language", _("It is in another language")
    OTHER = "other", _("Something else")


class FlagState(models.TextChoices):
    OPEN = "open", _("Open")
    DISMISSED = "dismissed", _("Dismissed")
    CONFIRMED = "confirmed", _("Confirmed")


class ErasureKind(models.TextChoices):
    ITEM = "item", _("One item's content")
    PERSON = "person", _("One person's words and name")
    BATCH = "batch", _("An upload that became no item")
    IMPORTED = "imported", _("One person of an earlier tool")


class BatchState(models.TextChoices):
    RECEIVED = "received", _("Received")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")


class ItemState(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    HELD = "held", _("Held until its flags are triaged")
    IN_PROGRESS = "in_progress", _("In progress")
    RESOLVED = "resolved", _("Resolved")
    GOLD = "gold", _("Gold")
    WITHDRAWN = "withdrawn", _("Withdrawn")


# What has been routed: reviewers are at it, or were.
WORKED_ON = frozenset({ItemState.IN_PROGRESS, ItemState.RESOLVED})


class RoundState(models.TextChoices):
    OPEN = "open", _("Open")
    RESOLVED = "resolved", _("Resolved")
    CANCELLED = "cancelled", _("Cancelled")
    CLOSED = "closed", _("Closed without a resolution")
    HISTORY = "history", _("Kept as history")


class TaskState(models.TextChoices):
    OPEN = "open", _("Open")
    LEASED = "leased", _("Leased")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


PROJECT_MACHINE = machine(
    "project",
    {"draft": {"open", "closed"}, "open": {"paused", "closed"}, "paused": {"open", "closed"}},
)
FORM_MACHINE = machine("form", {"draft": {"published"}}, {"published": "published_at"})
GUIDELINE_MACHINE = machine("guideline", {"draft": {"published", "declined"}}, {"published": "published_at"})
FLAG_MACHINE = machine(
    "flag",
    {"open": {"dismissed", "confirmed"}},
    {"dismissed": "decided_at", "confirmed": "decided_at"},
)
BATCH_MACHINE = machine(
    "batch", {"received": {"accepted", "refused"}}, {"accepted": "finished_at", "refused": "finished_at"}
)
ITEM_MACHINE = machine(
    "item",
    {
        "accepted": {"held", "in_progress", "gold", "withdrawn"},
        "held": {"accepted", "withdrawn"},
        "in_progress": {"resolved", "withdrawn"},
        "resolved": {"in_progress", "withdrawn"},
        "gold": {"withdrawn"},
    },
)
ROUND_MACHINE = machine(
    "round",
    {"open": {"resolved", "cancelled", "closed"}},
    {"resolved": "closed_at", "cancelled": "closed_at", "closed": "closed_at"},
)
TASK_MACHINE = machine(
    "task",
    {"open": {"leased", "completed", "cancelled"}, "leased": {"open", "completed", "cancelled"}},
    {"completed": "completed_at"},
)


# What an uploaded item may have.
ITEM_FIELDS = frozenset(
    {
        "external_id", "messages", "responses", "language", "domain", "difficulty", "provenance", "metadata", "expected",
    }
)  # fmt: skip


@dataclass(slots=True)
class SentRow:
    """One row as it was sent: its line, what it says, and its text where the format has one."""

    line: int
    content: dict[str, Any]
    text: bytes | None


@dataclass(slots=True)
class RowFault:
    """Why one uploaded row was not taken: its line, the field at fault, a sentence, how the row began, and the row.

    `external_id` is what the row was about to be called, where that could be read.
    """

    line: int
    field: str
    reason: str
    excerpt: str = ""
    raw: str = ""
    external_id: str | None = None


@dataclass(slots=True)
class ItemRow:
    """One uploaded row that is sound: its content in canonical JSON, its digest and the columns that routing reads.

    `history` are the judgments it brings from an earlier tool; `faults` say which of these do not fit the form.
    """

    line: int
    external_id: str
    payload: bytes
    expected: bytes | None
    language: str
    domain: str
    difficulty: int
    provenance: str
    metadata: bytes
    digest: str
    keys: list[str] = field(default_factory=list)
    history: list["PastJudgment"] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SaidBefore:
    """What somebody answered in an earlier tool, by control; or why that cannot be read."""

    name: str
    values: dict[str, Any]
    seconds: float | None = None
    at: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class PastJudgment:
    """A judgment from an earlier tool that fits the project's form."""

    name: str
    answers: dict[str, Any]
    rationale: str
    seconds: float | None
    at: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a project stands, in counts of items and judgments: now, or as of `counted_at` where that is said."""

    items: int
    in_progress: int
    resolved: int
    gold: int
    judgments: int
    judgments_needed: int
    states: dict[str, int] = field(default_factory=dict)
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """What quality asks of a pool for the time being: nothing is handed out, or to trusted people only, or rounds that open
    get so many more judgments."""

    is_paused: bool = False
    needs_trusted: bool = False
    more_overlap: int = 0
