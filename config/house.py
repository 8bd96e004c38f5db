"""The house at work on one machine: database, web server and job workers, started together and stopped together."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

import httpx
from django.conf import settings
from django.db import connections

from config.environment import owner_parameters
from config.kernel import databases, embedded
from config.kernel.house import server

START_SECONDS = 60.0
STOP_SECONDS = 15.0
PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """The house cannot be started; the message is one sentence saying why and what to do."""


class House:
    """Runs for as long as `running` lasts. `url` is where it answers; logs lie in the data folder."""

    def __init__(self, *, host: str, port: int, plays_people: bool = False) -> None:
        self.url = f"http://{reachable(host)}:{port}"
        self.logs = settings.HOME / "logs"
        self._host, self._port = host, port
        self._times = {"ASSAY_TIMES_AS_TOLD": "yes"} if plays_people else {}
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, *, web_workers: int = 2) -> None:
        """Start web and job processes and wait until the house is ready. Raises CannotStart."""
        for folder in (self.logs, settings.STATIC_ROOT):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        bind = f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"
        self._spawn(
            "web",
            [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", bind, "--workers", str(web_workers)],
        )
        for queue in ("quick", "bulk"):
            self._spawn(queue, [sys.executable, "manage.py", "qcluster", "--name", queue])
        self._wait_until_ready()

    def _spawn(self, name: str, command: list[str]) -> None:
        with open(self.logs / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._times, "ASSAY_DATABASE_ROLE": "runtime", "Q_CLUSTER_NAME": name},
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self._running.append((name, process))

    def _wait_until_ready(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            self.check()
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise CannotStart(f"The web server does not answer at {self.url}; see {self.logs / 'web.log'}.")

    def check(self) -> None:
        """Raise CannotStart if one of the processes has ended."""
        for name, process in self._running:
            if process.poll() is not None:
                raise CannotStart(f"The {name} process ended by itself; see {self.logs / f'{name}.log'}.")

    def stop(self) -> None:
        """End every process that was started, gently first, and wait until all are gone."""
        for _name, process in self._running:
            process.terminate()
        ends = time.monotonic() + STOP_SECONDS
        for _name, process in self._running:
            try:
                process.wait(max(0.1, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            # Workers share the group of the process that started them: what is left of it ends here.
            _signal_group(process, signal.SIGKILL)
            process.wait()
        self._running.clear()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def _die_with_parent() -> None:
    """Ask Linux to end this process with the one that started it; elsewhere a killed parent leaves it running."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def reachable(host: str) -> str:
    """Return how this machine reaches what listens on `host`, as it stands in an address."""
    if host in {"0.0.0.0", ""}:
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def free_port() -> int:
    """Return a port of this machine that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_port(host: str, port: int) -> None:
    """Raise CannotStart if the port cannot be listened on."""
    if not 1 <= port <= 65_535:
        raise CannotStart(f"{port} is not a port; choose one from 1 to 65535 with --port.")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "not a port"
            raise CannotStart(
                f"Port {port} cannot be used ({reason.lower()}); stop what listens there, or choose another with --port."
            ) from None


@contextmanager
def running(
    *, host: str = "127.0.0.1", port: int | None = None, is_new: bool = False, plays_people: bool = False
) -> Iterator[House]:
    """Run the house on its database, made anew with `is_new`, migrated otherwise; everything started is stopped after.

    With `plays_people` it believes how long they say that they took: a whole week is played in a minute.

    Raises CannotStart. Ending this process by SIGTERM or SIGHUP ends the others as well.
    """
    if port is not None:
        check_port(host, port)
    with ExitStack() as stack:
        stack.enter_context(_ended_by_signals())
        try:
            stack.enter_context(server())
            if is_new:
                stack.enter_context(databases.reserved(owner_parameters()))
            prepare_database(is_new=is_new)
        except (databases.DatabaseUnusable, embedded.EmbeddedError) as error:
            raise CannotStart(str(error)) from error
        house = House(host=host, port=port or free_port(), plays_people=plays_people)
        stack.callback(house.stop)
        stack.callback(connections.close_all)
        house.start()
        yield house


def prepare_database(*, is_new: bool) -> None:
    """Make the database where it is missing (anew with `is_new`), and bring tables, roles and schedules up to date."""
    owner = owner_parameters()
    if is_new:
        databases.drop(owner)
    databases.create(owner)
    _manage("migrate", role="owner")
    _manage("schedules", role="runtime")


def _manage(command: str, *, role: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", command, "--verbosity", "0"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "ASSAY_DATABASE_ROLE": role},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CannotStart(f"manage.py {command} failed: {last}")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Turn the signals that end a process into an exception, so that what was started is stopped."""

    def end(number: int, _frame: FrameType | None) -> Any:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
