"""The submit: fenced by the lease's token, the same again is the same, and nothing a reviewer sends is ever lost."""

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from django.db import connection, transaction

from config.kernel.canonical import digest
from config.kernel.events import RECORD_MOVED, event_parameters, wake_on_commit
from config.kernel.locks import lock_row
from config.kernel.models import User
from labeling.forms import ItemShape, check_answers
from labeling.models import Annotation, Item, UnplacedAnswer
from labeling.presentation import display_order
from labeling.services.judgments import Judgment, as_kept, forget_draft, keep_unplaced, record_annotation
from routing.errors import LeaseOver, NoSuchLease
from routing.types import LeaseState, Submitted

KEPT = "This task had gone to somebody else by then. Your answer is kept, and an operator can still use it."

KEPT_BESIDE = "You had submitted another answer to this task. That one counts; this one is kept for an operator."

LOCK = """
SELECT l.id, l.state, l.task_id, l.round_id, l.reviewer_id, l.customer_id, l.project_id, t.state,
       r.item_id, r.item_version_id, l.guideline_id, r.form_id, f.document,
       v.payload,
       EXISTS (SELECT FROM labeling_guidelineversion g WHERE g.id = l.guideline_id
               AND g.in_force @> statement_timestamp()),
       NOT EXISTS (SELECT FROM routing_lease later WHERE later.task_id = l.task_id AND later.id > l.id),
       EXISTS (SELECT FROM labeling_projectuserpermission may JOIN auth_permission named ON named.id = may.permission_id
               WHERE may.user_id = %(user)s AND may.content_object_id = l.project_id AND named.codename = 'judge_items'),
       jsonb_exists(v.payload, 'erased')
FROM routing_lease l
JOIN labeling_task t ON t.id = l.task_id
JOIN labeling_round r ON r.id = l.round_id
JOIN labeling_formversion f ON f.id = r.form_id
JOIN labeling_itemversion v ON v.id = r.item_version_id
JOIN labeling_reviewer me ON me.id = l.reviewer_id AND me.user_id = %(user)s
WHERE l.token = %(token)s
FOR NO KEY UPDATE OF l, t
"""

COMPLETE = f"""
WITH ended AS (
    UPDATE routing_lease SET state = 'submitted', ended_at = statement_timestamp() WHERE id = %(lease)s
), moved AS (
    UPDATE labeling_task SET state = 'completed', completed_at = statement_timestamp()
    WHERE id = %(task)s AND state = %(from)s
    RETURNING id AS subject_id, customer_id,
              jsonb_build_object('from', %(from)s::text, 'lease', %(lease)s::bigint, 'round', round_id, 'kind', kind,
                                 'annotation', %(annotation)s::bigint, 'reviewer', %(reviewer)s::bigint) AS data
){RECORD_MOVED}
SELECT count(*) FROM moved
"""


@dataclass(frozen=True, slots=True)
class _Held:
    """A locked lease with its task, and what the answers are checked against."""

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
    is_erased: bool

    @property
    def is_placeable(self) -> bool:
        """Whether the task is still this lease's to answer: it is live, or it expired and nobody has leased since."""
        if not self.is_permitted:
            return False
        if self.lease_state == LeaseState.LIVE:
            return self.task_state == "leased"
        return self.lease_state == LeaseState.EXPIRED and self.task_state == "open" and self.is_latest


def submit_task(*, user: User, token: UUID, answers: dict[str, Any], seconds: float | None) -> Submitted:
    """Place the answers as an annotation and complete the task, or keep them whole where the task is no longer theirs.

    The same again returns what the first submit made; other answers under the same token are kept beside. An answer by a
    guideline that is no longer in force is kept and marked. Raises NoSuchLease for a token that is not this person's,
    LeaseOver where the item was erased, and InvalidAnswers where the form says no; then nothing has changed.

    Two transactions, so it is called in none: what the first has locked is given back before the second locks the item.
    """
    held, done = _place(user, token, answers, seconds)
    return done or _keep(held.item_id, user, token, answers, seconds)


@transaction.atomic
def _place(user: User, token: UUID, answers: dict[str, Any], seconds: float | None) -> tuple[_Held, Submitted | None]:
    """Place the answers where they have a place, and say so; None, with nothing written, where they have none."""
    held = _lock(user, token)
    if held.is_erased:
        raise LeaseOver("This item was erased; an answer to it is not kept.", state=held.lease_state)
    check_answers(held.document, ItemShape.of(held.payload), answers)
    judgment = _judgment(held, token, answers, seconds)
    if held.lease_state == LeaseState.SUBMITTED and (earlier := _repeated(judgment)) is not None:
        return held, Submitted(earlier, is_placed=True, is_repeat=True)
    if not held.is_placeable:
        return held, None
    annotation_id, public_id = record_annotation(judgment)
    _complete(held, annotation_id, user.pk)
    forget_draft(task_id=held.task_id, reviewer_id=held.reviewer_id)
    return held, Submitted(public_id, is_placed=True, is_repeat=False)


@transaction.atomic
def _keep(item_id: int, user: User, token: UUID, answers: dict[str, Any], seconds: float | None) -> Submitted:
    """Keep the answers as an unplaced one.

    The item is locked first, as an erasure of it does: that has committed and is seen here, or finds what is kept here.
    The lock on the task would not do, for an erasure locks no task that is over.
    """
    lock_row(Item.objects.filter(pk=item_id))
    held, done = _place(user, token, answers, seconds)
    if done is not None:
        return done
    judgment = replace(_judgment(held, token, answers, seconds), submission=uuid5(token, digest(answers)))
    is_repeat = UnplacedAnswer.objects.filter(submission=judgment.submission).exists()
    keep_unplaced(judgment=judgment)
    message = KEPT_BESIDE if held.lease_state == LeaseState.SUBMITTED else KEPT
    return Submitted(None, is_placed=False, is_repeat=is_repeat, message=message)


def _repeated(judgment: Judgment) -> UUID | None:
    """Return the annotation that this token made before, if these are its answers; another tab may have sent others."""
    found = Annotation.objects.get(submission=judgment.submission)
    is_same = (judgment.answers, judgment.rationale) == (found.answers, found.rationale)
    return found.public_id if is_same else None


def _lock(user: User, token: UUID) -> _Held:
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"user": user.pk, "token": token})
        row = cursor.fetchone()
    if row is None:
        raise NoSuchLease("There is no such task under your name.")
    return _Held(*row[:12], *map(json.loads, row[12:14]), *row[14:])


def _judgment(held: _Held, token: UUID, answers: dict[str, Any], seconds: float | None) -> Judgment:
    judged, rationale = as_kept(document=held.document, payload=held.payload, answers=answers)
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
        seconds=seconds,
        is_guideline_current=held.is_guideline_current,
    )


def _complete(held: _Held, annotation_id: int, user_id: int) -> None:
    parameters = {
        "lease": held.lease_id,
        "task": held.task_id,
        "from": held.task_state,
        "annotation": annotation_id,
        "reviewer": held.reviewer_id,
        **event_parameters("task.completed", subject="labeling.task", actor_id=user_id),
    }
    with connection.cursor() as cursor:
        cursor.execute(COMPLETE, parameters)
    wake_on_commit("task.completed")
