"""When batches are due: promises, made as batches are accepted and kept in step with calendars, hours and stops."""

from django.db import connection

from labeling.models import Project
from routing.due_times import due_clocks
from routing.models import Promise

# Batches without a promise that a roll-up makes one for at most; the rest follows with the next.
MOST_NEW = 500

# The keys of a batch's items are asked for once: acceptance gives them in order, under the project's lock.
PROMISE = """
INSERT INTO routing_promise (customer_id, project_id, batch_id, began_at, first_item, last_item)
SELECT b.customer_id, b.project_id, b.id, b.finished_at, i.first_item, i.last_item
FROM (SELECT b.* FROM labeling_batch b JOIN routing_servicelevel s ON s.project_id = b.project_id
      WHERE b.state = 'accepted' AND b.items_created > 0
        AND NOT EXISTS (SELECT FROM routing_promise p WHERE p.batch_id = b.id)
      ORDER BY b.id LIMIT %s) b
CROSS JOIN LATERAL (SELECT min(id) AS first_item, max(id) AS last_item FROM labeling_item WHERE batch_id = b.id) i
ON CONFLICT DO NOTHING
"""

# A batch is finished, for good, once no item of it waits or is worked on: three probes of an index a batch.
FINISH = """
UPDATE routing_promise p SET finished_at = statement_timestamp(), forecast_at = NULL
WHERE p.finished_at IS NULL AND NOT EXISTS (
    SELECT FROM unnest(ARRAY['accepted', 'held', 'in_progress']) AS waiting(state)
    CROSS JOIN LATERAL (SELECT 1 FROM labeling_item i WHERE i.project_id = p.project_id AND i.state = waiting.state
        AND i.id BETWEEN p.first_item AND p.last_item LIMIT 1) found)
"""

MOVE = """
UPDATE routing_promise p SET due_at = due.at FROM unnest(%s::bigint[], %s::timestamptz[]) AS due(batch_id, at)
WHERE p.batch_id = due.batch_id AND p.finished_at IS NULL AND p.due_at IS DISTINCT FROM due.at
"""


def renew_promises() -> int:
    """Promise what was accepted, finish what is done, and move what is due otherwise by now; return how many moved."""
    with connection.cursor() as cursor:
        cursor.execute(PROMISE, [MOST_NEW])
        cursor.execute(FINISH)
    waiting = list(Promise.objects.filter(finished_at=None, project__service_level__isnull=False).order_by("batch"))
    clocks = due_clocks(Project.objects.filter(pk__in={promise.project_id for promise in waiting}))
    moved = {
        promise.pk: due
        for promise in waiting
        if (due := clocks[promise.project_id].due(promise.began_at)) != promise.due_at
    }
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(MOVE, [list(moved), list(moved.values())])
    return len(moved)
