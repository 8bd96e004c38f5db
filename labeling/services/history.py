"""Imported history: what people said in an earlier tool, kept as rounds that were closed when they came.

It is marked as imported everywhere and is no vote: no event tells of it, so nothing resolves, scores or pays it.
"""

from typing import Any

from config.kernel.jobs import enqueue
from labeling.models import Batch, ImportedIdentity, ItemVersion, Organisation, Project, Reviewer
from labeling.services.pools import pools_for
from labeling.services.rounds import POSITION_STEP, documents_in_force
from labeling.types import OrganisationKind, ReviewerKind

# What of the accepted rows' history is news: what each person said of a version for the first time. Rows that are known
# already bring the judgments of theirs that did not fit when they came first, and were mended since.
NEWS = """
CREATE TEMPORARY TABLE past_judgment ON COMMIT DROP AS
SELECT said.*, row_number() OVER (PARTITION BY item_id ORDER BY line, place) - 1 AS slot FROM (
    SELECT DISTINCT ON (j.item_id, said.judgment ->> 'name') s.customer_id, j.item_id, told.version_id, j.fate, j.line,
        said.place, said.judgment, s.language, s.domain, s.difficulty
    FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id
    CROSS JOIN LATERAL (SELECT COALESCE(j.version_id, (
        SELECT v.id FROM labeling_itemversion v WHERE v.item_id = j.item_id AND v.digest = s.digest
        ORDER BY v.number DESC LIMIT 1)) AS version_id) told
    CROSS JOIN LATERAL jsonb_array_elements(s.history) WITH ORDINALITY AS said(judgment, place)
    WHERE s.history IS NOT NULL AND j.fate <> 'conflict' AND told.version_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM labeling_round r
        JOIN labeling_importedidentity who ON who.customer_id = s.customer_id AND who.name = said.judgment ->> 'name'
        JOIN labeling_annotation a ON a.round_id = r.id AND a.reviewer_id = who.reviewer_id AND a.supersedes_id IS NULL
        WHERE r.item_id = j.item_id AND r.state = 'history' AND r.item_version_id = told.version_id)
    ORDER BY j.item_id, said.judgment ->> 'name', j.line, said.place
) said
"""
NAMES = "SELECT DISTINCT judgment ->> 'name' FROM past_judgment"
REQUIREMENTS = "SELECT DISTINCT language, domain, difficulty FROM past_judgment"

# Uploads whose versions have more history now: what it says is looked through for personal data as well.
ENRICHED = """
SELECT DISTINCT v.batch_id FROM past_judgment said JOIN labeling_itemversion v ON v.id = said.version_id
WHERE said.fate = 'duplicate' AND v.batch_id IS NOT NULL ORDER BY 1
"""

