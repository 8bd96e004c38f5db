"""The queue of facts: drained in batches with SKIP LOCKED, at least once, each batch in one transaction with its effects."""

import json
import logging
import time
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from config.kernel.errors import Conflict, NotFound
from config.kernel.events import record, subscriptions, wake
from config.kernel.jobs import QUEUES
from config.kernel.models import Handoff, User, WakeUp
from config.kernel.types import Fact, Subscription

logger = logging.getLogger(__name__)

BATCH = 200
MOST_ATTEMPTS = 8
PASS_SECONDS = 10.0

# A drain job looks again after each pause, and goes once it has found nothing so many times in a row. The more it had
# to do, the longer it pauses: a batch costs more than the facts in it, so fewer and larger ones leave more to people.
PAUSE_SECONDS = 0.25
PAUSE_LONGEST = 2.0
PAUSE_TIMES = 8.0
IDLE_LOOKS = 4

TAKE = """
SELECT h.id, e.id, e.kind, e.at, e.customer_id, e.subject, e.subject_id, e.actor_id, e.data
FROM (SELECT id, event_id FROM kernel_handoff
      WHERE subscriber = %s AND dead_at IS NULL AND not_before <= statement_timestamp()
      ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) h
JOIN kernel_event e ON e.id = h.event_id
ORDER BY h.id
"""


def drain_queue(queue: str) -> int:
    """Hand on what waits for the subscribers of this queue, for as long as facts keep coming; return how many.

    While one such job is at work no other is queued: a job a fact would cost more than the fact. It ends after a while
    (settings.ASSAY_DRAIN_SECONDS), so that its worker can be stopped, and sees to a successor if there is more to do.
    """
    handled, idle, ends = 0, 0, time.monotonic() + settings.ASSAY_DRAIN_SECONDS
    while (began := time.monotonic()) < ends and idle < IDLE_LOOKS:
        taken = sum(drain(name, until=ends) for name in _waiting(queue))
        handled += taken
        idle = 0 if taken else idle + 1
        worked = time.monotonic() - began
        time.sleep(max(PAUSE_SECONDS, min(PAUSE_TIMES * worked, PAUSE_LONGEST)))
    # From here on a new fact queues a new job; what came before that is taken now.
    WakeUp.objects.filter(queue=queue).delete()
    last = time.monotonic() + PASS_SECONDS
    handled += sum(drain(name, until=last) for name in _waiting(queue))
    if names := _waiting(queue):
        wake(names)
    return handled


def drain(name: str, *, until: float) -> int:
    """Hand the waiting facts to their subscriber until none is left or the time (monotonic) is up; return how many.

    Two drains may run at once: each takes handoffs that the other has not locked. What fails is put back alone, with
    its error, later each time, and given up (dead) after MOST_ATTEMPTS.
    """
    subscription, handled = _named(name), 0
    while taken := _drain_batch(subscription, BATCH):
        handled += taken
        if time.monotonic() >= until:
            break
    return handled


def sweep() -> int:
    """Wake every queue whose subscribers have waiting handoffs, whoever forgot to; return how many subscribers wait."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_wakeup WHERE asked_at < statement_timestamp() - interval '1 minute'")
    names = [name for queue in QUEUES for name in _waiting(queue)]
    if names:
        wake(names)
    return len(names)


def _waiting(queue: str) -> list[str]:
    """Return the queue's subscribers that have something to hear now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE EXISTS (SELECT FROM kernel_handoff h"
            " WHERE h.subscriber = name AND h.dead_at IS NULL AND h.not_before <= statement_timestamp())",
            [[subscription.name for subscription in subscriptions() if subscription.queue == queue]],
        )
        return [row[0] for row in cursor.fetchall()]


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
