"""Where people are named for items: what one of them gives back goes to another who was named on the project."""

from django.db import connection

from labeling.models import Task
from labeling.types import Overlap
from routing.eligibility import OF_POOL, OF_PROJECT, OF_TASK

# Whether the project is open decides when the task is given out, not to whom.
ASKED = [*(sql for name, sql in OF_PROJECT.items() if name != "open"), *OF_POOL.values(), *OF_TASK.values()]

# Of those named in the project, who may judge this task and has none in its round: whoever has the least waiting.
NEXT_NAMED = f"""
SELECT r.id FROM labeling_task t
JOIN labeling_pool p ON p.id = t.pool_id
JOIN labeling_project j ON j.id = t.project_id
JOIN labeling_customer c ON c.id = j.customer_id
JOIN routing_enrolment e ON e.project_id = j.id
JOIN labeling_reviewer r ON r.id = e.reviewer_id
WHERE t.id = %(task)s
  AND EXISTS (SELECT FROM labeling_task own WHERE own.project_id = j.id AND own.reserved_for_id = r.id AND own.kind <> 'gold'
              AND own.kind NOT IN ('training', 'qualification'))
  AND NOT EXISTS (SELECT FROM labeling_task own
                  WHERE own.round_id = t.round_id AND own.reserved_for_id = r.id AND own.state <> 'cancelled')
  AND {" AND ".join(ASKED).replace("%(reviewer)s", "r.id")}
ORDER BY (SELECT count(*) FROM labeling_task w WHERE w.reserved_for_id = r.id AND w.state = 'open'), r.id
LIMIT 1
"""


def is_named(task: Task) -> bool:
    """Whether the task is reserved for somebody because they were named for its item."""
    return task.reserved_for_id is not None and task.project.overlap_kind == Overlap.ASSIGNED


def next_named(task: Task) -> int | None:
    """Return whom the task goes to after its reviewer gave it back; None where nobody else who was named may judge it."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NAMED, {"task": task.pk})
        found = cursor.fetchone()
    return found[0] if found else None
