"""A bound on what is asked for at once, so that a file that claims too much is refused and the process lives on."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATUS = Path("/proc/self/status")


@contextmanager
def bounded(most: int) -> Iterator[None]:
    """Let this process take at most so many bytes beyond what it has, for as long as this lasts: more is MemoryError.

    It holds for the whole process, so it is for jobs, which do one thing at a time; and on Linux only, which says how
    much a process has.
    """
    if not STATUS.exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in (_taken() + most, soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _taken() -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmData"))
    return int(line.split()[1]) * 1024
