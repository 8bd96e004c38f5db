"""Freezing: what is resolved becomes files, a manifest, a signature and immutable rows, or nothing at all.

In stages, each kept before the next begins: the parts are written (`delivery.services.parts`), then looked at again,
then sealed (`delivery.services.sealing`). Whoever is killed loses the stage they were at; the next goes on from there.
"""

import errno
import time

from django.db import transaction
from django.db.models.functions import Now

from config.kernel.errors import DomainError
from config.kernel.locks import ADVISORY_FREEZE, lock_row, session_lock
from config.kernel.transitions import transition
from delivery.models import Release, ReleasePart
from delivery.services.parts import drop_parts, erased_parts, next_stretch, write_part
from delivery.services.releases import refuse_if_held
from delivery.services.sealing import seal_release
from delivery.services.stored_files import forget_unserved
from delivery.types import RELEASE_MACHINE, ReleaseState
from labeling.models import Item
from labeling.types import ItemState
from quality.services.gold_results import resolve_gold


def freeze_release(*, release_id: int, until: float = float("inf")) -> bool:
    """Freeze the requested release, or fail it with the sentence that says why; return whether nothing is left to do.

    It works until the time (monotonic) is up, for one stage at least. Run again, or twice at once, it does no more.
    """
    with session_lock(ADVISORY_FREEZE, release_id) as is_alone:
        release = Release.objects.select_related("project__customer", "requested_by").get(pk=release_id)
        if not is_alone or release.state != ReleaseState.REQUESTED:
            return True
        try:
            return _go_on(release, until)
        except DomainError as error:
            _fail(release, error.message)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            _fail(
                release,
                "The disk is full, so nothing was frozen; free some space and ask for the release again.",
            )
        return True


def _go_on(release: Release, until: float) -> bool:
    refuse_if_held(project_id=release.project_id)
    if release.begun_at is None:
        _begin(release)
    drop_parts(release=release, part_ids=erased_parts(release_id=release.pk))
    while True:
        while (stretch := next_stretch(release_id=release.pk)) is not None:
            write_part(release=release, stretch=stretch)
            if time.monotonic() >= until:
                return False
        forget_unserved(release)
        if not (stale := seal_release(release=release)):
            return True
        drop_parts(release=release, part_ids=stale)


def _begin(release: Release) -> None:
    if release.project.is_gold_delivered:
        resolve_gold(project_id=release.project_id)
    resolved = Item.objects.filter(project=release.project_id, state=ItemState.RESOLVED)
    Release.objects.filter(pk=release.pk).update(begun_at=Now(), worked_at=Now(), expected_count=resolved.count())
    release.refresh_from_db(fields=["begun_at", "expected_count"])


def _fail(release: Release, sentence: str) -> None:
    parts = ReleasePart.objects.filter(release=release)
    drop_parts(release=release, part_ids=set(parts.values_list("pk", flat=True)))
    forget_unserved(release)
    with transaction.atomic():
        release = lock_row(Release.objects.filter(pk=release.pk))
        transition(
            release,
            ReleaseState.FAILED,
            machine=RELEASE_MACHINE,
            actor_id=None,
            fault=sentence[:500],
            begun_at=None,
            expected_count=0,
        )
