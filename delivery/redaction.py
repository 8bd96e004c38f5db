"""What becomes of a release's lines after an erasure, and the document that says so. Pure.

A line whose item was erased becomes {"external_id", "erased": true, "record_digest"}; a line in which a person's words
were erased keeps everything else, and names what is gone: {..., "erased": ["annotations[1].rationale"],
"record_digest"}. `record_digest` is the digest that `hashes.txt`, which never changes, has of the line as it was frozen.
"""

import copy
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from labeling.free_text import without_words

FORMAT = "assay-erasures/1"
ERASURES = "erasures.json"
SIGNATURE = "erasures.json.sig"


def tombstone_of(record: Mapping[str, Any], digest: str) -> dict[str, Any]:
    return {"external_id": record["external_id"], "erased": True, "record_digest": digest}


def without_persons_words(
    record: Mapping[str, Any], digest: str, *, pseudonyms: Collection[str], form_of: Callable[[int], Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return the record without what these people wrote in it, or None where they wrote nothing (any more).

    `form_of` gives a form's document by its number.
    """
    changed, gone = copy.deepcopy(dict(record)), []
    forms = []
    for place, annotation in enumerate(changed["annotations"]):
        if annotation["annotator"] not in pseudonyms:
            continue
        forms.append(form_of(annotation["form"]))
        kept = without_words(forms[-1], annotation["answers"])
        gone += [f"annotations[{place}].answers.{name}" for name in sorted(annotation["answers"].keys() - kept.keys())]
        gone += [f"annotations[{place}].rationale"] if annotation["rationale"] else []
        annotation.update(answers=kept, rationale="")
    for form in forms:
        for part in ("answers", "distribution"):
            said = changed["resolution"][part]
            kept = without_words(form, said)
            gone += [f"resolution.{part}.{name}" for name in sorted(said.keys() - kept.keys())]
            changed["resolution"][part] = kept
    if not gone:
        return None
    earlier = record.get("erased", [])
    return {**changed, "erased": sorted({*earlier, *gone}), "record_digest": digest}


def erasures_document(
    *, manifest: Mapping[str, Any], manifest_sha256: str, files: Iterable[Mapping[str, Any]], records: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is signed beside a redacted release: which files stand in whose place, which records changed and when.

    `files` are {"name", "sha256", "bytes"} of the files as they are now; `records` maps record digests to times.
    """
    frozen = {each["name"]: each for each in manifest["files"]}
    return {
        "format": FORMAT,
        "release": {"id": manifest["release"]["id"], "version": manifest["release"]["version"]},
        "manifest_sha256": manifest_sha256,
        "files": [
            {
                "name": each["name"],
                "replaces_sha256": frozen[each["name"]]["sha256"],
                "sha256": each["sha256"],
                "bytes": each["bytes"],
            }
            for each in sorted(files, key=lambda each: each["name"])
        ],
        "records": [{"record_digest": digest, "erased_at": at} for digest, at in sorted(records.items())],
    }
