"""DATABASE_URL, and the embedded server: made, shared, killed, stopped."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from config.house import CannotStart, check_port, reachable
from config.kernel import databases, embedded
from config.kernel.database_url import BrokenUrl, parse

ROOT = Path(settings.BASE_DIR)


def test_a_url_becomes_connection_settings():
    found = parse("postgres://own%40er:p%2Fw@db.example.org:5433/assay?sslmode=require")
    assert found == {
        "NAME": "assay",
        "USER": "own@er",
        "PASSWORD": "p/w",
        "HOST": "db.example.org",
        "PORT": "5433",
        "OPTIONS": {"connect_timeout": "10", "sslmode": "require"},
    }


def test_a_folder_of_sockets_is_a_host():
    assert parse("postgresql://owner@/assay?host=/run/postgresql")["HOST"] == "/run/postgresql"
    assert parse("postgresql://owner@%2Frun%2Fpostgresql/assay")["HOST"].lower() == "/run/postgresql"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://a:b@c/d", "runs on PostgreSQL only"),
        ("nonsense", "runs on PostgreSQL only"),
        ("postgres://a:b@c:port/d", "cannot be read"),
        ("postgres://a:b@c/", "names no database"),
        ("postgres://c/d", "names no user"),
        ("postgres://a@c/d?sslmode", "key=value"),
    ],
)
def test_a_broken_url_is_one_sentence_without_the_password(url, said):
    with pytest.raises(BrokenUrl, match=said) as refused:
        parse(url)
    assert ":b@" not in str(refused.value)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DATABASE_URL": "mysql://a:b@c/d"}, "assay: DATABASE_URL begins with 'mysql'"),
        ({"ASSAY_ENV": "staging"}, "assay: ASSAY_ENV must be development or production"),
        ({"ASSAY_ENV": "production"}, "assay: set ASSAY_SECRET_KEY"),
        ({"ASSAY_ENV": "production", "ASSAY_SECRET_KEY": "x" * 60}, "assay: set DATABASE_URL"),
        ({"ASSAY_DATABASE_ROLE": "king"}, "assay: ASSAY_DATABASE_ROLE must be owner or runtime"),
    ],
)
def test_a_wrong_environment_ends_a_command_with_a_sentence(tmp_path, variables, said):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "ASSAY_HOME": str(tmp_path), **variables},
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr.startswith(said)
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", [["demo"], ["serve", "--port", "58213"], ["migrate"], ["schedules"]])
def test_a_database_that_does_not_answer_ends_a_command_with_a_sentence(tmp_path, command):
    done = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": os.environ["PATH"], "ASSAY_HOME": str(tmp_path), "DATABASE_URL": "postgres://a:secret@127.0.0.1:1/d"},
    )  # fmt: skip
    assert done.returncode != 0
    assert "PostgreSQL cannot be reached" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_is_a_file_ends_a_command_with_a_sentence(tmp_path):
    path = tmp_path / "file"
    path.touch()
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "ASSAY_HOME": str(path)},
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr.startswith(f"assay: the data folder {path} cannot be used (it is a file)")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_database_is_one_commands_at_a_time(database_server):
    parameters = settings.DATABASES["default"]
    with (
        databases.reserved(parameters),
        pytest.raises(databases.DatabaseUnusable, match="at work on the database"),
        databases.reserved(parameters),
    ):
        pass
    with databases.reserved(parameters):
        pass


@pytest.mark.parametrize("port", [0, 65_536, -1])
def test_what_is_not_a_port_is_refused(port):
    with pytest.raises(CannotStart, match="is not a port"):
        check_port("127.0.0.1", port)


def test_an_address_is_reached_where_it_listens():
    assert [reachable(host) for host in ("127.0.0.1", "0.0.0.0", "::", "::1")] == [
        "127.0.0.1", "127.0.0.1", "[::1]", "[::1]",
    ]  # fmt: skip


def test_a_port_in_use_ends_serve_with_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "serve", "--port", str(port)], cwd=ROOT, capture_output=True, text=True,
            check=False, timeout=60, env={"PATH": os.environ["PATH"], "ASSAY_HOME": str(tmp_path)},
        )  # fmt: skip
    assert done.returncode != 0
    assert f"Port {port} cannot be used" in done.stderr
    assert not (tmp_path / "postgres").exists()


@pytest.fixture
def home(monkeypatch):
    """A data folder with a space in its path, which the server's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="assay test ", dir="/tmp"))
    folder.chmod(0o711)
    monkeypatch.setenv("ASSAY_HOME", str(folder))
    yield folder
    embedded.stop()
    shutil.rmtree(folder, ignore_errors=True)


def connect():
    parameters = embedded.connection_parameters(name="postgres")
    return psycopg.connect(
        host=parameters["HOST"], port=parameters["PORT"], user=parameters["USER"], password=parameters["PASSWORD"],
        dbname="postgres", autocommit=True,
    )  # fmt: skip


def test_the_embedded_server_is_made_held_and_stopped_in_a_path_with_a_space(home):
    with embedded.held():
        with connect() as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        with embedded.held():
            assert embedded.is_running()
        assert embedded.is_running()
    assert not embedded.is_running()
    assert (home / "secrets/postgres.password").stat().st_mode & 0o077 == 0


def test_what_was_committed_survives_kill_9(home):
    with embedded.held():
        with connect() as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (7)")
        os.kill(embedded._server_pid(), signal.SIGKILL)
        while embedded.is_running():
            time.sleep(0.01)
        embedded.ensure_running()
        with connect() as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_a_killed_holder_lets_go_and_the_last_one_stops_the_server(home):
    script = "import time\nfrom config.kernel import embedded\nwith embedded.held():\n    print('held', flush=True)\n    time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    with embedded.held():
        holder.kill()
        holder.wait()
        holder.stdout.close()
        assert embedded.is_running()
    assert not embedded.is_running()


def test_the_last_holder_stops_the_server_while_who_started_it_lives_on(home):
    script = (
        "from config.kernel import embedded\nwith embedded.held():\n    print('held', flush=True)\n    input()\n"
        "print('left', flush=True)\ninput()"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
        assert starter.stdin is not None
        assert starter.stdout is not None
        assert starter.stdout.readline() == "held\n"
        with embedded.held():
            print(file=starter.stdin, flush=True)
            assert starter.stdout.readline() == "left\n"
            began = time.monotonic()
        assert time.monotonic() - began < embedded.STOP_SECONDS / 2
        assert not embedded.is_running()
        print(file=starter.stdin, flush=True)


def test_data_are_not_removed_while_somebody_holds_them(home):
    with embedded.held(), pytest.raises(embedded.EmbeddedError, match="stop it first"):
        embedded.remove()
    embedded.remove()
    assert not (home / "postgres").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_root_keeps_the_data_where_the_servers_user_can_reach_them(home):
    home.chmod(0o700)
    with embedded.held():
        assert embedded.is_running()
        assert not (home / "postgres").exists()
        place = embedded._data_folder(embedded._account())
    assert place.parent == embedded.ROOTS_FOLDER
    shutil.rmtree(place)
