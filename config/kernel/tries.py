"""Doors at which somebody could guess (logins, API keys, invitations): wrong tries are counted in PostgreSQL, and have to
wait longer and longer.

Counted is by address, and by account and address together. At logins, an account is counted besides over all strange
addresses: those from which nobody has ever logged in to it. Once these have tried wrongly OF_STRANGERS.free times, all of
them together wait, however many they are. An address that has succeeded within KNOWN_DAYS never waits for what strangers
did, nor does a session: nobody keeps an owner out from where they are used to be, only from where they have never been.
It makes no difference whether the account exists. Clocks are the database's.
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from config.kernel.clock import database_now
from config.kernel.errors import DomainError
from config.kernel.events import record
from config.kernel.models import KnownAddress, User, WrongTries
from config.kernel.types import GuessedDoor
from config.kernel.words import duration

FORGOTTEN_HOURS = 24
LONGEST_ACCOUNT = 254


@dataclass(frozen=True, slots=True)
class Limit:
    """The try of this number is the last before a wait; the wait is `first` seconds, then twice as long each time."""

    free: int
    first: int
    most: int = 3600


OF_ACCOUNT = Limit(free=5, first=30)
OF_ADDRESS = Limit(free=50, first=60)
OF_STRANGERS = Limit(free=50, first=60)

# Stands for every address that is strange to the account.
STRANGE = "*"
KNOWN_DAYS = 90

# One row a counter. Nothing is counted, and nothing returned, while the counter's wait lasts.
COUNT = """
INSERT INTO kernel_wrongtries AS known (door, address, account, count, last_at)
VALUES (%(door)s, %(address)s, %(account)s, 1, statement_timestamp())
ON CONFLICT (door, address, account) DO UPDATE SET
  count = CASE WHEN known.last_at < statement_timestamp() - make_interval(hours => %(hours)s) THEN 1
    ELSE known.count + 1 END,
  last_at = statement_timestamp(),
  waits_until = CASE WHEN known.count + 1 >= %(free)s
      AND known.last_at >= statement_timestamp() - make_interval(hours => %(hours)s)
    THEN statement_timestamp() + make_interval(
      secs => LEAST(%(most)s, %(first)s * 2.0 ^ LEAST(known.count + 1 - %(free)s, 20))) END
WHERE known.waits_until IS NULL OR known.waits_until <= statement_timestamp()
RETURNING 1
"""


class TooManyTries(DomainError):
    """`seconds` says when to try again."""

    code = "too_many_tries"

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(
            f"There were too many wrong tries; nothing was looked at. Try again in {duration(seconds)}.",
            retry_after=seconds,
        )


def count_try(*, door: str, address: str, account: str = "") -> None:
    """Count a try as wrong before it is judged, so that a hundred at once are a hundred; `take_back_try` if it was right.

    Raises TooManyTries, and counts nothing, while this address, or this account from it, or from any strange one, has to
    wait. Belongs outside the transaction that judges the try, which a refusal rolls back.
    """
    account = _known_as(account)
    counters = [("", address, OF_ADDRESS)]
    if account:
        counters.append((account, address, OF_ACCOUNT))
    if is_strange := door == GuessedDoor.LOGIN and bool(account) and _is_strange(address, account):
        counters.append((account, STRANGE, OF_STRANGERS))
    _check_wait(door, address, account, is_strange=is_strange)
    for name, place, limit in counters:
        with connection.cursor() as cursor:
            cursor.execute(
                COUNT,
                {
                    "door": door, "address": place, "account": name, "hours": FORGOTTEN_HOURS,
                    "free": limit.free, "first": limit.first, "most": limit.most,
                },
            )  # fmt: skip
            is_counted = cursor.fetchone() is not None
        if not is_counted:  # others tried at the same time, and one of them was the last
            _check_wait(door, address, account, is_strange=is_strange)


@transaction.atomic
def take_back_try(*, door: str, address: str, account: str = "") -> None:
    """The try was right: it does not count against the address, and the account's wrong tries from it are forgotten.

    From now on the address is one that the account knows; what others tried stays counted.
    """
    WrongTries.objects.filter(door=door, address=address, account="", count__gt=0).update(
        count=F("count") - 1, waits_until=None
    )
    if not account:
        return
    account = _known_as(account)
    own = WrongTries.objects.filter(door=door, address=address, account=account)
    if door == GuessedDoor.LOGIN:
        _forgive(account, address, list(own.values_list("count", flat=True)))
    own.delete()


def _forgive(account: str, address: str, own: list[int]) -> None:
    """Know the address from now on, and count none of its own tries among the strangers'."""
    if own and _is_strange(address, account):
        strange = WrongTries.objects.filter(door=GuessedDoor.LOGIN, address=STRANGE, account=account)
        strange.filter(count__lte=own[0]).delete()
        strange.update(count=F("count") - own[0], waits_until=None)
    KnownAddress.objects.update_or_create(account=account, address=address, defaults={"last_at": Now()})


@transaction.atomic
def lift_wait(*, tries: WrongTries, actor: User) -> None:
    """Forget these wrong tries, so that the next one is judged at once."""
    record("tries.lifted", subject=tries, actor_id=actor.pk, data={"door": tries.door, "count": tries.count})
    tries.delete()


def forget_old() -> int:
    """Forget what was last tried FORGOTTEN_HOURS ago, and addresses after KNOWN_DAYS; return how many counters."""
    KnownAddress.objects.filter(last_at__lt=Now() - timedelta(days=KNOWN_DAYS)).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM kernel_wrongtries WHERE last_at < statement_timestamp() - make_interval(hours => %s)",
            [FORGOTTEN_HOURS],
        )
        return cursor.rowcount


def _check_wait(door: str, address: str, account: str, *, is_strange: bool) -> None:
    counted = Q(Q(account="") | Q(account=account), address=address)
    if is_strange:
        counted |= Q(account=account, address=STRANGE)
    waiting = WrongTries.objects.filter(counted, door=GuessedDoor(door), waits_until__gt=Now())
    until = waiting.order_by("-waits_until").values_list("waits_until", flat=True).first()
    if until is not None:
        raise TooManyTries(max(1, math.ceil((until - database_now()).total_seconds())))


def _is_strange(address: str, account: str) -> bool:
    return not KnownAddress.objects.filter(
        account=account, address=address, last_at__gte=Now() - timedelta(days=KNOWN_DAYS)
    ).exists()


def _known_as(account: str) -> str:
    return account.strip().lower()[:LONGEST_ACCOUNT]
