"""Releases after an erasure: the parts that carried it are written anew without it, and a signed document says so.

The release, its manifest and `hashes.txt` stay as they were frozen. What is gone follows from the erasures alone, and
how far they were followed is in the parts' rows, so that the job may be killed at any point and goes on: each part's
new files stand ready beside the old ones until all have been written; they are entered in one transaction, and only
then are the old ones deleted.
"""

import json
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.models import F

from config.kernel.canonical import canonical_bytes
from config.kernel.events import record
from config.kernel.locks import lock_row
from delivery import signing
from delivery.artifacts import HASHES, LINES, RECORDS, FileFact, ReleaseWriter, file_fact
from delivery.models import Artifact, ArtifactRedaction, Release, ReleaseEntry, ReleasePart
from delivery.redaction import ERASURES, SIGNATURE, erasures_document, tombstone_of, without_persons_words
from delivery.services.parts import newest_erasure
from delivery.services.scratch import scratch_folder
from delivery.services.stored_files import Filed, artifacts_of, filed_parts, forget_unserved, store
from delivery.training_views import Lessons
from delivery.types import ReleaseState
from labeling.models import Annotation, Erasure, FormVersion, Reviewer
from labeling.pseudonyms import pseudonym
from labeling.services.erased_files import keep_rewritten
from labeling.types import ErasureKind

MANIFEST = "manifest.json"
DOCUMENT = "application/json"

# The parts behind some erasure that have a record of it: of the item, or of an item that the person judged.
WITH_ERASED = """
WITH touched AS MATERIALIZED (
    SELECT x.id AS erasure_id, e.external_id FROM delivery_release r
    JOIN labeling_erasure x ON x.customer_id = r.customer_id AND x.kind = 'item'
    JOIN delivery_releaseentry e ON e.release_id = r.id AND e.item_id = x.subject_id WHERE r.id = %(release)s
    UNION ALL
    SELECT x.id, e.external_id FROM delivery_release r
    JOIN labeling_erasure x ON x.customer_id = r.customer_id AND x.kind = 'person'
    JOIN labeling_reviewer who ON who.user_id = x.subject_id
    JOIN labeling_annotation a ON a.reviewer_id = who.id AND a.project_id = r.project_id
    JOIN labeling_round o ON o.id = a.round_id
    JOIN delivery_releaseentry e ON e.release_id = r.id AND e.item_id = o.item_id WHERE r.id = %(release)s
)
SELECT DISTINCT p.id FROM touched JOIN delivery_releasepart p ON p.release_id = %(release)s
  AND p.erased_through < touched.erasure_id
  AND touched.external_id > p.after AND (p.through IS NULL OR touched.external_id <= p.through)
"""


def erase_files(*, erasures: Collection[Erasure], until: float = float("inf")) -> set[int]:
    """Write anew every frozen release that carries what was erased; return the erasures that wait for the next run.

    They do once the time (monotonic) is up, which is after one part at the soonest; the last release is kept in the
    erasures' rows. They do, too, while a release of the customer is being frozen, which may hold any of it until it
    looks again before its end. Files that failed attempts at a release have left behind are deleted.
    """
    waiting = _being_frozen(erasures)
    touched = _carrying(erasures)
    left = sorted({pk for erasure in erasures for pk in touched[erasure.pk] if pk > erasure.rewritten_through})
    for release in Release.objects.filter(pk__in=left).select_related("project__customer").order_by("pk"):
        if not redact_release(release=release, until=until):
            return waiting | {each.pk for each in erasures if any(pk >= release.pk for pk in touched[each.pk])}
        for failed in Release.objects.filter(project=release.project_id, state=ReleaseState.FAILED):
            forget_unserved(failed)
        keep_rewritten(
            erasures=[erasure for erasure in erasures if erasure.rewritten_through < release.pk], release_id=release.pk
        )
        if time.monotonic() >= until:
            return waiting | {each.pk for each in erasures if any(pk > release.pk for pk in touched[each.pk])}
    return waiting


def redact_release(*, release: Release, until: float = float("inf")) -> bool:
    """Make the release's files say nothing of what was erased; return whether they do. Idempotent.

    It stops once the time (monotonic) is up, which is after one part at the soonest, and goes on from there.
    """
    gone = _Gone(release)
    newest = newest_erasure(customer_id=release.customer_id)
    behind = ReleasePart.objects.filter(release=release, erased_through__lt=newest)
    for part in behind.filter(pk__in=_parts_with_erased(release)).order_by("after"):
        _redact_part(gone, part, newest)
        if time.monotonic() >= until:
            return False
    behind.update(erased_through=newest)
    if ReleasePart.objects.filter(release=release, rewritten__isnull=False).exists():
        _enter(gone)
    forget_unserved(release)
    return True


