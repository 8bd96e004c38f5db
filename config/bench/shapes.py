"""Queues that are hard on a claim: much of it answered, nothing left, very many pools, work for nobody, pools that move."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test import Client
from rich.progress import Progress

from config.bench import Report
from config.bench.load import Service, Timed, drive, percentile
from config.bench.queues import Queue, add_pools, found_queue, grow, owner, quieten
from config.kernel.api.authentication import KEYS

# Which of the queue's reviewers has answered most of it, and which all of it.
ANSWERED, NOTHING = -1, -2

# Marks what was written here and not judged: its tasks go on being open for others.
WRITTEN = "bench"

ANSWER_ALL = """
INSERT INTO labeling_annotation (customer_id, project_id, public_id, task_id, round_id, item_version_id, reviewer_id,
    guideline_id, form_id, code_version, answers, rationale, presented, origin, submission)
SELECT t.customer_id, t.project_id, gen_random_uuid(), t.id, t.round_id, r.item_version_id, %(reviewer)s, r.guideline_id,
       r.form_id, %(code_version)s, '{}', '', '[]', 'human', gen_random_uuid()
FROM (SELECT * FROM labeling_task WHERE project_id = %(project)s AND state = 'open'
      ORDER BY position LIMIT %(count)s) t JOIN labeling_round r ON r.id = t.round_id
ON CONFLICT DO NOTHING
"""


def measure_answered(queue: Queue, service: Service, *, size: int, name: str, seconds: float) -> dict[str, Any]:
    """Return how long a claim takes who has answered the first nine tenths of the open queue, and who all of it.

    The answers are written as the owner, so the first claim finds no place remembered and goes through all of them: that
    one is told by itself.
    """
    figures: dict[str, Any] = {}
    for who, share, shape in ((ANSWERED, 0.9, "answered"), (NOTHING, 1.0, "nothing")):
        _answer(queue, who, count=int(share * size))
        key = [queue.keys[who]]
        first = drive(service, key, seconds=60.0, most=1) if shape == "answered" else drive(service, key, seconds=0.2)
        timed = drive(service, key, seconds=seconds)
        figures[f"next_first_ms_{shape}_{name}"] = round(first.next_ms[0], 2)
        figures |= _of_next(timed, f"{shape}_{name}")
    return figures


def _answer(queue: Queue, who: int, *, count: int) -> None:
    parameters = {
        "code_version": WRITTEN,
        "reviewer": queue.reviewers[who].pk,
        "project": queue.project.pk,
        "count": count,
    }
    with owner() as own:
        quieten(own, "labeling_annotation")
        own.execute(ANSWER_ALL, parameters)
        own.execute("VACUUM (ANALYZE) labeling_annotation")


def measure_shapes(report: Report, queue: Queue, service: Service, *, seconds: float, progress: Progress) -> None:
    """Measure the other hard shapes, each on a queue of its own but the last."""
    shapes: list[Callable[[], dict[str, Any]]] = [
        lambda: _many_pools(service, seconds),
        lambda: _for_nobody(service, seconds),
        lambda: _three_of_three(service, seconds),
        lambda: _moving(queue, service, seconds),
        lambda: _statements(queue),
    ]
    bar = progress.add_task("hard shapes", total=len(shapes))
    for shape in shapes:
        report.figures |= shape()
        progress.advance(bar)


def _many_pools(service: Service, seconds: float) -> dict[str, Any]:
    queue = found_queue(name="pools", reviewers=1, pools=500)
    grow(queue, items=10_000)
    return _of_next(drive(service, queue.keys, seconds=seconds), "500_pools")


def _for_nobody(service: Service, seconds: float) -> dict[str, Any]:
    """One pool for the reviewer, among a hundred that need what nobody can."""
    queue = found_queue(name="nobody", reviewers=1, pools=1)
    queue.pools += add_pools(queue, 100, skills=["unheard-of:1"])
    grow(queue, items=50_000)
    return _of_next(drive(service, queue.keys, seconds=seconds), "unmet")


def _three_of_three(service: Service, seconds: float) -> dict[str, Any]:
    """Every item is judged by three, and there are three."""
    queue = found_queue(name="three", reviewers=3, pools=1, overlap=3)
    grow(queue, items=20_000, slots=3)
    timed = drive(service, queue.keys, seconds=seconds)
    return {"completed_per_s_overlap3": round(timed.per_second, 1), **_of_next(timed, "overlap3")}


def _moving(queue: Queue, service: Service, seconds: float) -> dict[str, Any]:
    with _reprioritising(queue):
        return _of_next(drive(service, queue.keys[:4], seconds=seconds), "reprioritised")


@contextmanager
def _reprioritising(queue: Queue) -> Iterator[None]:
    """Give all pools of the queue other priorities, again and again, for as long as this lasts."""
    over = threading.Event()

    def run() -> None:
        with owner() as own:
            while not over.wait(0.02):
                own.execute(
                    "UPDATE labeling_pool SET priority = (random() * 5)::int WHERE project_id = %s", [queue.project.pk]
                )

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _statements(queue: Queue) -> dict[str, int]:
    """Count the statements of a next and of a submit, but for authentication; BEGIN and COMMIT are none."""
    counted: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        if sql != KEYS:
            counted.append(sql)
        return execute(sql, *rest)

    headers = {"Authorization": f"Bearer {queue.keys[0]}", "Host": "127.0.0.1"}
    client = Client(headers=headers)
    with connection.execute_wrapper(count):
        task = client.post("/api/desk/v1/next", {}, content_type="application/json").json()["task"]
        of_next = len(counted)
        body = {"value": {"preference": {"choice": "a"}}, "seconds": 5.0}
        placed = client.post(f"/api/desk/v1/tasks/{task['id']}/submit", body, content_type="application/json")
    assert placed.status_code == 201, placed.content
    return {"queries_next": of_next, "queries_submit": len(counted) - of_next}


def _of_next(timed: Timed, name: str) -> dict[str, Any]:
    if timed.refusals:
        raise RuntimeError(f"{name}: {timed.refusals[0][:200]}")
    return {
        f"next_p50_ms_{name}": round(percentile(timed.next_ms, 0.5), 2),
        f"next_p95_ms_{name}": round(percentile(timed.next_ms, 0.95), 2),
    }
