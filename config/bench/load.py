"""Reviewers as a load: so many at once, each asks for the next task and answers it, over HTTP, for so many seconds.

Plain sockets and no thinking time: what is measured is the server. Latencies are in milliseconds.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Timed:
    """What a load saw: latencies of both calls, how many answers were placed, who was given which task, and refusals."""

    seconds: float = 0.0
    next_ms: list[float] = field(default_factory=list)
    submit_ms: list[float] = field(default_factory=list)
    placed: int = 0
    unplaced: int = 0
    nothing: int = 0
    given: list[tuple[int, str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.placed / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Service:
    """How one server is spoken to: where, and what its two calls look like."""

    host: str
    port: int
    scheme: str
    next_path: str
    next_body: Json
    submit_path: Callable[[Json], str]
    submit_body: Json
    name_of: Callable[[Json], str]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the values do not exceed (nearest rank); 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def drive(service: Service, tokens: Sequence[str], *, seconds: float, most: int | None = None) -> Timed:
    """Let one reviewer a token work for `seconds`, or until `most` answers together; return what they saw."""
    timed, guard = Timed(), threading.Lock()
    start = threading.Barrier(len(tokens) + 1)
    ends = threading.Event()

    def work(who: int, token: str) -> None:
        headers = {"Authorization": f"{service.scheme} {token}", "Content-Type": "application/json"}
        seen = Timed()
        start.wait()
        while not ends.is_set():
            task = _ask(service, headers, seen)
            if task is None:
                if not seen.refusals:
                    continue
                break
            seen.given.append((who, service.name_of(task)))
            _answer(service, headers, task, seen)
            if most is not None and seen.placed * len(tokens) >= most:
                break
        with guard:
            for name in ("next_ms", "submit_ms", "given", "refusals"):
                getattr(timed, name).extend(getattr(seen, name))
            timed.placed += seen.placed
            timed.unplaced += seen.unplaced
            timed.nothing += seen.nothing

    threads = [threading.Thread(target=work, args=(who, token)) for who, token in enumerate(tokens)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join(max(0.0, seconds - (time.perf_counter() - began)))
    timed.seconds = time.perf_counter() - began
    ends.set()
    for thread in threads:
        thread.join()
    return timed


def _ask(service: Service, headers: dict[str, str], seen: Timed) -> Json | None:
    status, body, ms = _call(service, service.next_path, service.next_body, headers)
    if status != 200:
        seen.refusals.append(f"{status} {body}")
        return None
    seen.next_ms.append(ms)
    if body["task"] is None:
        seen.nothing += 1
    task: Json | None = body["task"]
    return task


def _answer(service: Service, headers: dict[str, str], task: Json, seen: Timed) -> None:
    status, body, ms = _call(service, service.submit_path(task), service.submit_body, headers)
    if status >= 300:
        seen.refusals.append(f"{status} {body}")
        return
    seen.submit_ms.append(ms)
    if body["placed"]:
        seen.placed += 1
    else:
        seen.unplaced += 1


def _call(service: Service, path: str, body: Json, headers: dict[str, str]) -> tuple[int, Json, float]:
    connection = http.client.HTTPConnection(service.host, service.port, timeout=60)
    began = time.perf_counter()
    try:
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    return response.status, json.loads(content), (time.perf_counter() - began) * 1000
