"""A release's files where they are stored: what is handed out stays, and nothing else has a reason to."""

from collections.abc import Iterator

from django.core.files.storage import Storage, storages

from delivery.models import Artifact, Release


def forget_unserved(release: Release) -> int:
    """Delete every stored file of the release that nobody is handed; return how many.

    These are files that a redaction has replaced, and what an attempt to freeze has left behind.
    """
    storage = storages["releases"]
    served = {artifact.served.stored_as for artifact in artifacts_of(release)}
    forgotten = [path for path in _walk(storage, str(release.public_id)) if path not in served]
    for path in forgotten:
        storage.delete(path)
    return len(forgotten)


def artifacts_of(release: Release) -> list[Artifact]:
    """Return the release's artifacts with their redactions."""
    return list(Artifact.objects.filter(release=release).prefetch_related("redactions").order_by("name"))


def _walk(storage: Storage, folder: str) -> Iterator[str]:
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in files)
    for name in folders:
        yield from _walk(storage, f"{folder}/{name}")
