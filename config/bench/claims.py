"""How many judgments a second, how long a reviewer waits, and what a queue's length costs: over HTTP, beside the floor.

The floor (`config.bench.floor`) runs in the same minutes, on the same server, under the same load; job workers run and
subscribers are drained all the while. What counts is the ratio.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings
from django.db import connections
from psycopg.types.json import Jsonb
from rich.progress import Progress

from config.bench import Report
from config.bench.load import Service, Timed, drive, percentile
from config.bench.queues import PAYLOAD, Queue, found_queue, grow, owner, restore_checks
from config.bench.shapes import WRITTEN, measure_answered, measure_shapes
from config.environment import owner_parameters
from config.house import House, free_port
from config.kernel import databases

ANSWER = {"preference": {"choice": "a"}}
POOLS = 10
MOST_REVIEWERS = 16


def size_name(tasks: int) -> str:
    """Return 10000 as 10k and 1000000 as 1m."""
    return f"{tasks // 1_000_000}m" if tasks % 1_000_000 == 0 else f"{tasks // 1000}k"


def assay_service(house: House) -> Service:
    address = httpx.URL(house.url)
    return Service(
        host=address.host,
        port=address.port or 80,
        scheme="Bearer",
        next_path="/api/desk/v1/next",
        next_body={},
        submit_path=lambda task: f"/api/desk/v1/tasks/{task['lease']['token']}/submit",
        submit_body={"value": ANSWER, "seconds": 5.0},
        name_of=lambda task: str(task["lease"]["token"]),
    )


def measure(house: House, *, tasks: list[int], reviewers: list[int], seconds: float, progress: Progress) -> Report:
    """Measure every size with every number of reviewers, then the hard shapes; return the figures."""
    report = Report()
    queue = found_queue(name="bench", reviewers=MOST_REVIEWERS, pools=POOLS)
    connections.close_all()
    with floor() as bare:
        for size in sorted(tasks):
            bar = progress.add_task(f"{size:,} open tasks", total=2 * len(reviewers) + 1)
            grow(queue, items=queue.items + size - _open_tasks(queue))
            bare.refill(size)
            progress.advance(bar)
            for count in reviewers:
                floor_timed = drive(bare.service, bare.tokens[:count], seconds=seconds)
                progress.advance(bar)
                timed = drive(assay_service(house), queue.keys[:count], seconds=seconds)
                progress.advance(bar)
                _report_pair(report, f"{size_name(size)}_r{count}", timed, floor_timed)
            if size in (min(tasks), max(tasks)):
                report.figures |= measure_answered(
                    queue, assay_service(house), size=size, name=size_name(size), seconds=seconds
                )
    measure_shapes(report, queue, assay_service(house), seconds=seconds, progress=progress)
    _report_growth(report, sorted(tasks), reviewers)
    report.figures["duplicates"] = _duplicates()
    restore_checks()
    return report


def _open_tasks(queue: Queue) -> int:
    with owner() as connection:
        row = connection.execute(
            "SELECT count(*) FROM labeling_task WHERE project_id = %s AND state = 'open'", [queue.project.pk]
        ).fetchone()
    return int(row[0]) if row else 0


def _report_pair(report: Report, name: str, timed: Timed, floor_timed: Timed) -> None:
    report.faults += [f"{name}: {refusal[:200]}" for refusal in (timed.refusals + floor_timed.refusals)[:3]]
    floor_rate = floor_timed.per_second
    report.figures |= {
        f"completed_per_s_{name}": round(timed.per_second, 1),
        f"floor_per_s_{name}": round(floor_rate, 1),
        f"ratio_to_floor_{name}": round(timed.per_second / floor_rate, 3) if floor_rate else 0.0,
        f"floor_next_p50_ms_{name}": round(percentile(floor_timed.next_ms, 0.5), 2),
    }
    for share in (50, 95, 99):
        report.figures[f"next_p{share}_ms_{name}"] = round(percentile(timed.next_ms, share / 100), 2)
        report.figures[f"submit_p{share}_ms_{name}"] = round(percentile(timed.submit_ms, share / 100), 2)


def _report_growth(report: Report, sizes: list[int], reviewers: list[int]) -> None:
    """Next's p95 for one reviewer at the longest queue over that at the shortest: who is new to it, who has answered most
    of it, and for whom nothing is left."""
    names = {"": f"{{}}_r{min(reviewers)}", "_answered": "answered_{}", "_nothing": "nothing_{}"}
    for suffix, name in names.items():
        short, long = (report.figures[f"next_p95_ms_{name.format(size_name(size))}"] for size in (sizes[0], sizes[-1]))
        report.figures[f"growth_next_p95{suffix}"] = round(long / short, 3) if short else 0.0


def _duplicates() -> int:
    """Return how many judgments there are beyond one a reviewer and round, and one a slot."""
    with owner() as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM (SELECT FROM labeling_annotation WHERE supersedes_id IS NULL"
            "  GROUP BY round_id, reviewer_id HAVING count(*) > 1) twice)"
            " + (SELECT count(*) FROM (SELECT FROM labeling_annotation WHERE code_version <> %s"
            "  GROUP BY task_id HAVING count(*) > 1) shared)",
            [WRITTEN],
        ).fetchone()
    return int(row[0]) if row else 0


# --- the floor -----------------------------------------------------------------------------------------------------------


@dataclass
class Floor:
    """The bare service at work, with a token a reviewer."""

    service: Service
    tokens: list[str]
    parameters: dict[str, Any]

    def refill(self, tasks: int) -> None:
        """Have exactly `tasks` open ones."""
        with databases.connect(self.parameters) as connection:
            connection.execute("TRUNCATE floor_task, floor_annotation")
            connection.execute(
                "INSERT INTO floor_task (position, payload) SELECT n, %s FROM generate_series(1, %s) AS n",
                [Jsonb(PAYLOAD), tasks],
            )
            connection.execute("VACUUM (ANALYZE) floor_task")


TABLES = """
CREATE TABLE floor_task (id bigserial PRIMARY KEY, position bigint NOT NULL, state text NOT NULL DEFAULT 'open',
                         reviewer_id bigint, payload jsonb NOT NULL);
