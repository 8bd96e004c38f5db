"""Choices and state machines of quality."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.transitions import machine


class Outcome(models.TextChoices):
    AGREED = "agreed", _("Agreed")
    NO_AGREEMENT = "no_agreement", _("No agreed answer")


class GoldState(models.TextChoices):
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class StandingState(models.TextChoices):
    PROBATION = "probation", _("Probation")
    TRUSTED = "trusted", _("Trusted")
    PAUSED = "paused", _("Paused")


GOLD_MACHINE = machine("gold item", {"active": {"retired"}}, {"retired": "retired_at"})
STANDING_MACHINE = machine(
    "standing",
    {
        "probation": {"trusted", "paused"},
        "trusted": {"probation", "paused"},
        "paused": {"probation", "trusted"},
    },
    {"probation": "changed_at", "trusted": "changed_at", "paused": "changed_at"},
)
