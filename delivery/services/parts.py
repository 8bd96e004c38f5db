"""The parts of a release that is being frozen: written one after another, each kept whole or not at all.

A part is a stretch of external ids. Its records are streamed from one snapshot into local files, these are stored, and
one short transaction keeps the part with its staged entries. A worker that is killed leaves at most files that no part
has; the next one begins with the first stretch that no part covers. How many records a part has does not depend on
where somebody was killed, so the files do not either.
"""

import csv
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from config.kernel.locks import lock_row
from delivery.artifacts import Content, ReleaseWriter
from delivery.holding import DOUBTED, HELD
from delivery.models import Release, ReleasePart
from delivery.services.scratch import scratch_folder
from delivery.services.stored_files import Piece, forget_unserved, store
from delivery.snapshot import Stretch, Tally, carried_records
from delivery.training_views import Lessons
from labeling.models import Erasure, FormVersion

# A part ends with whichever of these comes first. It takes some seconds: no more is lost with a worker.
RECORDS_A_PART = 20_000
BYTES_A_PART = 128 * 1024**2

STAGE = (
    "COPY delivery_stagedentry (customer_id, project_id, part_id, resolution_id, item_id, external_id, outcome,"
    " record_digest) FROM STDIN"
)

# Parts that hold, or may hold, what was erased after they were read: an erased item's record; of people, any words.
ERASED = """
SELECT DISTINCT p.id FROM delivery_releasepart p
JOIN labeling_erasure x ON x.customer_id = p.customer_id AND x.id > p.erased_through
WHERE p.release_id = %s AND (x.kind NOT IN ('item', 'batch') OR x.kind = 'item' AND EXISTS (
    SELECT FROM delivery_stagedentry e WHERE e.part_id = p.id AND e.item_id = x.subject_id))
"""

# Parts with an entry of which this is true by now.
STAGED_AND = """
SELECT DISTINCT p.id FROM delivery_releasepart p JOIN delivery_stagedentry e ON e.part_id = p.id
JOIN quality_resolution s ON s.id = e.resolution_id WHERE p.release_id = %s AND {}
"""


def next_stretch(*, release_id: int) -> Stretch | None:
    """Return the first external ids that no part of the release covers; None once there are none."""
    after = ""
    parts = ReleasePart.objects.filter(release=release_id).order_by("after")
    for begins, through in parts.values_list("after", "through"):
        if begins != after:
            return Stretch(after, begins)
        if through is None:
            return None
        after = through
    return Stretch(after, None)


def write_part(*, release: Release, stretch: Stretch) -> None:
    """Write the beginning of the stretch as a part of the release: all of it, or as much as a part may have."""
    with scratch_folder("release") as folder:
        tally = Tally()
        content, through, erased_through = _write(release, stretch, folder, tally)
        files = store(release, folder / "files", content.files, place=stretch.after) if content.records_count else {}
        _keep(release, Stretch(stretch.after, through), content, tally, files, erased_through, folder / "rows.csv")


def _write(release: Release, stretch: Stretch, folder: Path, tally: Tally) -> tuple[Content, str | None, int]:
    """Write the files of a part and the rows of its entries; return its content, its end, and the last erasure seen."""
    last, is_full = stretch.after, False
    with _snapshot():
        erased_through = newest_erasure(customer_id=release.customer_id)
        with (
            ReleaseWriter(folder / "files", _lessons(release.project_id)) as writer,
            (folder / "rows.csv").open("w", newline="") as rows,
            closing(carried_records(release.project, tally, stretch, RECORDS_A_PART)) as carried_of,
        ):
            out = csv.writer(rows)
            for number, carried in enumerate(carried_of, start=1):
                digest, last = writer.add(carried.record), carried.record["external_id"]
                outcome = carried.record["resolution"]["outcome"]
                out.writerow([carried.resolution_id, carried.item_id, last, outcome, digest])
                if is_full := number == RECORDS_A_PART or writer.bytes >= BYTES_A_PART:
                    break
            content = writer.finish()
    return content, last if is_full else stretch.through, erased_through


def newest_erasure(*, customer_id: int) -> int:
    """Return the last erasure of the customer; one after another is made, as each locks the customer first."""
    return Erasure.objects.filter(customer=customer_id).aggregate(newest=Max("pk"))["newest"] or 0


def _lessons(project_id: int) -> dict[int, Lessons]:
    """Return what each of the project's forms has to teach, by its number."""
    forms = FormVersion.objects.filter(project=project_id).values_list("number", "document")
    return {number: Lessons.of(document) for number, document in forms.iterator()}


@contextmanager
def _snapshot() -> Iterator[None]:
    """One view of the whole database for as long as this lasts."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


@transaction.atomic
def _keep(
    release: Release,
    stretch: Stretch,
    content: Content,
    tally: Tally,
    files: dict[str, Piece],
    erased_through: int,
    rows: Path,
) -> None:
    lock_row(Release.objects.filter(pk=release.pk))
    part = ReleasePart.objects.create(
        customer_id=release.customer_id,
        project_id=release.project_id,
        release=release,
        after=stretch.after,
        through=stretch.through,
        records_count=content.records_count,
        counts={
            "outcomes": content.outcomes,
            "languages": content.languages,
            "views": content.view_rows,
            "tally": tally.as_dict(),
        },
        files=files,
        erased_through=erased_through,
    )
    with connection.cursor() as cursor, cursor.copy(STAGE) as copy, rows.open(newline="") as written:
        for resolution_id, item_id, *said in csv.reader(written):
            copy.write_row((release.customer_id, release.project_id, part.pk, int(resolution_id), int(item_id), *said))
    Release.objects.filter(pk=release.pk).update(
        records_count=F("records_count") + content.records_count, worked_at=Now()
    )


def drop_parts(*, release: Release, part_ids: Collection[int]) -> None:
    """Take parts of a release that is not frozen back, with their files, so that they are written anew. Idempotent."""
    if not part_ids:
        return
    with transaction.atomic():
        lock_row(Release.objects.filter(pk=release.pk))
        for part in ReleasePart.objects.filter(release=release, pk__in=part_ids).order_by("after"):
            Release.objects.filter(pk=release.pk).update(records_count=F("records_count") - part.records_count)
            part.delete()
    forget_unserved(release)


def erased_parts(*, release_id: int) -> set[int]:
    """Return the parts of the release that may hold what was erased since they were read."""
    return _parts(ERASED, release_id)


def held_parts(*, release_id: int, by_doubts_alone: bool = False) -> set[int]:
    """Return the parts of the release with results that came to be held since they were read."""
    return _parts(STAGED_AND.format(DOUBTED if by_doubts_alone else HELD), release_id)


def _parts(found_by: str, release_id: int) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(found_by, [release_id])
        return {part for (part,) in cursor.fetchall()}
