"""People, their keys, and the house's memory: events, their handoffs, and answers given under an idempotency key."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from config.kernel.public_ids import PublicIdField
from config.kernel.types import GuessedDoor, Scope, Surface


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person who logs in by e-mail, in lower case; without a password they cannot log in by one."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an operator who may grant themselves access; superuser status alone shows no customer's content."""
        return self.create_user(email, password, surface=Surface.CONSOLE, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Which surface they may enter is fixed by `surface`; what they see there, by object permissions."""

    public_id = PublicIdField()
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=150)
    surface = models.CharField(_("surface"), max_length=10, choices=Surface)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case"),
            models.CheckConstraint(condition=models.Q(surface__in=Surface.values), name="user_has_a_surface"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """The console's account box asks for it, and shows the e-mail beneath."""
        return self.name

    @property
    def is_staff(self) -> bool:
        """Whether this person may enter the console."""
        return self.is_active and self.surface == Surface.CONSOLE

    @property
    def is_verified_person(self) -> bool:
        return self.is_active


class ApiKey(AbstractAuthToken):
    """A scoped, named, expiring key. Only its SHA-512 is kept; the key itself is shown once, when it is made."""

    public_id = PublicIdField()
    name = models.CharField(_("name"), max_length=100)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), verbose_name=_("scopes"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        constraints = [
            models.CheckConstraint(condition=models.Q(scopes__len__gt=0), name="apikey_has_a_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key}…)"


class Event(models.Model):
    """Something that happened, written in the same transaction. Immutable; carries ids and states, never content.

    Nothing has a foreign key to this table and it has none, so it can be partitioned by month.
    """

    at = models.DateTimeField(_("at"), db_default=Now())
    kind = models.CharField(_("kind"), max_length=60)
    customer_id = models.BigIntegerField(_("customer"), null=True)
    subject = models.CharField(_("subject"), max_length=40)
    subject_id = models.BigIntegerField(_("subject id"))
    actor_id = models.BigIntegerField(_("actor"), null=True)
    data = models.JSONField(_("data"), default=dict)
    request_id = models.CharField(_("request"), max_length=36, default="", db_default="")

    class Meta:
        verbose_name = _("event")
        indexes = [models.Index(fields=["subject", "subject_id", "id"], name="event_by_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.subject_id}"


class Handoff(models.Model):
    """An event waiting for one subscriber: the queue itself. Gone when done, kept with its error when dead."""

    event_id = models.BigIntegerField(_("event"))
    subscriber = models.CharField(_("subscriber"), max_length=60)
    attempts = models.SmallIntegerField(_("attempts"), default=0, db_default=0)
    not_before = models.DateTimeField(_("not before"), db_default=Now())
    dead_at = models.DateTimeField(_("gave up"), null=True, blank=True)
    error = models.TextField(_("error"), default="", db_default="", blank=True)

    class Meta:
        verbose_name = _("handoff")
        indexes = [
            models.Index(
                fields=["subscriber", "not_before", "id"],
                condition=models.Q(dead_at=None),
                name="handoff_waiting",
            ),
            models.Index(fields=["dead_at"], condition=~models.Q(dead_at=None), name="handoff_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} ← event {self.event_id}"


class WakeUp(models.Model):
    """A drain job waits or works on this queue; while the row stands, no second one is queued."""

    queue = models.CharField(_("queue"), max_length=20, primary_key=True)
    asked_at = models.DateTimeField(_("asked"), db_default=Now())

    class Meta:
        verbose_name = _("wake-up")

    def __str__(self) -> str:
        return self.queue


class IdempotencyAnswer(models.Model):
    """What was answered to a request with an Idempotency-Key; asked again with the same body, it is answered again."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(_("key"), max_length=200)
    request_digest = models.CharField(_("request digest"), max_length=64)
    status = models.SmallIntegerField(_("status"))
    body = models.JSONField(_("body"))
    created_at = models.DateTimeField(_("created"), db_default=Now())

    class Meta:
        verbose_name = _("idempotency answer")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return self.key


class WrongTries(models.Model):
    """How often somebody tried wrongly at a door, from one address: for one account, or ("") for any; for one account, too,
    from all addresses that are strange to it ("*"). Forgotten after a day.

    `config.kernel.tries` alone writes it.
    """

    door = models.CharField(_("door"), max_length=10, choices=GuessedDoor)
    address = models.CharField(_("address"), max_length=50, blank=True)
    account = models.CharField(_("account"), max_length=254, blank=True)
    count = models.PositiveIntegerField(_("wrong tries"))
    last_at = models.DateTimeField(_("last"))
    waits_until = models.DateTimeField(_("waits until"), null=True, blank=True)

    class Meta:
        verbose_name = _("wrong tries")
        verbose_name_plural = _("wrong tries")
        constraints = [models.UniqueConstraint(fields=["door", "address", "account"], name="wrong_tries_once")]
        indexes = [models.Index(fields=["last_at"], name="wrong_tries_by_age")]

    def __str__(self) -> str:
        place = {"": "(unknown)", "*": "anywhere strange"}.get(self.address, self.address)
        return f"{self.get_door_display()} {self.account or '(any account)'} from {place}"


class KnownAddress(models.Model):
    """Where somebody has logged in to this account from: strangers' guesses at it keep nobody out from there.

    `config.kernel.tries` alone writes it; it goes with its person, or 90 days after the last login.
    """

    account = models.CharField(_("account"), max_length=254)
    address = models.CharField(_("address"), max_length=50, blank=True)
    last_at = models.DateTimeField(_("last"))

    class Meta:
        verbose_name = _("known address")
        verbose_name_plural = _("known addresses")
        constraints = [models.UniqueConstraint(fields=["account", "address"], name="known_address_once")]
        indexes = [models.Index(fields=["last_at"], name="known_address_by_age")]

    def __str__(self) -> str:
        return f"{self.account} from {self.address or '(unknown)'}"