def _being_frozen(erasures: Collection[Erasure]) -> set[int]:
    begun = Release.objects.filter(state=ReleaseState.REQUESTED, begun_at__isnull=False)
    customers = set(begun.values_list("customer_id", flat=True))
    return {erasure.pk for erasure in erasures if erasure.customer_id in customers}


def _carrying(erasures: Collection[Erasure]) -> dict[int, set[int]]:
    """The frozen releases with a record of the erased item, or of an item that the erased person judged, by erasure."""
    of_items = {erasure.subject_id: erasure.pk for erasure in erasures if erasure.kind == ErasureKind.ITEM}
    touched: dict[int, set[int]] = {erasure.pk: set() for erasure in erasures}
    entries = ReleaseEntry.objects.filter(item__in=of_items)
    for item_id, release_id in entries.values_list("item_id", "release_id"):
        touched[of_items[item_id]].add(release_id)
    for erasure in erasures:
        if erasure.kind == ErasureKind.PERSON:
            judged = Annotation.objects.filter(reviewer__user=erasure.subject_id, customer=erasure.customer_id).values(
                "round__item"
            )
            entries = ReleaseEntry.objects.filter(customer=erasure.customer_id, item__in=judged)
            touched[erasure.pk] |= set(entries.values_list("release_id", flat=True).distinct())
    return touched


def _parts_with_erased(release: Release) -> list[int]:
    """Return the parts of the release with a record of an item, or of an item judged by a person, erased since."""
    with connection.cursor() as cursor:
        cursor.execute(WITH_ERASED, {"release": release.pk})
        return [part for (part,) in cursor.fetchall()]


@dataclass
class _Gone:
    """What of one release is erased by now: items by external id and people by pseudonym, each with when."""

    release: Release

    @cached_property
    def artifacts(self) -> dict[str, Artifact]:
        return {artifact.name: artifact for artifact in artifacts_of(self.release)}

    @cached_property
    def items(self) -> dict[str, datetime]:
        erased = dict(
            Erasure.objects.filter(customer=self.release.customer_id, kind=ErasureKind.ITEM).values_list(
                "subject_id", "created_at"
            )
        )
        entries = ReleaseEntry.objects.filter(release=self.release, item__in=erased)
        return {name: erased[item_id] for item_id, name in entries.values_list("item_id", "external_id")}

    @cached_property
    def people(self) -> dict[str, datetime]:
        erased = dict(
            Erasure.objects.filter(customer=self.release.customer_id, kind=ErasureKind.PERSON).values_list(
                "subject_id", "created_at"
            )
        )
        key = bytes(self.release.project.customer.pseudonym_key)
        reviewers = Reviewer.objects.filter(user__in=erased).values_list("user_id", "public_id")
        return {pseudonym(key=key, reviewer=public_id): erased[user_id] for user_id, public_id in reviewers if user_id}

    @cached_property
    def forms(self) -> dict[int, Any]:
        published = FormVersion.objects.filter(project=self.release.project_id)
        return dict(published.values_list("number", "document"))

    @property
    def lessons(self) -> dict[int, Lessons]:
        """What the trainers' views are made of: what each form teaches, by its number."""
        return {number: Lessons.of(document) for number, document in self.forms.items()}

    def line(self, old: dict[str, Any], digest: str) -> dict[str, Any]:
        """Return the record as it has to be: the same object where nothing of it changes."""
        if "annotations" not in old:
            return old
        if old["external_id"] in self.items:
            return tombstone_of(old, digest)
        new = without_persons_words(old, digest, pseudonyms=self.people.keys(), form_of=self.forms.__getitem__)
        return old if new is None else new

    def erased_at(self, new: dict[str, Any]) -> str:
        """Return when what is gone of this record was erased."""
        if new["external_id"] in self.items:
            at = self.items[new["external_id"]]
        else:
            at = max(self.people[each["annotator"]] for each in new["annotations"] if each["annotator"] in self.people)
        return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _redact_part(gone: _Gone, part: ReleasePart, newest: int) -> None:
    """Write the part's files without what is gone, to stand ready; where nothing of it changes, say so."""
    with scratch_folder("redaction") as folder:
        facts, records = _write(gone, part, folder)
        if facts:
            pieces = store(gone.release, folder, facts, place=part.after)
            part.rewritten = {**part.files, **pieces}
            part.gone = records
        part.erased_through = newest
        part.save(update_fields=["rewritten", "gone", "erased_through"])


