"""The dataset card: a README.md whose YAML header `datasets` reads, and whose text people do."""

import json
from typing import Any

from config.kernel.words import counted
from delivery.artifacts import PARQUET, table_files, view_file

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def dataset_card(*, manifest: dict[str, Any], parts: int = 1) -> str:
    """Return the card of a release in so many parts. Views without rows are left out: nothing loads these."""
    release, records = manifest["release"], manifest["records"]
    name = f"{release['project']['name']}, version {release['version']}"
    lines = [
        "---",
        f"pretty_name: {_quoted(name)}",
        "license: other",
        "language:",
        *[f"- {_quoted(language)}" for language in records["languages"]],
        "size_categories:",
        f"- {_size(records['count'])}",
        "tags:",
        "- preference",
        "- human-feedback",
        *_configs(manifest, parts),
        "---",
        "",
        f"# {name}",
        "",
        f"{counted(records['count'], 'record', 'records')} judged by"
        f" {counted(len(manifest['reviewers']), 'reviewer', 'reviewers')}"
        f" ({counted(manifest['quality']['annotations'], 'judgment', 'judgments')}), frozen as of {release['as_of']}.",
        "Counts here are as frozen; what was erased of these records since is listed by the API at `/api/v1/erasures`.",
        "",
        "## Outcomes",
        "",
        "| outcome | records |",
        "|---|---|",
        *[f"| {outcome} | {count:,} |" for outcome, count in records["outcomes"].items()],
        "",
        *_quality(manifest["quality"]),
        *_checking(records),
    ]
    return "\n".join(lines) + "\n"


def _configs(manifest: dict[str, Any], parts: int) -> list[str]:
    configs = [("default", PARQUET)]
    configs += [(view, view_file(view, "parquet")) for view, rows in manifest["views"].items() if rows]
    lines = ["configs:"]
    for config, file in configs:
        lines += [
            f"- config_name: {config}",
            "  data_files:",
            "  - split: train",
            f"    path: {table_files(file, parts)}",
        ]
    return lines


def _quality(quality: dict[str, Any]) -> list[str]:
    lines = [
        "## Measured quality",
        "",
        "| question | units | unanimous | Krippendorff's alpha | 95 % interval |",
        "|---|---|---|---|---|",
    ]
    for question, found in quality["agreement"].items():
        low, high = found["interval_95"]
        lines.append(
            f"| {question} | {found['units']:,} | {_share(found['unanimous_share'])} |"
            f" {_number(found['krippendorff_alpha'])} | {_number(low)} to {_number(high)} |"
        )
    gold = quality["gold"]
    if gold["scored"]:
        lines += ["", f"Judgments of gold tasks were right {gold['correct']:,} times of {gold['scored']:,}."]
    return [*lines, ""]


def _checking(records: dict[str, Any]) -> list[str]:
    return [
        "## How to check it",
        "",
        "`manifest.json` names every file with its SHA-256 and is signed (`manifest.json.sig`, Ed25519).",
        "`manage.py verify_release FOLDER --fingerprint sha256:…` checks the signature, every file and every record.",
        f"The content digest, the SHA-256 of {records['file']}, is `{records['content_digest']}`.",
    ]


def _size(count: int) -> str:
    return next((name for most, name in SIZES if count < most), "n>1M")


def _quoted(text: str) -> str:
    """JSON strings are YAML strings."""
    return json.dumps(text, ensure_ascii=False)


def _share(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"
