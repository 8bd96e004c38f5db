"""Reviewers whose machines die: eight processes claim and submit while random ones are killed and leases run out under them.

Each process works for one reviewer through the services that the desk calls, over a connection of its own. It now and then
walks away from a task, or answers it only when its lease has run out; and at any moment it may be killed with SIGKILL, in
the middle of a statement too. Its reviewer is then gone for as long as a lease may last, and another takes the place. What a
process was answered, it keeps in a file of its own, on disk before it goes on: that is what must not be lost.
"""

import json
import multiprocessing
import os
import random
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connections
from rich.progress import Progress

from config.bench import Report
from config.bench.queues import Queue, duplicates, found_queue, grow, owner
from config.kernel.errors import DomainError
from config.kernel.models import User
from routing.services.claims import next_task
from routing.services.leases import expire_leases
from routing.services.submits import submit_task
from routing.types import NothingToDo

ANSWER = {"preference": {"choice": "a"}}
PROCESSES = 8
PEOPLE = 80
SLOTS = 3
LEASE_SECONDS = 15
# Once handling times are measured, a lease is at most twice as long as the project says.
LONGEST_LEASE = 2 * LEASE_SECONDS
# Of all tasks, how many are walked away from, and how many answered only after their lease.
ABANDONED, LATE = 0.004, 0.004
KILL_EVERY = 0.8
MOST_SECONDS = 1500.0

# One process has all the modules, and forks each of the others: to begin anew takes no time, and no threads come along.
Forked = multiprocessing.get_context("forkserver")
Forked.set_forkserver_preload(["config.wsgi", "config.bench.leases"])


