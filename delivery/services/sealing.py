"""Sealing: the parts of a release become one, are measured, signed and entered, in one transaction at the end.

What was erased or came to be held while the parts were written is looked for again, the last time under the locks of
the customer and of the project's falls: an erasure and a doubt are found here, or find the entries. The entries are
inserted before these locks are taken, so nobody waits for them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from config.kernel.canonical import canonical_bytes
from config.kernel.locks import lock_row, lock_rows
from config.kernel.transitions import transition
from delivery import signing
from delivery.artifacts import Content, file_fact
from delivery.card import dataset_card
from delivery.errors import NothingToRelease
from delivery.holding import held_results
from delivery.manifest import build_manifest
from delivery.models import Artifact, Release, ReleasePart, StagedEntry
from delivery.services.parts import erased_parts, held_parts
from delivery.services.releases import refuse_if_held
from delivery.services.scratch import scratch_folder
from delivery.services.stored_files import Filed, filed_parts, store
from delivery.snapshot import Tally
from delivery.types import RELEASE_MACHINE, ReleaseState
from labeling.forms import RATING, kept_schema, values_of
from labeling.models import Batch, Customer, FormVersion, GuidelineVersion
from quality.agreement import agreement
from quality.models import Fall
from quality.selectors import gold_accuracy

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
CARD = "README.md"

ENTER = """
INSERT INTO delivery_releaseentry (customer_id, project_id, release_id, resolution_id, item_id, external_id, outcome,
    record_digest)
SELECT e.customer_id, e.project_id, p.release_id, e.resolution_id, e.item_id, e.external_id, e.outcome, e.record_digest
FROM delivery_releasepart p JOIN delivery_stagedentry e ON e.part_id = p.id WHERE p.release_id = %s ORDER BY e.id
"""


class _StaleError(Exception):
    """Undoes what was entered: parts hold what must not leave any more, and are written anew."""

    def __init__(self, parts: set[int]) -> None:
        super().__init__(parts)
        self.parts = parts


def seal_release(*, release: Release) -> set[int]:
    """Freeze the release, whose parts are all written; or return the parts that must be written anew first.

    Raises ReleaseHeld, and NothingToRelease for one without records; then nothing has changed.
    """
    if stale := held_parts(release_id=release.pk):
        return stale
    parts = list(ReleasePart.objects.filter(release=release, records_count__gt=0).order_by("after"))
    if not parts:
        raise NothingToRelease(_why_nothing(release.project_id))
    files = filed_parts([part.files for part in parts])
    content, tally = _content(parts, files)
    with scratch_folder("seal") as folder:
        manifest = _manifest(release, content, tally)
        files += _sign(release, manifest, files, folder, parts=len(parts))
    try:
        _enter(release.pk, content, manifest, files)
    except _StaleError as stale_now:
        return stale_now.parts
    return set()


def _why_nothing(project_id: int) -> str:
    held = held_results(project_id=project_id)
    if held:
        return f"All that is resolved is held: {held.in_words()}."
    return "Nothing of the project is resolved; there is nothing to freeze."


def _content(parts: Iterable[ReleasePart], files: Iterable[Filed]) -> tuple[Content, Tally]:
    """Return what the parts are together."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    tally = Tally()
    for part in parts:
        tally.add(part.counts["tally"])
        for what in ("outcomes", "languages", "views"):
            # A view without rows is told, too: Counter.update keeps what is 0.
            sums[what].update(part.counts[what])
    content = Content(
        records_count=sums["outcomes"].total(),
        outcomes=dict(sorted(sums["outcomes"].items())),
        view_rows=dict(sorted(sums["views"].items())),
        languages=dict(sorted(sums["languages"].items())),
        files=tuple(sorted((filed.fact for filed in files), key=lambda fact: fact.name)),
    )
    return content, tally


def _manifest(release: Release, content: Content, tally: Tally) -> dict[str, Any]:
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
            "as_of": _spelled(release.begun_at),
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


def _spelled(at: datetime | None) -> str:
    assert at is not None, "A release is begun before it is sealed."
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _documents(model: Any, project_id: int, numbers: set[int]) -> list[dict[str, Any]]:
    found = model.objects.filter(project=project_id, number__in=numbers).order_by("number")
    return [{"number": each.number, "sha256": each.digest} for each in found]


def _scales(forms: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the degrees of each rating question from low to high, over all forms' versions, as votes spell them."""
    degrees: dict[str, set[int]] = defaultdict(set)
    for form in forms:
        for question in form["questions"]:
            if question["type"] == RATING:
                degrees[question["id"]] |= set(values_of(question, "scale"))
    return {name: list(map(str, sorted(values))) for name, values in degrees.items()}


def _agreement(votes: Any, scale: Sequence[str] | None) -> dict[str, Any]:
    """Agreement on one question, over the records that two people or more judged; ordinal where there is a scale."""
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


def _sign(
    release: Release, manifest: dict[str, Any], files: Sequence[Filed], folder: Path, *, parts: int
) -> list[Filed]:
    """Write the card, name every file in the manifest, sign it, and store the three; return them."""
    (folder / CARD).write_text(dataset_card(manifest=manifest, parts=parts), encoding="utf-8")
    card = file_fact(folder, CARD, "text/markdown; charset=utf-8")
    facts = sorted([*[filed.fact for filed in files], card], key=lambda fact: fact.name)
    manifest["files"] = [fact.as_dict() for fact in facts]
    data = canonical_bytes(manifest)
    (folder / MANIFEST).write_bytes(data)
    signature = signing.sign(signing.signing_key(settings.SIGNING_KEY), data)
    (folder / SIGNATURE).write_bytes(canonical_bytes(signature))
    said = [card, *[file_fact(folder, name, "application/json") for name in (MANIFEST, SIGNATURE)]]
    pieces = store(release, folder, said)
    return [Filed(fact, [pieces[fact.name]]) for fact in said]


@transaction.atomic
def _enter(release_id: int, content: Content, manifest: dict[str, Any], files: Iterable[Filed]) -> None:
    """Enter the rows and freeze the release. Raises _StaleError for what was erased or came to be in doubt by now."""
    with connection.cursor() as cursor:
        cursor.execute(ENTER, [release_id])
    release = Release.objects.get(pk=release_id)
    lock_row(Customer.objects.filter(pk=release.customer_id))
    lock_rows(Fall.objects.filter(project=release.project_id))
    release = lock_row(Release.objects.filter(pk=release_id))
    refuse_if_held(project_id=release.project_id)
    if stale := erased_parts(release_id=release_id) | held_parts(release_id=release_id, by_doubts_alone=True):
        raise _StaleError(stale)
    StagedEntry.objects.filter(part__release=release).delete()
    # What was counted may spell answers: it goes once the manifest has it, so that no erasure has to look here.
    ReleasePart.objects.filter(release=release).update(counts={})
    Artifact.objects.bulk_create(
        [
            Artifact(
                customer_id=release.customer_id,
                project_id=release.project_id,
                release=release,
                name=filed.fact.name,
                media_type=filed.fact.media_type,
                **filed.as_fields(),
            )
            for filed in files
        ]
    )
    transition(
        release,
        ReleaseState.FROZEN,
        machine=RELEASE_MACHINE,
        actor_id=release.requested_by_id,
        data={"records": content.records_count},
        manifest=manifest,
        content_digest=content.content_digest,
        records_count=content.records_count,
        outcomes=content.outcomes,
    )
