"""Looking for a word everywhere it could lie: every row of every table, every stored file."""

import io
import shutil
from pathlib import Path

import pyarrow.parquet as pq
from django.core.files.storage import storages
from django.db import connection

# Sessions are the browser's own, and end with the password that they were opened with.
PASSED_BY = {"django_session"}


def tables_with(word: str) -> set[str]:
    """Return the tables of which any row, as text, holds the word."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        names = {row[0] for row in cursor.fetchall()} - PASSED_BY
        found = set()
        for name in names:
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{name}" t WHERE position(%s IN t::text) > 0)', [word])
            if cursor.fetchone()[0]:
                found.add(name)
    return found


def files_with(word: str) -> set[str]:
    """Return the stored files that hold the word; the columns of a Parquet file are read, as they are compressed."""
    found = set()
    for alias in ("default", "sources", "releases"):
        root = Path(storages[alias].location)
        for path in root.rglob("*"):
            if path.is_file() and word.encode() in _content(path):
                found.add(str(path.relative_to(root)))
    return found


def empty_files() -> None:
    """Delete what earlier tests have stored."""
    for alias in ("default", "sources", "releases"):
        shutil.rmtree(storages[alias].location, ignore_errors=True)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".parquet":
        content += str(pq.read_table(io.BytesIO(content)).to_pylist()).encode()
    return content
