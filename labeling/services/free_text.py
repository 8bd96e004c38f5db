"""Flags on what reviewers wrote in their own words: personal data only, and never the words."""

from collections import Counter
from collections.abc import Collection

from labeling.free_text import written_in
from labeling.models import Annotation, Flag, FormVersion
from labeling.personal_data import counts_in
from labeling.types import FlagKind


def flag_annotations(*, annotation_ids: Collection[int]) -> int:
    """Flag the personal data in these annotations' free text, by field; return how many flags. Again, it adds none."""
    annotations = list(
        Annotation.objects.filter(pk__in=annotation_ids).only(
            "customer_id", "project_id", "form_id", "answers", "rationale"
        )
    )
    forms = FormVersion.objects.in_bulk({annotation.form_id for annotation in annotations})
    flags = [flag for annotation in annotations for flag in _flags_of(annotation, forms[annotation.form_id])]
    Flag.objects.bulk_create(flags, ignore_conflicts=True)
    return len(flags)


def _flags_of(annotation: Annotation, form: FormVersion) -> list[Flag]:
    found: Counter[tuple[str, str]] = Counter()
    for field, text in written_in(form.document, annotation.answers, annotation.rationale):
        for pattern, count in counts_in(text).items():
            found[field, pattern] += count
    return [
        Flag(
            customer_id=annotation.customer_id,
            project_id=annotation.project_id,
            annotation=annotation,
            kind=FlagKind.PERSONAL_DATA,
            field=field[: Flag.FIELD_LONGEST],
            detail={"pattern": pattern, "count": count},
        )
        for (field, pattern), count in found.items()
    ]
