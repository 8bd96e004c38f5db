"""Queues of any length for the benchmarks, written set by set as the owner: what would take uploads hours takes minutes.

The rows are those that an upload makes; only the way they come in differs. Checks that would slow it down are off for
this one connection, and the tables are analysed after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from config.environment import owner_parameters
from config.kernel import databases
from config.kernel.keys import issue_key
from config.kernel.models import User
from config.kernel.types import Scope, Surface
from labeling.models import Customer, Project, Reviewer
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.forms import publish_form
from labeling.services.guidelines import publish_guideline
from labeling.services.people import create_customer, create_reviewer
from labeling.services.projects import create_project, open_project
from routing.services.enrolments import enrol_reviewer

FORM: dict[str, Any] = {
    "title": "Which response is better?",
    "questions": [
        {
            "id": "preference",
            "type": "preference",
            "text": "Which response is better?",
            "nature": "preferential",
            "required": True,
            "tie": True,
            "both_bad": True,
            "strength": None,
        },
        {"id": "rationale", "type": "rationale", "text": "Why?", "required": False},
    ],
}
CLAUSES = [{"id": "better", "title": "Better", "text": "Say which response helps more."}]

# An item of about 2 KB: a question and two answers.
PAYLOAD: dict[str, Any] = {
    "messages": [{"role": "user", "content": "How do I keep bread fresh for a week without a freezer? " * 4}],
    "responses": [
        {
            "key": "a",
            "text": "Keep it whole, cut side down, in a bread box that lets some air through. " * 12,
            "model": "one",
        },
        {
            "key": "b",
            "text": "Wrap it in plastic and put it into the refrigerator, where it dries out slowly. " * 12,
            "model": "two",
        },
    ],
}

QUIET = ("labeling_item", "labeling_itemversion", "labeling_round", "labeling_task")

GROW = """
WITH batch AS (SELECT %(batch)s::bigint AS id), item AS (
    INSERT INTO labeling_item (customer_id, project_id, batch_id, public_id, external_id, state)
    SELECT %(customer)s, %(project)s, batch.id, gen_random_uuid(), 'bench-' || n, 'in_progress'
    FROM batch, generate_series(%(first)s::bigint, %(last)s::bigint) AS n ORDER BY n
    RETURNING id
), version AS (
    INSERT INTO labeling_itemversion (customer_id, item_id, batch_id, payload, language, domain, difficulty, provenance,
                                      metadata, digest)
    SELECT %(customer)s, item.id, %(batch)s, %(payload)s, 'en', 'general', 1 + item.id %% 5, 'synthetic', '{}',
           repeat('0', 64) FROM item
    RETURNING id, item_id
), round AS (
    INSERT INTO labeling_round (customer_id, project_id, item_id, item_version_id, number, stage, reason, state,
                                guideline_id, form_id, judgments_needed)
    SELECT %(customer)s, %(project)s, version.item_id, version.id, 1, 'production', 'first', 'open', %(guideline)s,
           %(form)s, %(slots)s FROM version
    RETURNING id, item_id
)
INSERT INTO labeling_task (customer_id, project_id, round_id, pool_id, kind, slot, state, position)
SELECT %(customer)s, %(project)s, round.id, (%(pools)s::bigint[])[1 + round.item_id %% %(pool_count)s], 'annotate', slot,
       'open', round.item_id * 1000
