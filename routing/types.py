"""Choices, state machines and plain values of routing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.transitions import machine
from labeling.guidelines import GuidelineToRead


class Trust(models.TextChoices):
    """What the router may give a reviewer on a project; quality moves it, through routing's service."""

    PROBATION = "probation", _("Probation")
    TRUSTED = "trusted", _("Trusted")
    PAUSED = "paused", _("Paused")


class LeaseState(models.TextChoices):
    LIVE = "live", _("Live")
    SUBMITTED = "submitted", _("Submitted")
    EXPIRED = "expired", _("Expired")
    SKIPPED = "skipped", _("Skipped")
    WITHDRAWN = "withdrawn", _("Withdrawn")


# An expired lease may still be submitted, if nobody has leased the task since.
LEASE_MACHINE = machine(
    "lease",
    {"live": {"submitted", "expired", "skipped", "withdrawn"}, "expired": {"submitted"}},
    {"submitted": "ended_at", "expired": "ended_at", "skipped": "ended_at", "withdrawn": "ended_at"},
)


@dataclass(frozen=True, slots=True)
class PoolChoice:
    """A pool this reviewer may serve, with what the choice between pools weighs, and whether they have read its guideline."""

    pool_id: int
    project_id: int
    priority: int
    due_at: datetime | None
    waiting_since: int
    is_read: bool = True


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


@dataclass(frozen=True, slots=True)
class NothingToDo:
    """Why there is no task, as a code and a sentence for the reviewer; with the guideline they have to read first."""

    code: str
    message: str
    guideline: GuidelineToRead | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """How a submit ended: placed as an annotation (perhaps by an earlier try), or kept as an unplaced answer."""

    annotation_public_id: UUID | None
    is_placed: bool
    is_repeat: bool
    message: str = ""
