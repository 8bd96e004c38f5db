"""The manifest: all that is needed to know what a release is, what it was made from, by whom, how well, and to check it."""

from typing import Any

from delivery.artifacts import HASHES, RECORDS, Content

FORMAT = "assay-release/1"

_ANSWERS = {
    "type": "object",
    "description": "Answers by question, as `forms` of the manifest has their schema; responses are named by their key.",
}

# What a line of records.jsonl is (JSON Schema 2020-12).
RECORD_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Assay release record, version 1",
    "type": "object",
    "properties": {
        "external_id": {"type": "string"},
        "item_version": {"type": "integer"},
        "item_digest": {"type": "string", "description": "SHA-256 of the item's canonical JSON."},
        "language": {"type": "string", "description": "BCP 47."},
        "domain": {"type": "string"},
        "difficulty": {"type": "integer", "minimum": 1, "maximum": 5},
        "provenance": {"enum": ["human", "production", "synthetic"]},
        "metadata": {"type": "object"},
        "messages": {"type": "array", "items": {"type": "object", "required": ["role", "content"]}},
        "responses": {"type": "array", "items": {"type": "object", "required": ["key", "text", "model"]}},
        "resolution": {
            "type": "object",
            "properties": {
                "outcome": {"enum": ["agreed", "no_agreement"]},
                "answers": _ANSWERS,
                "distribution": {
                    "type": "object",
                    "description": "Votes: {question, or question.part: {option: count}}.",
                },
                "method": {"type": "string"},
                "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            },
            "required": ["outcome", "answers", "distribution", "method", "confidence"],
        },
        "annotations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "annotator": {"type": "string", "description": "A pseudonym, stable for this customer."},
                    "origin": {"enum": ["human", "model", "imported", "migrated"]},
                    "round": {"type": "integer", "description": "Which of the item's rounds it was said in."},
                    "model": {
                        "type": ["string", "null"],
                        "description": "Of a model's answer: the id that was pinned.",
                    },
                    "prompt_version": {"type": ["integer", "null"], "description": "Of a model's answer."},
                    "saw_model": {
                        "type": "boolean",
                        "description": "Whether its author was shown a model's answer before they gave theirs.",
                    },
                    "role": {
                        "enum": ["judgment", "attempt", "review", "adjudication", "beside"],
                        "description": "Beside: a model's answer that the result does not rest on.",
                    },
                    "verdict": {
                        "enum": ["accept", "fix", "send_back", "reject", None],
                        "description": "Of a review: what became of the attempt.",
                    },
                    "clause": {"type": ["string", "null"], "description": "Of a review: the clause that was missed."},
                    "answers": _ANSWERS,
                    "rationale": {"type": "string"},
                    "seconds": {"type": ["number", "null"]},
                    "guideline": {"type": "integer"},
                    "guideline_current": {
                        "type": "boolean",
                        "description": "Whether this version was still in force when the judgment came.",
                    },
                    "form": {"type": "integer"},
                    "code": {"type": "string"},
                    "submitted_at": {"type": "string", "format": "date-time"},
                },
                "required": ["annotator", "origin", "answers", "guideline", "form", "code", "submitted_at"],
            },
        },
    },
    "required": [
        "external_id",
        "item_version",
        "item_digest",
        "messages",
        "responses",
        "resolution",
        "annotations",
    ],
}


def build_manifest(
    *,
    release: dict[str, Any],
    content: Content,
    sources: list[dict[str, Any]],
    documents: dict[str, Any],
    reviewers: list[dict[str, Any]],
    quality: dict[str, Any],
    window: dict[str, Any],
    code_version: str,
) -> dict[str, Any]:
    """Return the manifest as plain JSON values.

    `release` says which one (id, version, project, customer, as_of); `sources` the uploaded files the records came from,
    with their SHA-256; `documents` the guideline, form and code versions that were judged by, forms with the schema of
    their answers; `reviewers` the pool under pseudonyms; `quality` the thresholds agreed on and what was measured, with
    intervals; `window` the first and last judgment. `files` is filled in once the card is written: every file but the manifest itself and its signature.
    """
    return {
        "format": FORMAT,
        "release": release,
        "records": {
            "file": RECORDS,
            "hashes": HASHES,
            "count": content.records_count,
            "outcomes": content.outcomes,
            "languages": content.languages,
            "content_digest": content.content_digest,
            "schema": RECORD_SCHEMA,
        },
        "views": content.view_rows,
        "sources": sources,
        **documents,
        "reviewers": reviewers,
        "quality": quality,
        "window": window,
        "built_by": {"name": "assay", "code": code_version},
        "files": [],
    }
