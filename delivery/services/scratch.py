"""Where a release's files are written before they are stored: local disk, which no other worker sees."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """Yield an empty folder that only this user reads, and take it away at the end with all that is in it."""
    scratch = settings.HOME / "scratch"
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=f"{purpose}-") as folder:
        yield Path(folder)