# Round 0 of an item is what was said before it came; what comes later is the next round.
ROUNDS = """
WITH opened AS (
    INSERT INTO labeling_round (customer_id, project_id, item_id, item_version_id, number, stage, reason, state, guideline_id,
                                form_id, judgments_needed, closed_at)
    SELECT said.customer_id, %(project)s, said.item_id, said.version_id,
        COALESCE((SELECT max(r.number) + 1 FROM labeling_round r WHERE r.item_id = said.item_id), 0), %(stage)s, 'imported',
        'history', %(guideline)s, %(form)s, count(*), statement_timestamp()
    FROM past_judgment said GROUP BY said.customer_id, said.item_id, said.version_id ORDER BY min(said.line)
    RETURNING id, item_id
)
INSERT INTO past_round SELECT id, item_id FROM opened
"""
TASKS = """
INSERT INTO labeling_task (customer_id, project_id, round_id, pool_id, kind, slot, state, position, completed_at)
SELECT said.customer_id, %(project)s, r.id, pool.id, 'imported', said.slot, 'completed', said.item_id * %(step)s,
    LEAST((said.judgment ->> 'at')::timestamptz, statement_timestamp())
FROM past_judgment said JOIN past_round r ON r.item_id = said.item_id
JOIN unnest(%(languages)s::text[], %(domains)s::text[], %(difficulties)s::int[], %(pools)s::bigint[])
    AS pool(language, domain, difficulty, id)
    ON (pool.language, pool.domain, pool.difficulty) = (said.language, said.domain, said.difficulty)
ORDER BY said.line, said.place
"""
ANNOTATIONS = """
INSERT INTO labeling_annotation (customer_id, project_id, public_id, task_id, round_id, item_version_id, reviewer_id,
                                 guideline_id, form_id, code_version, answers, rationale, presented, seconds, origin,
                                 is_guideline_current, submission, created_at)
SELECT said.customer_id, %(project)s, gen_random_uuid(), t.id, r.id, said.version_id, who.reviewer_id, %(guideline)s,
    %(form)s, 'imported', said.judgment -> 'answers', said.judgment ->> 'rationale', '[]',
    (said.judgment ->> 'seconds')::float8, 'imported', false, gen_random_uuid(), t.completed_at
FROM past_judgment said JOIN past_round r ON r.item_id = said.item_id
JOIN labeling_task t ON t.round_id = r.id AND t.slot = said.slot
JOIN labeling_importedidentity who ON who.customer_id = said.customer_id AND who.name = said.judgment ->> 'name'
ORDER BY said.line, said.place
"""


def keep_history(cursor: Any, *, batch: Batch, project: Project) -> None:
    """Keep the judgments of the rows that were just accepted, in the transaction that accepts them.

    The caller has locked customer and batch, and judged_row says which version each row became, or which item it is of.
    Somebody's judgment of a version is kept once, however often it is sent.
    """
    cursor.execute(NEWS)
    cursor.execute("CREATE TEMPORARY TABLE past_round (id bigint, item_id bigint PRIMARY KEY) ON COMMIT DROP")
    cursor.execute(NAMES)
    _know(batch.customer_id, {row[0] for row in cursor.fetchall()})
    cursor.execute(REQUIREMENTS)
    needed = [ItemVersion(language=row[0], domain=row[1], difficulty=row[2]) for row in cursor.fetchall()]
    pools = pools_for(project=project, stage=batch.stage, versions=needed)
    documents = documents_in_force(project)
    parameters = {
        "project": project.pk,
        "stage": batch.stage,
        "guideline": documents.guideline.pk,
        "form": documents.form.pk,
        "step": POSITION_STEP,
        "languages": [language for language, _, _ in pools],
        "domains": [domain for _, domain, _ in pools],
        "difficulties": [difficulty for _, _, difficulty in pools],
        "pools": [pool.pk for pool in pools.values()],
    }
    for statement in ROUNDS, TASKS, ANNOTATIONS:
        cursor.execute(statement, parameters)
    cursor.execute(ENRICHED)
    for (batch_id,) in cursor.fetchall():
        enqueue("labeling.jobs.flag_imported", batch_id, queue="bulk")
    cursor.execute("DROP TABLE past_judgment, past_round")


def _know(customer_id: int, names: set[str]) -> None:
    """Give each person of the earlier tool an identity, the same whenever this customer's history names them."""
    known = set(ImportedIdentity.objects.filter(customer_id=customer_id, name__in=names).values_list("name", flat=True))
    new = sorted(names - known)
    if not new:
        return
    organisation, _ = Organisation.objects.get_or_create(name="Imported", defaults={"kind": OrganisationKind.VENDOR})
    reviewers = Reviewer.objects.bulk_create(
        [Reviewer(kind=ReviewerKind.IMPORTED, organisation=organisation, is_active=False) for _ in new]
    )
    ImportedIdentity.objects.bulk_create(
        [
            ImportedIdentity(customer_id=customer_id, reviewer=reviewer, name=name)
            for name, reviewer in zip(new, reviewers, strict=True)
        ]
    )
