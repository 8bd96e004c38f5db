"""Reviewers at work over HTTP, several at once: each pulls its own tasks and answers them as it is told to."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from config.clients import Desk
from config.kernel.canonical import digest

# Gold and second opinions show up while others work: who finds nothing looks again a few times before leaving.
LOOKS = 8
LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reviewer submits for one task, and how long it took them."""

    value: dict[str, Any]
    seconds: float | None


@dataclass
class Work:
    """What the reviewers did. `repeats` counts tasks that a reviewer was given again after having answered them."""

    submitted: int = 0
    unplaced: int = 0
    repeats: int = 0
    by_reviewer: dict[str, int] = field(default_factory=dict)


def content_key(messages: list[dict[str, Any]], responses: list[dict[str, Any]]) -> str:
    """Return what identifies an item by what is shown of it: tasks carry no external ids."""
    texts = {response["key"]: response["text"] for response in responses}
    return digest([[(message["role"], message["content"]) for message in messages], texts])


def work(
    *,
    url: str,
    keys: Mapping[str, str],
    project: str,
    answer: Callable[[str, dict[str, Any]], Answer],
    at_once: int = 8,
    most: int | None = None,
    shares: Mapping[str, int] | None = None,
    on_submit: Callable[[], None] = lambda: None,
) -> Work:
    """Let every reviewer ({name: key}) work on the project until nothing is left for them; return what was done.

    `answer(name, task)` says what the reviewer answers. With `most`, they stop after about that many answers together;
    with `shares`, each after as many as are theirs.
    """
    done, guard = Work(), threading.Lock()

    def is_enough() -> bool:
        return most is not None and done.submitted >= most

    def one(name: str) -> None:
        seen: set[str] = set()
        with Desk(url, keys[name]) as desk:
            looks, left = LOOKS, shares[name] if shares else None
            while looks and left != 0 and not is_enough():
                task = desk.next(project)
                if task is None:
                    looks -= 1
                    time.sleep(LOOK_SECONDS)
                    continue
                looks, left = LOOKS, None if left is None else left - 1
                given = answer(name, task)
                is_placed = desk.submit(task, given.value, given.seconds)
                with guard:
                    done.submitted += 1
                    done.unplaced += not is_placed
                    done.repeats += task["lease"]["token"] in seen
                    done.by_reviewer[name] = done.by_reviewer.get(name, 0) + 1
                seen.add(task["lease"]["token"])
                on_submit()

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        for future in [pool.submit(one, name) for name in keys]:
            future.result()
    return done
