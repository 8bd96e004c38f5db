"""Choices and state machines of delivery."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.transitions import machine


class ReleaseState(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    FAILED = "failed", _("Failed")
    FROZEN = "frozen", _("Frozen")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")


class Verdict(models.TextChoices):
    GOOD = "good", _("Good")
    DEFECT = "defect", _("Defect")


class Severity(models.TextChoices):
    MINOR = "minor", _("Minor")
    MAJOR = "major", _("Major")
    CRITICAL = "critical", _("Critical")


class HoldKind(models.TextChoices):
    OPERATOR = "operator", _("Placed by an operator")


class EntryKind(models.TextChoices):
    PAY = "pay", _("Pay for a judgment")
    CHARGE = "charge", _("Charge for a record")


RELEASE_MACHINE = machine(
    "release",
    {
        "requested": {"frozen", "failed"},
        "failed": {"requested"},
        "frozen": {"accepted", "rejected"},
    },
    {"frozen": "frozen_at", "accepted": "decided_at", "rejected": "decided_at"},
)
