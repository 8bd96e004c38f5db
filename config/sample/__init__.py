"""The bundled sample: invented customers, people, projects and items that show Assay at work."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def load(name: str) -> Any:
    """The parsed content of one JSON file of the sample, such as ``people.json``."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def lines(name: str) -> Iterator[dict[str, Any]]:
    """The items of one NDJSON file of the sample, such as ``northwind.ndjson``, in the order of the file."""
    with (FOLDER / name).open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)
