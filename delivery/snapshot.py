"""Reading what a part of a release carries: one snapshot, streamed by external id, a few records in memory."""

import json
from collections import Counter, defaultdict
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection

from delivery.holding import HELD
from labeling.forms import own_answers
from labeling.models import Project
from labeling.pseudonyms import pseudonym

PIECE = 500

# The resolved items of a stretch whose results nothing holds, each with its latest resolved round's current resolution,
# and the batch that brought the version it was judged in, or the version that one was made from. What is gold is left out,
# unless the project delivers gold: then it carries what reviewers answered, as any item does, and nothing of what was expected.
# A round's resolutions are found from its first one on, by the indexes that keep each superseded once: a stretch costs
# what it holds, however much the project does.
RESOLVED = f"""
SELECT i.id, i.external_id, COALESCE(v.batch_id, (
         SELECT b.batch_id FROM labeling_itemversion b WHERE b.item_id = v.item_id AND b.number < v.number
           AND b.batch_id IS NOT NULL ORDER BY b.number DESC LIMIT 1)), v.number, v.digest, v.language, v.domain, v.difficulty, v.provenance,
       v.metadata::text, v.payload::text, s.id, s.outcome, s.answers::text, s.distribution::text, s.method, s.confidence,
       s.annotation_ids
FROM labeling_item i
JOIN labeling_project p ON p.id = i.project_id
JOIN LATERAL (SELECT r.id FROM labeling_round r WHERE r.item_id = i.id AND CASE i.state
                WHEN 'resolved' THEN r.state = 'resolved' AND r.reason NOT IN ('gold', 'audit')
                ELSE r.reason = 'gold' AND EXISTS (
                  SELECT FROM quality_resolution x WHERE x.round_id = r.id AND x.supersedes_id IS NULL) END
              ORDER BY r.number DESC LIMIT 1) latest ON true
JOIN LATERAL (WITH RECURSIVE line AS (
    SELECT x.id FROM quality_resolution x WHERE x.round_id = latest.id AND x.supersedes_id IS NULL
    UNION ALL SELECT x.id FROM line JOIN quality_resolution x ON x.supersedes_id = line.id
  ) SELECT max(id) AS id FROM line) current ON true
JOIN quality_resolution s ON s.id = current.id
JOIN labeling_itemversion v ON v.id = s.item_version_id
WHERE i.project_id = %(project)s AND i.external_id > %(after)s
  AND (%(through)s::text IS NULL OR i.external_id <= %(through)s) AND NOT {HELD}
  AND (p.is_gold_delivered AND i.state IN ('resolved', 'gold') OR i.state = 'resolved' AND NOT EXISTS (
    SELECT FROM quality_golditem g WHERE g.item_version_id = s.item_version_id AND g.state = 'active' AND g.work = 'judge'))
ORDER BY i.external_id LIMIT %(most)s
"""

ANNOTATIONS = """
SELECT a.id, r.public_id, r.kind, a.origin, a.answers::text, a.rationale, a.seconds, g.number, f.number, a.code_version,
       a.is_guideline_current, a.created_at, here.number, t.kind, said.verdict, said.clause, a.prelabel_id IS NOT NULL,
       judge.model, judge.prompt_version
FROM labeling_annotation a
JOIN labeling_round here ON here.id = a.round_id
JOIN labeling_task t ON t.id = a.task_id
LEFT JOIN quality_review said ON said.annotation_id = a.id
LEFT JOIN quality_judge judge ON judge.reviewer_id = a.reviewer_id
JOIN labeling_reviewer r ON r.id = a.reviewer_id
JOIN labeling_guidelineversion g ON g.id = a.guideline_id
JOIN labeling_formversion f ON f.id = a.form_id
WHERE a.id = ANY(%(ids)s)
"""

# What models answered about these versions, by whichever form: carried beside the rest where the contract says so.
OF_MODELS = """
SELECT s.id, a.id FROM quality_resolution s
JOIN labeling_annotation a ON a.item_version_id = s.item_version_id AND a.origin = 'model'
WHERE s.id = ANY(%(resolutions)s)
  AND NOT EXISTS (SELECT FROM labeling_annotationinvalidation i WHERE i.annotation_id = a.id)
"""

# What somebody did, where it was not to judge the item.
ROLES = {"attempt": "attempt", "review": "review", "adjudicate": "adjudication"}
# A model's answer that the result does not rest on.
BESIDE = "beside"

