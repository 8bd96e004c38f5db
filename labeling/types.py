"""Choices, state machines and plain values of the record."""

from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.transitions import machine


class Role(models.TextChoices):
    CUSTOMER_ADMIN = "customer_admin", _("Customer admin")
    CUSTOMER_VIEWER = "customer_viewer", _("Customer viewer")
    OPERATOR = "operator", _("Operator")
    LEAD = "lead", _("Lead")
    VENDOR_LEAD = "vendor_lead", _("Vendor lead")
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


class OrganisationKind(models.TextChoices):
    IN_HOUSE = "in_house", _("In-house")
    VENDOR = "vendor", _("Vendor")


class TaskKind(models.TextChoices):
    ANNOTATE = "annotate", _("Annotate")
    GOLD = "gold", _("Gold")


class RoundReason(models.TextChoices):
    FIRST = "first", _("First judgment")
    GOLD = "gold", _("Gold")
    REWORK = "rework", _("Rework")


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


class BatchState(models.TextChoices):
    RECEIVED = "received", _("Received")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")


class ItemState(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    IN_PROGRESS = "in_progress", _("In progress")
    RESOLVED = "resolved", _("Resolved")
    GOLD = "gold", _("Gold")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class RoundState(models.TextChoices):
    OPEN = "open", _("Open")
    RESOLVED = "resolved", _("Resolved")
    CANCELLED = "cancelled", _("Cancelled")


class TaskState(models.TextChoices):
    OPEN = "open", _("Open")
    LEASED = "leased", _("Leased")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


PROJECT_MACHINE = machine(
    "project",
    {"draft": {"open", "closed"}, "open": {"paused", "closed"}, "paused": {"open", "closed"}},
)
DOCUMENT_MACHINE = machine("document", {"draft": {"published"}}, {"published": "published_at"})
BATCH_MACHINE = machine(
    "batch", {"received": {"accepted", "refused"}}, {"accepted": "finished_at", "refused": "finished_at"}
)
ITEM_MACHINE = machine(
    "item",
    {
        "accepted": {"in_progress", "gold", "withdrawn"},
        "in_progress": {"resolved", "withdrawn"},
        "resolved": {"in_progress", "withdrawn"},
        "gold": {"withdrawn"},
    },
)
ROUND_MACHINE = machine(
    "round",
    {"open": {"resolved", "cancelled"}},
    {"resolved": "closed_at", "cancelled": "closed_at"},
)
TASK_MACHINE = machine(
    "task",
    {"open": {"leased", "completed", "cancelled"}, "leased": {"open", "completed", "cancelled"}},
    {"completed": "completed_at"},
)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One uploaded row that is sound: canonical payload, digest and the columns that routing reads."""

    line: int
    external_id: str
    payload: dict[str, Any]
    expected: dict[str, Any] | None
    language: str
    domain: str
    difficulty: int
    provenance: str
    metadata: dict[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why one uploaded row was not taken: its line, the field at fault, a sentence, and how the row began."""

    line: int
    field: str
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a project stands, in counts of items and judgments."""

    items: int
    in_progress: int
    resolved: int
    gold: int
    judgments: int
    judgments_needed: int
    states: dict[str, int] = field(default_factory=dict)
