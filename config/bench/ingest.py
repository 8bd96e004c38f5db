"""Ingestion against its floor: items a second from file to accepted, beside a raw COPY of the same rows.

Each file is read by a process of its own, so that its peak memory is its own. The COPY goes into the same tables with
their indexes, constraints and triggers, in one transaction as acceptance does, and in the same run; it parses,
checks and hashes nothing, and leaves the items without their pointer to the version.
"""

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from rich.console import Console

from config.bench import peak_mb, timed
from config.kernel.models import User
from config.kernel.types import Surface
from labeling.models import Batch, Project
from labeling.services.batches import keep_source, receive_batch
from labeling.services.flagging import measure_flagging
from labeling.services.forms import publish_form
from labeling.services.guidelines import publish_guideline
from labeling.services.ingest import ingest_batch
from labeling.services.people import create_customer
from labeling.services.projects import create_project, open_project

ROUNDS = 2
SMALL, LARGE = 10_000, 100_000
WORDS = 4000
FORM: dict[str, Any] = {
    "title": "Pairs",
    "questions": [
        {
            "id": "better",
            "type": "preference",
            "text": "Which response is better?",
            "nature": "preferential",
            "tie": True,
        }
    ],
}

ITEM_COLUMNS = "id, customer_id, project_id, batch_id, public_id, external_id, state"
VERSION_COLUMNS = "item_id, customer_id, batch_id, line, payload, expected, language, domain, difficulty, provenance, metadata, digest"
# The copies' keys begin where no sequence gets to.
OFFSET = 1_000_000_000


def measure(console: Console) -> dict[str, float]:
    """Return the figures of every part, on the database at hand."""
    project = found_project()
    figures: dict[str, float] = {}
    for part in PARTS:
        figures |= part(project, console)
    return figures


def measure_small(console: Console, count: int) -> dict[str, float]:
    """Ingest one file of `count` small items (about 200 bytes of text each): what many rows cost, rather than much text."""
    run = _ingested(found_project(), count, "small", words=(12, 9))
    batch = run["batch"]
    accepting = (
        batch.finished_at - batch.worked_at
    ).total_seconds()  # it was worked on last when its last piece was staged
    console.print(f"  {count:,} small items in {run['seconds']:.1f} s, {run['peak_mb']:.0f} MB")
    return {
        "staged_per_s": round(count / max(run["seconds"] - accepting, 1e-3)),
        "accepted_per_s": round(count / accepting),
        "accepting_s": round(accepting, 1),
        "peak_rss_mb": round(run["peak_mb"], 1),
    }


def measure_items(project: Project, console: Console) -> dict[str, float]:
    """Ingest small and large files, and copy what the large ones became; of each the fastest round counts."""
    small, large, copied = [], [], []
    for number in range(ROUNDS):
        small.append(_ingested(project, SMALL, f"s{number}"))
        console.print(f"  {SMALL:,} items in {small[-1]['seconds']:.1f} s, {small[-1]['peak_mb']:.0f} MB")
        large.append(_ingested(project, LARGE, f"l{number}"))
        console.print(f"  {LARGE:,} items in {large[-1]['seconds']:.1f} s, {large[-1]['peak_mb']:.0f} MB")
        copied.append(_copied(large[-1]["batch"], number))
        console.print(f"  {LARGE:,} rows by raw COPY in {copied[-1]:.1f} s")
    fast_small, fast_large = (min(runs, key=lambda run: float(run["seconds"])) for runs in (small, large))
    items, rows = LARGE / fast_large["seconds"], LARGE / min(copied)
    return {
        "items_per_s_10k": round(SMALL / fast_small["seconds"]),
        "items_per_s_100k": round(items),
        "copy_items_per_s_100k": round(rows),
        "ratio_to_copy_100k": round(items / rows, 3),
        "peak_rss_mb_10k": round(max(run["peak_mb"] for run in small), 1),
        "peak_rss_mb_100k": round(max(run["peak_mb"] for run in large), 1),
    }


def measure_flags(project: Project, console: Console) -> dict[str, float]:
    """Look for flags in a small batch: languages, near-duplicates and personal data, as the job does after acceptance."""
    batch = _ingested(project, SMALL, "flags")["batch"]
    rate = measure_flagging(batch_id=batch.pk)
    console.print(f"  flags looked for in {SMALL:,} items, {rate:,.0f} a second")
    return {"flags_per_s": round(rate)}


