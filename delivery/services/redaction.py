"""Releases after an erasure: the files that carried it are written anew without it, and a signed document says so.

The release, its manifest and `hashes.txt` stay as they were frozen. What is gone follows from the erasures alone, so
that the job may be killed and run again at any point: new files are stored first, entered in one transaction, and only
then are the old ones deleted.
"""

import json
import tempfile
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import transaction

from config.kernel.canonical import canonical_bytes
from config.kernel.events import record
from config.kernel.locks import lock_row
from delivery import signing
from delivery.artifacts import HASHES, LINES, RECORDS, FileFact, ReleaseWriter, file_fact
from delivery.models import Artifact, ArtifactRedaction, Release, ReleaseEntry
from delivery.redaction import ERASURES, SIGNATURE, erasures_document, tombstone_of, without_persons_words
from delivery.services.stored_files import artifacts_of, forget_unserved
from delivery.training_views import Lessons
from delivery.types import ReleaseState
from labeling.models import Annotation, Erasure, FormVersion, Reviewer
from labeling.pseudonyms import pseudonym
from labeling.services.erased_files import keep_rewritten
from labeling.types import ErasureKind

MANIFEST = "manifest.json"
DOCUMENT = "application/json"


def erase_files(*, erasures: Collection[Erasure], until: float = float("inf")) -> set[int]:
    """Write anew every frozen release that carries what was erased; return the erasures that wait for the next run.

    They do once the time (monotonic) is up, which is after one release at the soonest; the last one is kept in the
    erasures' rows. Files that failed attempts at a release have left behind are deleted with it.
    """
    touched = _carrying(erasures)
    left = sorted({pk for erasure in erasures for pk in touched[erasure.pk] if pk > erasure.rewritten_through})
    for release in Release.objects.filter(pk__in=left).select_related("project__customer").order_by("pk"):
        redact_release(release=release)
        for failed in Release.objects.filter(project=release.project_id, state=ReleaseState.FAILED):
            forget_unserved(failed)
        keep_rewritten(
            erasures=[erasure for erasure in erasures if erasure.rewritten_through < release.pk], release_id=release.pk
        )
        if time.monotonic() >= until:
            return {each.pk for each in erasures if any(pk > release.pk for pk in touched[each.pk])}
    return set()


def redact_release(*, release: Release) -> bool:
    """Make the release's files say nothing of what was erased; return whether any had to be written. Idempotent."""
    gone = _Gone(release)
    changes = any(gone.line(old, digest) is not old for old, digest in gone.lines())
    if changes:
        scratch = settings.HOME / "scratch"
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=scratch, prefix="redaction-") as folder:
            facts = _write(gone, Path(folder))
            _store(release, Path(folder), facts)
            _enter(release, facts)
    forget_unserved(release)
    return changes


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


@dataclass
class _Gone:
    """What of one release is erased by now: items by external id and people by pseudonym, each with when."""

    release: Release
    records: dict[str, str] = field(default_factory=dict)

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

    def lines(self) -> Iterator[tuple[dict[str, Any], str]]:
        """Yield every record as it is handed out now, with the digest it was frozen with."""
        stored = storages["releases"]
        with (
            stored.open(self.artifacts[RECORDS].served.stored_as) as records,
            stored.open(self.artifacts[HASHES].stored_as) as hashes,
        ):
            for line, known in zip(records, hashes, strict=True):
                yield json.loads(line), bytes(known).split(b"  ", 1)[0].decode()

    def line(self, old: dict[str, Any], digest: str) -> dict[str, Any]:
        """Return the record as it has to be: the same object where nothing of it changes."""
        if "annotations" not in old:
            return old
        if old["external_id"] in self.items:
            return tombstone_of(old, digest)
        new = without_persons_words(old, digest, pseudonyms=self.people.keys(), form_of=self.forms.__getitem__)
        return old if new is None else new

    def note(self, new: dict[str, Any]) -> None:
        """Remember when what is gone of this record was erased."""
        if "record_digest" not in new:
            return
        if new["external_id"] in self.items:
            at = self.items[new["external_id"]]
        else:
            at = max(self.people[each["annotator"]] for each in new["annotations"] if each["annotator"] in self.people)
        self.records[new["record_digest"]] = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _write(gone: _Gone, folder: Path) -> list[FileFact]:
    """Write the release's records, table and views without what is gone, and the signed document; return what changed."""
    rebuilt = folder / "rebuilt"
    rebuilt.mkdir()
    with ReleaseWriter(rebuilt, gone.lessons) as writer, (folder / RECORDS).open("xb") as lines:
        for old, digest in gone.lines():
            new = gone.line(old, digest)
            gone.note(new)
            lines.write(canonical_bytes(new) + b"\n")
            if "annotations" in new:
                writer.add(new)
        content = writer.finish()
    facts = []
    for fact in content.files:
        if fact.name not in {RECORDS, HASHES}:
            (folder / fact.name).parent.mkdir(exist_ok=True)
            (rebuilt / fact.name).rename(folder / fact.name)
            facts.append(fact)
    facts.append(file_fact(folder, RECORDS, LINES))
    changed = [fact for fact in facts if fact.sha256 != gone.artifacts[fact.name].served.sha256]
    return [*changed, *_sign(gone, facts, folder)]


def _sign(gone: _Gone, facts: list[FileFact], folder: Path) -> list[FileFact]:
    replaced = [fact.as_dict() for fact in facts if fact.sha256 != gone.artifacts[fact.name].sha256]
    document = erasures_document(
        manifest=gone.release.manifest or {},
        manifest_sha256=gone.artifacts[MANIFEST].sha256,
        files=replaced,
        records=gone.records,
    )
    data = canonical_bytes(document)
    (folder / ERASURES).write_bytes(data)
    signature = signing.sign(signing.signing_key(settings.SIGNING_KEY), data)
    (folder / SIGNATURE).write_bytes(canonical_bytes(signature))
    return [file_fact(folder, ERASURES, DOCUMENT), file_fact(folder, SIGNATURE, DOCUMENT)]


def _stored_as(release: Release, fact: FileFact) -> str:
    return f"{release.public_id}/{fact.sha256[:32]}/{fact.name}"


def _store(release: Release, folder: Path, facts: list[FileFact]) -> None:
    for fact in facts:
        with (folder / fact.name).open("rb") as file:
            storages["releases"].save(_stored_as(release, fact), File(file))


@transaction.atomic
def _enter(release: Release, facts: list[FileFact]) -> None:
    release = lock_row(Release.objects.filter(pk=release.pk))
    known = {artifact.name: artifact for artifact in artifacts_of(release)}
    owned = {"customer_id": release.customer_id, "project_id": release.project_id}
    for fact in facts:
        file = {"stored_as": _stored_as(release, fact), "bytes": fact.bytes, "sha256": fact.sha256}
        if fact.name in known:
            ArtifactRedaction.objects.create(**owned, artifact=known[fact.name], **file)
        else:
            Artifact.objects.create(**owned, release=release, name=fact.name, media_type=fact.media_type, **file)
    record("release.redacted", subject=release, actor_id=None, data={"files": len(facts)})