def _write(gone: _Gone, part: ReleasePart, folder: Path) -> tuple[list[FileFact], dict[str, str]]:
    """Write the part's records, tables and views without what is gone.

    Return the files, none where no record changes, and when what is gone of the part was erased, by record digest.
    """
    rebuilt, records, is_changed = folder / "rebuilt", {}, False
    with ReleaseWriter(rebuilt, gone.lessons) as writer, (folder / RECORDS).open("xb") as lines:
        for old, digest in _lines(part):
            new = gone.line(old, digest)
            is_changed |= new is not old
            lines.write(canonical_bytes(new) + b"\n")
            if "record_digest" in new:
                records[new["record_digest"]] = gone.erased_at(new)
            if "annotations" in new:
                writer.add(new)
        content = writer.finish()
    if not is_changed:
        return [], records
    facts = [file_fact(folder, RECORDS, LINES)]
    for fact in content.files:
        if fact.name not in {RECORDS, HASHES}:
            (folder / fact.name).parent.mkdir(exist_ok=True)
            (rebuilt / fact.name).rename(folder / fact.name)
            facts.append(fact)
    return facts, records


def _lines(part: ReleasePart) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every record of the part as it stands now, with the digest it was frozen with."""
    stored, files = storages["releases"], part.rewritten or part.files
    with (
        stored.open(files[RECORDS]["stored_as"]) as records,
        stored.open(files[HASHES]["stored_as"]) as hashes,
    ):
        for line, known in zip(records, hashes, strict=True):
            yield json.loads(line), bytes(known).split(b"  ", 1)[0].decode()


def _enter(gone: _Gone) -> None:
    """Put the files that stand ready in the others' place, with the document that says so, signed."""
    parts = list(ReleasePart.objects.filter(release=gone.release, records_count__gt=0).order_by("after"))
    anew = {name for part in parts if part.rewritten for name in part.files if part.rewritten[name] != part.files[name]}
    now = filed_parts([part.rewritten or part.files for part in parts], of=anew)
    shas = {name: artifact.served.sha256 for name, artifact in gone.artifacts.items()}
    changed = [filed for filed in now if filed.fact.sha256 != shas[filed.fact.name]]
    records = {digest: at for part in parts for digest, at in part.gone.items()}
    with scratch_folder("redaction") as folder:
        changed += _sign(gone, _replaced(gone, now), records, folder)
    _put_in_place(gone.release, changed)


def _replaced(gone: _Gone, now: list[Filed]) -> list[dict[str, Any]]:
    """Return what stands in the place of files that were frozen, in a redaction before as well as `now`."""
    current = {filed.fact.name: filed.fact.as_dict() for filed in now}
    served = [
        current.get(name) or {"name": name, "bytes": artifact.served.bytes, "sha256": artifact.served.sha256}
        for name, artifact in gone.artifacts.items()
        if name not in {ERASURES, SIGNATURE}
    ]
    return [each for each in served if each["sha256"] != gone.artifacts[each["name"]].sha256]


def _sign(gone: _Gone, replaced: list[dict[str, Any]], records: dict[str, str], folder: Path) -> list[Filed]:
    document = erasures_document(
        manifest=gone.release.manifest or {},
        manifest_sha256=gone.artifacts[MANIFEST].sha256,
        files=replaced,
        records=records,
    )
    data = canonical_bytes(document)
    (folder / ERASURES).write_bytes(data)
    signature = signing.sign(signing.signing_key(settings.SIGNING_KEY), data)
    (folder / SIGNATURE).write_bytes(canonical_bytes(signature))
    facts = [file_fact(folder, name, DOCUMENT) for name in (ERASURES, SIGNATURE)]
    pieces = store(gone.release, folder, facts)
    return [Filed(fact, [pieces[fact.name]]) for fact in facts]


@transaction.atomic
def _put_in_place(release: Release, changed: list[Filed]) -> None:
    release = lock_row(Release.objects.filter(pk=release.pk))
    known = {artifact.name: artifact for artifact in artifacts_of(release)}
    owned = {"customer_id": release.customer_id, "project_id": release.project_id}
    for filed in changed:
        name, file = filed.fact.name, filed.as_fields()
        if name in known:
            ArtifactRedaction.objects.create(**owned, artifact=known[name], **file)
        else:
            Artifact.objects.create(**owned, release=release, name=name, media_type=filed.fact.media_type, **file)
    ready = ReleasePart.objects.filter(release=release, rewritten__isnull=False)
    ready.update(files=F("rewritten"), rewritten=None)
    record("release.redacted", subject=release, actor_id=None, data={"files": len(changed)})
