"""What people are given first, within a pool."""

from collections.abc import Sequence

from django.db import connection, transaction

from config.kernel.events import record
from config.kernel.locks import lock_rows
from labeling.models import Project, Task
from labeling.types import TaskKind, TaskState

# Nothing moves forward in its queue, as others may have passed that place: each takes a later place, and what changes its
# place stands, by the database's own rule, in the lane that goes first, in the order given.
PUT_FIRST = """
UPDATE labeling_task t SET position = last.position + array_position(%(tasks)s, t.id)
FROM (SELECT pool_id, max(position) AS position FROM labeling_task WHERE id = ANY(%(tasks)s) GROUP BY pool_id) last
WHERE t.id = ANY(%(tasks)s) AND last.pool_id = t.pool_id
"""


@transaction.atomic
def put_first(*, project: Project, item_ids: Sequence[int], actor_id: int | None) -> int:
    """Put the open tasks of these items before the others of their pools, in this order; return how many moved.

    What was put first or came back already stays where it is, as does what is reserved for somebody: gold among it, which
    so cannot be told by its place.
    """
    places = {item: place for place, item in enumerate(item_ids)}
    waiting = Task.objects.filter(
        project=project,
        round__item__in=item_ids,
        kind=TaskKind.ANNOTATE,
        state=TaskState.OPEN,
        reserved_for=None,
        returned_xid=None,
    )
    locked = {task.pk: task for task in lock_rows(waiting)}
    free = [task for task in locked.values() if task.state == TaskState.OPEN and task.reserved_for_id is None]
    items = dict(Task.objects.filter(pk__in=locked).values_list("pk", "round__item_id"))
    ordered = [task.pk for task in sorted(free, key=lambda task: (places[items[task.pk]], task.position, task.pk))]
    if not ordered:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(PUT_FIRST, {"tasks": ordered})
    record("tasks.put_first", subject=project, actor_id=actor_id, data={"tasks": len(ordered)})
    return len(ordered)
