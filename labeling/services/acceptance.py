"""Acceptance: the staged rows of a batch become items and versions in one transaction, and the stage is emptied."""

from typing import Any

from django.db import connection, transaction

from config.kernel.errors import Conflict
from config.kernel.jobs import enqueue
from config.kernel.locks import ADVISORY_ACCEPTANCE, advisory_lock, lock_row
from config.kernel.transitions import transition
from labeling.models import Batch, Customer, Project, RejectedRow, StagedRow
from labeling.reading.rows import storable
from labeling.selectors import waits_for_flags
from labeling.services.history import keep_history
from labeling.types import BATCH_MACHINE, BatchState

# This many rows become items in one statement, so that what the database checks after each stays small.
ROWS = 20_000

# What becomes of each row. The same as what its item says, or has said in an upload, is a duplicate; of rows with one
# external id in one file the first counts. With new_version, what an item said in an earlier version is news again, but
# not what was redacted since.
JUDGED = """
CREATE TEMPORARY TABLE judged_row ON COMMIT DROP AS
SELECT j.id, j.line, j.fate, j.why, j.current_version_id,
    CASE WHEN j.fate = 'new' THEN nextval(pg_get_serial_sequence('labeling_item', 'id')) ELSE j.item_id END AS item_id,
    CASE WHEN j.fate IN ('new', 'version') THEN nextval(pg_get_serial_sequence('labeling_itemversion', 'id')) END
        AS version_id
FROM (
    SELECT s.id, s.line, i.id AS item_id, i.current_version_id, CASE
        WHEN i.id IS NOT NULL AND EXISTS (
            SELECT FROM labeling_itemversion v WHERE v.item_id = i.id AND v.digest = s.digest AND (
                v.id = i.current_version_id
                OR v.reason IN ('upload', 'reupload') AND (%(on_conflict)s = 'refuse' OR v.number = (
                    SELECT max(u.number) FROM labeling_itemversion u
                    WHERE u.item_id = i.id AND u.reason IN ('upload', 'reupload')
                ))
            )
        ) THEN 'duplicate'
        WHEN row_number() OVER same > 1 THEN
            CASE WHEN first_value(s.digest) OVER same = s.digest THEN 'duplicate' ELSE 'conflict' END
        WHEN i.id IS NULL THEN 'new'
        WHEN %(on_conflict)s = 'refuse' OR s.expected IS NOT NULL OR i.state IN ('gold', 'withdrawn') THEN 'conflict'
        ELSE 'version' END AS fate,
    CASE
        WHEN row_number() OVER same > 1 THEN
            'An earlier row of this file has this external id with other content; give this one an id of its own.'
        WHEN EXISTS (SELECT FROM labeling_erasure e WHERE e.kind = 'item' AND e.subject_id = i.id) THEN
            'The item with this external id was erased; give new content an id of its own.'
        WHEN %(on_conflict)s = 'refuse' THEN
            'Another item has this external id with other content; give this one an id of its own, or upload it with'
            ' on_conflict=new_version.'
        WHEN i.state = 'gold' OR s.expected IS NOT NULL THEN
            'An item with an expected answer has one version; upload it as an item of its own.'
        WHEN i.state = 'withdrawn' THEN
            'The item with this external id was withdrawn; give this one an id of its own.'
    END AS why
    FROM labeling_stagedrow s
    LEFT JOIN labeling_item i ON i.project_id = %(project)s AND i.external_id = s.external_id
    WHERE s.batch_id = %(batch)s
    WINDOW same AS (PARTITION BY s.external_id COLLATE "C" ORDER BY s.line)
    ORDER BY s.line OFFSET 0
) j
"""

# An erasure locks its item first: it has committed and is seen by the next statement, or finds what is rejected here.
HOLD_CONFLICTING = """
SELECT FROM labeling_item WHERE id IN (SELECT item_id FROM judged_row WHERE fate = 'conflict') ORDER BY id FOR SHARE
"""

