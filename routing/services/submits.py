"""The submit: fenced by the lease's token, the same again is the same, and nothing a reviewer sends is ever lost."""

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db import IntegrityError, transaction

from config.kernel.canonical import digest
from config.kernel.events import RECORD_MOVED, event_parameters, wake_on_commit
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.prepared import fetch_one
from labeling.forms import ItemShape, check_answers, form_of_stage
from labeling.models import Annotation, Item, UnplacedAnswer
from labeling.prelabels import OF_LEASE
from labeling.presentation import display_order
from labeling.services.judgments import APPEND, Judgment, as_kept, keep_unplaced, parameters_of
from routing.eligibility import PERMITTED
from routing.errors import LeaseOver, NoSuchLease
from routing.services.workloads import COUNT_JUDGMENT
from routing.types import LeaseState, Submitted

KEPT = "This task had gone to somebody else by then. Your answer is kept, and an operator can still use it."

KEPT_BESIDE = "You had submitted another answer to this task. That one counts; this one is kept for an operator."

READ = f"""
SELECT l.id, l.state, l.task_id, l.round_id, l.reviewer_id, l.customer_id, l.project_id, t.state,
       r.item_id, r.item_version_id, l.guideline_id, r.form_id, f.document,
       v.payload,
       EXISTS (SELECT FROM labeling_guidelineversion g WHERE g.id = l.guideline_id
               AND g.in_force @> statement_timestamp()),
       NOT EXISTS (SELECT FROM routing_lease later WHERE later.task_id = l.task_id AND later.id > l.id),
       {PERMITTED.format(user="%(user)s::bigint", project="l.project_id")},
       EXISTS (SELECT FROM labeling_annotation a WHERE a.round_id = l.round_id AND a.reviewer_id = l.reviewer_id
               AND a.supersedes_id IS NULL AND a.submission <> l.token),
       o.work, t.kind, t.beside IS NOT NULL,
       CASE WHEN o.work IN ('review', 'expert') THEN (
           SELECT g.clauses::text FROM labeling_guidelineversion g WHERE g.id = l.guideline_id) END,
       {OF_LEASE}
FROM routing_lease l
JOIN labeling_task t ON t.id = l.task_id
JOIN labeling_pool o ON o.id = t.pool_id
JOIN labeling_round r ON r.id = l.round_id
JOIN labeling_formversion f ON f.id = r.form_id
JOIN labeling_itemversion v ON v.id = r.item_version_id
JOIN labeling_reviewer me ON me.id = l.reviewer_id AND me.user_id = %(user)s::bigint
WHERE l.token = %(token)s::uuid
"""

LOCK = f"{READ}FOR NO KEY UPDATE OF l, t"

# Locks lease and task, and does nothing where either has moved since it was read, or where somebody leased it since.
# Nobody has looked for longer than since they claimed; in a house that plays people (TIMES_AS_TOLD) it is as they say.
PLACE = f"""
WITH still AS (
    SELECT l.id, CASE WHEN %(is_as_told)s::boolean THEN 'infinity'
        ELSE extract(epoch FROM statement_timestamp() - l.claimed_at)::float8 END AS longest
    FROM routing_lease l JOIN labeling_task t ON t.id = l.task_id
    WHERE l.id = %(lease)s::bigint AND l.state = %(lease_state)s AND t.state = %(from)s
      AND NOT EXISTS (SELECT FROM routing_lease later WHERE later.task_id = l.task_id AND later.id > l.id)
    FOR NO KEY UPDATE OF l, t
), {APPEND}, ended AS (
    UPDATE routing_lease l SET state = 'submitted', ended_at = statement_timestamp(), pasted = %(pasted)s::int
    FROM still WHERE l.id = still.id
), moved AS (
    UPDATE labeling_task SET state = 'completed', completed_at = statement_timestamp()
    FROM still WHERE labeling_task.id = %(task)s::bigint AND state = %(from)s
    RETURNING labeling_task.id AS subject_id, customer_id,
              jsonb_build_object('from', %(from)s::text, 'lease', %(lease)s::bigint, 'round', round_id, 'kind', kind,
                                 'annotation', (SELECT id FROM made), 'reviewer', %(reviewer)s::bigint) AS data
){COUNT_JUDGMENT}{RECORD_MOVED}
SELECT public_id FROM made
"""


@dataclass(frozen=True, slots=True)
class _Held:
    """A lease with its task, and what the answers are checked against."""

    lease_id: int
    lease_state: str
    task_id: int
    round_id: int
    reviewer_id: int
    customer_id: int
    project_id: int
    task_state: str
    item_id: int
    item_version_id: int
    guideline_id: int
    form_id: int
    document: dict[str, Any]
    payload: dict[str, Any]
    is_guideline_current: bool
    is_latest: bool
    is_permitted: bool
    has_judged: bool
    prelabel_id: int | None

    @property
    def is_erased(self) -> bool:
        return "erased" in self.payload

    @property
    def is_placeable(self) -> bool:
        """Whether the task is still this lease's to answer: it is live, or it expired and nobody has leased since.

        Who has judged the round under another lease meanwhile judges it no second time.
        """
        if not self.is_permitted or self.has_judged:
            return False
        if self.lease_state == LeaseState.LIVE:
            return self.task_state == "leased"
        return self.lease_state == LeaseState.EXPIRED and self.task_state == "open" and self.is_latest


