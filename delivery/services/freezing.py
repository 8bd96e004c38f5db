"""Freezing: what is resolved becomes files, a manifest, a signature and immutable rows, or nothing at all.

In three steps, so that no lock is held while files are written: one snapshot is streamed to a local folder; the files
are stored under the content's digest; one short transaction enters the rows and freezes the release. A crash in between
leaves files that nobody points at, and the sweep begins again.
"""

import csv
import errno
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import connection, transaction

from config.kernel.canonical import canonical_bytes
from config.kernel.errors import DomainError
from config.kernel.jobs import enqueue
from config.kernel.locks import ADVISORY_FREEZE, lock_row, session_lock
from config.kernel.transitions import transition
from delivery import signing
from delivery.artifacts import Content, FileFact, ReleaseWriter, file_fact
from delivery.card import dataset_card
from delivery.errors import ErasedMeanwhile, NothingToRelease
from delivery.holding import held_results
from delivery.manifest import build_manifest
from delivery.models import Artifact, Release
from delivery.services.releases import refuse_if_held
from delivery.services.stored_files import forget_unserved
from delivery.snapshot import Tally, carried_records
from delivery.training_views import Lessons
from delivery.types import RELEASE_MACHINE, ReleaseState
from labeling.forms import RATING, kept_schema, values_of
from labeling.models import Batch, Customer, Erasure, FormVersion, GuidelineVersion
from quality.agreement import agreement
from quality.selectors import gold_accuracy
from quality.services.gold_results import resolve_gold

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
CARD = "README.md"

ENTER = (
    "COPY delivery_releaseentry (customer_id, project_id, release_id, resolution_id, item_id, external_id, outcome,"
    " record_digest) FROM STDIN"
)


def freeze_release(*, release_id: int) -> None:
    """Freeze the requested release, or fail it with the sentence that says why. Run again, or twice at once, it does no more."""
    with session_lock(ADVISORY_FREEZE, release_id) as is_alone:
        release = Release.objects.select_related("project__customer", "requested_by").get(pk=release_id)
        if not is_alone or release.state != ReleaseState.REQUESTED:
            return
        scratch = settings.HOME / "scratch"
        try:
            refuse_if_held(project_id=release.project_id)
            if release.project.is_gold_delivered:
                resolve_gold(project_id=release.project_id)
            scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=scratch, prefix="release-") as folder:
                built = _build(release, Path(folder))
                _store(release, built)
                _enter(release_id, built)
        except ErasedMeanwhile:
            forget_unserved(release)
            enqueue("delivery.jobs.freeze", release_id, queue="bulk")
        except DomainError as error:
            _fail(release_id, error.message)
            forget_unserved(release)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            _fail(
                release_id,
                "The disk is full, so nothing was frozen; free some space and ask for the release again.",
            )


class _Built:
    """A release as files in a folder: its content, its manifest, and the rows to enter."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.rows = folder / "rows.csv"
        self.files.mkdir()
        self.content: Content
        self.manifest: dict[str, Any]
        self.facts: tuple[FileFact, ...]
        self.erasures_count = 0


def _build(release: Release, folder: Path) -> _Built:
    built, tally = _Built(folder), Tally()
    with _snapshot() as as_of:
        built.erasures_count = Erasure.objects.filter(customer=release.customer_id).count()
        with (
            ReleaseWriter(built.files, _lessons(release.project_id)) as writer,
            built.rows.open("w", newline="") as rows,
        ):
            out = csv.writer(rows)
            for carried in carried_records(release.project, tally):
                digest = writer.add(carried.record)
                outcome = carried.record["resolution"]["outcome"]
                out.writerow([carried.resolution_id, carried.item_id, carried.record["external_id"], outcome, digest])
            built.content = writer.finish()
        if built.content.records_count == 0:
            raise NothingToRelease(_why_nothing(release.project_id))
        built.manifest = _manifest(release, built.content, tally, as_of)
    return _seal(built)


def _why_nothing(project_id: int) -> str:
    held = held_results(project_id=project_id)
    if held:
        return f"All that is resolved is held: {held.in_words()}."
    return "Nothing of the project is resolved; there is nothing to freeze."


def _lessons(project_id: int) -> dict[int, Lessons]:
    """Return what each of the project's forms has to teach, by its number."""
    forms = FormVersion.objects.filter(project=project_id).values_list("number", "document")
    return {number: Lessons.of(document) for number, document in forms.iterator()}


