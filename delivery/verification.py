"""Checking a release that was fetched: its signature, every file, every record. Needs nothing but the folder and a fingerprint.

Where something was erased since, `erasures.json` says which files stand in whose place and which records are gone or
shortened. It is believed only with a signature of the trusted key, and everything else still has to be as it was frozen.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from delivery import signing
from delivery.errors import ReleaseBroken
from delivery.redaction import ERASURES, FORMAT
from delivery.redaction import SIGNATURE as ERASURES_SIGNATURE

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
CHUNK = 1024**2


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found in order."""

    records: int
    files: int
    bytes: int
    content_digest: str
    key_id: str
    erased: int = 0


@dataclass(frozen=True, slots=True)
class _Erased:
    """What the signed document lets differ: files by name, and records by the digest they were frozen with."""

    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    digests: frozenset[str] = frozenset()


def verify_folder(folder: Path, *, trusted_fingerprint: str) -> Verified:
    """Check the release in `folder` and return what was checked. Reads every file once or twice, in constant memory.

    Raises ReleaseBroken, naming the file and the line, for a signature by another key, a file or record that is not what
    the manifest says, a file that is missing, or one that the manifest does not know.
    """
    data = _read(folder, MANIFEST)
    signing.check(_json(_read(folder, SIGNATURE), SIGNATURE), data, trusted_fingerprint=trusted_fingerprint)
    manifest = _json(data, MANIFEST)
    names = [_inside(each["name"]) for each in manifest["files"]]
    _check_complete(folder, names)
    erased = _erased(folder, manifest, data, trusted_fingerprint)
    size = sum(_check_file(folder, erased.files.get(each["name"], each)) for each in manifest["files"])
    records = manifest["records"]
    count = _check_records(folder, records, erased)
    if count != records["count"]:
        raise ReleaseBroken(f"{records['file']} has {count} records and the manifest says {records['count']}.")
    return Verified(count, len(names), size, records["content_digest"], trusted_fingerprint, erased=len(erased.digests))


def _erased(folder: Path, manifest: dict[str, Any], data: bytes, trusted_fingerprint: str) -> _Erased:
    """Read what was erased since, and check that the document is signed, about this release, and of files that may change."""
    if not (folder / ERASURES).exists():
        return _Erased()
    said = _read(folder, ERASURES)
    signature = _json(_read(folder, ERASURES_SIGNATURE), ERASURES_SIGNATURE)
    signing.check(signature, said, trusted_fingerprint=trusted_fingerprint, name=ERASURES)
    document = _json(said, ERASURES)
    if document["format"] != FORMAT or document["manifest_sha256"] != hashlib.sha256(data).hexdigest():
        raise ReleaseBroken(f"{ERASURES} belongs to another release; fetch it again.")
    frozen = {each["name"]: each["sha256"] for each in manifest["files"]}
    for each in document["files"]:
        if each["name"] == manifest["records"]["hashes"] or frozen.get(each["name"]) != each["replaces_sha256"]:
            raise ReleaseBroken(f"{ERASURES} replaces {each['name']}, which is not the file of the manifest.")
    return _Erased(
        {each["name"]: each for each in document["files"]},
        frozenset(each["record_digest"] for each in document["records"]),
    )


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise ReleaseBroken(f"{name} is missing; fetch it again.") from None


def _json(data: bytes, name: str) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise ReleaseBroken(f"{name} is not JSON; fetch it again.") from None


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ReleaseBroken(f"The manifest names a file outside the release: {name!r}.")
    return name


def _check_complete(folder: Path, names: list[str]) -> None:
    known = {*names, MANIFEST, SIGNATURE, ERASURES, ERASURES_SIGNATURE}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and name not in known:
            raise ReleaseBroken(f"{name} lies in the folder and the manifest does not know it; remove it.")


def _check_file(folder: Path, fact: Mapping[str, Any]) -> int:
    hashing, size = hashlib.sha256(), 0
    try:
        with (folder / fact["name"]).open("rb") as file:
            while chunk := file.read(CHUNK):
                hashing.update(chunk)
                size += len(chunk)
    except FileNotFoundError:
        raise ReleaseBroken(f"{fact['name']} is missing; fetch it again.") from None
    if size != fact["bytes"] or hashing.hexdigest() != fact["sha256"]:
        raise ReleaseBroken(f"{fact['name']} is not what the manifest says; fetch it again.")
    return size


def _check_records(folder: Path, records: dict[str, Any], erased: _Erased) -> int:
    """Check every record against its own hash and its place; return how many there are.

    A record that was erased or shortened stands for the one whose digest it names; each must be among those that were.
    """
    hashing, count, last = hashlib.sha256(), 0, None
    found: set[str] = set()
    hashes = _hashes(folder, records["hashes"])
    with (folder / records["file"]).open("rb") as file:
        for count, line in enumerate(file, start=1):
            hashing.update(line)
            record = json.loads(line)
            name, digest = record["external_id"], record.get("record_digest")
            if digest in erased.digests:
                found.add(digest)
            else:
                digest = hashlib.sha256(line.rstrip(b"\n")).hexdigest()
            if next(hashes, None) != (digest, name):
                raise ReleaseBroken(
                    f"{records['file']}, line {count}: the record is not the one of {records['hashes']}."
                )
            if last is not None and name <= last:
                raise ReleaseBroken(f"{records['file']}, line {count}: the records are out of order.")
            last = name
    if next(hashes, None) is not None:
        raise ReleaseBroken(f"{records['hashes']} lists more records than {records['file']} has.")
    if found != erased.digests:
        raise ReleaseBroken(f"{ERASURES} names records as erased that {records['file']} still has whole.")
    if records["file"] not in erased.files and hashing.hexdigest() != records["content_digest"]:
        raise ReleaseBroken(f"{records['file']} does not have the content digest of the manifest.")
    return count


def _hashes(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    with (folder / name).open(encoding="utf-8") as file:
        for line in file:
            digest, _, spelled = line.rstrip("\n").partition("  ")
            yield digest, json.loads(spelled)
