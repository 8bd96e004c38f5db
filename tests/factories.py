"""States, built through services, as they come about in the product."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from psycopg import sql

from config.kernel import handoffs
from config.kernel.models import User
from delivery.models import Release
from delivery.services.freezing import freeze_release
from delivery.services.releases import request_release
from labeling.models import Batch, Item, Project, Reviewer
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.batches import keep_source, receive_batch
from routing.services.claims import next_task
from routing.services.enrolments import trust_fully
from routing.services.submits import submit_task
from routing.types import LeasedTask, NothingToDo, Submitted


def item_row(external_id: str = "item-1", **more: Any) -> dict[str, Any]:
    """Return one sound uploaded item: a question and two responses."""
    return {
        "external_id": external_id,
        "messages": [{"role": "user", "content": f"What is the capital of France? ({external_id})"}],
        "responses": [
            {"key": "a", "text": "Paris.", "model": "one"},
            {"key": "b", "text": "Lyon, I think.", "model": "two"},
        ],
        "language": "en",
        **more,
    }


def lines(*rows: Any) -> bytes:
    """Return the rows as NDJSON; bytes go in as they are."""
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


def upload(project: Project, actor: User, *rows: Any, name: str = "items.ndjson") -> Batch:
    """Upload, ingest and generate, as the door and the jobs do it."""
    source = keep_source(project=project, source=io.BytesIO(lines(*rows)), name=name)
    batch, _ = receive_batch(project=project, name=name, source=source, actor=actor)
    settle()
    batch.refresh_from_db()
    return batch


def upload_items(project: Project, actor: User, count: int = 1, **more: Any) -> list[Item]:
    """Upload `count` sound items and return them in order."""
    upload(project, actor, *[item_row(f"item-{number:03d}", **more) for number in range(count)])
    return list(Item.objects.filter(project=project).order_by("id"))


@contextmanager
def unguarded(table: str, guard: str) -> Iterator[Any]:
    """Yield the owner's cursor with one guard of the table out of place: so tests make what takes the time of its coming."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guard}")
        yield cursor
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {guard}; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(settings.RUNTIME_ROLE["USER"])))


def let_batches_age(by: timedelta) -> None:
    """Make every batch so much older."""
    with unguarded("labeling_batch", "stays_as_read") as cursor:
        cursor.execute("UPDATE labeling_batch SET created_at = created_at - %s", [by])


def let_answers_age(by: timedelta) -> None:
    """Make every answer so much older."""
    with unguarded("labeling_annotation", "immutable") as cursor:
        cursor.execute("UPDATE labeling_annotation SET created_at = created_at - %s", [by])


def let_leases_age(by: timedelta) -> None:
    """Make every lease so much older: whoever holds one has looked at its task for so long."""
    with unguarded("routing_lease", "fixed_columns") as cursor:
        cursor.execute("UPDATE routing_lease SET claimed_at = claimed_at - %s WHERE state = 'live'", [by])


def run_jobs() -> int:
    """Run every queued job here and now, and those they queue; return how many."""
    done = 0
    while (row := OrmQ.objects.order_by("id").first()) is not None:
        task = row.task
        row.delete()
        import_string(task["func"])(*task["args"])
        done += 1
    return done


def settle() -> None:
    """Run jobs and hand facts on until nothing moves any more."""
    while run_jobs() or handoffs.sweep():
        pass


def prefer(choice: str, **more: Any) -> dict[str, Any]:
    return {"preference": {"choice": choice}, **more}


def take(reviewer: Reviewer) -> LeasedTask:
    """Lease the reviewer's next task; there must be one, perhaps after a guideline that they read first."""
    leased = next_task(user=reviewer.user)
    if isinstance(leased, NothingToDo) and (unread := leased.guideline) is not None:
        project = Project.objects.get(public_id=unread.project_public_id)
        acknowledge_guideline(reviewer=reviewer, project=project, number=unread.number)
        leased = next_task(user=reviewer.user)
    assert isinstance(leased, LeasedTask), leased
    return leased


def judge(reviewer: Reviewer, choice: str = "a", **more: Any) -> Submitted:
    """Let the reviewer take and answer their next task."""
    return submit_task(user=reviewer.user, token=take(reviewer).token, answers=prefer(choice, **more), seconds=5.0)


def resolve_items(
    project: Project, actor: User, reviewers: list[Reviewer], count: int = 1, choice: str = "a"
) -> list[Item]:
    """Upload items and have every reviewer answer all of them alike; return the items, resolved."""
    upload_items(project, actor, count)
    for reviewer in reviewers:
        for _ in range(count):
            judge(reviewer, choice)
    settle()
    return list(Item.objects.filter(project=project).order_by("id"))


def trust(project: Project, reviewer: Reviewer, actor: User) -> None:
    """Trust the reviewer on the project by name: in one with gold, nothing is released that unproven people alone said."""
    trust_fully(enrolment=reviewer.enrolments.get(project=project), reason="Known well.", actor=actor)


def freeze(project: Project, actor: User) -> Release:
    """Ask for a release and freeze it; its sample is drawn."""
    release = request_release(project=project, actor=actor)
    freeze_release(release_id=release.pk)
    settle()
    release.refresh_from_db()
    return release