FROM round CROSS JOIN generate_series(0, %(slots)s - 1) AS slot ORDER BY round.id, slot
"""


@dataclass
class Queue:
    """A project with open tasks and reviewers who may serve all of them, each with a key."""

    customer: Customer
    project: Project
    reviewers: list[Reviewer]
    keys: list[str]
    pools: list[int] = field(default_factory=list)
    items: int = 0


def found_queue(*, name: str, reviewers: int, pools: int, **settings: Any) -> Queue:
    """Make a customer, an open project, its pools and its reviewers, through the services that make them."""
    admin = User.objects.create_user(f"{name}@bench.example", name=name, surface=Surface.PORTAL)
    customer = create_customer(name=name, slug=name, actor=None)
    project = create_project(customer=customer, slug=name, name=name, actor=None, gold_share=0, **settings)
    publish_form(project=project, document=FORM, actor=None)
    publish_guideline(project=project, clauses=CLAUSES, actor=None)
    open_project(project=project, actor=None)
    project.refresh_from_db()
    people, keys = [], []
    for number in range(reviewers):
        user = User.objects.create_user(f"{name}-{number}@bench.example", name=f"{name} {number}", surface=Surface.DESK)
        people.append(create_reviewer(user=user, languages=["en"], actor=None))
        enrol_reviewer(project=project, reviewer=people[-1], actor=None)
        acknowledge_guideline(reviewer=people[-1], project=project, number=1)
        keys.append(issue_key(user=user, name="bench", scopes=[Scope.DESK], actor=None, days=1)[1])
    queue = Queue(customer, project, people, keys)
    queue.pools = add_pools(queue, pools)
    with owner() as connection:
        connection.execute(
            "INSERT INTO labeling_batch (customer_id, project_id, public_id, name, state, stage, source_path,"
            " source_digest, source_bytes, rows_read, items_created, duplicates, conflicts, rejected, tasks_generated,"
            " fault, uploaded_by_id, finished_at) VALUES (%s, %s, gen_random_uuid(), %s, 'accepted', 'production', '',"
            " repeat('0', 64), 0, 0, 0, 0, 0, 0, 0, '', %s, now())",
            [customer.pk, project.pk, name, admin.pk],
        )
    return queue


def owner() -> psycopg.Connection[Any]:
    return databases.connect(owner_parameters())


def add_pools(queue: Queue, count: int, *, skills: Sequence[str] = ()) -> list[int]:
    """Make so many pools of the queue's project that need these skills; return their ids."""
    with owner() as connection:
        rows = connection.execute(
            "INSERT INTO labeling_pool (customer_id, project_id, signature, stage, language, skills, difficulty, clearance,"
            " priority) SELECT %s, %s, encode(sha256(convert_to(%s || n::text, 'UTF8')), 'hex'), 'production', 'en', %s,"
            " 1 + n %% 5, 0, 0 FROM generate_series(1, %s) AS n RETURNING id",
            [queue.customer.pk, queue.project.pk, ",".join(skills), list(skills), count],
        ).fetchall()
    return [row[0] for row in rows]


def grow(queue: Queue, *, items: int, slots: int = 1, piece: int = 50_000) -> None:
    """Add items to the queue until it has had that many, `slots` open tasks each, spread evenly over its pools."""
    with owner() as connection:
        quieten(connection)
        batch = connection.execute("SELECT id FROM labeling_batch WHERE project_id = %s", [queue.project.pk]).fetchone()
        assert batch is not None, "A queue has its batch."
        documents = {
            "guideline": queue.project.guidelines.get().pk,
            "form": queue.project.forms.get().pk,
        }
        for first in range(queue.items + 1, items + 1, piece):
            connection.execute(
                GROW,
                {
                    "customer": queue.customer.pk,
                    "project": queue.project.pk,
                    "batch": batch[0],
                    "first": first,
                    "last": min(first + piece - 1, items),
                    "payload": psycopg.types.json.Jsonb(PAYLOAD),
                    "pools": queue.pools,
                    "pool_count": len(queue.pools),
                    "slots": slots,
                    **documents,
                },
            )
        # What the trigger does that is off here: these tasks took their turn.
        connection.execute(
            "UPDATE labeling_pool p SET tail = (SELECT max(t.position) FROM labeling_task t WHERE t.pool_id = p.id)"
            " WHERE p.id = ANY(%s)",
            [queue.pools],
        )
        queue.items = max(queue.items, items)
        connection.execute("VACUUM (ANALYZE) " + ", ".join(QUIET))


def quieten(connection: psycopg.Connection[Any], *tables: str) -> None:
    """Switch the row-by-row checks off for this connection: as a superuser for all of them, else for our own triggers."""
    try:
        connection.execute("SET session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        for table in tables or QUIET:
            connection.execute(
                psycopg.sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(psycopg.sql.Identifier(table))
            )


def restore_checks() -> None:
    """Switch the checks on again where they were switched off for everybody."""
    with owner() as connection:
        for table in (*QUIET, "labeling_annotation"):
            connection.execute(
                psycopg.sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(psycopg.sql.Identifier(table))
            )
