"""Column mappings: saved by name and version, and tried on the beginning of a file before they are used."""

import io
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import transaction

from config.kernel.canonical import canonical_bytes, digest
from config.kernel.errors import Invalid, NotFound
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from labeling.columns import check_mapping
from labeling.errors import InvalidMapping
from labeling.models import ColumnMapping, Project
from labeling.reading.detection import HEAD, beginning, format_of
from labeling.reading.rows import Reading, read_items
from labeling.services.rounds import documents_in_force
from labeling.types import ItemRow, RowFault, SourceFormat

PREVIEWED = 10
LARGEST_MAPPING = 64 * 1024


@dataclass(frozen=True, slots=True)
class Previewed:
    """What the first rows of a file become: the format it was read as, and an item or a fault each."""

    format: str
    rows: list[ItemRow | RowFault]


@transaction.atomic
def save_mapping(*, project: Project, name: str, document: dict[str, Any], actor: User) -> tuple[ColumnMapping, bool]:
    """Save the mapping under its name, as the next version where it differs; return it and whether it is new.

    Raises InvalidMapping, naming the place, and Invalid for a name that is none.
    """
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise Invalid("Give the mapping a name of at most 100 characters.", field="name")
    check_mapping(document)
    if len(canonical_bytes(document)) > LARGEST_MAPPING:
        raise InvalidMapping(f"The mapping is larger than {LARGEST_MAPPING // 1024} KB.", field="mapping")
    lock_row(Project.objects.filter(pk=project.pk))
    latest = ColumnMapping.objects.filter(project=project, name=name).order_by("-number").first()
    if latest is not None and latest.digest == digest(document):
        return latest, False
    mapping = ColumnMapping.objects.create(
        customer_id=project.customer_id,
        project=project,
        name=name,
        number=latest.number + 1 if latest else 1,
        document=document,
        digest=digest(document),
        created_by=actor,
    )
    mapping.refresh_from_db()
    record("mapping.saved", subject=mapping, actor_id=actor.pk, data={"number": mapping.number})
    return mapping, True


def get_mapping(*, project: Project, public_id: str) -> ColumnMapping | None:
    """Return the project's mapping of this id, None for no id; raises NotFound for one that it does not have."""
    if not public_id:
        return None
    try:
        return ColumnMapping.objects.get(project=project, public_id=public_id)
    except (ColumnMapping.DoesNotExist, ValueError, TypeError, ValidationError):
        raise NotFound("The project has no such column mapping.", field="mapping") from None


def preview_mapping(
    *, project: Project, source: IO[bytes], name: str, document: dict[str, Any] | None, said: str = ""
) -> Previewed:
    """Return what the mapping makes of the file's first rows; nothing is kept.

    Raises InvalidMapping or NotItems. Parquet is read by jobs only, so its preview is refused.
    """
    if document is not None:
        check_mapping(document)
    format_ = format_of(source, name, said=said)
    if format_ == SourceFormat.PARQUET:
        raise Invalid(
            "Parquet is not previewed; send its first rows as NDJSON or CSV, or upload it and look at the rejects.",
            field="file",
        )
    head = beginning(source)
    if len(head) == HEAD:
        # The last line is cut off in the middle: it is no row to judge the mapping by.
        head = head[: head.rfind(b"\n") + 1] or head
    languages = project.languages
    reading = Reading(
        format=format_,
        form=documents_in_force(project).form.document,
        mapping=document,
        language=languages[0] if len(languages) == 1 else "",
    )
    rows = read_items(io.BytesIO(head), reading, most=HEAD)
    return Previewed(format_, list(islice(rows, PREVIEWED)))