# What is sent about an erased item is not kept: its erasure is over, and would not come by again.
REJECT_CONFLICTS = """
INSERT INTO labeling_rejectedrow (customer_id, batch_id, line, external_id, field, reason, excerpt, raw)
SELECT s.customer_id, s.batch_id, s.line, s.external_id, 'external_id', j.why,
    CASE WHEN e.is_erased THEN '' ELSE left(s.external_id, 200) END,
    CASE WHEN e.is_erased OR octet_length(r.raw) > 65536 THEN '' ELSE r.raw END
FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id
CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT FROM labeling_erasure e WHERE e.kind = 'item' AND e.subject_id = j.item_id
) AS is_erased) e
CROSS JOIN LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object(
    'external_id', s.external_id, 'language', s.language, 'domain', s.domain, 'difficulty', s.difficulty,
    'provenance', s.provenance, 'expected', s.expected
)) || jsonb_build_object('metadata', s.metadata) || s.payload AS row) b
CROSS JOIN LATERAL (SELECT b.row::text AS raw) r
WHERE j.fate = 'conflict' ORDER BY s.line
"""

VERSION_COLUMNS = """
    customer_id, item_id, id, number, reason, batch_id, line, payload, expected, language, domain, difficulty,
    provenance, metadata, digest
"""
STAGED_COLUMNS = """
    s.batch_id, s.line, s.payload, s.expected, s.language, s.domain, s.difficulty, s.provenance, s.metadata,
    s.digest
FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id
"""

# Staged rows were written in the order of their lines: a range of both ends is read in order, without sorting.
CHOSEN = """
j.fate = 'new' AND j.id >= %(first)s AND j.id < %(first)s + %(rows)s AND s.id >= %(first)s AND s.id < %(first)s + %(rows)s
ORDER BY j.id
"""

# An item and its first version point at each other, so they come in one statement, which the database checks whole.
ACCEPT = f"""
WITH item AS (
    INSERT INTO labeling_item (customer_id, project_id, batch_id, id, public_id, external_id, state, current_version_id)
    SELECT s.customer_id, %(project)s, s.batch_id, j.item_id, gen_random_uuid(), s.external_id, 'accepted', j.version_id
    FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id WHERE {CHOSEN}
)
INSERT INTO labeling_itemversion ({VERSION_COLUMNS})
SELECT s.customer_id, j.item_id, j.version_id, 1, 'upload', {STAGED_COLUMNS} WHERE {CHOSEN}
"""

REVISE = f"""
INSERT INTO labeling_itemversion ({VERSION_COLUMNS})
SELECT s.customer_id, j.item_id, j.version_id,
    (SELECT max(u.number) + 1 FROM labeling_itemversion u WHERE u.item_id = j.item_id), 'reupload', {STAGED_COLUMNS}
WHERE j.fate = 'version' ORDER BY j.line
"""

# Only over the version that the row was judged against, of an item that takes one: what has changed since, by an
# erasure say, is judged again, by the next try.
POINT = """
UPDATE labeling_item i SET current_version_id = j.version_id FROM judged_row j
WHERE j.fate = 'version' AND i.id = j.item_id AND i.current_version_id = j.current_version_id
    AND i.state NOT IN ('gold', 'withdrawn')
"""


@transaction.atomic
def accept_batch(*, batch_id: int) -> bool:
    """Turn the staged rows into items and versions, say what became of the others, and empty the stage.

    One batch of a project at a time, however long it takes; the project itself is not locked, so it goes on taking
    uploads and settings meanwhile.

    Returns False where staged rows are missing, which a crash of the server may do: then the batch begins again.
    """
    project_id = Batch.objects.values_list("project_id", flat=True).get(pk=batch_id)
    staged = StagedRow.objects.filter(batch=batch_id)
    brings_history = staged.filter(history__isnull=False).exists()
    project = Project.objects.get(pk=project_id)
    advisory_lock(ADVISORY_ACCEPTANCE, project_id)
    # A batch without a sound row quotes one that was refused: an erasure has emptied that, or waits and finds the quotation.
    if brings_history or not staged.exists():
        lock_row(Customer.objects.filter(pk=project.customer_id))
    batch = lock_row(Batch.objects.filter(pk=batch_id))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        fates = _judge(cursor, batch)
        if sum(fates.values()) + batch.rejected != batch.rows_read:
            cursor.execute("DROP TABLE judged_row")
            Batch.objects.filter(pk=batch_id).update(rows_read=0, rejected=0)
            return False
        _write(cursor, batch, fates)
        if brings_history:
            keep_history(cursor, batch=batch, project=project)
        cursor.execute("DROP TABLE judged_row")
        for setting in ("enable_bitmapscan", "enable_seqscan", "work_mem"):
            cursor.execute(f"SET LOCAL {setting} = DEFAULT")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    StagedRow.objects.filter(batch=batch)._raw_delete("default")
    _finish(batch, fates)
    return True