@contextmanager
def _snapshot() -> Iterator[str]:
    """One view of the whole database for as long as this lasts; yields its time."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT to_char(statement_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')")
        yield cursor.fetchone()[0]


def _manifest(release: Release, content: Content, tally: Tally, as_of: str) -> dict[str, Any]:
    project = release.project
    batches = Batch.objects.in_bulk(tally.batches)
    forms = FormVersion.objects.filter(project=project, number__in=tally.forms).order_by("number")
    scales = _scales([form.document for form in forms])
    return build_manifest(
        release={
            "id": str(release.public_id),
            "version": release.number,
            "project": {"id": str(project.public_id), "slug": project.slug, "name": project.name},
            "customer": project.customer.slug,
            "as_of": as_of,
        },
        content=content,
        sources=[
            {
                "batch": str(batch.public_id),
                "name": batch.name,
                "sha256": batch.source_digest,
                "bytes": batch.source_bytes,
                "records": tally.batches[batch.pk],
            }
            for batch in sorted(batches.values(), key=lambda batch: batch.pk)
        ],
        documents={
            "guidelines": _documents(GuidelineVersion, project.pk, tally.guidelines),
            "forms": [
                {"number": form.number, "sha256": form.digest, "answers_schema": kept_schema(form.document)}
                for form in forms
            ],
            "codes": sorted(tally.codes),
        },
        reviewers=sorted(tally.annotators.values(), key=lambda each: each["annotator"]),
        quality={
            "thresholds": project.quality_contract,
            "agreement": {
                path: _agreement(votes, scales.get(path.partition(".")[0]))
                for path, votes in sorted(tally.votes.items())
            },
            "gold": gold_accuracy(project_id=project.pk),
            "annotations": tally.annotations,
        },
        window={
            "first": tally.first.isoformat() if tally.first else None,
            "last": tally.last.isoformat() if tally.last else None,
        },
        code_version=settings.CODE_VERSION,
    )


def _documents(model: Any, project_id: int, numbers: set[int]) -> list[dict[str, Any]]:
    found = model.objects.filter(project=project_id, number__in=numbers).order_by("number")
    return [{"number": each.number, "sha256": each.digest} for each in found]


def _scales(forms: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the degrees of each rating question from low to high, over all versions of the form, as votes spell them."""
    degrees: dict[str, set[int]] = defaultdict(set)
    for form in forms:
        for question in form["questions"]:
            if question["type"] == RATING:
                degrees[question["id"]] |= set(values_of(question, "scale"))
    return {name: list(map(str, sorted(values))) for name, values in degrees.items()}


def _agreement(votes: Any, scale: Sequence[str] | None) -> dict[str, Any]:
    """Agreement on one question, over the records that two people or more have judged; ordinal where there is a scale."""
    patterns = {pattern: count for pattern, count in votes.items() if sum(n for _, n in pattern) > 1}
    is_ordinal = scale is not None and all(value in scale for pattern in patterns for value, _ in pattern)
    found = agreement(patterns, order=scale if is_ordinal else None)
    return {
        "units": found.units,
        "unanimous_share": _rounded(found.unanimous_share),
        "krippendorff_alpha": _rounded(found.alpha),
        "interval_95": [_rounded(found.alpha_low), _rounded(found.alpha_high)],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _seal(built: _Built) -> _Built:
    """Write the card, name every file in the manifest, and sign it."""
    card = built.files / CARD
    card.write_text(dataset_card(manifest=built.manifest), encoding="utf-8")
    facts = (*built.content.files, file_fact(built.files, CARD, "text/markdown; charset=utf-8"))
    built.manifest["files"] = [fact.as_dict() for fact in sorted(facts, key=lambda fact: fact.name)]
    data = canonical_bytes(built.manifest)
    (built.files / MANIFEST).write_bytes(data)
    signature = signing.sign(signing.signing_key(settings.SIGNING_KEY), data)
    (built.files / SIGNATURE).write_bytes(canonical_bytes(signature))
    built.facts = (
        *facts,
        file_fact(built.files, MANIFEST, "application/json"),
        file_fact(built.files, SIGNATURE, "application/json"),
    )
    return built


def _stored_as(release: Release, built: _Built, fact: FileFact) -> str:
    """By content: a second attempt that carries something else never writes over the files of the first."""
    return f"{release.public_id}/{fact.sha256[:32]}/{fact.name}"


def _store(release: Release, built: _Built) -> None:
    """Store every file, or none: what was stored before one could not be is deleted again."""
    try:
        for fact in built.facts:
            with (built.files / fact.name).open("rb") as file:
                storages["releases"].save(_stored_as(release, built, fact), File(file))
    except OSError:
        for fact in built.facts:
            storages["releases"].delete(_stored_as(release, built, fact))
        raise


@transaction.atomic
def _enter(release_id: int, built: _Built) -> None:
    """Enter the rows. An erasure locks the customer too: it finds these rows, or is found here (ErasedMeanwhile)."""
    customers = Release.objects.filter(pk=release_id).values("customer")
    customer = lock_row(Customer.objects.filter(pk__in=customers))
    release = lock_row(Release.objects.filter(pk=release_id))
    if release.state != ReleaseState.REQUESTED:
        return
    if Erasure.objects.filter(customer=customer).count() != built.erasures_count:
        raise ErasedMeanwhile("Something was erased while the release was written; it is written again.")
    refuse_if_held(project_id=release.project_id)
    with connection.cursor() as cursor, cursor.copy(ENTER) as copy, built.rows.open(newline="") as rows:
        for resolution_id, item_id, external_id, outcome, digest in csv.reader(rows):
            copy.write_row(
                (
                    release.customer_id, release.project_id, release.pk, int(resolution_id), int(item_id), external_id,
                    outcome, digest,
                )
            )  # fmt: skip
    Artifact.objects.bulk_create(
        [
            Artifact(
                customer_id=release.customer_id,
                project_id=release.project_id,
                release=release,
                name=fact.name,
                media_type=fact.media_type,
                stored_as=_stored_as(release, built, fact),
                bytes=fact.bytes,
                sha256=fact.sha256,
            )
            for fact in built.facts
        ]
    )
    transition(
        release,
        ReleaseState.FROZEN,
        machine=RELEASE_MACHINE,
        actor_id=release.requested_by_id,
        data={"records": built.content.records_count},
        manifest=built.manifest,
        content_digest=built.content.content_digest,
        records_count=built.content.records_count,
        outcomes=built.content.outcomes,
    )


@transaction.atomic
def _fail(release_id: int, sentence: str) -> None:
    release = lock_row(Release.objects.filter(pk=release_id))
    transition(
        release,
        ReleaseState.FAILED,
        machine=RELEASE_MACHINE,
        actor_id=None,
        fault=sentence[:500],
    )
