"""Choices and small values of the kernel."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Surface(models.TextChoices):
    """Where a person works. A user has exactly one, so that the three never mix."""

    DESK = "desk", _("Desk (reviewer)")
    CONSOLE = "console", _("Console (operator)")
    PORTAL = "portal", _("Portal and API (customer)")


class Scope(models.TextChoices):
    """What an API key may be used for; the person's own permissions still decide about each object."""

    DESK = "desk", _("Work at the desk")
    READ = "read", _("Read projects, items and releases")
    UPLOAD = "upload", _("Upload batches")
    DECIDE = "decide", _("Request, check and decide on releases")
    MANAGE = "manage", _("Manage people and keys")


class GuessedDoor(models.TextChoices):
    """Where wrong tries are counted."""

    LOGIN = "login", _("Login")
    KEY = "key", _("API key")
    INVITATION = "invitation", _("Invitation")


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as its subscribers see it: ids and states, never content."""

    id: int
    kind: str
    at: datetime
    customer_id: int | None
    subject: str
    subject_id: int
    actor_id: int | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One line of the nervous system: `job` (a dotted path taking a list of Facts) hears these kinds of event."""

    name: str
    hears: tuple[str, ...]
    job: str
    queue: str = "quick"


@dataclass(frozen=True, slots=True)
class Recurring:
    """One line of the schedule: `job` (a dotted path) runs every so many minutes on a queue."""

    name: str
    job: str
    minutes: int
    queue: str = "quick"


@dataclass(frozen=True, slots=True)
class LifeMoment:
    """One point on an item's line of life; `app` says which app remembers it.

    `what` may be read by the customer; `detail` and `who` are for operators only. `reviewer_id` and `user_id` say who,
    and whoever tells the line gives them the name that its reader may see. `link` is a row of the console: its model's
    label and its key.
    """

    at: datetime
    app: str
    what: str
    who: str = ""
    kind: str = ""
    detail: str = ""
    link: tuple[str, int] | None = None
    reviewer_id: int | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """One line of a blast radius: what of which app a change touches, how many, and the money that goes with it.

    `amount` is None where there is none; `examples` are external ids of a few items.
    """

    app: str
    what: str
    count: int
    amount: Decimal | None = None
    currency: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConsoleRules:
    """What the console must know of the record, which the kernel cannot: named by settings.ASSAY_CONSOLE_RULES.

    `standing(user)` is "operator", "vendor_lead" or "" (somebody who may see nothing); `led_organisations(user)` are
    those whose people a vendor lead sees; `manages(user)` is whether they manage a customer; `log_shown(user, rows)` leaves a trace of content that a page showed.
    """

    standing: Callable[[Any], str]
    led_organisations: Callable[[Any], Any]
    manages: Callable[[Any], bool]
    log_shown: Callable[[Any, list[Any]], None]
