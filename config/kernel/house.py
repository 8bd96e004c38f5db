"""The database server under a command: the embedded one, held while it is needed, or the one of DATABASE_URL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from config.kernel import databases, embedded


def is_embedded() -> bool:
    """Whether there is no DATABASE_URL, so that the server is ours to start and stop."""
    return not os.environ.get("DATABASE_URL")


@contextmanager
def server() -> Iterator[None]:
    """Have the database server answer for as long as this lasts. Raises DatabaseUnusable with one sentence."""
    try:
        with embedded.held() if is_embedded() else nullcontext():
            yield
    except embedded.EmbeddedError as error:
        raise databases.DatabaseUnusable(str(error)) from error