CREATE INDEX floor_task_open ON floor_task (position) WHERE state = 'open';
CREATE TABLE floor_annotation (id bigserial PRIMARY KEY, task_id bigint NOT NULL, reviewer_id bigint NOT NULL,
                               answers jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
"""


@contextmanager
def floor() -> Iterator[Floor]:
    """Run the bare service on a database of its own, made anew, for as long as this lasts."""
    parameters = {**owner_parameters(), "NAME": "assay_bench_floor"}
    databases.drop(parameters)
    databases.create(parameters)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.bench.floor.settings"}
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
        cwd=settings.BASE_DIR,
        env=environment,
        check=True,
    )
    with databases.connect(parameters) as connection:
        connection.execute(TABLES)
        tokens = [f"{number:040d}" for number in range(MOST_REVIEWERS)]
        for number, token in enumerate(tokens, start=1):
            connection.execute(
                "INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff,"
                " is_active, date_joined) VALUES (%s, '', false, %s, '', '', '', false, true, now())",
                [number, f"reviewer-{number}"],
            )
            connection.execute(
                "INSERT INTO authtoken_token (key, created, user_id) VALUES (%s, now(), %s)", [token, number]
            )
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "config.bench.floor.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2",
        "--log-level", "error", "--config", "python:config.bench.floor",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment)
    try:
        _wait_for(port)
        yield Floor(_floor_service(port), tokens, parameters)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=1)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError("The floor does not answer.")


def _floor_service(port: int) -> Service:
    return Service(
        host="127.0.0.1",
        port=port,
        scheme="Token",
        next_path="/next",
        next_body={},
        submit_path=lambda task: f"/submit/{task['id']}",
        submit_body={"value": ANSWER, "seconds": 5.0},
        name_of=lambda task: str(task["id"]),
    )