def measure(*, tasks: int, progress: Progress) -> Report:
    """Have every task of the queue judged, and return what became of the work."""
    queue = found_queue(name="leases", reviewers=PEOPLE, pools=4, lease_seconds=LEASE_SECONDS, overlap=SLOTS)
    grow(queue, items=-(-tasks // SLOTS), slots=SLOTS)
    connections.close_all()
    total = queue.items * SLOTS
    with TemporaryDirectory() as folder:
        bar = progress.add_task("judged while processes are killed", total=total)
        kills, faults = _work(queue, Path(folder), total, lambda done: progress.update(bar, completed=done))
        answered = [json.loads(line) for file in Path(folder).iterdir() for line in file.read_text().splitlines()]
    expire_leases()
    figures = {"tasks": total, "kills": kills, **_outcome(queue, answered)}
    report = Report(figures, faults)
    if figures["completed"] < total:
        report.faults.append(f"{total - figures['completed']} tasks were not judged in {MOST_SECONDS:.0f} seconds.")
    return report


def _work(queue: Queue, folder: Path, total: int, tell: Any) -> tuple[int, list[str]]:
    """Keep PROCESSES at work, killing one now and then, until every task is done; return the kills, and what failed."""
    chance, kills, faults = random.Random(1), 0, []
    rested = deque((0.0, reviewer.user_id or 0) for reviewer in queue.reviewers)
    at_work: list[tuple[Any, int]] = []
    began = next_kill = time.monotonic()
    with _expiring_each_minute():
        while (done := _completed(queue)) < total and time.monotonic() - began < MOST_SECONDS:
            tell(done)
            for process, user_id in [each for each in at_work if not each[0].is_alive()]:
                if process.exitcode not in (0, -signal.SIGKILL):
                    faults.append(f"A process ended with {process.exitcode}.")
                at_work.remove((process, user_id))
                rested.append((time.monotonic() + LONGEST_LEASE + 1, user_id))
            while len(at_work) < PROCESSES and rested and rested[0][0] <= time.monotonic():
                _, user_id = rested.popleft()
                process = Forked.Process(target=_judge, args=(user_id, folder / f"{time.monotonic_ns()}.ndjson"))
                process.start()
                at_work.append((process, user_id))
            if at_work and time.monotonic() >= next_kill:
                victim, _ = chance.choice(at_work)
                os.kill(victim.pid, signal.SIGKILL)
                kills += 1
                next_kill = time.monotonic() + chance.uniform(0, 2 * KILL_EVERY)
            time.sleep(0.05)
        tell(_completed(queue))
    for process, _ in at_work:
        process.kill()
        process.join()
    return kills, faults


def _judge(user_id: int, kept: Path) -> None:
    """Claim and submit until killed; a task in hand is there again for whoever works for the same reviewer later."""
    connections.close_all()
    chance, user = random.Random(os.getpid()), User.objects.get(pk=user_id)
    with kept.open("a") as file:
        while True:
            leased = next_task(user=user)
            if isinstance(leased, NothingToDo):
                time.sleep(0.2)
                continue
            what = chance.random()
            if what < ABANDONED:
                return
            if what < ABANDONED + LATE:
                time.sleep(LONGEST_LEASE + chance.uniform(0, 2))
            try:
                done = submit_task(user=user, token=leased.token, answers=ANSWER, seconds=1.0)
            except DomainError as refusal:
                said: dict[str, Any] = {"token": str(leased.token), "refused": str(refusal)}
            else:
                said = {"token": str(leased.token), "placed": done.is_placed}
            file.write(json.dumps(said) + "\n")
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def _expiring_each_minute() -> Iterator[None]:
    """The job of each minute, for as long as this lasts. Claims return what has run out in passing."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(60):
            expire_leases()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _completed(queue: Queue) -> int:
    [(done,)] = _ask("SELECT count(*) FROM labeling_annotation WHERE project_id = %s", queue.project.pk)
    return int(done)


def _ask(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with owner() as connection:
        return connection.execute(statement, parameters).fetchall()


def _outcome(queue: Queue, answered: list[dict[str, Any]]) -> dict[str, Any]:
    placed = [each["token"] for each in answered if each.get("placed")]
    beside = sum(1 for each in answered if each.get("placed") is False)
    kept = _kept_beside(queue)
    returns, longest, waiting = _returned(queue)
    return {
        "completed": _completed(queue),
        "answered": len(answered),
        "late_kept_beside": kept,
        "returned": returns,
        "duplicates": duplicates(),
        "over_assigned": _over_assigned(queue),
        "lost": _missing(placed) + max(0, beside - kept) + waiting,
        "max_return_s": round(longest, 2),
    }


def _over_assigned(queue: Queue) -> int:
    """Return how many rounds were judged more often than they have slots, and tasks leased while somebody held them."""
    [(count,)] = _ask(
        "SELECT (SELECT count(*) FROM (SELECT FROM labeling_annotation WHERE project_id = %s GROUP BY round_id"
        "  HAVING count(*) > %s) many)"
        " + (SELECT count(*) FROM routing_lease a JOIN routing_lease b ON b.task_id = a.task_id AND b.id > a.id"
        "    WHERE a.project_id = %s AND a.state <> 'submitted' AND b.claimed_at < a.ended_at)",
        queue.project.pk, SLOTS, queue.project.pk,
    )  # fmt: skip
    return int(count)


def _missing(placed: list[str]) -> int:
    """Return how many of these submits, which were told that they are placed, left no answer."""
    [(count,)] = _ask(
        "SELECT count(*) FROM unnest(%s::uuid[]) AS token WHERE NOT EXISTS"
        " (SELECT FROM labeling_annotation a WHERE a.submission = token AND a.answers = %s::jsonb)",
        placed, json.dumps(ANSWER),
    )  # fmt: skip
    return int(count)


def _kept_beside(queue: Queue) -> int:
    [(count,)] = _ask(
        "SELECT count(*) FROM labeling_unplacedanswer u JOIN labeling_task t ON t.id = u.task_id WHERE t.project_id = %s",
        queue.project.pk,
    )
    return int(count)


def _returned(queue: Queue) -> tuple[int, float, int]:
    """Return how many tasks came back, the longest seconds after their lease, and how many have not."""
    [(returns, longest, waiting)] = _ask(
        "SELECT count(*), COALESCE(max(EXTRACT(epoch FROM e.at - l.until)), 0)::float8,"
        " (SELECT count(*) FROM routing_lease w WHERE w.project_id = %s AND w.state = 'live' AND w.until < now())"
        " FROM routing_lease l JOIN kernel_event e ON e.kind = 'task.open' AND e.subject = 'labeling.task'"
        "  AND e.subject_id = l.task_id AND (e.data->>'lease')::bigint = l.id WHERE l.project_id = %s",
        queue.project.pk, queue.project.pk,
    )  # fmt: skip
    return int(returns), float(longest), int(waiting)
