"""The queue of facts: drained in batches with SKIP LOCKED, at least once, each batch in one transaction with its effects."""

import json
import logging
import time
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from config.kernel.errors import Conflict, NotFound
from config.kernel.events import record, subscriptions, wake
from config.kernel.models import Handoff, User, WakeUp
from config.kernel.types import Fact, Subscription

logger = logging.getLogger(__name__)

BATCH = 200
DRAIN_SECONDS = 20.0
MOST_ATTEMPTS = 8

TAKE = """
SELECT h.id, e.id, e.kind, e.at, e.customer_id, e.subject, e.subject_id, e.actor_id, e.data
FROM (SELECT id, event_id FROM kernel_handoff
      WHERE subscriber = %s AND dead_at IS NULL AND not_before <= statement_timestamp()
      ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) h
JOIN kernel_event e ON e.id = h.event_id
ORDER BY h.id
"""


def drain(name: str) -> int:
    """Hand the waiting facts to their subscriber until none is left or the time is up; return how many were handled.

    Two drains may run at once: each takes handoffs that the other has not locked. What fails is put back alone, with
    its error, later each time, and given up (dead) after MOST_ATTEMPTS.
    """
    subscription = _named(name)
    WakeUp.objects.filter(subscriber=name).delete()
    handled, ends = 0, time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < ends:
        taken = _drain_batch(subscription, BATCH)
        handled += taken
        if taken == 0:
            return handled
    wake([name])
    return handled


def sweep() -> int:
    """Wake every subscriber that has waiting handoffs, whoever forgot to; return how many were woken."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_wakeup WHERE asked_at < statement_timestamp() - interval '1 minute'")
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE EXISTS (SELECT FROM kernel_handoff h"
            " WHERE h.subscriber = name AND h.dead_at IS NULL AND h.not_before <= statement_timestamp())",
            [[subscription.name for subscription in subscriptions()]],
        )
        names = [row[0] for row in cursor.fetchall()]
    if names:
        wake(names)
    return len(names)


@transaction.atomic
def retry_handoff(*, handoff: Handoff, actor: User) -> None:
    """Give a dead handoff all its attempts again, from now. Raises Conflict for one that is not dead."""
    revived = Handoff.objects.filter(pk=handoff.pk, dead_at__isnull=False).update(
        dead_at=None, attempts=0, not_before=Now()
    )
    if not revived:
        raise Conflict("This handoff is not dead; it is tried again by itself.")
    record("handoff.retried", subject=handoff, actor_id=actor.pk, data={"subscriber": handoff.subscriber})
    transaction.on_commit(partial(wake, [handoff.subscriber]))


def _named(name: str) -> Subscription:
    for subscription in subscriptions():
        if subscription.name == name:
            return subscription
    raise NotFound(f"No subscription is called {name!r}; see config/subscriptions.py.")


def _drain_batch(subscription: Subscription, size: int) -> int:
    handler = import_string(subscription.job)
    taken: list[int] = []
    try:
        with transaction.atomic():
            taken, facts = _take(subscription.name, size)
            if facts:
                handler(facts)
                _forget(taken)
    except Exception as error:
        if size > 1:
            logger.warning("A batch for %s failed; its facts are tried one by one.", subscription.name, exc_info=True)
            return sum(_drain_batch(subscription, 1) for _ in taken)
        logger.exception("A fact for %s failed.", subscription.name)
        _put_back(taken, error)
    return len(taken)


def _take(name: str, size: int) -> tuple[list[int], list[Fact]]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [name, size])
        rows = cursor.fetchall()
    return [row[0] for row in rows], [_fact(*row[1:]) for row in rows]


def _fact(ident: int, kind: str, at: datetime, customer: int | None, *rest: Any) -> Fact:
    subject, subject_id, actor_id, data = rest
    return Fact(ident, kind, at, customer, subject, subject_id, actor_id, json.loads(data))


def _forget(ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_handoff WHERE id = ANY(%s)", [ids])


def _put_back(ids: list[int], error: Exception) -> None:
    """Count the attempt and wait twice as long as the last time (from 5 s); after the last one, keep it as dead."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_handoff SET attempts = attempts + 1, error = %s,"
            " not_before = statement_timestamp() + interval '5 seconds' * power(2, attempts),"
            " dead_at = CASE WHEN attempts + 1 >= %s THEN statement_timestamp() END WHERE id = ANY(%s)",
            [f"{type(error).__name__}: {error}"[:2000], MOST_ATTEMPTS, ids],
        )
