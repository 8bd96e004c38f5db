"""Workers that die: real processes, killed in the middle of what they do; and what is on record, compared row by row."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

from django.db import connection, connections, transaction

SECONDS = 30
WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")
APPS = ("labeling", "quality", "routing", "delivery")
# Keys to rows that may be new are not the same in two runs; these are to rows that were there before.
KEPT_KEYS = {"reviewer_id", "annotation_id", "item_id", "item_version_id", "project_id", "guideline_id", "form_id"}
# Drawn at random by design (where gold stands in the queue), or a token.
DRAWN = {"position", "tail"}
COMPARED = """
SELECT c.table_name, array_agg(c.column_name::text ORDER BY c.column_name)
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND split_part(c.table_name, '_', 1) = ANY(%s)
  AND c.data_type NOT IN ('timestamp with time zone', 'uuid', 'xid8') AND c.column_name <> 'id'
  AND (c.column_name NOT LIKE '%%\\_id' OR c.column_name = ANY(%s)) AND NOT c.column_name = ANY(%s)
GROUP BY c.table_name ORDER BY c.table_name
"""

Rows = dict[str, Counter[str]]


def kill_within(module: ModuleType, name: str, call: Callable[[], Any]) -> None:
    """Have another process make the call, and kill it once it is within `module.name`, its transaction still open."""
    fork = multiprocessing.get_context("fork")
    reached = fork.Event()

    def hang(*_: Any, **__: Any) -> None:
        reached.set()
        time.sleep(2 * SECONDS)

    def work() -> None:
        connections.close_all()
        setattr(module, name, hang)
        call()

    connections.close_all()
    worker = fork.Process(target=work)
    worker.start()
    was_reached = reached.wait(SECONDS)
    worker.kill()
    worker.join()
    assert was_reached, f"{name} was never called."


def rows() -> Rows:
    """Return what stands in the apps' tables, and what facts there are and wait, but for times, tokens and new keys."""
    with connection.cursor() as cursor:
        cursor.execute(COMPARED, [list(APPS), sorted(KEPT_KEYS), sorted(DRAWN)])
        found: Rows = {}
        for table, columns in cursor.fetchall():
            names = ", ".join(f'"{name}"' for name in columns)
            cursor.execute(f"SELECT ROW({names})::text FROM {table}")
            found[table] = Counter(row[0] for row in cursor.fetchall())
        cursor.execute("SELECT kind FROM kernel_event")
        found["kernel_event"] = Counter(row[0] for row in cursor.fetchall())
        cursor.execute("SELECT subscriber FROM kernel_handoff")
        found["kernel_handoff"] = Counter(row[0] for row in cursor.fetchall())
    return found


def changed(before: Rows) -> dict[str, tuple[Counter[str], Counter[str]]]:
    """Return what is gone and what has come since, table by table, where something has."""
    now = rows()
    return {
        table: (before[table] - now[table], now[table] - before[table]) for table in now if now[table] != before[table]
    }


def uninterrupted(work: Callable[[], Any]) -> Rows:
    """Return what the work leaves where nobody disturbs it; nothing of it is kept."""
    with transaction.atomic():
        work()
        found = rows()
        transaction.set_rollback(True)
    return found


def killed(work: Callable[[], Any], *, after: int) -> bool:
    """Do the work in a process that is killed once it has written so many times; return whether it got that far.

    What it held is free again when this returns, as it is once the database has seen that nobody is there.
    """
    connections.close_all()
    worker = multiprocessing.get_context("fork").Process(target=_work, args=(work, after))
    worker.start()
    worker.join()
    assert worker.exitcode in (0, -signal.SIGKILL), worker.exitcode
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
            if not cursor.fetchone()[0]:
                return worker.exitcode != 0
            time.sleep(0.05)
    raise AssertionError("Something of the killed worker is still at work.")


def _work(work: Callable[[], Any], after: int) -> None:
    written = 0

    def count(execute: Any, statement: Any, *rest: Any) -> Any:
        nonlocal written
        done = execute(statement, *rest)
        written += str(statement).lstrip().startswith(WRITES)
        if written == after:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    with connection.execute_wrapper(count):
        work()
    connections.close_all()
    os._exit(0)


def survives(work: Callable[[], Any], *, is_atomic: bool, step: int = 1, most: int = 12) -> int:
    """Kill workers at this work again and again, each one later, then let it be done: all is as if nobody was killed.

    Where the work is one transaction, each killed worker leaves all as it was, or all done. Return how many were killed.
    """
    before, expected = rows(), uninterrupted(work)
    assert expected != before, "There is nothing to do."
    kills = 0
    while kills < most and killed(work, after=1 + kills * step):
        kills += 1
        if is_atomic:
            assert changed(before) == {} or changed(expected) == {}, changed(before)
    work()
    assert (now := changed(expected)) == {}, now
    return kills
