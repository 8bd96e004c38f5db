"""Doors at which somebody could guess (logins, API keys, invitations): wrong tries are counted in PostgreSQL, and have to
wait longer and longer.

Counted is by address, and by account and address together; never by account alone, or anybody could keep its owner out
from everywhere. It makes no difference whether the account exists. Clocks are the database's.
"""

import math
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from config.kernel.clock import database_now
from config.kernel.errors import DomainError
from config.kernel.events import record
from config.kernel.models import User, WrongTries
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

    Raises TooManyTries, and counts nothing, while this address, or this account from it, has to wait. Belongs outside
    the transaction that judges the try, which a refusal rolls back.
    """
    account = _known_as(account)
    _check_wait(door, address, account)
    for name, limit in (("", OF_ADDRESS), (account, OF_ACCOUNT))[: 2 if account else 1]:
        with connection.cursor() as cursor:
            cursor.execute(
                COUNT,
                {
                    "door": door, "address": address, "account": name, "hours": FORGOTTEN_HOURS,
                    "free": limit.free, "first": limit.first, "most": limit.most,
                },
            )  # fmt: skip
            is_counted = cursor.fetchone() is not None
        if not is_counted:  # others tried at the same time, and one of them was the last
            _check_wait(door, address, account)


@transaction.atomic
def take_back_try(*, door: str, address: str, account: str = "") -> None:
    """The try was right: it does not count against the address, and the account's wrong tries from it are forgotten."""
    rows = WrongTries.objects.filter(door=door, address=address)
    rows.filter(account="", count__gt=0).update(count=F("count") - 1, waits_until=None)
    if account:
        rows.filter(account=_known_as(account)).delete()


@transaction.atomic
def lift_wait(*, tries: WrongTries, actor: User) -> None:
    """Forget these wrong tries, so that the next one is judged at once."""
    record("tries.lifted", subject=tries, actor_id=actor.pk, data={"door": tries.door, "count": tries.count})
    tries.delete()


def forget_old() -> int:
    """Forget what was last tried FORGOTTEN_HOURS ago; return how many counters."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM kernel_wrongtries WHERE last_at < statement_timestamp() - make_interval(hours => %s)",
            [FORGOTTEN_HOURS],
        )
        return cursor.rowcount


def _check_wait(door: str, address: str, account: str) -> None:
    waiting = WrongTries.objects.filter(
        Q(account="") | Q(account=account), door=GuessedDoor(door), address=address, waits_until__gt=Now()
    )
    until = waiting.order_by("-waits_until").values_list("waits_until", flat=True).first()
    if until is not None:
        raise TooManyTries(max(1, math.ceil((until - database_now()).total_seconds())))


def _known_as(account: str) -> str:
    return account.strip().lower()[:LONGEST_ACCOUNT]