Vote = tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Tally:
    """What the manifest says of all records together. Grows with reviewers, batches and versions, not with records."""

    batches: Counter[int] = field(default_factory=Counter)
    annotators: dict[str, dict[str, Any]] = field(default_factory=dict)
    guidelines: set[int] = field(default_factory=set)
    forms: set[int] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    votes: dict[str, Counter[Vote]] = field(default_factory=lambda: defaultdict(Counter))
    annotations: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def count(self, annotator: str, kind: str, guideline: int, form: int, code: str, at: datetime) -> None:
        known = self.annotators.setdefault(annotator, {"annotator": annotator, "kind": kind, "annotations": 0})
        known["annotations"] += 1
        self.annotations += 1
        self.guidelines.add(guideline)
        self.forms.add(form)
        self.codes.add(code)
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values, for `add`."""
        return {
            "batches": sorted(self.batches.items()),
            "annotators": sorted(self.annotators.values(), key=lambda each: each["annotator"]),
            "guidelines": sorted(self.guidelines),
            "forms": sorted(self.forms),
            "codes": sorted(self.codes),
            "votes": {question: sorted(votes.items()) for question, votes in sorted(self.votes.items())},
            "annotations": self.annotations,
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
        }

    def add(self, other: Mapping[str, Any]) -> None:
        """Add what another one has counted, as its `as_dict` says."""
        self.batches.update(dict(other["batches"]))
        for each in other["annotators"]:
            known = self.annotators.setdefault(each["annotator"], {**each, "annotations": 0})
            known["annotations"] += each["annotations"]
        self.guidelines.update(other["guidelines"])
        self.forms.update(other["forms"])
        self.codes.update(other["codes"])
        for question, votes in other["votes"].items():
            for vote, count in votes:
                self.votes[question][tuple((option, n) for option, n in vote)] += count
        self.annotations += other["annotations"]
        times = [datetime.fromisoformat(other[end]) for end in ("first", "last") if other[end]]
        self.first = min((at for at in (self.first, *times) if at), default=None)
        self.last = max((at for at in (self.last, *times) if at), default=None)


@dataclass(frozen=True, slots=True)
class Carried:
    """One record on its way into a release, and the rows it stands for."""

    item_id: int
    resolution_id: int
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """External ids that come after `after`, through `through`; None is all that come."""

    after: str
    through: str | None


def carried_records(project: Project, tally: Tally, stretch: Stretch, most: int) -> Generator[Carried]:
    """Yield at most so many records of the stretch by external id (collation "C"), counting them in `tally`.

    Belongs in a repeatable-read transaction: the annotations are read beside the cursor.
    """
    names: dict[UUID, str] = {}
    is_with_models = project.quality_contract.get("judges_released") is True
    with connection.connection.cursor(name="carried") as cursor:
        cursor.itersize = PIECE
        reach = {"project": project.pk, "after": stretch.after, "through": stretch.through, "most": most}
        cursor.execute(RESOLVED, reach)
        rows = iter(cursor)
        while piece := list(islice(rows, PIECE)):
            beside = _of_models([row[11] for row in piece]) if is_with_models else defaultdict(set)
            annotations = _annotations([*(ident for row in piece for ident in row[17]), *set().union(*beside.values())])
            for row in piece:
                counted = [_shown(annotations[ident], project, names, tally) for ident in sorted(row[17])]
                more = sorted(beside[row[11]] - set(row[17]))
                shown = [{**_shown(annotations[ident], project, names, tally), "role": BESIDE} for ident in more]
                yield _carried(row, [*counted, *shown], tally)


def _annotations(ids: list[int]) -> dict[int, tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(ANNOTATIONS, {"ids": ids})
        return {row[0]: row for row in cursor.fetchall()}


def _of_models(resolution_ids: list[int]) -> dict[int, set[int]]:
    """Return what models answered about the versions of these results, by result."""
    found: dict[int, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(OF_MODELS, {"resolutions": resolution_ids})
        for resolution_id, annotation_id in cursor.fetchall():
            found[resolution_id].add(annotation_id)
    return found


def _shown(row: tuple[Any, ...], project: Project, names: dict[UUID, str], tally: Tally) -> dict[str, Any]:
    (_id, reviewer, kind, origin, answers, rationale, seconds, guideline, form, code, is_current, at, number, task,
     verdict, clause, saw_model, model, prompt_version) = row  # fmt: skip
    if reviewer not in names:
        names[reviewer] = pseudonym(key=bytes(project.customer.pseudonym_key), reviewer=reviewer)
    tally.count(names[reviewer], kind, guideline, form, code, at)
    return {
        "annotator": names[reviewer],
        "origin": origin,
        "model": model,
        "prompt_version": prompt_version,
        "saw_model": saw_model,
        "round": number,
        "role": ROLES.get(task, "judgment"),
        "verdict": verdict,
        "clause": clause or None,
        "answers": own_answers(json.loads(answers)),
        "rationale": rationale,
        "seconds": seconds,
        "guideline": guideline,
        "guideline_current": is_current,
        "form": form,
        "code": code,
        "submitted_at": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _carried(row: tuple[Any, ...], annotations: list[dict[str, Any]], tally: Tally) -> Carried:
    (item_id, external_id, batch_id, version, digest, language, domain, difficulty, provenance, metadata, payload,
     resolution_id, outcome, answers, distribution, method, confidence, _ids) = row  # fmt: skip
    content, votes = json.loads(payload), json.loads(distribution)
    tally.batches[batch_id] += 1
    for question, counts in votes.items():
        tally.votes[question][tuple(sorted(counts.items()))] += 1
    record = {
        "external_id": external_id,
        "item_version": version,
        "item_digest": digest,
        "language": language,
        "domain": domain,
        "difficulty": difficulty,
        "provenance": provenance,
        "metadata": json.loads(metadata),
        "messages": content["messages"],
        "responses": content["responses"],
        "resolution": {
            "outcome": outcome,
            "answers": json.loads(answers),
            "distribution": votes,
            "method": method,
            "confidence": confidence,
        },
        "annotations": annotations,
    }
    return Carried(item_id, resolution_id, record)
