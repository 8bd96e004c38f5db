"""Workers that die: a real process, killed in the middle of what it does."""

import multiprocessing
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from django.db import connections

SECONDS = 30


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