# What `bench ingest` measures, one after another on the same project.
PARTS = (measure_flags, measure_items)


def found_project() -> Project:
    """Make the customer and the open project that the items go to."""
    actor = User.objects.create_user("bench@example.org", None, name="Bench", surface=Surface.CONSOLE)
    customer = create_customer(name="Bench", slug="bench", actor=actor)
    project = create_project(customer=customer, slug="pairs", name="Pairs", actor=actor)
    publish_form(project=project, document=FORM, actor=actor)
    publish_guideline(project=project, clauses=[{"id": "true", "title": "Truth first", "text": "…"}], actor=actor)
    open_project(project=project, actor=actor)
    project.refresh_from_db()
    return project


def _ingested(project: Project, count: int, name: str, *, words: tuple[int, int] = (60, 100)) -> dict[str, Any]:
    """Upload `count` items and have a process read them; return its seconds and peak, with the batch."""
    with tempfile.TemporaryFile() as file:
        for line in item_lines(count, name, *words):
            file.write(line)
        source = keep_source(project=project, source=file, name=f"{name}.ndjson")
    actor = User.objects.get(email="bench@example.org")
    batch, _ = receive_batch(project=project, name=f"{name}.ndjson", source=source, actor=actor)
    connection.close()
    done = subprocess.run(
        [sys.executable, "manage.py", "bench", "ingest", "--batch", str(batch.pk)],
        cwd=settings.BASE_DIR, capture_output=True, text=True, check=True,
    )  # fmt: skip
    batch.refresh_from_db()
    if batch.items_created != count:
        raise RuntimeError(f"Of {count} items {batch.items_created} were accepted: {batch.fault}")
    return {**json.loads(done.stdout.splitlines()[-1]), "batch": batch}


def ingest_here(batch_id: int) -> dict[str, float]:
    """Read a received batch in this process, as its jobs would; return the seconds it took and the peak memory."""

    def act() -> None:
        while not ingest_batch(batch_id=batch_id):
            pass

    return {"seconds": timed(act), "peak_mb": peak_mb()}


def item_lines(count: int, name: str, asked: int = 60, answered: int = 100) -> Iterator[bytes]:
    """Yield items, about 2 KB each unless said otherwise: a prompt of `asked` words and two responses of `answered`.

    The words hardly repeat, and are always the same.
    """
    chance = random.Random(name)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 10))) for _ in range(WORDS)]
    for number in range(count):
        row = {
            "external_id": f"{name}-{number:07d}",
            "messages": [{"role": "user", "content": " ".join(chance.choices(words, k=asked))}],
            "responses": [
                {"key": key, "text": " ".join(chance.choices(words, k=answered)), "model": model}
                for key, model in (("a", "one"), ("b", "two"))
            ],
            "language": "en",
            "difficulty": 1 + number % 5,
            "metadata": {"topic": chance.choice(words), "score": 0.5},
        }
        yield json.dumps(row).encode() + b"\n"


def _copied(batch: Batch, number: int) -> float:
    """Copy the batch's items and versions out, then in again under other keys; return the seconds of the latter."""
    shift = OFFSET * (number + 1)
    with tempfile.TemporaryFile() as items, tempfile.TemporaryFile() as versions:
        _copy_out(
            items,
            f"SELECT id + {shift}, customer_id, project_id, batch_id, gen_random_uuid(), 'copy-' || external_id, state"
            f" FROM labeling_item WHERE batch_id = {batch.pk} ORDER BY id",
        )
        rest = VERSION_COLUMNS.removeprefix("item_id, ")
        _copy_out(
            versions,
            f"SELECT item_id + {shift}, {rest} FROM labeling_itemversion WHERE batch_id = {batch.pk} ORDER BY id",
        )

        @transaction.atomic
        def act() -> None:
            _copy_in(items, f"labeling_item ({ITEM_COLUMNS})")
            _copy_in(versions, f"labeling_itemversion ({VERSION_COLUMNS})")

        return timed(act)


def _copy_out(file: IO[bytes], query: str) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
        for data in copy:
            file.write(data)
    file.seek(0)


def _copy_in(file: IO[bytes], table: str) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        while data := file.read(256 * 1024):
            copy.write(data)
