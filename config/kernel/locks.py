"""The only source of row locks. One documented order, checked as the locks are taken, so that no two jobs deadlock.

Rows are locked with FOR NO KEY UPDATE: it excludes other writers and does not hold up inserts that refer to the row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connection, models, transaction

LOCK_ORDER = (
    "labeling.Organisation",
    "labeling.Reviewer",
    "labeling.Customer",
    "labeling.Project",
    "labeling.GuidelineVersion",
    "labeling.FormVersion",
    "labeling.Invitation",
    "labeling.LegalHold",
    "labeling.Batch",
    "labeling.Item",
    "labeling.Flag",
    "labeling.Round",
    "routing.Lease",
    "labeling.Task",
    "routing.Escalation",
    "labeling.Pool",
    "quality.GoldItem",
    "quality.Standing",
    "quality.Pause",
    "quality.Fall",
    "quality.Doubt",
    "quality.Check",
    "quality.AuditSchedule",
    "quality.AuditPlan",
    "quality.AuditDraw",
    "quality.Dispute",
    "quality.Feedback",
    "quality.Appeal",
    "quality.Exam",
    "quality.Sitting",
    "quality.QualityRule",
    "quality.Judge",
    "quality.JudgeAlarm",
    "quality.Ruling",
    "routing.Enrolment",
    "delivery.Release",
    "delivery.Hold",
    "delivery.SampleEntry",
)

# Advisory locks (class, id): one number a purpose, listed here and nowhere else.
ADVISORY_REVIEWER = 1
ADVISORY_FREEZE = 2
ADVISORY_IDEMPOTENCY = 3
ADVISORY_GOLD = 4
ADVISORY_INGEST = 5
ADVISORY_CARRY_OUT = 11
ADVISORY_ERASURE = 6
ADVISORY_FLAGS = 7
ADVISORY_GRANTS = 8
ADVISORY_ACCEPTANCE = 12
ADVISORY_COUNT = 13
ADVISORY_ROLL_UP = 21
ADVISORY_WATCH = 22
ADVISORY_AUDIT = 31
ADVISORY_EXAM = 32
ADVISORY_JUDGE = 33
ADVISORY_FIGURES = 34
ADVISORY_FALL = 35
ADVISORY_RULES = 36

Row = TypeVar("Row", bound=models.Model)


class LockOrderViolation(AssertionError):
    """A programming error: a lock was asked for out of order, or outside a transaction."""


class _Ledger:
    """What this transaction has locked. It lives among the on-commit hooks, so it ends with the transaction, and with
    the savepoint it was opened in."""

    def __init__(self) -> None:
        self.highest = -1
        self.rows: set[tuple[str, Any]] = set()

    def __call__(self) -> None:
        """Nothing is left to do once the transaction has committed."""


def _ledger() -> _Ledger:
    # Django keeps (savepoints, hook, robust); its types know of two.
    for savepoints, hook, *_ in connection.run_on_commit:
        if isinstance(hook, _Ledger) and savepoints <= set(connection.savepoint_ids):
            return hook
    ledger = _Ledger()
    transaction.on_commit(ledger)
    return ledger


def lock_rows(queryset: models.QuerySet[Row], *, skip_locked: bool = False, with_references: bool = False) -> list[Row]:
    """Lock the rows in primary-key order until the transaction ends, and return them as they are now.

    `with_references` holds up inserts that refer to them, too. Needs an open transaction. Raises LockOrderViolation when a model later in LOCK_ORDER was locked before.
    """
    if not connection.in_atomic_block:
        raise LockOrderViolation("Rows can only be locked inside a transaction.")
    label = queryset.model._meta.label
    rank, ledger = LOCK_ORDER.index(label), _ledger()
    if rank < ledger.highest:
        raise LockOrderViolation(f"{label} must be locked before {LOCK_ORDER[ledger.highest]}.")
    rows = list(
        queryset.order_by("pk").select_for_update(of=("self",), no_key=not with_references, skip_locked=skip_locked)
    )
    ledger.highest = rank
    ledger.rows.update((label, row.pk) for row in rows)
    return rows


def lock_row(queryset: models.QuerySet[Row]) -> Row:
    """Lock and return the one row; raises the model's DoesNotExist when it is gone."""
    rows = lock_rows(queryset)
    if len(rows) != 1:
        model: Any = queryset.model
        raise model.DoesNotExist(f"{model._meta.verbose_name} is gone.")
    return rows[0]


def is_locked(row: models.Model) -> bool:
    """Whether the present transaction has locked this row through this module."""
    return connection.in_atomic_block and (row._meta.label, row.pk) in _ledger().rows


@contextmanager
def session_lock(purpose: int, key: int) -> Iterator[bool]:
    """Try the named advisory lock for longer than a transaction; yields whether it was had, without waiting.

    For jobs that commit as they go. A dead worker's lock goes with its connection. Needs a connection of its own, so no
    pooler in transaction mode may stand between.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [purpose, key % 2**31])
        is_held = cursor.fetchone()[0]
    try:
        yield is_held
    finally:
        if is_held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [purpose, key % 2**31])


def advisory_lock(purpose: int, key: int) -> None:
    """Wait for the named advisory lock; the transaction's end gives it back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [purpose, key % 2**31])
