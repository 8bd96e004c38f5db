"""The trace that a read of customer content leaves."""

from collections.abc import Iterable

from django.db import connection

from config.kernel.request_ids import request_id

# The trace of a read beside it, in one statement: give it a CTE `shown` with the customer, project and item version.
LOG_SHOWN = """
, logged AS (
    INSERT INTO labeling_accesslog (customer_id, project_id, user_id, door, object_type, object_ids, request_id)
    SELECT customer_id, project_id, %(user)s, 'desk', 'labeling.itemversion', ARRAY[item_version_id], %(request_id)s
    FROM shown
)
"""


def log_read(
    *,
    user_id: int,
    customer_id: int,
    project_id: int | None,
    door: str,
    object_type: str,
    object_ids: Iterable[int],
) -> None:
    """Write one row for this request; nothing is written for an empty read."""
    ids = list(object_ids)
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO labeling_accesslog (customer_id, project_id, user_id, door, object_type, object_ids, request_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [customer_id, project_id, user_id, door, object_type, ids, request_id.get()],
        )