@dataclass(frozen=True, slots=True)
class _Given:
    """What was sent: the answers, how long the reviewer looked, and how many characters of their words were pasted."""

    answers: dict[str, Any]
    seconds: float | None
    pasted: int


def submit_task(
    *, user: User, token: UUID, answers: dict[str, Any], seconds: float | None, pasted: int = 0
) -> Submitted:
    """Place the answers as an annotation and complete the task, or keep them whole where the task is no longer theirs.

    The same again returns what the first submit made; other answers under the same token are kept beside. An answer by a
    guideline that is no longer in force is kept and marked. Raises NoSuchLease for a token that is not this person's,
    LeaseOver where the item was erased, and InvalidAnswers where the form says no; then nothing has changed.

    Nothing is locked while the answers are checked: one statement places them where all is still as it was read. Where
    it is not, they are kept in a transaction of its own, which locks the item first: so it is called in none.
    """
    given = _Given(answers, seconds, pasted)
    try:
        held, done = _placed(READ, user, token, given)
    except IntegrityError:  # another lease of theirs on the round was submitted at the same moment; now it can be seen
        held, done = _placed(READ, user, token, given)
    return done or _keep(held.item_id, user, token, given)


def _placed(statement: str, user: User, token: UUID, given: _Given) -> tuple[_Held, Submitted | None]:
    """Place the answers where they have a place, and say so; None, with nothing written, where they have none."""
    held = _read(statement, user, token)
    if held.is_erased:
        raise LeaseOver("This item was erased; an answer to it is not kept.", state=held.lease_state)
    check_answers(held.document, ItemShape.of(held.payload), given.answers)
    judgment = _judgment(held, token, given)
    if held.lease_state == LeaseState.SUBMITTED and (earlier := _repeated(judgment)) is not None:
        return held, Submitted(earlier, is_placed=True, is_repeat=True)
    if not held.is_placeable or (made := _place(held, judgment, user.pk, given.pasted)) is None:
        return held, None
    return held, Submitted(made, is_placed=True, is_repeat=False)


@transaction.atomic
def _keep(item_id: int, user: User, token: UUID, given: _Given) -> Submitted:
    """Keep the answers as an unplaced one, or place them after all, whatever has moved meanwhile.

    The item is locked first, as an erasure of it does: that has committed and is seen here, or finds what is kept here.
    The lock on the task would not do, for an erasure locks no task that is over.
    """
    lock_row(Item.objects.filter(pk=item_id))
    held, done = _placed(LOCK, user, token, given)
    if done is not None:
        return done
    judgment = replace(_judgment(held, token, given), submission=uuid5(token, digest(given.answers)))
    is_repeat = UnplacedAnswer.objects.filter(submission=judgment.submission).exists()
    keep_unplaced(judgment=judgment)
    message = KEPT_BESIDE if held.lease_state == LeaseState.SUBMITTED else KEPT
    return Submitted(None, is_placed=False, is_repeat=is_repeat, message=message)


def _repeated(judgment: Judgment) -> UUID | None:
    """Return the annotation that this token made before, if these are its answers; another tab may have sent others."""
    found = Annotation.objects.get(submission=judgment.submission)
    is_same = (judgment.answers, judgment.rationale) == (found.answers, found.rationale)
    return found.public_id if is_same else None


def _read(statement: str, user: User, token: UUID) -> _Held:
    row = fetch_one(statement, {"user": user.pk, "token": token})
    if row is None:
        raise NoSuchLease("There is no such task under your name.")
    document, payload = map(json.loads, row[12:14])
    work, kind, is_of_work, clauses, prelabel = row[18:]
    form = form_of_stage(work, document, json.loads(clauses) if clauses else [], kind=kind, is_of_work=is_of_work)
    return _Held(*[*row[:12], form, payload, *row[14:18], prelabel])


def _judgment(held: _Held, token: UUID, given: _Given) -> Judgment:
    judged, rationale = as_kept(document=held.document, payload=held.payload, answers=given.answers)
    return Judgment(
        customer_id=held.customer_id,
        project_id=held.project_id,
        task_id=held.task_id,
        round_id=held.round_id,
        item_version_id=held.item_version_id,
        reviewer_id=held.reviewer_id,
        guideline_id=held.guideline_id,
        form_id=held.form_id,
        submission=token,
        answers=judged,
        rationale=rationale,
        presented=display_order([each["key"] for each in held.payload["responses"]], seed=token),
        seconds=given.seconds,
        is_guideline_current=held.is_guideline_current,
        prelabel_id=held.prelabel_id,
    )


def _place(held: _Held, judgment: Judgment, user_id: int, pasted: int) -> UUID | None:
    """Append the annotation, end the lease, complete the task and tell of it, in one statement; None where it moved."""
    row = fetch_one(
        PLACE,
        {
            **parameters_of(judgment),
            "lease": held.lease_id,
            "lease_state": held.lease_state,
            "pasted": pasted,
            "is_as_told": settings.TIMES_AS_TOLD,
            "from": held.task_state,
            **event_parameters("task.completed", subject="labeling.task", actor_id=user_id),
        },
    )
    if row is None:
        return None
    wake_on_commit("task.completed")
    public_id: UUID = row[0]
    return public_id
