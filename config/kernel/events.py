"""Facts go up: an event row beside the change, and a handoff row for each subscriber that hears its kind.

The roof's table of subscriptions (settings.ASSAY_SUBSCRIPTIONS) is the only place that says who hears what.
"""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils.module_loading import import_string
from psycopg.types.json import Jsonb

from config.kernel.jobs import enqueue
from config.kernel.prepared import fetch
from config.kernel.request_ids import request_id
from config.kernel.types import Subscription

# The tail of every statement that moves rows set-wise: give it a CTE `moved(subject_id, customer_id, data)`.
RECORD_MOVED = """
, written AS (
    INSERT INTO kernel_event (kind, customer_id, subject, subject_id, actor_id, data, request_id)
    SELECT %(kind)s, customer_id, %(subject)s, subject_id, %(actor)s::bigint, data, %(request_id)s FROM moved
    RETURNING id
), handed AS (
    INSERT INTO kernel_handoff (event_id, subscriber)
    SELECT written.id, heard.name FROM written CROSS JOIN unnest(%(subscribers)s::text[]) AS heard(name)
)
"""


@cache
def subscriptions() -> tuple[Subscription, ...]:
    return tuple(import_string(settings.ASSAY_SUBSCRIPTIONS))


@cache
def subscribers_of(kind: str) -> list[str]:
    """Return the names of those who hear this kind of event."""
    return [subscription.name for subscription in subscriptions() if kind in subscription.hears]


def record(
    kind: str,
    *,
    subject: models.Model,
    actor_id: int | None,
    data: Mapping[str, Any] | None = None,
    customer_id: int | None = None,
) -> None:
    """Append one event about `subject`, in the present transaction, and hand it to its subscribers.

    The customer is the subject's own unless given. `data` holds ids, states and counts, never content.
    """
    if customer_id is None:
        customer_id = (
            subject.pk if subject._meta.label == "labeling.Customer" else getattr(subject, "customer_id", None)
        )
    record_many(
        kind,
        subject=subject._meta.label_lower,
        rows=[(subject.pk, customer_id, data or {})],
        actor_id=actor_id,
    )


def record_many(
    kind: str,
    *,
    subject: str,
    rows: Iterable[tuple[int, int | None, Mapping[str, Any]]],
    actor_id: int | None,
) -> None:
    """Append one event a row (subject id, customer id, data), all of one kind, in one statement."""
    rows = list(rows)
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH moved AS (SELECT * FROM unnest(%(ids)s::bigint[], %(customers)s::bigint[], %(data)s::jsonb[])"
            " AS row(subject_id, customer_id, data))" + RECORD_MOVED + "SELECT 1",
            {
                "ids": [row[0] for row in rows],
                "customers": [row[1] for row in rows],
                "data": [Jsonb(dict(row[2])) for row in rows],
                **event_parameters(kind, subject=subject, actor_id=actor_id),
            },
        )
    wake_on_commit(kind)


def event_parameters(kind: str, *, subject: str, actor_id: int | None) -> dict[str, Any]:
    """Return the parameters that RECORD_MOVED needs."""
    return {
        "kind": kind,
        "subject": subject,
        "actor": actor_id,
        "request_id": request_id.get(),
        "subscribers": subscribers_of(kind),
    }


def wake_on_commit(*kinds: str) -> None:
    """Once this transaction has committed, see that a drain job is queued for everyone who hears these kinds.

    It is done after the commit, in a statement of its own: the drain that answers is then sure to see the handoff, and
    no two transactions wait for each other over it. If the process dies in between, the sweep finds the handoff.
    """
    names = sorted({name for kind in kinds for name in subscribers_of(kind)})
    if names:
        transaction.on_commit(partial(wake, names))


WAKE = "INSERT INTO kernel_wakeup (queue) SELECT unnest(%(queues)s::text[]) ON CONFLICT DO NOTHING RETURNING queue"


def wake(names: Iterable[str]) -> None:
    """Queue one drain job for each queue of these subscribers that has none waiting or at work."""
    wanted = set(names)
    queues = {subscription.queue for subscription in subscriptions() if subscription.name in wanted}
    for (queue,) in fetch(WAKE, {"queues": sorted(queues)}):
        enqueue("config.kernel.handoffs.drain_queue", queue, queue=queue)