def _judge(cursor: Any, batch: Batch) -> dict[str, int]:
    cursor.execute(JUDGED, {"project": batch.project_id, "batch": batch.pk, "on_conflict": batch.on_conflict})
    cursor.execute("CREATE INDEX ON judged_row (id)")
    cursor.execute("ANALYZE judged_row")
    cursor.execute("SELECT fate, count(*) FROM judged_row GROUP BY fate")
    return dict(cursor.fetchall())


def _write(cursor: Any, batch: Batch, fates: dict[str, int]) -> None:
    ids = {"project": batch.project_id, "rows": ROWS}
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # The planner knows nothing of a table that was just filled; both ends of a range are best read by their keys.
    cursor.execute("SET LOCAL enable_bitmapscan = off")
    cursor.execute("SET LOCAL enable_seqscan = off")
    if fates.get("conflict"):
        cursor.execute(HOLD_CONFLICTING)
        cursor.execute(REJECT_CONFLICTS)
        if cursor.rowcount != fates["conflict"]:
            raise Conflict("An item was erased while this upload of it was judged; the batch is tried again.")
    if fates.get("new"):
        cursor.execute("SELECT min(id), max(id) FROM judged_row WHERE fate = 'new'")
        first, last = cursor.fetchone()
        for begin in range(first, last + 1, ROWS):
            cursor.execute(ACCEPT, {**ids, "first": begin})
    if fates.get("version"):
        cursor.execute(REVISE, ids)
        cursor.execute(POINT)
        if cursor.rowcount != fates["version"]:
            raise Conflict("An item was changed while its new version was accepted; the batch is tried again.")


def _finish(batch: Batch, fates: dict[str, int]) -> None:
    counts: dict[str, Any] = {
        "items_created": fates.get("new", 0),
        "versions_created": fates.get("version", 0),
        "duplicates": fates.get("duplicate", 0),
        "conflicts": fates.get("conflict", 0),
    }
    if batch.rejected == batch.rows_read:
        transition(batch, BatchState.REFUSED, machine=BATCH_MACHINE, actor_id=None, fault=_fault(batch), **counts)
        return
    about = {**counts, "rejected": batch.rejected}
    transition(batch, BatchState.ACCEPTED, machine=BATCH_MACHINE, actor_id=None, data=about, **counts)
    if not waits_for_flags(batch):
        enqueue("labeling.jobs.generate", batch.pk, queue="bulk")
    enqueue("labeling.jobs.flag", batch.pk, queue="bulk")


def _fault(batch: Batch) -> str:
    first = RejectedRow.objects.filter(batch=batch).order_by("id").first()
    if first is None:
        return "The file holds no rows."
    return f"No row of {batch.rows_read} can be used; line {first.line}: {first.reason}"[:500]


@transaction.atomic
def refuse_batch(*, batch_id: int, fault: str) -> None:
    """Refuse a file that cannot be read to its end: nothing of it is taken."""
    batch = lock_row(Batch.objects.filter(pk=batch_id))
    StagedRow.objects.filter(batch=batch)._raw_delete("default")
    transition(batch, BatchState.REFUSED, machine=BATCH_MACHINE, actor_id=None, fault=storable(fault)[:500])
