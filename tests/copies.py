"""Many items like one that came about in the product: its rows and its judgments', copied by the owner in bulk."""

from typing import Any

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from labeling.models import Item

COLUMNS = """
SELECT column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position
"""

# Each table with the rows of the item, and the table that a column points into.
TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "labeling_item": ("id = %(item)s", {"current_version_id": "labeling_itemversion"}),
    "labeling_itemversion": ("item_id = %(item)s", {"item_id": "labeling_item"}),
    "labeling_round": (
        "item_id = %(item)s",
        {"item_id": "labeling_item", "item_version_id": "labeling_itemversion"},
    ),
    "labeling_task": (
        "round_id IN (SELECT id FROM labeling_round WHERE item_id = %(item)s)",
        {"round_id": "labeling_round"},
    ),
    "labeling_annotation": (
        "round_id IN (SELECT id FROM labeling_round WHERE item_id = %(item)s)",
        {"round_id": "labeling_round", "task_id": "labeling_task", "item_version_id": "labeling_itemversion"},
    ),
    "quality_resolution": (
        "round_id IN (SELECT id FROM labeling_round WHERE item_id = %(item)s)",
        {"round_id": "labeling_round", "item_version_id": "labeling_itemversion"},
    ),
}


@transaction.atomic
def copy_item(item: Item, count: int, *, name: str = "copy") -> None:
    """Make so many more items like this resolved one, with external ids from `name`-0000001 on."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE")
        moved = {table: _moved(cursor, table, item) for table in TABLES}
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in TABLES:
            _copy(cursor, table, item, count, moved, name)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        cursor.execute(f"ANALYZE {', '.join(TABLES)}")
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(settings.RUNTIME_ROLE["USER"])))


def _moved(cursor: Any, table: str, item: Item) -> str:
    """Return SQL for the id that the n-th copy of the row with the id {} has: after all that are there."""
    which, _ = TABLES[table]
    cursor.execute(f"SELECT min(id), max(id) - min(id) + 1 FROM {table} WHERE {which}", {"item": item.pk})
    lowest, span = cursor.fetchone()
    cursor.execute(f"SELECT max(id) + 1 FROM {table}")
    [begin] = cursor.fetchone()
    return f"({{}} - {lowest} + {begin} + (n - 1) * {span})"


def _copy(cursor: Any, table: str, item: Item, count: int, moved: dict[str, str], name: str) -> None:
    which, references = TABLES[table]
    cursor.execute(COLUMNS, [table])
    values = {}
    for column, kind in cursor.fetchall():
        if column == "id" or column in references:
            values[column] = moved[references.get(column, table)].format(column)
        elif column == "annotation_ids":
            place = moved["labeling_annotation"].format("x")
            values[column] = f"(SELECT array_agg({place} ORDER BY x) FROM unnest(annotation_ids) x)"
        elif column == "external_id":
            values[column] = "%(name)s || '-' || lpad(n::text, 7, '0')"
        else:
            values[column] = "gen_random_uuid()" if kind == "uuid" else column
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())}"
        f" FROM {table}, generate_series(1, %(count)s) n WHERE {which} ORDER BY n, id",
        {"item": item.pk, "count": count, "name": name},
    )
