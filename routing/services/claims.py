"""The next task: one reviewer, one lease, in six statements. The database's clock judges everything.

Order of locks: the reviewer's advisory lock, then expired leases and their tasks (skipping what others hold), then one
task (skipping what others hold). Nobody ever waits for a task.
"""

from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from config.kernel.events import RECORD_MOVED, event_parameters, wake_on_commit
from config.kernel.locks import ADVISORY_REVIEWER, advisory_lock
from config.kernel.models import User
from labeling.services.access import log_read
from routing import policy, selectors
from routing.errors import NotAReviewer
from routing.services.leases import RETURN_EXPIRED
from routing.types import LeasedTask, NothingToDo, PoolChoice

# Expired leases returned in passing by every claim, so that nobody waits for the scheduler.
RETURNED_IN_PASSING = 20

SITUATION = (
    RETURN_EXPIRED
    + """
SELECT r.id, l.token FROM labeling_reviewer r
LEFT JOIN routing_lease l ON l.reviewer_id = r.id AND l.state = 'live' AND l.until >= statement_timestamp()
  AND EXISTS (SELECT FROM labeling_task t WHERE t.id = l.task_id AND t.state = 'leased')
WHERE r.user_id = %(user)s AND r.is_active
ORDER BY l.id LIMIT 1
"""
)

# What this reviewer may never be given: a round they judged, skipped, or answered too late.
NOT_MINE_YET = """
NOT EXISTS (SELECT FROM labeling_annotation a WHERE a.round_id = t.round_id AND a.reviewer_id = %(reviewer)s
            AND a.supersedes_id IS NULL)
AND NOT EXISTS (SELECT FROM routing_lease o WHERE o.round_id = t.round_id AND o.reviewer_id = %(reviewer)s
                AND o.state IN ('live', 'skipped'))
AND NOT EXISTS (SELECT FROM labeling_unplacedanswer u WHERE u.round_id = t.round_id AND u.reviewer_id = %(reviewer)s)
"""

CLAIM = f"""
WITH reserved AS (
    SELECT t.id, t.position FROM labeling_task t
    WHERE t.pool_id = %(pool)s AND t.state = 'open' AND t.reserved_for_id = %(reviewer)s AND {NOT_MINE_YET}
    ORDER BY t.position, t.id LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
), open AS (
    SELECT t.id FROM labeling_task t
    WHERE t.pool_id = %(pool)s AND t.state = 'open' AND t.reserved_for_id IS NULL AND {NOT_MINE_YET}
      AND NOT EXISTS (SELECT FROM reserved WHERE reserved.position <= t.position)
    ORDER BY t.position, t.id LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
), picked AS (
    SELECT id FROM open UNION ALL SELECT id FROM reserved WHERE NOT EXISTS (SELECT FROM open)
), taken AS (
    UPDATE labeling_task t SET state = 'leased' FROM picked WHERE t.id = picked.id AND t.state = 'open'
    RETURNING t.id, t.customer_id, t.project_id, t.round_id
), lease AS (
    INSERT INTO routing_lease (customer_id, project_id, task_id, round_id, reviewer_id, guideline_id, token, state, until,
                               why)
    SELECT taken.customer_id, taken.project_id, taken.id, taken.round_id, %(reviewer)s, g.id, gen_random_uuid(), 'live',
           statement_timestamp() + make_interval(secs => p.lease_seconds), %(why)s
    FROM taken JOIN labeling_project p ON p.id = taken.project_id
    JOIN labeling_guidelineversion g ON g.project_id = p.id AND g.state = 'published'
     AND g.in_force @> statement_timestamp()
    RETURNING id, task_id, customer_id, token
), moved AS (
    SELECT task_id AS subject_id, customer_id,
           jsonb_build_object('from', 'open', 'lease', id, 'reviewer', %(reviewer)s::bigint) AS data FROM lease
){RECORD_MOVED}
SELECT token FROM lease
"""


@transaction.atomic
def next_task(*, user: User, project: UUID | None = None) -> LeasedTask | NothingToDo:
    """Lease and return the next task for this person, of one project if they name it.

    Holding a live lease already, they get that task again: a reload, a second tab or a lost answer costs nothing.
    Returns NothingToDo with the reason when no task is left for them; with the guideline, where only tasks are left of
    projects whose guideline they have not read. Raises NotAReviewer for anybody else. The read is logged.
    """
    advisory_lock(ADVISORY_REVIEWER, user.pk)
    reviewer_id, token = _situation(user)
    if token is None:
        claimed = _claim(user=user, reviewer_id=reviewer_id, project=project)
        if isinstance(claimed, NothingToDo):
            return claimed
        token = claimed
    leased = selectors.leased_task(token=token, reviewer_id=reviewer_id)
    log_read(
        user_id=user.pk,
        customer_id=leased.customer_id,
        project_id=leased.project_id,
        door="desk",
        object_type="labeling.itemversion",
        object_ids=[leased.item_version_id],
    )
    return leased


def _situation(user: User) -> tuple[int, UUID | None]:
    parameters = {
        "user": user.pk,
        "most": RETURNED_IN_PASSING,
        **event_parameters("task.open", subject="labeling.task", actor_id=None),
    }
    with connection.cursor() as cursor:
        cursor.execute(SITUATION, parameters)
        row = cursor.fetchone()
    if row is None:
        raise NotAReviewer("You are not set up as a reviewer, or no longer; ask your operator.")
    return row


def _claim(*, user: User, reviewer_id: int, project: UUID | None) -> UUID | NothingToDo:
    """Try the pools in the policy's order until one yields a task; those with an unread guideline yield none."""
    choices = policy.weighed(
        selectors.servable_pools(user_id=user.pk, reviewer_id=reviewer_id, project=project),
        now=timezone.now(),
    )
    for rank, each in enumerate(choices, start=1):
        if not each.choice.is_read:
            continue
        why = policy.reason(each, rank=rank, of=len(choices))
        token = _claim_in(each.choice, reviewer_id, user.pk, why)
        if token is not None:
            return token
    unread = next((each.choice for each in choices if not each.choice.is_read), None)
    if unread is not None:
        return selectors.guideline_first(project_id=unread.project_id, reviewer_id=reviewer_id)
    return selectors.why_nothing(user=user, reviewer_id=reviewer_id)


def _claim_in(choice: PoolChoice, reviewer_id: int, user_id: int, why: dict[str, Any]) -> UUID | None:
    parameters = {
        "pool": choice.pool_id,
        "reviewer": reviewer_id,
        "why": Jsonb(why),
        **event_parameters("task.leased", subject="labeling.task", actor_id=user_id),
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    wake_on_commit("task.leased")
    return row[0]
