"""Imported history: what people said in an earlier tool, kept as rounds that were closed when they came.

It is marked as imported everywhere and is no vote: no event tells of it, so nothing resolves, scores or pays it.
"""

from typing import Any

from labeling.models import Batch, ImportedIdentity, ItemVersion, Organisation, Project, Reviewer
from labeling.services.pools import pools_for
from labeling.services.rounds import POSITION_STEP, documents_in_force
from labeling.types import OrganisationKind, ReviewerKind

# The people and the requirements among the rows that are accepted.
NAMES = """
SELECT DISTINCT said ->> 'name' FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id,
    jsonb_array_elements(s.history) said WHERE j.version_id IS NOT NULL AND s.history IS NOT NULL
"""
REQUIREMENTS = """
SELECT DISTINCT s.language, s.domain, s.difficulty FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id
WHERE j.version_id IS NOT NULL AND s.history IS NOT NULL
"""

# Round 0 of an item is what was said before it came; with a later version, its history is the next round.
ROUNDS = """
INSERT INTO labeling_round (customer_id, project_id, item_id, item_version_id, number, stage, reason, state, guideline_id,
                            form_id, judgments_needed, closed_at)
SELECT s.customer_id, %(project)s, j.item_id, j.version_id,
    COALESCE((SELECT max(r.number) + 1 FROM labeling_round r WHERE r.item_id = j.item_id), 0), %(stage)s, 'imported',
    'history', %(guideline)s, %(form)s, jsonb_array_length(s.history), statement_timestamp()
FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id
WHERE j.version_id IS NOT NULL AND s.history IS NOT NULL ORDER BY j.line
"""
SAID = """
FROM judged_row j JOIN labeling_stagedrow s ON s.id = j.id
JOIN labeling_round r ON r.item_id = j.item_id AND r.item_version_id = j.version_id AND r.state = 'history'
CROSS JOIN LATERAL jsonb_array_elements(s.history) WITH ORDINALITY AS said(judgment, place)
"""
TASKS = f"""
INSERT INTO labeling_task (customer_id, project_id, round_id, pool_id, kind, slot, state, position, completed_at)
SELECT s.customer_id, %(project)s, r.id, pool.id, 'imported', said.place - 1, 'completed', j.item_id * %(step)s,
    LEAST((said.judgment ->> 'at')::timestamptz, statement_timestamp())
{SAID}
JOIN unnest(%(languages)s::text[], %(domains)s::text[], %(difficulties)s::int[], %(pools)s::bigint[])
    AS pool(language, domain, difficulty, id)
    ON (pool.language, pool.domain, pool.difficulty) = (s.language, s.domain, s.difficulty)
WHERE s.history IS NOT NULL ORDER BY j.line, said.place
"""
ANNOTATIONS = f"""
INSERT INTO labeling_annotation (customer_id, project_id, public_id, task_id, round_id, item_version_id, reviewer_id,
                                 guideline_id, form_id, code_version, answers, rationale, presented, seconds, origin,
                                 is_guideline_current, submission, created_at)
SELECT s.customer_id, %(project)s, gen_random_uuid(), t.id, r.id, j.version_id, who.reviewer_id, r.guideline_id, r.form_id,
    'imported', said.judgment -> 'answers', said.judgment ->> 'rationale', '[]', (said.judgment ->> 'seconds')::float8,
    'imported', false, gen_random_uuid(), t.completed_at
{SAID}
JOIN labeling_task t ON t.round_id = r.id AND t.slot = said.place - 1
JOIN labeling_importedidentity who ON who.customer_id = s.customer_id AND who.name = said.judgment ->> 'name'
WHERE s.history IS NOT NULL ORDER BY j.line, said.place
"""


def keep_history(cursor: Any, *, batch: Batch, project: Project) -> None:
    """Keep the judgments of the rows that were just accepted, in the transaction that accepts them.

    The caller has locked customer, project and batch, and judged_row says which version each row became.
    """
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
    for statement in (ROUNDS, TASKS, ANNOTATIONS):
        cursor.execute(statement, parameters)


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
