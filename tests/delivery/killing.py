"""Releases worked on by processes of their own, which are killed in the middle, or met there."""

import os
import signal
import subprocess
import sys
import time

from django.conf import settings
from django.db import connection

from delivery.models import ReleasePart

STARTED = """
import django, sys
from django.conf import settings
settings.DATABASES["default"]["NAME"] = settings.DATABASES["default"]["TEST"]["NAME"]
settings.STORAGES["releases"]["OPTIONS"]["location"] = sys.argv[2]
django.setup()
"""

FREEZE = f"""{STARTED}
from delivery.services import parts
from delivery.services.freezing import freeze_release
parts.RECORDS_A_PART = int(sys.argv[3])
freeze_release(release_id=int(sys.argv[1]))
"""

FINISH_ERASURES = f"""{STARTED}
from config.erasures import finish
finish(int(sys.argv[1]))
"""


def in_another_process(script, subject, *more):
    location = str(settings.STORAGES["releases"]["OPTIONS"]["location"])
    return subprocess.Popen(
        [sys.executable, "-c", script, str(subject), location, *map(str, more)],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )


def wait_for(condition):
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def kill(process):
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def wait_for_parts(least):
    wait_for(lambda: ReleasePart.objects.count() >= least)


def is_somebody_waiting():
    """Whether any session waits for a lock of another's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0
